"""Payments of orders with points: saved on the member's side and on the order's, and listed."""

from collections.abc import Mapping, Sequence
from typing import Final

from troth.core.configuration import timestamp
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.orders import Order
from troth.core.payments.decision import Paid
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
