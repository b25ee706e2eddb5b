"""Standings of cards in tier structures: loaded with accounts, saved a batch at a time; tier transactions in lists."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from troth.core.calendar import day_of
from troth.core.configuration import timestamp
from troth.core.definitions import Definitions
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import Member
from troth.core.tiering.standing import Standing, new_standing
from troth.core.tiering.state import Origin, StoredTierTransaction, TierState, TierTransaction
from troth.core.tiering.structure import Structure
from troth.core.tiering.tracking import Tracking
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("tiering")
_SEPARATOR: Final = "\x1f"
_TRANSACTION_COLUMNS: Final = 17
_STATE_COLUMNS: Final = 14

_Written = tuple[
    str | None,
    datetime | None,
    date | None,
    date | None,
    date | None,
    str | None,
    int | None,
    int | None,
    int | None,
    TierTransaction | None,
    int,
]
_written: Final = msgspec.json.Decoder(_Written)


class Place(NamedTuple):
    """A card, for which a standing is looked for: its wallet, when it was made, and its state as JSON if it has one."""

    card_id: str
    card_definition_id: str
    made_at: datetime
    state: str | None


class Followed(NamedTuple):
    """A member's standing after a commit, which is the group of all that it did to the member."""

    member_id: str
    group_id: str
    after: Standing


async def standings(
    connection: Connection, members: Iterable[Member], places: Mapping[str, Sequence[Place]], in_force: Definitions
) -> dict[str, Standing]:
    """Return the standing of each member that has one, by its id, out of the member's cards."""
    found: list[tuple[Member, Structure, Place]] = []
    for member in members:
        program = in_force.programs.get(member.program_id)
        structure = program.structure if program else None
        if structure:
            on_it = [one for one in places[member.id] if one.card_definition_id == structure.card_definition_id]
            found += ((member, structure, place) for place in on_it)
    asked = frozenset[str]().union(*(structure.segment_ids for _, structure, _ in found))
    segments = await segments_of(connection, {member.customer_id for member, _, _ in found}, asked)
    return {
        member.id: _standing(structure, place, segments.get(member.customer_id, frozenset()), in_force)
        for member, structure, place in found
    }


async def segments_of(
    connection: Connection, customer_ids: Collection[str], segment_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return which of the segments customers are in, for those who are in any."""
    if not customer_ids or not segment_ids:
        return {}
    found: dict[str, set[str]] = {}
    for customer_id, segment_id in await connection.fetch(_SQL.segments_of, list(customer_ids), list(segment_ids)):
        found.setdefault(customer_id, set()).add(segment_id)
    return {customer_id: frozenset(of_customer) for customer_id, of_customer in found.items()}


async def save(unit: Unit, project_id: str, followed: Sequence[Followed]) -> None:
    """Save what became of standings, and the tier transactions booked of them."""
    transactions = [row for one in followed for row in _transaction_rows(one)]
    states = [_state_row(one.member_id, one.after) for one in followed]
    if states:
        await unit.connection.execute(
            _SQL.save, project_id, *_columns(transactions, _TRANSACTION_COLUMNS), *_columns(states, _STATE_COLUMNS)
        )


async def transaction_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str
) -> Page[StoredTierTransaction]:
    """Return one page of a member's tier transactions."""
    page = await listing.page(connection, declaration, query, _SQL.transactions, member_id)
    return Page([_transaction(row) for row in page.rows], page.position)


def _standing(structure: Structure, place: Place, segment_ids: frozenset[str], in_force: Definitions) -> Standing:
    if place.state is None:
        return new_standing(structure, place.card_id, place.made_at, segment_ids, in_force.zone)
    tier_id, since, safe_through, grace_through, fell_on, secured_id, number, points, before, deferred, count = (
        _written.decode(place.state)
    )
    tracking = None
    if number is not None and points is not None and before is not None:
        tracking = Tracking(day_of(place.made_at, in_force.zone), number, points, before)
    state = TierState(tier_id, since, safe_through, grace_through, fell_on, secured_id, deferred, tracking, count)
    return Standing(structure, place.card_id, state, segment_ids, in_force.zone)


def _transaction_rows(followed: Followed) -> Iterable[tuple[str, ...]]:
    standing = followed.after
    for one in {one.id: one for one in standing.booked}.values():
        yield (
            followed.member_id, one.id, standing.card_id, standing.structure.card_definition_id, standing.structure.id,
            one.type, one.status, one.tier_from or "", one.tier_to or "", str(one.points), _instant(one.start_at),
            _instant(one.expires_at), _origin(one.origin), one.rejection or "", followed.group_id,
            _instant(one.created_at), _instant(one.updated_at),
        )  # fmt: skip


def _state_row(member_id: str, standing: Standing) -> tuple[str, ...]:
    state = standing.state
    tracking = state.tracking
    counts = (tracking.number, tracking.points, tracking.points_before) if tracking else (None, None, None)
    days = (state.safe_through, state.grace_through, state.fell_on)
    return (
        member_id, standing.card_id, standing.structure.id, state.tier_id or "", _instant(state.since),
        *["" if one is None else str(one) for one in (*days, state.secured_id, *counts, standing.next_due)],
        str(state.booked_count),
    )  # fmt: skip


def _columns(rows: Sequence[tuple[str, ...]], width: int) -> Iterable[str]:
    return map(_SEPARATOR.join, zip(*rows, strict=True)) if rows else ("",) * width


@lru_cache(maxsize=1024)
def _instant(moment: datetime | None) -> str:
    """Return an instant as text; mostly it is a midnight, which many members share."""
    return timestamp(moment) if moment else ""


@lru_cache(maxsize=1024)
def _origin(origin: Origin | None) -> str:
    return text(origin._asdict()) if origin else ""


def _transaction(row: Row) -> StoredTierTransaction:
    origin = decode(row["origin"]) if row["origin"] else None
    transaction = TierTransaction(
        row["id"], row["type"], row["status"], row["tier_from"], row["tier_to"], row["points"], row["start_at"],
        row["expires_at"], Origin(origin["type"], tuple(origin["card_transaction_ids"])) if origin else None,
        row["created_at"], row["updated_at"], row["rejection"],
    )  # fmt: skip
    return StoredTierTransaction(transaction, row["card_id"], row["card_definition_id"], row["tier_structure_id"])
