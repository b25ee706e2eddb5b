"""Create, read, change, move and delete programs (domain 5, Programs).

As with the definitions that it connects, whoever changes a program first takes the project's row: so an activation,
a batch of assignments and a deletion that meet happen one after the other, in one order or the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from troth.actions.definitions import expect, plain
from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.actions.schemas import check_metadata
from troth.core.access import Caller
from troth.core.activities import Activity, StoredActivity
from troth.core.assignments import Assigned, Batch, check_ready, decide_batch, told
from troth.core.definitions import Definition
from troth.core.json import text
from troth.core.lifecycle import Status, Verb, decide_move, decide_update
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.program_lifecycle import PROGRAM, shown
from troth.core.programs import ProgramConfiguration
from troth.core.refusals import not_found
from troth.core.sections import configured, replaced
from troth.db import activities, definitions, programs
from troth.db.database import Connection, Unit


async def create(
    engine: Engine,
    caller: Caller,
    *,
    name: str,
    status: str,
    given: ProgramConfiguration,
    metadata: Mapping[str, Any],
    batch: Batch,
) -> Definition:
    """Create a program, DRAFT or ACTIVE, with what the batch assigns to it.

    Raises what a batch on a draft does, and for an ACTIVE one what an activation does; a refusal with
    `INVALID_PAYLOAD` where metadata break their schema.
    """

    async def attempt(unit: Unit) -> Definition:
        await definitions.change(unit, caller.project_id)
        await check_metadata(unit.connection, caller.project_id, "vl_program", metadata)
        now = await project_now(engine, unit.connection, caller.project_id)
        named = await definitions.find_several(unit.connection, caller.project_id, batch.ids)
        entered = decide_batch(None, {}, named, batch, now).assigned
        if status == Status.ACTIVE:
            check_ready(None, [Assigned(one, named[one.definition_id].status, frozenset()) for one in entered])
        new = Definition(
            id=engine.identifiers.fresh(PROGRAM.id_prefix),
            kind=PROGRAM.kind,
            name=name,
            status=status,
            configuration=plain(configured(ProgramConfiguration, given)),
            metadata=metadata,
            created_at=now,
        )
        await programs.insert(unit, caller.project_id, new)
        await programs.assign(unit, caller.project_id, new.id, entered, now)
        entries = told(shown(new), entered, "assigned", named, engine.identifiers.fresh)
        await record(engine, unit, caller, [happened(engine, new, "created"), *entries], now)
        return new

    return await engine.database.transact(attempt)


async def get(engine: Engine, project_id: str, program_id: str) -> Definition:
    """Return a program. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Definition:
        return await found(connection, project_id, program_id)

    return await engine.database.read(look)


async def update(
    engine: Engine,
    caller: Caller,
    program_id: str,
    *,
    name: str | None,
    given: ProgramConfiguration,
    metadata: Mapping[str, Any] | None,
    if_match: Collection[str] | None = None,
) -> Definition:
    """Replace what is given of a program, None or unset being what stays; present values change nothing.

    `if_match` are the tags of states that the editor expects, None for any. Raises a refusal with `NOT_FOUND`,
    `PRECONDITION_FAILED` or, after DRAFT, `INVALID_PAYLOAD` that names each frozen property; ValidationError where the
    dates do not fit together.
    """

    async def attempt(unit: Unit) -> Definition:
        await definitions.change(unit, caller.project_id)
        present = await found(unit.connection, caller.project_id, program_id)
        expect(present, if_match)
        configuration = replaced(ProgramConfiguration.model_validate(present.configuration), given)
        desired = replace(
            present,
            name=present.name if name is None else name,
            metadata=present.metadata if metadata is None else metadata,
            configuration=plain(configuration),
        )
        changed = decide_update(PROGRAM, present, desired)
        if not changed:
            return present
        if "metadata" in changed:
            await check_metadata(unit.connection, caller.project_id, "vl_program", desired.metadata)
        now = await project_now(engine, unit.connection, caller.project_id)
        return await _save(engine, unit, caller, replace(desired, updated_at=now), "updated")

    return await engine.database.transact(attempt)


async def move(engine: Engine, caller: Caller, program_id: str, verb: Verb) -> Definition:
    """Activate or deactivate a program.

    Raises a refusal with `NOT_FOUND`, `INVALID_MOVE`, `MISSING_ACTIVE_CARD_DEFINITION` or
    `MISSING_ACTIVE_EARNING_RULE`.
    """

    async def attempt(unit: Unit) -> Definition:
        await definitions.change(unit, caller.project_id)
        present = await found(unit.connection, caller.project_id, program_id)
        made = decide_move(PROGRAM, present, verb, ())
        if made.target == Status.ACTIVE:
            assigned = await programs.assigned(unit.connection, caller.project_id, present.id)
            check_ready(present, assigned.values())
        now = await project_now(engine, unit.connection, caller.project_id)
        moved = replace(present, status=made.target, updated_at=now)
        return await _save(engine, unit, caller, moved, made.activity)

    return await engine.database.transact(attempt)


async def delete(engine: Engine, caller: Caller, program_id: str) -> Definition:
    """Delete a program in any status: its assignments end, its members keep their history.

    Raises a refusal with `NOT_FOUND`.
    """

    async def attempt(unit: Unit) -> Definition:
        project_id = caller.project_id
        await definitions.change(unit, project_id)
        present = await found(unit.connection, project_id, program_id)
        assigned = await programs.assigned(unit.connection, project_id, present.id)
        named = await definitions.find_several(unit.connection, project_id, assigned)
        await programs.unassign(unit, project_id, present.id, assigned)
        now = await project_now(engine, unit.connection, project_id)
        deleted = replace(present, status=Status.DELETED, updated_at=now)
        ended = [one.assignment for one in assigned.values()]
        entries = told(shown(deleted), ended, "unassigned", named, engine.identifiers.fresh)
        return await _save(engine, unit, caller, deleted, "deleted", before=entries)

    return await engine.database.transact(attempt)


async def list_page(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> Page[Definition]:
    """Return one page of the project's programs."""

    async def look(connection: Connection) -> Page[Definition]:
        return await programs.page(connection, declaration, query, project_id)

    return await engine.database.read(look)


async def activity_page(
    engine: Engine, project_id: str, program_id: str, *, declaration: ListDeclaration, query: ListQuery
) -> Page[StoredActivity]:
    """Return one page of a program's history. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Page[StoredActivity]:
        present = await found(connection, project_id, program_id)
        return await activities.page(connection, declaration, query, project_id, present.id)

    return await engine.database.read(look)


async def found(connection: Connection, project_id: str, program_id: str) -> Definition:
    """Return a program. Raises a refusal with `NOT_FOUND`."""
    present = await programs.find(connection, project_id, program_id)
    if present is None:
        raise not_found(PROGRAM.noun, program_id)
    return present


def happened(engine: Engine, program: Definition, past: str, **details: Any) -> Activity:
    """Return the entry of a program's history that it was `created`, `updated`, …, with further details."""
    data = text({PROGRAM.kind: shown(program), **details})
    return Activity(engine.identifiers.fresh(PROGRAM.activity_prefix), program.id, f"vl.program.{past}", data)


async def record(engine: Engine, unit: Unit, caller: Caller, entries: Sequence[Activity], now: datetime) -> None:
    """Save the activities of one request as a group."""
    group_id = engine.identifiers.fresh("lgrp")
    await activities.save(unit, caller.project_id, group_id, caller.source, entries, now)


async def _save(
    engine: Engine, unit: Unit, caller: Caller, changed: Definition, past: str, *, before: Iterable[Activity] = ()
) -> Definition:
    """Save a changed program and its activities: those of `before`, then the change itself."""
    assert changed.updated_at is not None, "whoever changes a program says when"
    await programs.save(unit, caller.project_id, changed)
    await record(engine, unit, caller, [*before, happened(engine, changed, past)], changed.updated_at)
    return changed
