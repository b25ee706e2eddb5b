"""Cards that wait for their codes, and codes that are taken."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from troth.core.activities import Activity
from troth.core.cards import Card
from troth.core.json import decode
from troth.db import cards
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("card_codes")
_CARD: Final = 4


class Waiting(NamedTuple):
    """A card without a code, locked until the transaction ends."""

    member_id: str
    project_id: str
    failures: int
    code_config: Mapping[str, Any]
    card: Card


class Outcome(NamedTuple):
    """What came of one card's wait: its code, or when to try again; and the activity that tells of it, and when."""

    waiting: Waiting
    code: str | None
    due_at: datetime | None
    activity: Activity
    group_id: str
    told_at: datetime


async def is_any_due(connection: Connection, project_id: str, moment: datetime) -> bool:
    """Return whether any card of a project waits for a code that was due before an instant."""
    return bool(await connection.fetchval(_SQL.is_any_due, project_id, moment))


async def claim(unit: Unit, now: datetime, limit: int, project_id: str | None) -> list[Waiting]:
    """Return cards whose code is due, the longest waiting first, passing over those another worker is at.

    They are of all projects unless one is given.
    """
    configs: dict[str, Mapping[str, Any]] = {}
    found = []
    for row in await unit.connection.fetch(_SQL.claim, now, limit, project_id):
        config = configs.get(row[3])
        if config is None:
            config = configs[row[3]] = decode(row[3])
        found.append(Waiting(row[0], row[1], row[2], config, cards.card(row, _CARD)))
    return found


async def take(unit: Unit, wanted: Sequence[tuple[Waiting, str]]) -> set[str]:
    """Give each card its code where nobody has it, and return the ids of those cards."""
    # In order, so that two workers who want the same codes never wait for each other crosswise.
    ordered = sorted(wanted, key=lambda one: (one[0].project_id, one[1]))
    rows = await unit.connection.fetch(
        _SQL.take,
        [waiting.project_id for waiting, _ in ordered],
        [code for _, code in ordered],
        [waiting.card.id for waiting, _ in ordered],
        [waiting.member_id for waiting, _ in ordered],
    )
    return {row[0] for row in rows}


async def save(unit: Unit, outcomes: Sequence[Outcome], source: str) -> None:
    """Save what came of the waits."""
    unit.prove(_SQL.is_saved, outcomes[0].group_id)
    await unit.connection.execute(
        _SQL.save,
        [one.told_at for one in outcomes],
        [one.waiting.project_id for one in outcomes],
        [one.waiting.member_id for one in outcomes],
        [one.waiting.card.id for one in outcomes],
        [one.code for one in outcomes],
        [one.due_at for one in outcomes],
        [one.activity.id for one in outcomes],
        [one.activity.type for one in outcomes],
        [one.activity.data for one in outcomes],
        [one.group_id for one in outcomes],
        source,
    )
