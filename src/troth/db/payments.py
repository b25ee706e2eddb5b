"""Payments of orders with points: saved on the member's side and on the order's, and listed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from troth.core.configuration import timestamp
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.orders import Order
from troth.core.payments.decision import Paid
from troth.core.payments.returns import OrderPayment
from troth.core.payments.transactions import Payment
from troth.db import listing
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("payments")
_SEPARATOR: Final = "\x1f"


async def save(
    unit: Unit, project_id: str, made: Sequence[Paid], orders: Sequence[Order], groups: Mapping[str, str]
) -> None:
    """Save new payments, each in the group of its member's movement, and what their orders have had paid by now."""
    payments = [_row(one, groups) for one in made]
    paid = [(one.id, one.points_paid) for one in orders]
    totals = [(id_, str(total.amount), str(total.payments_count), ",".join(total.payer_ids)) for id_, total in paid]
    columns = [_SEPARATOR.join(column) for rows in (payments, totals) for column in zip(*rows, strict=True)]
    await unit.connection.execute(_SQL.save, project_id, *columns)


async def of_orders(connection: Connection, project_id: str, order_ids: Collection[str]) -> list[OrderPayment]:
    """Return all payments of orders, those of each in the order in which they were made."""
    return [
        OrderPayment(
            row["order_id"], row["number"], row["member_id"], row["transaction_id"], row["card_id"], row["amount"],
            row["points"], row["mode"], row["items_amount"], decode(row["consumed"]), row["returned_amount"],
        )
        for row in await connection.fetch(_SQL.of_orders, project_id, list(order_ids))
    ]  # fmt: skip


async def save_returns(unit: Unit, project_id: str, changed: Sequence[tuple[OrderPayment, int]]) -> None:
    """Save how much was given back of payments of locked orders."""
    if not changed:
        return
    await unit.connection.execute(
        _SQL.save_returns,
        project_id,
        [one.order_id for one, _ in changed],
        [one.number for one, _ in changed],
        [amount for _, amount in changed],
    )


async def page(connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str) -> Page[Payment]:
    """Return one page of a member's payments."""
    page = await listing.page(connection, declaration, query, _SQL.listed, member_id)
    rows = [Payment._make((*row[:10], decode(row["details"]), row["created_at"])) for row in page.rows]
    return Page(rows, page.position)


def _row(one: Paid, groups: Mapping[str, str]) -> tuple[str, ...]:
    payment = one.payment
    return (
        payment.member_id, payment.id, payment.program_id, payment.card_id, payment.card_definition_id,
        payment.card_transaction_id, payment.order_id, str(payment.number), str(payment.amount), str(payment.points),
        text(payment.details), groups[payment.member_id], timestamp(payment.created_at), one.mode or "",
        str(one.items_amount), text(one.consumed),
    )  # fmt: skip
