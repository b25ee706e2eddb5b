"""Create, update, read, list and delete customers (domain 9)."""

from collections.abc import Sequence

from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.actions.settling import settle
from troth.core.access import Caller
from troth.core.customers import Customer, Upsert, decide_upserts
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import departure
from troth.core.refusals import Refusal, not_found
from troth.db import customers, members
from troth.db.database import Connection, Unit


async def upsert_customers(engine: Engine, project_id: str, commands: Sequence[Upsert]) -> Sequence[Customer | Refusal]:
    """Create or update customers and return each as its command left it, or why not.

    Commands are decided in their order, and all that are not refused are saved in one transaction. One source id makes
    one customer, however many requests with it arrive at the same time.
    """

    async def attempt(unit: Unit) -> Sequence[Customer | Refusal]:
        return await upsert_within(engine, unit, project_id, commands)

    return await engine.database.transact(attempt)


async def upsert_within(
    engine: Engine, unit: Unit, project_id: str, commands: Sequence[Upsert]
) -> Sequence[Customer | Refusal]:
    """Create or update customers as part of a unit of work; see `upsert_customers`."""
    found = await customers.lock(unit, project_id, commands)
    now = await project_now(engine, unit.connection, project_id)
    upserts = decide_upserts(commands, found, now, engine.identifiers.fresh)
    if upserts.saved:
        await customers.save(unit, project_id, upserts)
    return upserts.answers


async def get_customer(engine: Engine, project_id: str, reference: str) -> Customer:
    """Return a customer by its id, else by its source id. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Customer | None:
        return await customers.find(connection, project_id, reference)

    found = await engine.database.read(look)
    if found is None:
        raise not_found("customer", reference)
    return found


async def list_customers(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[Customer], int]:
    """Return one page of the project's customers, and how many all pages have (of a filtered list at most 10,000)."""

    async def look(connection: Connection) -> tuple[Page[Customer], int]:
        return await customers.page(connection, declaration, query, project_id)

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
        await settle(engine, unit, caller.project_id, [member.id for member in joined])
        cards = await members.lock_cards(unit, joined)
        now, fresh = await project_now(engine, unit.connection, caller.project_id), engine.identifiers.fresh
        gone = [departure(member, cards[member.id], now, fresh) for member in joined]
        await members.save_changes(unit, caller.project_id, gone, group_id=fresh("lgrp"), source=caller.source, now=now)
        await customers.erase(unit, caller.project_id, customer_id, now)

    await engine.database.transact(attempt)
