"""What earning rules look at besides holdings, and what came of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from troth.core.earning.bases import OrderBase
from troth.core.earning.evaluations import Evaluation
from troth.core.earning.facts import CustomerFacts
from troth.core.earning.order_earnings import OrderEarning
from troth.core.earning.working import Grant, Worked
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import listing
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("earning")


class Done(NamedTuple):
    """What one trigger did to one member, and when it happened."""

    member_id: str
    occurred_at: datetime
    worked: Worked


async def customers(connection: Connection, project_id: str, customer_ids: Collection[str]) -> dict[str, CustomerFacts]:
    """Return customers as conditions see them, by their ids."""
    rows = await connection.fetch(_SQL.customers, project_id, list(customer_ids))
    return {row["id"]: CustomerFacts(decode(row["metadata"]), frozenset(row["segment_ids"])) for row in rows}


async def canceled_orders(connection: Connection, project_id: str, order_ids: Collection[str]) -> set[str]:
    """Return those of the orders that were cancelled after they had been paid."""
    return {row["id"] for row in await connection.fetch(_SQL.canceled_orders, project_id, list(order_ids))}


async def last_successes(connection: Connection, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """Return when members last succeeded with rules, each asked for as member and rule."""
    members, rules = zip(*asked, strict=True)
    return {(row[0], row[1]): row[2] for row in await connection.fetch(_SQL.last_successes, members, rules)}


async def successes_in_period(
    connection: Connection, member_ids: Collection[str], rule_ids: Collection[str], first: datetime, after: datetime
) -> dict[tuple[str, str], int]:
    """Return how often members succeeded with rules from `first` until `after`, by member and rule."""
    rows = await connection.fetch(_SQL.successes_in_period, list(member_ids), list(rule_ids), first, after)
    return {(row[0], row[1]): row[2] for row in rows}


async def order_earnings(
    connection: Connection, asked: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[OrderEarning]]:
    """Return what orders have earned members, each asked for as member and order, the oldest first."""
    members, orders = zip(*asked, strict=True)
    found: dict[tuple[str, str], list[OrderEarning]] = defaultdict(list)
    for row in await connection.fetch(_SQL.order_earnings, members, orders):
        calculation_type, applicable_to = decode(row["base"])
        base = OrderBase(calculation_type, tuple(tuple(one) for one in applicable_to))
        found[row["member_id"], row["order_id"]].append(
            OrderEarning._make((*row[:5], base, row["amount"], row["taken"]))
        )
    return found


async def save(unit: Unit, project_id: str, done: Sequence[Done], now: datetime) -> None:
    """Save what came of triggers: evaluations, successes, what orders earned, and benefits that were granted."""
    evaluations = [(one.member_id, one.worked.evaluation) for one in done if one.worked.evaluation]
    successes = [
        (one.member_id, rule.id, one.occurred_at, one.worked.evaluation.id)
        for one in done
        if one.worked.evaluation
        for rule in one.worked.succeeded
    ]
    # Of an earning that a batch changes twice only what it came to in the end.
    earnings = {
        (one.member_id, each.transaction_id): (one.member_id, each) for one in done for each in one.worked.earnings
    }
    grants = [(one.member_id, each) for one in done for each in one.worked.grants]
    await unit.connection.execute(
        _SQL.save,
        project_id,
        *_columns(8, (_evaluation(member_id, one) for member_id, one in evaluations)),
        *_columns(4, successes),
        *_columns(9, (_earning(member_id, one) for member_id, one in earnings.values())),
        *_columns(8, (_grant(member_id, one, now) for member_id, one in grants)),
    )


async def evaluation_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str
) -> Page[Evaluation]:
    """Return one page of a member's earning evaluations."""
    page = await listing.page(connection, declaration, query, _SQL.evaluations, member_id)
    return Page([Evaluation._make((*row[:4], decode(row["rules"]), *row[5:])) for row in page.rows], page.position)


async def forget(unit: Unit, earned_before: datetime, refused_before: datetime, limit: int) -> int:
    """Delete up to `limit` evaluations from before these instants, and return how many there were."""
    status: str = await unit.connection.execute(_SQL.forget, earned_before, refused_before, limit)
    return int(status.rsplit(maxsplit=1)[-1])


def _columns(width: int, rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _evaluation(member_id: str, one: Evaluation) -> tuple[Any, ...]:
    return (
        member_id, one.id, one.trigger, one.subject_id, one.occurred_at, text(one.rules), one.earned, one.created_at,
    )  # fmt: skip


def _earning(member_id: str, one: OrderEarning) -> tuple[Any, ...]:
    return (
        member_id, one.order_id, one.transaction_id, one.card_id, one.points, one.bucket_id, text(one.base), one.amount,
        one.taken,
    )  # fmt: skip


def _grant(member_id: str, one: Grant, now: datetime) -> tuple[Any, ...]:
    trigger = one.trigger
    told = {
        "kind": trigger.kind,
        "subject_id": trigger.subject_id,
        "occurred_at": trigger.occurred_at,
        "payload": trigger.payload,
    }
    return (
        member_id, one.id, one.program_id, one.benefit_id, one.earning_rule_id, one.earning_item_id, text(told), now,
    )  # fmt: skip
