"""What time brings to cards: shown to whoever reads, booked by the daily work (domain 7 and 16)."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

from prometheus_client import Counter

from troth.actions.desk import close_desk, open_desk
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.actions.project_time import read_project_now
from troth.core.calendar import day_of, midnight
from troth.core.cards import Card
from troth.core.ledger.accounts import Account, next_activation, next_expiration
from troth.core.ledger.holdings import now_for, up_to
from troth.core.members import MemberWithCards
from troth.db import definitions, ledger
from troth.db.database import Connection, Unit

ROWS_AT_ONCE: Final = 1000
_EASTERNMOST: Final = timedelta(hours=15)
"""More than any time zone is ahead of UTC: a date that has not begun there has not begun anywhere."""

TierProgress: TypeAlias = Mapping[str, Any]
"""What a card shows of its tiers (contract: MemberTierProgress)."""

settled = Counter("troth_members_settled_total", "Members for whom the daily work booked what was due.")


async def up_to_date(
    engine: Engine, connection: Connection, project_id: str, found: Mapping[str, MemberWithCards]
) -> dict[str, MemberWithCards]:
    """Return members as of the project's now: what fell due since it was last booked is counted, and not saved."""
    now = await read_project_now(engine, connection, project_id)
    tomorrow = (now.astimezone(UTC) + _EASTERNMOST).date()
    behind = {
        one.member.id: one.member for one in found.values() if any(_may_be_due(card, tomorrow) for card in one.cards)
    }
    if not behind:
        return dict(found)
    version = await definitions.version(connection, project_id)
    zone = (await engine.definitions.at(connection, project_id, version)).zone
    present = dict(found)
    for member_id, holdings in (await ledger.holdings(connection, behind)).items():
        after, _ = up_to(holdings, now_for(holdings, now), zone, engine.identifiers.fresh)
        cards = [_as_of(card, after.accounts.get(card.id)) for card in found[member_id].cards]
        present[member_id] = found[member_id]._replace(cards=cards)
    return present


async def with_tiers(
    engine: Engine, connection: Connection, project_id: str, found: MemberWithCards
) -> tuple[MemberWithCards, Mapping[str, TierProgress]]:
    """Return a member as of the project's now, and the tier progress of its cards that have one, by their ids."""
    version = await definitions.version(connection, project_id)
    in_force = await engine.definitions.at(connection, project_id, version)
    program = in_force.programs.get(found.member.program_id)
    if program is None or program.structure is None:
        return found, {}
    holdings = (await ledger.holdings(connection, {found.member.id: found.member}, in_force))[found.member.id]
    now = now_for(holdings, await read_project_now(engine, connection, project_id))
    after, _ = up_to(holdings, now, in_force.zone, engine.identifiers.fresh)
    cards = [_as_of(card, after.accounts.get(card.id)) for card in found.cards]
    return found._replace(cards=cards), after.tier_progress(now)


async def settle(engine: Engine, unit: Unit, project_id: str, member_ids: Collection[str]) -> frozenset[str]:
    """Book what fell due for members by now, in a transaction that may do more; return whom others have locked."""
    desk, busy = await open_desk(engine, unit, project_id, member_ids)
    for member_id in set(member_ids) - busy:
        desk.at(member_id)
    await close_desk(engine, unit, project_id, desk)
    return busy


async def settle_to_leave(
    engine: Engine, unit: Unit, project_id: str, member_ids: Collection[str], source: str
) -> None:
    """Book what fell due for locked members by now, and that they leave their tiers: they are about to be deleted."""
    desk, _ = await open_desk(engine, unit, project_id, member_ids)
    for member_id in member_ids:
        holdings, present = desk.at(member_id)
        if holdings is not None:
            desk.book(member_id, holdings.left(present.now, present.fresh), (), source)
    await close_desk(engine, unit, project_id, desk)


async def next_due(engine: Engine, connection: Connection, project_id: str) -> datetime | None:
    """Return the instant at which points of a project next fall due, None if none ever do."""
    day = await ledger.next_due(connection, project_id)
    if day is None:
        return None
    version = await definitions.version(connection, project_id)
    return midnight(day, (await engine.definitions.at(connection, project_id, version)).zone)


async def settle_due(engine: Engine, project_id: str, until: datetime) -> Progress:
    """Book what fell due by an instant for some members of a project, passing over those that others have locked."""

    async def attempt(unit: Unit) -> tuple[int, bool]:
        version = await definitions.version(unit.connection, project_id)
        zone = (await engine.definitions.at(unit.connection, project_id, version)).zone
        day = day_of(until, zone)
        due = await ledger.due(unit.connection, project_id, day, ROWS_AT_ONCE)
        busy = await settle(engine, unit, project_id, due)
        free = [member_id for member_id in due if member_id not in busy]
        await ledger.look_again(unit, free, day)
        return len(free), bool(due)

    count, more = await engine.database.transact(attempt)
    settled.inc(count)
    return Progress(count, more)


def _may_be_due(card: Card, tomorrow: date) -> bool:
    expiration, activation = card.next_expiration, card.next_activation
    return bool((expiration and expiration.date < tomorrow) or (activation and activation.date <= tomorrow))


def _as_of(card: Card, account: Account | None) -> Card:
    if account is None:
        return card
    return card._replace(
        counters=account.counters,
        next_expiration=next_expiration(account),
        next_activation=next_activation(account),
    )
