"""Create, update, read and list orders; what they set off is recorded with them (domain 8, 9)."""

from collections.abc import Sequence
from typing import NamedTuple

from troth.actions import customers
from troth.actions.engine import Engine
from troth.actions.triggers import TRIGGERS
from troth.core.customer_orders import changes
from troth.core.customers import Upsert
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.order_items import named
from troth.core.orders import Order, OrderFacts, Put, decide
from troth.core.refusals import Refusal, not_found
from troth.db import customer_orders, orders, triggers
from troth.db.database import Connection, Unit


class Done(NamedTuple):
    """What came of a batch: an answer for each command, and whether anything waits for its evaluation now."""

    answers: Sequence[Order | Refusal]
    has_triggers: bool


async def put_orders(engine: Engine, project_id: str, commands: Sequence[Put]) -> Sequence[Order | Refusal]:
    """Create or update orders and return each as its command left it, or why not.

    Commands are decided in their order. All that are not refused are saved in one transaction, with the customers they
    tell of and the triggers they are. One source id makes one order, and an order is paid for the first time once,
    however many requests arrive at the same time.
    """

    async def attempt(unit: Unit) -> Done:
        return await put_within(engine, unit, project_id, commands)

    done = await engine.database.transact(attempt)
    wake_for_triggers(engine, done)
    return done.answers


async def put_within(engine: Engine, unit: Unit, project_id: str, commands: Sequence[Put]) -> Done:
    """Create or update orders as part of a unit of work; see `put_orders`."""
    found = await orders.lock(unit, project_id, commands)
    items = named(item for command in commands for item in command.items or ())
    facts = OrderFacts(found, await orders.goods(unit.connection, project_id, items))
    people = [one for command in commands for one in (command.customer, command.referrer) if one is not None]
    # Whose order it is, and who paid it with points, is locked too: now, which is later than all locks, is the time of
    # what happens to them.
    concerned = {one for order in found for one in (order.customer_id, *order.points_paid.payer_ids) if one is not None}
    others = [Upsert({}, customer_id=one) for one in concerned]
    known = await customers.load_within(engine, unit, project_id, [*people, *others])
    upserts, puts = decide(commands, facts, known.facts, known.definitions, known.now, engine.identifiers.fresh)
    await customers.save_within(unit, project_id, upserts, known)
    if puts.saved:
        await orders.save(unit, project_id, puts)
        await customer_orders.add(unit, changes(found, puts.saved))
    recorded = await triggers.record(unit, project_id, puts.triggers, known.now)
    return Done(puts.answers, bool(recorded or any(upserts.crossings)))


def wake_for_triggers(engine: Engine, done: Done) -> None:
    """Say, once orders are committed, that there are triggers to evaluate."""
    if done.has_triggers:
        engine.wake(TRIGGERS)


async def get_order(engine: Engine, project_id: str, reference: str) -> Order:
    """Return an order by its id, else by its source id. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Order | None:
        return await orders.find(connection, project_id, reference, reference)

    found = await engine.database.read(look)
    if found is None:
        raise not_found("order", reference)
    return found


async def list_orders(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[Order], int]:
    """Return one page of the project's orders, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[Order], int]:
        return await orders.page(connection, declaration, query, project_id)

    return await engine.database.read(look)
