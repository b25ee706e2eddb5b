"""What tier structures have of their own among definitions: their tiers (domain 5 and 10)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from troth.actions.definitions import Noun, check_schema, found, named, plain, record, require
from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.core.access import Caller
from troth.core.definitions import Definition
from troth.core.expiration import PointsExpiration
from troth.core.lifecycle import CARD_DEFINITION, TIER_STRUCTURE, decide_deletion, decide_update
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.refusals import Reason, Refusal, not_found
from troth.core.sections import configured, replaced
from troth.core.tier_lifecycle import TIER, check_expiration, check_open, check_wallet, shown
from troth.core.tiers import (
    MOST_TIERS,
    TierConfiguration,
    TierStructureConfiguration,
    check_range,
    structure_references,
    tier_references,
)
from troth.db import definitions, tiers
from troth.db.database import Connection, Unit


async def _parts(connection: Connection, structure: Definition) -> set[str]:
    return _references(await tiers.all_of(connection, structure))


async def _updated(
    _engine: Engine, unit: Unit, project_id: str, changed: Definition, names: Collection[str]
) -> str | None:
    if not {"point_balance", "point_earned"}.isdisjoint(names):
        present = (await tiers.all_of(unit.connection, changed)).values()
        configured_tiers = [TierConfiguration.model_validate(one.configuration) for one in present]
        structure = TierStructureConfiguration.model_validate(changed.configuration)
        check_wallet(structure, configured_tiers, await _wallet(unit.connection, project_id, changed))
    return None


TIER_STRUCTURES: Final = Noun(
    lifecycle=TIER_STRUCTURE,
    configuration=TierStructureConfiguration,
    references=structure_references,
    updated=_updated,
    parts=_parts,
)


async def create_tier(engine: Engine, caller: Caller, structure_id: str, given: Any) -> dict[str, Any]:
    """Add a tier to a structure in DRAFT and return it as it is shown.

    Raises a refusal with `NOT_FOUND`, `CONFLICTING_MOVE`, or `INVALID_PAYLOAD` for one more than `MOST_TIERS`;
    ValidationError where it does not fit the structure's wallet and other tiers.
    """

    async def attempt(unit: Unit) -> dict[str, Any]:
        structure = await _begin(unit, caller, structure_id)
        check_open(structure)
        present = await tiers.all_of(unit.connection, structure)
        desired = configured(TierConfiguration, given)
        await check_schema(unit.connection, caller.project_id, TIER, given.metadata)
        await require(unit.connection, caller.project_id, tier_references(desired))
        if len(present) >= MOST_TIERS:
            raise Refusal(Reason.INVALID_PAYLOAD, f"body: the structure has {MOST_TIERS} tiers, the most allowed")
        await _check(unit.connection, caller.project_id, structure, desired, present)
        now = await project_now(engine, unit.connection, caller.project_id)
        new = Definition(
            id=engine.identifiers.fresh(TIER.id_prefix),
            kind=TIER.kind,
            name=given.name,
            status=structure.status,
            configuration=plain(desired),
            metadata=given.metadata,
            created_at=now,
        )
        await tiers.insert(unit, structure.id, new)
        await _save_references(unit, structure, {**present, new.id: new})
        return await _told(engine, unit, caller, structure, new, past="tier.created", now=now)

    return await engine.database.transact(attempt)


async def update_tier(engine: Engine, caller: Caller, structure_id: str, tier_id: str, given: Any) -> dict[str, Any]:
    """Replace what a body gives of a tier and return it as it is shown; present values change nothing.

    Raises a refusal with `NOT_FOUND`, or `INVALID_PAYLOAD` for what may change only while the structure is in DRAFT;
    ValidationError where the tier does not fit the structure's wallet and other tiers.
    """

    async def attempt(unit: Unit) -> dict[str, Any]:
        structure = await _begin(unit, caller, structure_id)
        others = await tiers.all_of(unit.connection, structure)
        present = others.pop(tier_id, None)
        if present is None:
            raise not_found(TIER.noun, tier_id)
        before = TierConfiguration.model_validate(present.configuration)
        after = replaced(before, given)
        desired = replace(present, **named(given, present), configuration=plain(after))
        changed = decide_update(TIER, present, desired)
        if not changed:
            return shown(present, structure.id)
        if "metadata" in changed:
            await check_schema(unit.connection, caller.project_id, TIER, desired.metadata)
        await require(unit.connection, caller.project_id, tier_references(after) - tier_references(before))
        if present.configuration != desired.configuration:
            await _check(unit.connection, caller.project_id, structure, after, others)
        now = await project_now(engine, unit.connection, caller.project_id)
        desired = replace(desired, updated_at=now)
        await tiers.save(unit, structure.id, desired)
        await _save_references(unit, structure, {**others, desired.id: desired})
        return await _told(engine, unit, caller, structure, desired, past="tier.updated", now=now)

    return await engine.database.transact(attempt)


async def delete_tier(engine: Engine, caller: Caller, structure_id: str, tier_id: str) -> dict[str, Any]:
    """Delete a tier of a structure in DRAFT and return it as it is shown for the last time.

    Raises a refusal with `NOT_FOUND`, `CONFLICTING_MOVE`, or `IN_USE` while an earning rule asks for the tier.
    """

    async def attempt(unit: Unit) -> dict[str, Any]:
        structure = await _begin(unit, caller, structure_id)
        others = await tiers.all_of(unit.connection, structure)
        present = others.pop(tier_id, None)
        if present is None:
            raise not_found(TIER.noun, tier_id)
        check_open(structure)
        decide_deletion(TIER, present, await definitions.holders(unit.connection, caller.project_id, tier_id))
        now = await project_now(engine, unit.connection, caller.project_id)
        await tiers.delete(unit, structure.id, tier_id, now)
        await _save_references(unit, structure, others)
        return await _told(engine, unit, caller, structure, present, past="tier.deleted", now=now)

    return await engine.database.transact(attempt)


async def list_tiers(
    engine: Engine, project_id: str, structure_id: str, declaration: ListDeclaration, query: ListQuery
) -> Page[Definition]:
    """Return one page of a structure's tiers. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Page[Definition]:
        structure = await found(connection, project_id, TIER_STRUCTURE, structure_id)
        return await tiers.page(connection, declaration, query, structure)

    return await engine.database.read(look)


async def _begin(unit: Unit, caller: Caller, structure_id: str) -> Definition:
    await definitions.change(unit, caller.project_id)
    return await found(unit.connection, caller.project_id, TIER_STRUCTURE, structure_id)


async def _check(
    connection: Connection,
    project_id: str,
    structure: Definition,
    tier: TierConfiguration,
    others: Mapping[str, Definition],
) -> None:
    """Raise a ValidationError unless a tier fits the structure's wallet and its other tiers."""
    check_expiration(tier, await _wallet(connection, project_id, structure))
    check_range(tier, [TierConfiguration.model_validate(one.configuration) for one in others.values()])


async def _wallet(connection: Connection, project_id: str, structure: Definition) -> PointsExpiration:
    """Return how points expire on the wallet that a structure sits on."""
    wallet_id = TierStructureConfiguration.model_validate(structure.configuration).card_definition_id
    wallet = await definitions.find(connection, project_id, CARD_DEFINITION.kind, wallet_id)
    assert wallet is not None, "a card definition is not deleted while a structure refers to it"
    return PointsExpiration.model_validate(wallet.configuration["points_expiration"])


def _references(present: Mapping[str, Definition]) -> set[str]:
    configurations = (TierConfiguration.model_validate(one.configuration) for one in present.values())
    return {one for configuration in configurations for one in tier_references(configuration)}


async def _save_references(unit: Unit, structure: Definition, present: Mapping[str, Definition]) -> None:
    own = structure_references(TierStructureConfiguration.model_validate(structure.configuration))
    await definitions.save_references(unit, structure.id, own | _references(present))


async def _told(
    engine: Engine,
    unit: Unit,
    caller: Caller,
    structure: Definition,
    tier: Definition,
    *,
    past: str,
    now: datetime,
) -> dict[str, Any]:
    """Write into the structure's history what was done to a tier, and return the tier as it is shown."""
    answer = shown(tier, structure.id)
    await record(engine, unit, caller, TIER_STRUCTURE, structure, past=past, now=now, more={"tier": answer})
    return answer
