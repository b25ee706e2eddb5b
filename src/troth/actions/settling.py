"""What time brings to cards: shown to whoever reads, booked by the daily work (domain 7 and 16)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple, TypeAlias

from prometheus_client import Counter

from troth.actions.desk import close_desk
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.actions.project_time import read_project_now
from troth.actions.turns import open_desk_in_turn
from troth.core.calendar import day_of, midnight
from troth.core.cards import Card
from troth.core.ledger.accounts import Account, next_activation, next_expiration
from troth.core.ledger.holdings import Holdings, now_for, up_to
from troth.core.members import MemberWithCards
from troth.db import definitions, ledger, memberships
from troth.db.database import Connection, Unit

MEMBERS_AT_ONCE: Final = 500
_BATCHES: Final = 4
_LANES: Final = 2
_EASTERNMOST: Final = timedelta(hours=15)
"""More than any time zone is ahead of UTC: a date that has not begun there has not begun anywhere."""

TierProgress: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What cards show of their tiers, by the cards' ids (contract: MemberTierProgress)."""

settled = Counter("troth_members_settled_total", "Members for whom the daily work booked what was due.")


class MemberInFull(NamedTuple):
    """A member with its cards, and the tier progress of those that have one, by their ids."""

    member: MemberWithCards
    tier_progress: TierProgress


async def up_to_date(
    engine: Engine, connection: Connection, project_id: str, found: Mapping[str, MemberWithCards]
) -> dict[str, MemberWithCards]:
    """Return members as of the project's now: what fell due since it was last booked is counted, and not saved."""
    now = await read_project_now(engine, connection, project_id)
    behind = {one.member.id: one.member for one in found.values() if _is_behind(one, now)}
    if not behind:
        return dict(found)
    version = await definitions.version(connection, project_id)
    zone = (await engine.definitions.at(connection, project_id, version)).zone
    holdings = await ledger.holdings(connection, behind)
    after = {one.member.id: _settled(one, now, zone)[0] for one in holdings.values()}
    return {member_id: _as_of(one, after.get(member_id)) for member_id, one in found.items()}


async def in_full(
    engine: Engine, connection: Connection, project_id: str, found: memberships.Found
) -> dict[str, MemberInFull]:
    """Return the members of memberships as of the project's now, with what their cards have reached in tiers."""
    in_force = await engine.definitions.at(connection, project_id, found.version)
    now = await read_project_now(engine, connection, project_id)
    present: dict[str, MemberInFull] = {}
    for member_id, holdings in (await found.loaded.holdings(connection, in_force)).items():
        after, then = _settled(holdings, now, in_force.zone)
        cards = [_card(account, *found.labels[card_id]) for card_id, account in after.accounts.items()]
        present[member_id] = MemberInFull(MemberWithCards(after.member, cards), after.tier_progress(then))
    return present


async def settle(engine: Engine, unit: Unit, project_id: str, member_ids: Collection[str]) -> frozenset[str]:
    """Book what fell due for members by now, in a transaction that may do more; return whom others have locked."""
    desk, busy = await open_desk_in_turn(engine, unit, project_id, member_ids)
    for member_id in set(member_ids) - busy:
        desk.at(member_id)
    await close_desk(engine, unit, project_id, desk)
    return busy


async def next_due(engine: Engine, connection: Connection, project_id: str) -> datetime | None:
    """Return the instant at which points of a project next fall due, None if none ever do."""
    day = await ledger.next_due(connection, project_id)
    if day is None:
        return None
    version = await definitions.version(connection, project_id)
    return midnight(day, (await engine.definitions.at(connection, project_id, version)).zone)


async def settle_due(engine: Engine, project_id: str, until: datetime) -> Progress:
    """Book what fell due by an instant for some members of a project, passing over those that others have locked.

    They are settled in two lanes of transactions side by side: while the database works at one, we decide in the other.
    """

    async def look(connection: Connection) -> tuple[date, list[str]]:
        version = await definitions.version(connection, project_id)
        day = day_of(until, (await engine.definitions.at(connection, project_id, version)).zone)
        return day, await ledger.due(connection, project_id, day, MEMBERS_AT_ONCE * _BATCHES)

    day, due = await engine.database.read(look)
    batches = (due[first : first + MEMBERS_AT_ONCE] for first in range(0, len(due), MEMBERS_AT_ONCE))

    async def work() -> int:
        return sum([await _settle_due(engine, project_id, batch, day) for batch in batches])

    async with asyncio.TaskGroup() as group:
        lanes = [group.create_task(work()) for _ in range(_LANES)]
    count = sum(lane.result() for lane in lanes)
    settled.inc(count)
    return Progress(count, bool(due))


async def _settle_due(engine: Engine, project_id: str, member_ids: Sequence[str], day: date) -> int:
    async def attempt(unit: Unit) -> int:
        busy = await settle(engine, unit, project_id, member_ids)
        free = [member_id for member_id in member_ids if member_id not in busy]
        await ledger.look_again(unit, free, day)
        return len(free)

    return await engine.database.transact(attempt)


def _settled(holdings: Holdings, now: datetime, zone: tzinfo) -> tuple[Holdings, datetime]:
    """Return holdings as a reader sees them, and as of when."""
    then = now_for(holdings, now)
    after, _ = up_to(holdings, then, zone)
    return after, then


def _is_behind(found: MemberWithCards, now: datetime) -> bool:
    """Tell whether time may have moved any of the cards since they were saved."""
    tomorrow = (now.astimezone(UTC) + _EASTERNMOST).date()
    return any(
        (card.next_expiration is not None and card.next_expiration.date < tomorrow)
        or (card.next_activation is not None and card.next_activation.date <= tomorrow)
        for card in found.cards
    )


def _as_of(found: MemberWithCards, holdings: Holdings | None) -> MemberWithCards:
    if holdings is None:
        return found
    return found._replace(cards=[_card_as_of(card, holdings.accounts.get(card.id)) for card in found.cards])


def _card_as_of(card: Card, account: Account | None) -> Card:
    return _card(account, card.code, card.created_at) if account else card


def _card(account: Account, code: str | None, created_at: datetime) -> Card:
    return Card(
        account.card_id, account.card_definition_id, code, account.counters, created_at, next_expiration(account),
        next_activation(account),
    )  # fmt: skip
