"""Accounts: loaded under their member's lock, saved a batch at a time; their transactions and buckets in lists."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import msgspec

from troth.core.cards import Counters
from troth.core.configuration import timestamp
from troth.core.definitions import Definitions
from troth.core.expiration import PointsExpiration
from troth.core.json import decode, text
from troth.core.ledger.accounts import Account, next_activation, next_expiration
from troth.core.ledger.buckets import Bucket, PendingBucket, PendingType, Sliding
from troth.core.ledger.holdings import Holdings, Movement
from troth.core.ledger.postings import Posting
from troth.core.ledger.transactions import CardTransaction
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import Member
from troth.db import listing, tiering
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries
from troth.db.tiering import Followed, Place

_SQL = queries("ledger")
_SEPARATOR: Final = "\x1f"
_FIRST_COUNTER: Final = 11
_BUCKET: Final = len(Bucket._fields)

_Bucket = tuple[str, str, str, date | None, date, int, str, datetime, datetime | None]
_Pending = tuple[
    str,
    PendingType,
    date,
    msgspec.Raw,
    int,
    Literal["PENDING", "ACTIVATED", "CANCELED", "DELETED"],
    datetime,
    datetime | None,
]
_Sliding = tuple[msgspec.Raw, str, date, date]
_buckets: Final = msgspec.json.Decoder(list[_Bucket])
_pending: Final = msgspec.json.Decoder(list[_Pending])
_slidings: Final = msgspec.json.Decoder(list[_Sliding])


class Locked(NamedTuple):
    """What a batch may decide on: the version of the definitions, the members locked, those whom others have locked.

    `waiting_since` has when the first trigger happened that waits for a member, of those for whom one does.
    """

    version: int
    members: Mapping[str, Member]
    busy: frozenset[str]
    waiting_since: Mapping[str, datetime]


class Loaded:
    """Members with their accounts, row by row, before it is known where they stand in tiers."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self._members: dict[str, Member] = {}
        self._accounts: dict[str, dict[str, Account]] = {}
        self._places: dict[str, list[Place]] = {}
        for member in members:
            self.add(member)

    def add(self, member: Member) -> None:
        """Take on a member, whose accounts follow; once more, it changes nothing."""
        if member.id not in self._members:
            self._members[member.id] = member
            self._accounts[member.id], self._places[member.id] = {}, []

    def take(self, columns: Row | tuple[Any, ...]) -> None:
        """Take on the account of one of the members out of the columns of the query `account`."""
        self._accounts[columns[0]][columns[1]] = _account(columns)
        self._places[columns[0]].append(Place(columns[1], columns[2], columns[9], columns[10]))

    async def holdings(self, connection: Connection, in_force: Definitions | None) -> dict[str, Holdings]:
        """Return the members' holdings; where they stand in tiers is left out without the definitions in force."""
        found = tiering.standings(connection, self._members.values(), self._places, in_force) if in_force else None
        standings = await found if found else {}
        return {
            member_id: Holdings(member, self._accounts[member_id], standings.get(member_id))
            for member_id, member in self._members.items()
        }


async def lock(unit: Unit, project_id: str, member_ids: Collection[str], *, patient: bool) -> Locked:
    """Lock members of a project against any other movement until the transaction ends.

    Those that somebody else has locked are busy; with `patient` they are waited for, which only a batch about a single
    member may do. Members that are deleted or of another project are left out.
    """
    statement = _SQL.lock_patiently if patient else _SQL.lock
    rows = await unit.connection.fetch(statement, project_id, sorted(member_ids))
    return Locked(
        rows[0]["version"] if rows else 0,
        {row["id"]: _member(row) for row in rows if row["id"] and row["status"] != "DELETED"},
        frozenset(row["member_id"] for row in rows if row["is_busy"]),
        {row["id"]: row["waiting_since"] for row in rows if row["id"] and row["waiting_since"]},
    )


async def holdings(
    connection: Connection,
    members: Mapping[str, Member],
    in_force: Definitions | None = None,
    named_buckets: Collection[str] = (),
) -> dict[str, Holdings]:
    """Return the holdings of members, with their open buckets and, of the others, those that are named.

    Where they stand in tiers is found by the definitions in force; without those it is left out.
    """
    loaded = Loaded(members.values())
    for row in await connection.fetch(_SQL.accounts, list(named_buckets), list(members)):
        loaded.take(row)
    return await loaded.holdings(connection, in_force)


async def save(
    unit: Unit, project_id: str, movements: Sequence[Movement], now: datetime, fresh: Callable[[str], str]
) -> dict[str, str]:
    """Save what a batch has moved, each member in a group of its own; return the group of each that has moved."""
    rows = _Rows()
    followed: list[Followed] = []
    for movement in movements:
        if movement.moved:
            group_id, before, after = fresh("lgrp"), movement.before.standing, movement.after.standing
            rows.add(movement, group_id)
            if after and after is not before:
                followed.append(Followed(movement.after.member.id, group_id, after))
    if rows.outbox:
        unit.prove(_SQL.is_saved, *rows.outbox[0])
        await unit.connection.execute(_SQL.save, project_id, now, *rows.columns())
        await tiering.save(unit, project_id, followed)
    if rows.ended:
        await unit.connection.execute(_SQL.save_ended, *map(_SEPARATOR.join, zip(*rows.ended, strict=True)))
    return dict(rows.outbox)


async def transaction_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str, card_id: str
) -> Page[CardTransaction]:
    """Return one page of a card's transactions."""
    page = await listing.page(connection, declaration, query, _SQL.transactions, member_id, card_id)
    return Page([_transaction(row) for row in page.rows], page.position)


async def points_bucket_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str, card_id: str
) -> Page[tuple[Bucket, date]]:
    """Return one page of a card's buckets that will expire, each with its last day of use."""
    page = await listing.page(connection, declaration, query, _SQL.points_buckets, member_id, card_id)
    return Page([(Bucket._make(row[:_BUCKET]), row["expiration_date"]) for row in page.rows], page.position)


async def pending_bucket_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str, card_id: str
) -> Page[PendingBucket]:
    """Return one page of a card's pending buckets."""
    page = await listing.page(connection, declaration, query, _SQL.pending_buckets, member_id, card_id)
    rows = [PendingBucket._make((*row[:3], _expiration(row[3].encode()), *row[4:])) for row in page.rows]
    return Page(rows, page.position)


async def due(connection: Connection, project_id: str, day: date, rows: int) -> list[str]:
    """Return members of a project for whom the beginning of a day brings something, found in so many rows of a kind."""
    return [row[0] for row in await connection.fetch(_SQL.due, project_id, day, rows)]


async def next_due(connection: Connection, project_id: str) -> date | None:
    """Return the first day whose beginning brings something for anybody in a project."""
    day: date | None = await connection.fetchval(_SQL.next_due, project_id)
    return day


async def look_again(unit: Unit, member_ids: Sequence[str], day: date) -> None:
    """Put off the sliding dates of settled members to when they are due."""
    await unit.connection.execute(_SQL.look_again, list(member_ids), day)


async def locked_points(
    connection: Connection, asked: Collection[tuple[str, str, str]]
) -> dict[str, tuple[CardTransaction, Mapping[str, int]]]:
    """Return transactions, asked for by member, card and id, each with what its first posting took of which bucket."""
    rows = await connection.fetch(_SQL.locked_points, *map(list, zip(*asked, strict=True)))
    return {row["id"]: (_transaction(row), decode(row["changes"])) for row in rows}


async def sums_in_period(
    connection: Connection, member_ids: Collection[str], types: Collection[str], first: datetime, after: datetime
) -> dict[tuple[str, str], int]:
    """Return what transactions of some types moved from `first` until `after`, by member and card."""
    rows = await connection.fetch(_SQL.sum_in_period, list(member_ids), list(types), first, after)
    return {(row[0], row[1]): row[2] for row in rows}


class _Rows:
    """The rows of a batch, a list for each table, and how they travel: a column is one text."""

    def __init__(self) -> None:
        self.transactions: list[tuple[str, ...]] = []
        self.ended: list[tuple[str, ...]] = []
        self.postings: list[tuple[str, ...]] = []
        self.buckets: list[tuple[str, ...]] = []
        self.pending: list[tuple[str, ...]] = []
        self.slidings: list[tuple[str, ...]] = []
        self.cards: list[tuple[str, ...]] = []
        self.outbox: list[tuple[str, str]] = []

    def add(self, movement: Movement, group_id: str) -> None:
        """Take on what became of one member."""
        member_id = movement.after.member.id
        self.outbox.append((member_id, group_id))
        for entry, source in movement.entries:
            transaction, instant = entry.transaction, timestamp(entry.instant)
            if entry.is_end:
                self.ended.append((
                    member_id, transaction.card_id, transaction.id, transaction.status, text(transaction.details),
                    timestamp(transaction.created_at), instant,
                ))  # fmt: skip
            else:
                self.transactions.append((
                    member_id, transaction.card_id, transaction.id, transaction.card_definition_id, transaction.type,
                    transaction.status, text(transaction.details), group_id, source,
                    instant, timestamp(transaction.occurred_at),
                ))  # fmt: skip
            for place, posting in enumerate(entry.postings, start=int(entry.is_end)):
                self.postings.append((member_id, transaction.card_id, *_posting(posting, place), instant))
        for card_id, account in movement.after.accounts.items():
            before = movement.before.accounts[card_id]
            if account is not before:
                self._add_account(member_id, before, account)

    def _add_account(self, member_id: str, before: Account, after: Account) -> None:
        card_id = after.card_id
        for bucket in _changed(before.buckets, after.buckets):
            self.buckets.append((
                member_id, card_id, bucket.id, bucket.expiration_type, bucket.expiration_key, _shown(bucket.expires_on),
                str(bucket.month), str(bucket.points), bucket.status, timestamp(bucket.created_at),
                _instant(bucket.updated_at),
            ))  # fmt: skip
        for pending in _changed(before.pending, after.pending):
            self.pending.append((
                member_id, card_id, pending.id, pending.type, str(pending.date), _written(pending.expiration),
                str(pending.points), pending.status, timestamp(pending.created_at), _instant(pending.updated_at),
            ))  # fmt: skip
        for sliding in _changed(before.slidings, after.slidings):
            self.slidings.append((
                member_id, card_id, sliding.key, _written(sliding.expiration), str(sliding.last_activity_on),
                str(sliding.expires_on),
            ))  # fmt: skip
        self.cards.append(
            (member_id, card_id, ",".join(map(str, after.counters)), timestamp(after.latest), *_next(after))
        )

    def columns(self) -> Iterable[str]:
        """Yield all columns of all tables, in the order of the statement's parameters."""
        tables: tuple[tuple[int, Sequence[tuple[str, ...]]], ...] = (
            (11, self.transactions), (8, self.postings), (11, self.buckets), (10, self.pending), (6, self.slidings),
            (9, self.cards), (2, self.outbox),
        )  # fmt: skip
        for width, rows in tables:
            yield from map(_SEPARATOR.join, zip(*rows, strict=True)) if rows else ("",) * width


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Any]:
    return (one for key, one in after.items() if one is not before.get(key))


def _posting(posting: Posting, place: int) -> tuple[str, ...]:
    return posting.transaction_id, str(place), posting.kind, str(posting.points), text(posting.changes)


def _next(account: Account) -> tuple[str, ...]:
    expiration, activation = next_expiration(account), next_activation(account)
    return (
        *((str(expiration.date), str(expiration.points)) if expiration else ("", "")),
        *((str(activation.date), str(activation.points), activation.type) if activation else ("", "", "")),
    )


def _shown(day: date | None) -> str:
    return str(day) if day else ""


def _instant(moment: datetime | None) -> str:
    return timestamp(moment) if moment else ""


@lru_cache(maxsize=4096)
def _written(expiration: PointsExpiration) -> str:
    return text(expiration.stored())


@lru_cache(maxsize=4096)
def _expiration(written: bytes) -> PointsExpiration:
    return PointsExpiration.model_validate(decode(written))


def _account(row: Row | tuple[Any, ...]) -> Account:
    buckets = [Bucket._make(one) for one in _buckets.decode(row[5])] if row[5] else ()
    pending = [
        PendingBucket._make((*one[:3], _expiration(bytes(one[3])), *one[4:]))
        for one in (_pending.decode(row[6]) if row[6] else ())
    ]
    slidings = [Sliding(_expiration(bytes(one[0])), *one[1:]) for one in (_slidings.decode(row[7]) if row[7] else ())]
    return Account(
        card_id=row[1],
        card_definition_id=row[2],
        allow_negative=row[3],
        counters=Counters._make(row[_FIRST_COUNTER:]),
        buckets={one.id: one for one in buckets},
        pending={one.id: one for one in pending},
        slidings={one.key: one for one in slidings},
        latest=row[4],
    )


def _transaction(row: Row) -> CardTransaction:
    return CardTransaction(
        row["id"], row["card_id"], row["card_definition_id"], row["type"], row["status"], decode(row["details"]),
        row["created_at"], row["occurred_at"], row["updated_at"],
    )  # fmt: skip


def _member(row: Row) -> Member:
    return Member(
        row["id"], row["customer_id"], row["program_id"], row["status"], decode(row["metadata"]), row["created_at"],
        row["updated_at"],
    )  # fmt: skip
