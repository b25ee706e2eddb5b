"""Customers: created and updated in batches, read, listed, and erased with what they were members of."""

from collections.abc import Collection, Sequence
from datetime import datetime

from troth.core.configuration import timestamp
from troth.core.customers import Customer, Upsert, Upserts
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import listing
from troth.db.database import Connection, Outrun, Row, Unit
from troth.db.queries import queries

_SQL = queries("customers")


async def lock(unit: Unit, project_id: str, commands: Sequence[Upsert]) -> tuple[int, list[Customer]]:
    """Return the version of the project's definitions, and the customers that commands name.

    Nobody else changes these customers, and no segment is made up, until the transaction ends.
    """
    ids = {named for one in commands for named in (one.customer_id, one.existing) if named is not None}
    source_ids = {named for one in commands for named in (one.source_id, one.existing) if named is not None}
    rows = await unit.connection.fetch(_SQL.lock, project_id, list(ids), list(source_ids))
    return rows[0]["definitions_version"], [_customer(row) for row in rows if row["id"] is not None]


async def lock_several(unit: Unit, project_id: str, customer_ids: Collection[str]) -> tuple[int, list[Customer]]:
    """Return what `lock` does, for customers by their ids."""
    return await lock(unit, project_id, [Upsert({}, customer_id=one) for one in customer_ids])


async def save(unit: Unit, project_id: str, upserts: Upserts, definitions_version: int) -> None:
    """Save the customers of a batch.

    Raises Outrun if another transaction took one of their source ids meanwhile, or if the definitions that the batch
    was decided by are not those of now.
    """
    # A batch that creates nobody leaves no proof: it is merged once more, which changes nothing.
    unit.prove(_SQL.is_saved, upserts.created_id or "")
    row = await unit.connection.fetchrow(
        _SQL.save,
        project_id,
        [source_id for source_id, _ in upserts.taken],
        [customer_id for _, customer_id in upserts.taken],
        text([_row(customer) for customer in upserts.saved]),
    )
    assert row is not None, "it counts"
    if (row["taken_count"], row["definitions_version"]) != (len(upserts.taken), definitions_version):
        raise Outrun


async def find(connection: Connection, project_id: str, reference: str) -> Customer | None:
    """Return a customer by its id, else by its source id."""
    row = await connection.fetchrow(_SQL.one, project_id, reference)
    return _customer(row) if row else None


async def page(
    connection: Connection,
    declaration: ListDeclaration,
    query: ListQuery,
    project_id: str,
    segment_id: str | None = None,
) -> tuple[Page[Customer], int]:
    """Return one page of the customers of a project or of one of its segments, and how many all pages have.

    They are counted up to 10,000 where the list is filtered.
    """
    source, scope = _SQL.listed, [project_id]
    if segment_id is not None:
        source, scope = _SQL.listed_in_segment, [project_id, segment_id]
    rows, position = await listing.page(connection, declaration, query, source, *scope)
    total = await listing.count(connection, declaration, query, source, *scope)
    return Page([_customer(row) for row in rows], position), total


async def lock_to_erase(unit: Unit, project_id: str, reference: str) -> str | None:
    """Return a customer's id, by its id, else by its source id.

    Until the transaction ends it joins no program, and no segment is made up.
    """
    customer_id: str | None = await unit.connection.fetchval(_SQL.lock_to_erase, project_id, reference)
    return customer_id


async def erase(unit: Unit, project_id: str, customer_id: str, now: datetime) -> None:
    """Erase all of a customer but its id, and what its events told; free its source id; take it out of all segments."""
    unit.prove(_SQL.is_erased, customer_id)
    await unit.connection.execute(_SQL.erase, project_id, customer_id, now)


def _customer(row: Row) -> Customer:
    return Customer(
        id=row["id"],
        source_id=row["source_id"],
        name=row["name"],
        description=row["description"],
        email=row["email"],
        phone=row["phone"],
        birthday=row["birthday"],
        address=decode(row["address"]) if row["address"] else None,
        metadata=decode(row["metadata"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _row(customer: Customer) -> dict[str, object]:
    # Dates and times as PostgreSQL reads them; msgspec writes dates the same way.
    return {
        "id": customer.id,
        "source_id": customer.source_id,
        "name": customer.name,
        "description": customer.description,
        "email": customer.email,
        "phone": customer.phone,
        "birthday": customer.birthday,
        "address": customer.address,
        "metadata": customer.metadata,
        "created_at": timestamp(customer.created_at),
        "updated_at": timestamp(customer.updated_at) if customer.updated_at else None,
    }
