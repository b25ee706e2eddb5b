"""Create, read, change, move and delete definitions of any kind: one lifecycle, written once (domain 5).

A change first takes the project's row, the lock under which all definitions of a project change, and then decides on
what it finds: nothing of it can be otherwise at its commit.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.actions.schemas import check_metadata
from troth.core.access import Caller
from troth.core.activities import Activity, StoredActivity
from troth.core.configuration import Configuration
from troth.core.definitions import Definition
from troth.core.json import decode, text
from troth.core.lifecycle import Lifecycle, Status, Verb, decide_deletion, decide_move, decide_update
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.refusals import Reason, Refusal, not_found
from troth.core.schemas import MetadataResource
from troth.core.sections import configured, replaced
from troth.db import activities, definitions
from troth.db.database import Connection, Unit

C = TypeVar("C", bound=Configuration)
Fresh = Callable[[str], str]
Referred = Mapping[str, Definition]

NAMES: Final = {
    "lcdef": "card_definition",
    "lben": "benefit",
    "lts": "tier_structure",
    "lt": "tier",
    "lernei": "earning_item",
    "lrcst": "cost",
    "ms": "event_schema",
    "seg": "segment",
    "prod": "product",
    "sku": "sku",
    "pc": "products_collection",
    "camp": "campaign",
}
"""What refusals call the things that definitions refer to, by the prefixes of their ids."""

_SCHEMAS: Final[Mapping[str, MetadataResource]] = {
    "card_definition": "vl_card_definition",
    "earning_rule": "vl_earning_rule",
    "reward": "vl_reward",
    "tier": "vl_tier",
    "tier_structure": "vl_tier_structure",
}
"""What the metadata schema of a kind is defined for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun(Generic[C]):
    """What one kind of definition has of its own.

    `references` names what a configuration refers to. `arrange` completes a configuration with ids, given the present
    one and a source of ids. `verify` raises a refusal where something that it refers to, and the present one does not,
    is not what it takes it for; `check` a ValidationError where it does not fit the definitions that it refers to;
    `ready` a refusal where those keep it from being ACTIVE. `updated` does in the transaction what follows from a
    change of the named properties, and returns the job to wake after the commit. `parts` names what a definition
    refers to through resources of its own besides its configuration.
    """

    lifecycle: Lifecycle
    configuration: type[C]
    references: Callable[[C], Collection[str]]
    arrange: Callable[[C, C | None, Fresh], C] = lambda desired, _present, _fresh: desired
    verify: Callable[[Connection, C, C | None], Awaitable[None]] | None = None
    check: Callable[[C, Referred], None] = lambda _configuration, _referred: None
    ready: Callable[[C, Referred], None] = lambda _configuration, _referred: None
    updated: Callable[[Engine, Unit, str, Definition, Collection[str]], Awaitable[str | None]] | None = None
    parts: Callable[[Connection, Definition], Awaitable[Collection[str]]] | None = None

    def configured(self, stored: Mapping[str, Any]) -> C:
        """Return a stored configuration as its type."""
        return self.configuration.model_validate(stored)


def series(fresh: Fresh, prefix: str) -> Iterator[str]:
    """Yield fresh ids of one prefix without end."""
    while True:
        yield fresh(prefix)


async def create(engine: Engine, caller: Caller, noun: Noun[Any], given: Any) -> Definition:
    """Create a definition from a body: `name`, the sections, and maybe `status` (DRAFT by default) and `metadata`.

    Raises a refusal with `NOT_FOUND` for what the body refers to, ValidationError where the sections do not fit
    together, or a reason of the kind's own.
    """

    async def attempt(unit: Unit) -> Definition:
        await definitions.change(unit, caller.project_id)
        desired = noun.arrange(configured(noun.configuration, given), None, engine.identifiers.fresh)
        metadata = getattr(given, "metadata", None) or {}
        await check_schema(unit.connection, caller.project_id, noun.lifecycle, metadata)
        referred = await _referred(unit.connection, caller.project_id, noun, desired)
        noun.check(desired, referred)
        new = Definition(
            id=engine.identifiers.fresh(noun.lifecycle.id_prefix),
            kind=noun.lifecycle.kind,
            name=given.name,
            status=given.status or Status.DRAFT,
            configuration=plain(desired),
            metadata=metadata,
            created_at=await project_now(engine, unit.connection, caller.project_id),
        )
        if new.status == Status.ACTIVE:
            noun.ready(desired, referred)
        await definitions.insert(unit, caller.project_id, new)
        await definitions.save_references(unit, new.id, noun.references(desired))
        await record(engine, unit, caller, noun.lifecycle, new, past="created", now=new.created_at)
        return new

    return await engine.database.transact(attempt)


async def get(engine: Engine, project_id: str, noun: Noun[Any], definition_id: str) -> Definition:
    """Return a definition. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Definition:
        return await found(connection, project_id, noun.lifecycle, definition_id)

    return await engine.database.read(look)


async def update(
    engine: Engine,
    caller: Caller,
    noun: Noun[Any],
    definition_id: str,
    given: Any,
    *,
    if_match: Collection[str] | None = None,
) -> Definition:
    """Replace what a body gives of a definition, and return it; a body of present values changes nothing.

    `if_match` are the tags of states that the editor expects, None for any. Raises a refusal with `NOT_FOUND`,
    `PRECONDITION_FAILED` or the kind's answer for frozen properties; ValidationError where the sections do not fit
    together.
    """
    jobs: list[str] = []

    async def attempt(unit: Unit) -> Definition:
        jobs.clear()
        project_id = caller.project_id
        await definitions.change(unit, project_id)
        present = await found(unit.connection, project_id, noun.lifecycle, definition_id)
        expect(present, if_match)
        before = noun.configured(present.configuration)
        after = noun.arrange(replaced(before, given), before, engine.identifiers.fresh)
        desired = replace(present, **named(given, present), configuration=plain(after))
        changed = decide_update(noun.lifecycle, present, desired)
        if not changed:
            return present
        if "metadata" in changed:
            await check_schema(unit.connection, project_id, noun.lifecycle, desired.metadata)
        referred = await _referred(unit.connection, project_id, noun, after, before)
        noun.check(after, referred)
        now = await project_now(engine, unit.connection, project_id)
        desired = replace(desired, updated_at=now)
        await definitions.save(unit, project_id, desired)
        ids = {*noun.references(after), *(await noun.parts(unit.connection, desired) if noun.parts else ())}
        await definitions.save_references(unit, desired.id, ids)
        if noun.updated and (job := await noun.updated(engine, unit, project_id, desired, changed)):
            jobs.append(job)
        await record(engine, unit, caller, noun.lifecycle, desired, past="updated", now=now)
        return desired

    desired = await engine.database.transact(attempt)
    for job in jobs:
        engine.wake(job)
    return desired


async def move(engine: Engine, caller: Caller, noun: Noun[Any], definition_id: str, verb: Verb) -> Definition:
    """Move a definition to another status. Raises a refusal with `NOT_FOUND` or one of the kind's for its moves."""

    async def attempt(unit: Unit) -> Definition:
        project_id = caller.project_id
        await definitions.change(unit, project_id)
        present = await found(unit.connection, project_id, noun.lifecycle, definition_id)
        holders = await definitions.holders(unit.connection, project_id, present.id)
        made = decide_move(noun.lifecycle, present, verb, holders)
        if made.target == Status.ACTIVE:
            configuration = noun.configured(present.configuration)
            ids = noun.references(configuration)
            noun.ready(configuration, await definitions.find_several(unit.connection, project_id, ids))
        now = await project_now(engine, unit.connection, project_id)
        moved = replace(present, status=made.target, updated_at=now)
        await definitions.save(unit, project_id, moved)
        await record(engine, unit, caller, noun.lifecycle, moved, past=made.activity, now=now)
        return moved

    return await engine.database.transact(attempt)


async def delete(engine: Engine, caller: Caller, noun: Noun[Any], definition_id: str) -> Definition:
    """Delete a definition: it stays for what refers to it in the past, and is never found again.

    Raises a refusal with `NOT_FOUND`, or the kind's for what is in use.
    """

    async def attempt(unit: Unit) -> Definition:
        project_id = caller.project_id
        await definitions.change(unit, project_id)
        present = await found(unit.connection, project_id, noun.lifecycle, definition_id)
        decide_deletion(noun.lifecycle, present, await definitions.holders(unit.connection, project_id, present.id))
        now = await project_now(engine, unit.connection, project_id)
        deleted = replace(present, status=Status.DELETED, updated_at=now)
        await definitions.save(unit, project_id, deleted)
        await definitions.unassign(unit, project_id, deleted.id)
        shown = deleted if noun.lifecycle.shows_deleted else replace(deleted, status=present.status)
        await record(engine, unit, caller, noun.lifecycle, shown, past="deleted", now=now)
        return shown

    return await engine.database.transact(attempt)


async def list_page(
    engine: Engine, project_id: str, noun: Noun[Any], declaration: ListDeclaration, query: ListQuery
) -> Page[Definition]:
    """Return one page of the project's definitions of a kind."""

    async def look(connection: Connection) -> Page[Definition]:
        return await definitions.page(connection, declaration, query, project_id, noun.lifecycle.kind)

    return await engine.database.read(look)


async def activity_page(
    engine: Engine,
    project_id: str,
    noun: Noun[Any],
    definition_id: str,
    *,
    declaration: ListDeclaration,
    query: ListQuery,
) -> Page[StoredActivity]:
    """Return one page of a definition's history. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Page[StoredActivity]:
        present = await found(connection, project_id, noun.lifecycle, definition_id)
        return await activities.page(connection, declaration, query, project_id, present.id)

    return await engine.database.read(look)


async def found(connection: Connection, project_id: str, lifecycle: Lifecycle, definition_id: str) -> Definition:
    """Return a definition by the id of a request. Raises a refusal with `NOT_FOUND`."""
    present = await definitions.find(connection, project_id, lifecycle.kind, lifecycle.stored(definition_id))
    if present is None:
        raise not_found(lifecycle.noun, definition_id)
    return present


def expect(present: Definition, if_match: Collection[str] | None) -> None:
    """Raise a refusal with `PRECONDITION_FAILED` unless the definition is in one of the states that are expected."""
    if if_match is not None and present.tag not in if_match:
        raise Refusal(Reason.PRECONDITION_FAILED, f'If-Match: the present state is "{present.tag}"; read it again')


def plain(configuration: Configuration) -> dict[str, Any]:
    """Return a configuration as it is read back from storage, so that two of them can be compared."""
    stored: dict[str, Any] = decode(text(configuration.stored()))
    return stored


async def record(
    engine: Engine,
    unit: Unit,
    caller: Caller,
    lifecycle: Lifecycle,
    subject: Definition,
    *,
    past: str,
    now: datetime,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Save the activity that tells what was done to a definition, and how it and what `more` it is about are now."""
    fresh = engine.identifiers.fresh
    entry = Activity(
        id=fresh(lifecycle.activity_prefix),
        subject_id=subject.id,
        type=f"vl.{subject.kind}.{past}",
        data=text({subject.kind: subject.shown(), **more}),
    )
    await activities.save(unit, caller.project_id, fresh("lgrp"), caller.source, [entry], now)


async def check_schema(
    connection: Connection, project_id: str, lifecycle: Lifecycle, metadata: Mapping[str, Any]
) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` where metadata break the schema of their kind (domain 5)."""
    if resource := _SCHEMAS.get(lifecycle.kind):
        await check_metadata(connection, project_id, resource, metadata)


async def require(connection: Connection, project_id: str, ids: Collection[str]) -> None:
    """Raise a refusal with `NOT_FOUND` for the first, in order, of the ids that the project does not have."""
    absent = await definitions.missing(connection, project_id, ids)
    if absent is not None:
        raise not_found(NAMES.get(absent.partition("_")[0], "resource"), absent)


async def _referred(
    connection: Connection, project_id: str, noun: Noun[C], after: C, before: C | None = None
) -> Referred:
    """Return the definitions that a configuration refers to, once everything that it newly refers to exists."""
    ids = set(noun.references(after))
    known = set(noun.references(before)) if before is not None else set()
    await require(connection, project_id, ids - known)
    if noun.verify:
        await noun.verify(connection, after, before)
    return await definitions.find_several(connection, project_id, ids)


def named(given: Any, present: Definition) -> dict[str, Any]:
    """Return what a body gives besides the sections; a name of null stays, metadata of null becomes empty."""
    metadata = given.metadata or {} if "metadata" in given.model_fields_set else present.metadata
    return {"name": given.name or present.name, "metadata": metadata}
