"""Purchases of rewards: the facts they are decided on, what became of them, and lists of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from troth.core.configuration import timestamp
from troth.core.earning.facts import CustomerFacts
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.purchases.decision import Bought, Purchase
from troth.core.purchases.issuing import Waiting
from troth.core.purchases.transactions import COUNTED, RewardTransaction
from troth.db import ledger, listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("purchases")
_SEPARATOR: Final = "\x1f"

Key = tuple[str, str]


async def stock(
    connection: Connection, project_id: str, asked: Collection[Key], *, lock: bool
) -> dict[Key, int | None]:
    """Return what is left of limited rewards, by program and reward; locked until the transaction ends if asked for."""
    ordered = sorted(asked)
    rows = await connection.fetch(
        _SQL.stock if lock else _SQL.stock_seen,
        project_id,
        [program_id for program_id, _ in ordered],
        [reward_id for _, reward_id in ordered],
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def bought(connection: Connection, asked: Iterable[tuple[str, str, datetime]]) -> dict[Key, Bought]:
    """Return what members have bought of rewards, by member and reward; counted from an instant on."""
    columns = list(map(list, zip(*asked, strict=True))) or [[], [], []]
    rows = await connection.fetch(_SQL.bought, *columns, list(COUNTED))
    return {(row[0], row[1]): Bought(row[2], row[3]) for row in rows}


async def customers(connection: Connection, project_id: str, ids: Collection[str]) -> dict[str, CustomerFacts]:
    """Return customers as conditions see them."""
    rows = await connection.fetch(_SQL.customers, project_id, list(ids))
    return {row[0]: CustomerFacts(decode(row[1]), frozenset(row[2])) for row in rows}


async def save(
    unit: Unit,
    project_id: str,
    made: Sequence[Purchase],
    groups: Mapping[str, str],
    taken: Mapping[Key, int],
    due_at: datetime,
) -> None:
    """Save new purchases, each in the group of its member's movement, and take what they took of the stock.

    They are issued from `due_at` on, by the wall clock.
    """
    rows = [
        (
            one.member_id, one.id, one.program_id, one.reward_id, one.card_id, one.card_transaction_id,
            text(one.details), text(purchase.goods), groups[one.member_id], timestamp(one.created_at),
        )
        for purchase in made
        for one in (purchase.transaction,)
    ]  # fmt: skip
    await unit.connection.execute(
        _SQL.save,
        project_id,
        due_at,
        *map(_SEPARATOR.join, zip(*rows, strict=True)),
        [program_id for program_id, _ in taken],
        [reward_id for _, reward_id in taken],
        list(taken.values()),
    )


class Claimed(NamedTuple):
    """A purchase that is due to be issued, locked until the transaction ends."""

    member_id: str
    id: str
    project_id: str
    created_at: datetime
    failures: int

    def shown(self) -> dict[str, object]:
        """Return it as the log tells of it."""
        return {"project_id": self.project_id, "member_id": self.member_id, "id": self.id, "failures": self.failures}


async def claim(unit: Unit, now: datetime, limit: int, project_id: str | None) -> list[Claimed]:
    """Return purchases of one project that are due, the longest waiting first, passing over those others are at."""
    return [Claimed(*row) for row in await unit.connection.fetch(_SQL.claim, now, limit, project_id)]


async def waiting(connection: Connection, claimed: Collection[Claimed]) -> list[Waiting]:
    """Return claimed purchases with all that issuing them needs."""
    return await _waiting(connection, [(one.member_id, one.id) for one in claimed])


async def _waiting(connection: Connection, asked: Collection[Key]) -> list[Waiting]:
    columns = list(map(list, zip(*asked, strict=True))) or [[], []]
    rows = await connection.fetch(_SQL.waiting, *columns)
    found = [(transaction(row), row["customer_id"], decode(row["goods"])) for row in rows]
    paying = await ledger.locked_points(
        connection, [(one.member_id, one.card_id, one.card_transaction_id) for one, *_ in found]
    )
    return [Waiting(one, customer_id, goods, *paying[one.card_transaction_id]) for one, customer_id, goods in found]


async def find(connection: Connection, project_id: str, transaction_id: str) -> Waiting | None:
    """Return a reward transaction of a project with all that undoing it needs."""
    member_id = await connection.fetchval(_SQL.member_of, project_id, transaction_id)
    found = await _waiting(connection, [(member_id, transaction_id)]) if member_id else []
    return found[0] if found else None


async def pending(connection: Connection, member_ids: Collection[str]) -> list[Waiting]:
    """Return the purchases of locked members that are not decided, oldest first."""
    rows = await connection.fetch(_SQL.pending, list(member_ids))
    return await _waiting(connection, [(row[0], row[1]) for row in rows]) if rows else []


async def is_refundable(connection: Connection, project_id: str, reward_id: str) -> bool:
    """Return whether purchases of a reward can be refunded as a rule; also of one that is deleted."""
    return bool(await connection.fetchval(_SQL.is_refundable, project_id, reward_id))


async def save_refund(
    unit: Unit,
    project_id: str,
    purchase: RewardTransaction,
    refund: RewardTransaction,
    group_id: str,
    *,
    write_off: bool,
) -> None:
    """Save a refund and the purchase that it undoes; the unit goes back into the stock unless it is written off."""
    await unit.connection.execute(
        _SQL.save_refund, project_id, purchase.member_id, purchase.created_at, purchase.id, refund.id, refund.card_id,
        refund.card_transaction_id, text(refund.details), refund.created_at, group_id,
    )  # fmt: skip
    if not write_off:
        await _change_stock(unit, {(purchase.program_id, purchase.reward_id): (1, -1)})


async def put_off(unit: Unit, failed: Claimed, due_at: datetime) -> None:
    """Try a purchase again later, if nobody has decided it meanwhile."""
    await unit.connection.execute(_SQL.put_off, failed.member_id, failed.created_at, failed.id, due_at)


async def save_ended(unit: Unit, ended: Sequence[RewardTransaction], groups: Mapping[str, str]) -> None:
    """Save how purchases have ended; what was bought counts as redeemed, what was rejected goes back into the stock."""
    if not ended:
        return
    await unit.connection.execute(
        _SQL.save_ended,
        [one.member_id for one in ended],
        [one.created_at for one in ended],
        [one.id for one in ended],
        [one.status for one in ended],
        [text(one.details) for one in ended],
        [one.updated_at for one in ended],
        [groups[one.member_id] for one in ended],
    )
    units: dict[Key, list[int]] = {}
    for one in ended:
        back_and_redeemed = units.setdefault((one.program_id, one.reward_id), [0, 0])
        back_and_redeemed[one.status == "APPROVED"] += 1
    await _change_stock(unit, units)


async def _change_stock(unit: Unit, units: Mapping[Key, Sequence[int]]) -> None:
    """Put units back into the stock of rewards, and count what was redeemed; the last locks that are taken."""
    ordered = sorted(units.items())
    await unit.connection.execute(
        _SQL.change_stock,
        [program_id for (program_id, _), _ in ordered],
        [reward_id for (_, reward_id), _ in ordered],
        [back for _, (back, _) in ordered],
        [redeemed for _, (_, redeemed) in ordered],
    )


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str
) -> Page[RewardTransaction]:
    """Return one page of a member's reward transactions."""
    page = await listing.page(connection, declaration, query, _SQL.listed, member_id)
    return Page([transaction(row) for row in page.rows], page.position)


def transaction(row: Row) -> RewardTransaction:
    """Return the reward transaction of a row."""
    return RewardTransaction(
        row["id"], row["member_id"], row["program_id"], row["reward_id"], row["card_id"], row["card_transaction_id"],
        row["type"], row["status"], decode(row["details"]), row["created_at"], row["updated_at"],
    )  # fmt: skip
