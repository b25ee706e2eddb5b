"""Pay orders with points, in batches of one project's commands, and look at what was paid (domain 12)."""

from collections.abc import Sequence

from troth.actions.desk import Desk, close_desk, look_at_desk
from troth.actions.engine import Engine
from troth.actions.members import get_member
from troth.actions.purchase_facts import spent_before
from troth.actions.turns import open_desk_in_turn
from troth.core.batches import BUSY, Busy
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.orders import Order
from troth.core.payments.decision import Paid, Pay
from troth.core.payments.till import Facts, Till, asks_who_pays
from troth.core.payments.transactions import Payment
from troth.core.refusals import Refusal
from troth.db import orders, payments, purchases
from troth.db.database import Connection, Unit


async def pay(
    engine: Engine, project_id: str, commands: Sequence[Pay], *, patient: bool = False
) -> Sequence[Payment | Refusal | Busy]:
    """Pay orders and return each payment, or why it was refused.

    Each sees what those before it paid, and nobody else pays these orders or changes them meanwhile. A command whose
    member another transaction has locked is answered `BUSY`; with `patient` it is waited for, which only a batch about
    a single member may do.
    """

    async def attempt(unit: Unit) -> list[Payment | Refusal | Busy]:
        found: list[Order] = []

        async def lock_orders() -> None:
            source_ids = {one.order_source_id for one in commands if not one.order_id and one.order_source_id}
            found.extend(await orders.lock_named(unit, project_id, _ids(commands), source_ids))

        members = {one.path.member_id for one in commands}
        desk, busy = await open_desk_in_turn(engine, unit, project_id, members, patient=patient, then_lock=lock_orders)
        free = [one for one in commands if one.path.member_id not in busy]
        till = Till(await _facts(unit.connection, project_id, free, found, desk))
        made: list[Paid] = []
        answers: list[Payment | Refusal | Busy] = []
        for command in commands:
            member_id = command.path.member_id
            if member_id in busy:
                answers.append(BUSY)
                continue
            holdings, present = desk.at(member_id)
            try:
                paid = till.pay(command, holdings, present)
            except Refusal as refusal:
                answers.append(refusal)
                continue
            assert holdings is not None, "nobody else can pay"
            desk.book(member_id, holdings.after(paid.booked), [paid.booked.entry], command.source)
            made.append(paid)
            answers.append(paid.payment)
        groups = await close_desk(engine, unit, project_id, desk)
        if made:
            await payments.save(unit, project_id, made, till.paid_orders, groups)
        return answers

    return await engine.database.transact(attempt)


async def simulate(engine: Engine, project_id: str, command: Pay) -> Payment:
    """Return a payment as it would be made now, by the same decision; nothing is written.

    Raises the refusal that the payment itself would be answered with.
    """

    async def look(connection: Connection) -> Payment:
        desk = await look_at_desk(engine, connection, project_id, [command.path.member_id])
        source_id = None if command.order_id else command.order_source_id
        found = await orders.find(connection, project_id, command.order_id, source_id)
        facts = await _facts(connection, project_id, [command], [found] if found else [], desk)
        return Till(facts).pay(command, *desk.at(command.path.member_id)).payment

    return await engine.database.read(look)


async def payment_page(
    engine: Engine, project_id: str, path: tuple[str, str], declaration: ListDeclaration, query: ListQuery
) -> Page[Payment]:
    """Return one page of a member's payments. Raises a refusal with `NOT_FOUND` for program or member."""
    found = await get_member(engine, project_id, path)

    async def look(connection: Connection) -> Page[Payment]:
        return await payments.page(connection, declaration, query, found.member.id)

    return await engine.database.read(look)


def _ids(commands: Sequence[Pay]) -> set[str]:
    return {one.order_id for one in commands if one.order_id}


async def _facts(
    connection: Connection, project_id: str, commands: Sequence[Pay], found: Sequence[Order], desk: Desk
) -> Facts:
    """Return the facts of payments by members at a desk, who are settled up to now."""
    present = desk.present
    holdings = {one: held for one in {one.path.member_id for one in commands} if (held := desk.at(one)[0])}
    asking = {held.member.customer_id for held in holdings.values() if asks_who_pays(held, present.definitions)}
    customers = await purchases.customers(connection, project_id, asking) if asking else {}
    metadata = {customer_id: one.metadata for customer_id, one in customers.items()}
    programs = {one.path.program_id for one in commands}
    return Facts(found, metadata, await spent_before(connection, programs, holdings, present))
