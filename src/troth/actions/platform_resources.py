"""Create, read, list and delete the platform's small resources: written once, for every kind of them (domain 9)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import Kind, PlatformResource, decide_deletion, duplicate_name
from troth.core.refusals import Reason, not_found
from troth.db import definitions, platform_resources
from troth.db.database import Connection, Outrun, Unit

Check = Callable[[Unit], Awaitable[None]]
Then = Callable[[Unit, PlatformResource], Awaitable[None]]

_PREFIXES: Final[Mapping[Kind, str]] = {
    "event_schema": "ms",
    "metadata_schema": "ms",
    "segment": "seg",
    "products_collection": "pc",
    "campaign": "camp",
}


async def _anything(_unit: Unit) -> None:
    pass


async def _nothing(_unit: Unit, _resource: PlatformResource) -> None:
    pass


async def create(
    engine: Engine,
    project_id: str,
    kind: Kind,
    name: str,
    configuration: Mapping[str, Any],
    *,
    check: Check = _anything,
    then: Then = _nothing,
) -> PlatformResource:
    """Create a resource that passes a `check`; `then` does in the same transaction what belongs to it.

    Raises a refusal with `DUPLICATE_KEY` where the kind's names are unique and another one has the name.
    """

    async def attempt(unit: Unit) -> PlatformResource:
        # Whoever decides by segments and schemas keeps them, and learns by this that there are new ones.
        await definitions.change(unit, project_id)
        await check(unit)
        new = await _new(engine, unit, project_id, kind, name, configuration)
        if not await platform_resources.insert(unit, project_id, new):
            owner_id = await platform_resources.owner_of(unit.connection, project_id, kind, name)
            if owner_id is None:
                raise Outrun
            raise duplicate_name(kind, name, owner_id)
        await then(unit, new)
        return new

    return await engine.database.transact(attempt)


async def put(
    engine: Engine, project_id: str, kind: Kind, name: str, configuration: Mapping[str, Any]
) -> PlatformResource:
    """Create a resource of a kind whose names are unique, or replace the configuration of the one that has the name."""

    async def attempt(unit: Unit) -> PlatformResource:
        await definitions.change(unit, project_id)
        new = await _new(engine, unit, project_id, kind, name, configuration)
        return await platform_resources.put(unit, project_id, new)

    return await engine.database.transact(attempt)


async def get(engine: Engine, project_id: str, kind: Kind, reference: str) -> PlatformResource:
    """Return a resource by its id, or by its name if its kind's names are unique. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> PlatformResource:
        return await found(connection, project_id, kind, reference)

    return await engine.database.read(look)


async def list_page(
    engine: Engine, project_id: str, kind: Kind, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[PlatformResource], int]:
    """Return one page of the project's resources of a kind, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[PlatformResource], int]:
        return await platform_resources.page(connection, declaration, query, project_id, kind)

    return await engine.database.read(look)


async def delete(
    engine: Engine,
    project_id: str,
    kind: Kind,
    reference: str,
    *,
    refused: Reason = Reason.IN_USE,
    before: Then = _nothing,
) -> None:
    """Delete a resource for good; `before` does in the same transaction what belongs to it, while it is still there.

    Raises a refusal with `NOT_FOUND`, or with the reason `refused` if definitions refer to it.
    """

    async def attempt(unit: Unit) -> None:
        # No definition can begin to refer to it meanwhile: whoever changes definitions waits here too.
        await definitions.change(unit, project_id)
        resource = await found(unit.connection, project_id, kind, reference)
        holders = await definitions.holders(unit.connection, project_id, resource.id)
        decide_deletion(kind, resource.id, holders, refused)
        await before(unit, resource)
        await platform_resources.delete(unit, project_id, resource.id)

    await engine.database.transact(attempt)


async def found(connection: Connection, project_id: str, kind: Kind, reference: str) -> PlatformResource:
    """Return a resource within a transaction. Raises a refusal with `NOT_FOUND`."""
    resource = await platform_resources.find(connection, project_id, kind, reference)
    if resource is None:
        raise not_found(kind, reference)
    return resource


async def _new(
    engine: Engine, unit: Unit, project_id: str, kind: Kind, name: str, configuration: Mapping[str, Any]
) -> PlatformResource:
    return PlatformResource(
        id=engine.identifiers.fresh(_PREFIXES[kind]),
        kind=kind,
        name=name,
        configuration=configuration,
        created_at=await project_now(engine, unit.connection, project_id),
    )
