"""Assign definitions to programs and take them out again, in batches (domain 5, Programs)."""

from troth.actions.engine import Engine
from troth.actions.programs import found, happened, record
from troth.actions.project_time import project_now
from troth.core.access import Caller
from troth.core.assignments import ROLES, Assignment, Batch, Outcome, decide_batch, told
from troth.core.assignments import shown as shown_assignment
from troth.core.lifecycle import REWARD
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.program_lifecycle import shown
from troth.core.refusals import not_found
from troth.db import definitions, programs
from troth.db.database import Connection, Unit


async def change(engine: Engine, caller: Caller, program_id: str, batch: Batch) -> Outcome:
    """Unassign and assign what a batch names, all of it or nothing.

    Raises a refusal with `NOT_FOUND` for the program, or one of those of `decide_batch`.
    """

    async def attempt(unit: Unit) -> Outcome:
        project_id, fresh = caller.project_id, engine.identifiers.fresh
        await definitions.change(unit, project_id)
        program = await found(unit.connection, project_id, program_id)
        assigned = await programs.assigned(unit.connection, project_id, program.id)
        named = await definitions.find_several(unit.connection, project_id, batch.ids)
        now = await project_now(engine, unit.connection, project_id)
        outcome = decide_batch(program, assigned, named, batch, now)
        if not batch.ids:
            return outcome
        left = [one.definition_id for one in outcome.unassigned]
        await programs.unassign(unit, project_id, program.id, left)
        await programs.assign(unit, project_id, program.id, outcome.assigned, now)
        entries = [
            *told(shown(program), outcome.unassigned, "unassigned", named, fresh),
            *told(shown(program), outcome.assigned, "assigned", named, fresh),
        ]
        await record(engine, unit, caller, entries, now)
        return outcome

    return await engine.database.transact(attempt)


async def set_stock(
    engine: Engine, caller: Caller, program_id: str, reward_id: str, quantity: int | None
) -> Assignment:
    """Set how many of an assigned reward are left to buy, None for any number.

    Raises a refusal with `NOT_FOUND`.
    """
    role = ROLES[REWARD.kind]

    async def attempt(unit: Unit) -> Assignment:
        project_id = caller.project_id
        await definitions.change(unit, project_id)
        program = await found(unit.connection, project_id, program_id)
        now = await project_now(engine, unit.connection, project_id)
        changed = await programs.set_stock(unit, project_id, program.id, reward_id, quantity=quantity, now=now)
        if changed is None:
            raise not_found(role.assignment, reward_id)
        entry = happened(engine, program, "reward.updated", **{role.assignment: shown_assignment(changed)})
        await record(engine, unit, caller, [entry], now)
        return changed

    return await engine.database.transact(attempt)


async def list_page(
    engine: Engine, project_id: str, program_id: str, kind: str, *, declaration: ListDeclaration, query: ListQuery
) -> Page[Assignment]:
    """Return one page of a program's assignments of a kind. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Page[Assignment]:
        program = await found(connection, project_id, program_id)
        return await programs.assignment_page(connection, declaration, query, project_id, program.id, kind=kind)

    return await engine.database.read(look)
