"""Create, update, read, list and delete customers (domain 9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from troth.actions.departures import leave
from troth.actions.engine import Engine
from troth.actions.platform_resources import found as found_resource
from troth.actions.project_time import project_now
from troth.actions.segments import memberships_of, save_crossings
from troth.actions.triggers import TRIGGERS
from troth.core.access import Caller
from troth.core.customer_orders import OrdersSummary
from troth.core.customers import Customer, CustomerFacts, Upsert, Upserts, decide_upserts
from troth.core.definitions import Definitions
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import departure
from troth.core.refusals import Refusal, not_found
from troth.db import customer_orders, customers, members
from troth.db.database import Connection, Unit


class CustomerInFull(NamedTuple):
    """A customer, and what it has ordered."""

    customer: Customer
    orders: OrdersSummary


async def upsert_customers(
    engine: Engine, project_id: str, commands: Sequence[Upsert]
) -> Sequence[CustomerInFull | Refusal]:
    """Create or update customers and return each as its command left it, or why not.

    Commands are decided in their order, and all that are not refused are saved in one transaction. One source id makes
    one customer, however many requests with it arrive at the same time.
    """

    async def attempt(unit: Unit) -> tuple[Upserts, Mapping[str, OrdersSummary]]:
        known, upserts = await _upsert(engine, unit, project_id, commands)
        return upserts, await customer_orders.summaries(unit.connection, [one.id for one in known.facts.found])

    upserts, ordered = await engine.database.transact(attempt)
    if upserts.crossings.joined or upserts.crossings.left:
        engine.wake(TRIGGERS)
    return [one if isinstance(one, Refusal) else _in_full(one, ordered) for one in upserts.answers]


async def upsert_within(
    engine: Engine, unit: Unit, project_id: str, commands: Sequence[Upsert]
) -> Sequence[Customer | Refusal]:
    """Create or update customers as part of a unit of work; see `upsert_customers`."""
    _, upserts = await _upsert(engine, unit, project_id, commands)
    return upserts.answers


def _in_full(customer: Customer, ordered: Mapping[str, OrdersSummary]) -> CustomerInFull:
    return CustomerInFull(customer, ordered.get(customer.id, OrdersSummary()))


async def _upsert(engine: Engine, unit: Unit, project_id: str, commands: Sequence[Upsert]) -> tuple["Known", Upserts]:
    known = await load_within(engine, unit, project_id, commands)
    upserts = decide_upserts(commands, known.facts, known.definitions, known.now, engine.identifiers.fresh)
    await save_within(unit, project_id, upserts, known)
    return known, upserts


class Known(NamedTuple):
    """What decisions about customers are made from, and the project's instant, which is later than their locks."""

    facts: CustomerFacts
    definitions: Definitions
    now: datetime


async def load_within(engine: Engine, unit: Unit, project_id: str, commands: Sequence[Upsert]) -> Known:
    """Lock the customers that commands name, as part of a unit of work, and return what is known of them."""
    version, found = await customers.lock(unit, project_id, commands)
    definitions = await engine.definitions.at(unit.connection, project_id, version)
    facts = CustomerFacts(found, await memberships_of(unit, found) if definitions.segments else ())
    return Known(facts, definitions, await project_now(engine, unit.connection, project_id))


async def save_within(unit: Unit, project_id: str, upserts: Upserts, known: Known) -> None:
    """Save what was decided; what the changes mean to segments, and the triggers of those who enter one, too."""
    if upserts.saved:
        await customers.save(unit, project_id, upserts, known.definitions.version)
        await save_crossings(unit, project_id, upserts.crossings, known.definitions, known.now)


async def get_customer(engine: Engine, project_id: str, reference: str) -> CustomerInFull:
    """Return a customer by its id, else by its source id. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> CustomerInFull:
        found = await customers.find(connection, project_id, reference)
        if found is None:
            raise not_found("customer", reference)
        return _in_full(found, await customer_orders.summaries(connection, [found.id]))

    return await engine.database.read(look)


async def list_customers(
    engine: Engine,
    project_id: str,
    declaration: ListDeclaration,
    query: ListQuery,
    *,
    segment_id: str | None = None,
) -> tuple[Page[CustomerInFull], int]:
    """Return one page of the project's customers, or of those in a segment, and how many all pages have.

    They are counted up to 10,000 where the list is filtered. Raises a refusal with `NOT_FOUND` for the segment.
    """

    async def look(connection: Connection) -> tuple[Page[CustomerInFull], int]:
        if segment_id is not None:
            await found_resource(connection, project_id, "segment", segment_id)
        page, total = await customers.page(connection, declaration, query, project_id, segment_id)
        ordered = await customer_orders.summaries(connection, [one.id for one in page.rows])
        return Page([_in_full(one, ordered) for one in page.rows], page.position), total

    return await engine.database.read(look)


async def delete_customer(engine: Engine, caller: Caller, reference: str) -> None:
    """Erase a customer's properties and delete its members, in one transaction (domain 6).

    Ids, cards and their history stay. The source id is free for another customer. `reference` is the customer's id or
    its source id. Raises a refusal with `NOT_FOUND`.
    """

    async def attempt(unit: Unit) -> None:
        customer_id = await customers.lock_to_erase(unit, caller.project_id, reference)
        if customer_id is None:
            raise not_found("customer", reference)
        joined = await members.lock_of_customer(unit, caller.project_id, customer_id)
        await leave(engine, unit, caller.project_id, [member.id for member in joined], caller.source)
        cards = await members.lock_cards(unit, joined)
        now, fresh = await project_now(engine, unit.connection, caller.project_id), engine.identifiers.fresh
        gone = [departure(member, cards[member.id], now, fresh) for member in joined]
        await members.save_changes(unit, caller.project_id, gone, group_id=fresh("lgrp"), source=caller.source, now=now)
        await customers.erase(unit, caller.project_id, customer_id, now)

    await engine.database.transact(attempt)
