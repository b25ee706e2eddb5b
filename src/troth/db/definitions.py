"""Definitions: one by one, listed, with what holds them, and as a whole, which is what decisions are made against."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from troth.core.card_definitions import CardDefinitionConfiguration
from troth.core.definitions import Definition, Definitions, EventSchemaInForce, ProgramInForce, SegmentInForce
from troth.core.earning.evaluation import EarningRule
from troth.core.json import decode, text
from troth.core.lifecycle import Holder
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.predicates import Predicate, predicate
from troth.core.programs import ProgramConfiguration
from troth.core.schemas import Schema
from troth.core.segments import SegmentConfiguration
from troth.core.tiering.structure import Structure, Tier
from troth.core.tiers import TierConfiguration, TierStructureConfiguration
from troth.db import listing, references
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("definitions")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_EXISTING: Final = {
    "lcdef": _SQL.existing_definitions,
    "lben": _SQL.existing_definitions,
    "lts": _SQL.existing_definitions,
    "lt": _SQL.existing_tiers,
}
"""For the prefix of an id that definitions may refer to: the query that returns which of such ids a project has."""


async def load(connection: Connection, project_id: str) -> Definitions:
    """Return the project's definitions as of one snapshot."""
    row = await connection.fetchrow(_SQL.in_force, project_id)
    assert row is not None, "projects are never deleted"
    wallets = {definition_id: _wallet(written) for definition_id, written in row["wallets"]}
    structures = _structures(row["structures"], row["tiers"])
    assigned: dict[str, dict[str, CardDefinitionConfiguration]] = defaultdict(dict)
    for program_id, card_definition_id in row["wallet_assignments"]:
        assigned[program_id][card_definition_id] = wallets[card_definition_id]
    programs = {
        program_id: ProgramInForce(
            program_id, name, status, _window(written), assigned[program_id], structures.get(program_id)
        )
        for program_id, name, status, written in row["programs"]
    }
    zone = ZoneInfo(row["time_zone"])
    segments: list[SegmentInForce] = []
    schemas: dict[str, Schema] = {}
    event_schemas: dict[str, EventSchemaInForce] = {}
    for kind, resource_id, name, written, changed_at in row["resources"]:
        if kind == "metadata_schema":
            schemas[name] = _schema(written)
            continue
        if kind == "event_schema":
            event_schemas[name] = EventSchemaInForce(resource_id, _schema(written))
            continue
        configuration, passes = _segment(written, zone)
        assert configuration.filter is not None, "only a static segment has none"
        since = _EPOCH + timedelta(milliseconds=int(changed_at))
        segments.append(SegmentInForce(resource_id, configuration.filter, configuration.fires, since, passes))
    tier_segment_ids = frozenset[str]().union(*(structure.segment_ids for structure in structures.values()))
    return Definitions(row["version"], zone, programs, tuple(segments), schemas, event_schemas, tier_segment_ids)


@lru_cache(maxsize=4096)
def _wallet(written: str) -> CardDefinitionConfiguration:
    return CardDefinitionConfiguration.model_validate(decode(written))


def _structures(
    assigned: Iterable[tuple[str, str, str]], tiers: Iterable[tuple[str, str, str, str]]
) -> dict[str, Structure]:
    """Return the tier structures by their programs."""
    of_structure: dict[str, list[Tier]] = defaultdict(list)
    for structure_id, tier_id, name, written in tiers:
        of_structure[structure_id].append(Tier(tier_id, name, _tier(written)))
    return {
        program_id: Structure.of(structure_id, _structure(written), of_structure[structure_id])
        for program_id, structure_id, written in assigned
    }


@lru_cache(maxsize=4096)
def _structure(written: str) -> TierStructureConfiguration:
    return TierStructureConfiguration.model_validate(decode(written))


@lru_cache(maxsize=4096)
def _tier(written: str) -> TierConfiguration:
    return TierConfiguration.model_validate(decode(written))


@lru_cache(maxsize=4096)
def _window(written: str) -> ProgramConfiguration:
    return ProgramConfiguration.model_validate(decode(written))


@lru_cache(maxsize=4096)
def _schema(written: str) -> Schema:
    return Schema.model_validate(decode(written))


@lru_cache(maxsize=4096)
def _segment(written: str, zone: tzinfo) -> tuple[SegmentConfiguration, Predicate]:
    configuration = SegmentConfiguration.model_validate(decode(written))
    assert configuration.filter is not None, "only a static segment has none"
    return configuration, predicate(configuration.filter, zone)


async def earning_rules(
    connection: Connection, project_id: str, program_ids: Collection[str]
) -> dict[str, tuple[EarningRule, ...]]:
    """Return the earning rules of programs, whatever their status, the oldest assignment first."""
    found: dict[str, list[EarningRule]] = {one: [] for one in program_ids}
    for row in await connection.fetch(_SQL.earning_rules, project_id, list(program_ids)):
        found[row["program_id"]].append(EarningRule(definition(row)))
    return {program_id: tuple(rules) for program_id, rules in found.items()}


async def version(connection: Connection, project_id: str) -> int:
    """Return the version of the project's definitions."""
    return int(await connection.fetchval(_SQL.version, project_id))


async def change(unit: Unit, project_id: str) -> None:
    """Begin a change of the project's definitions: others wait, and every process will load them anew."""
    await unit.connection.fetchval(_SQL.change, project_id)


async def find(connection: Connection, project_id: str, kind: str, definition_id: str) -> Definition | None:
    """Return a definition that is not deleted."""
    row = await connection.fetchrow(_SQL.one, project_id, definition_id, kind)
    return definition(row) if row else None


async def find_several(connection: Connection, project_id: str, ids: Collection[str]) -> dict[str, Definition]:
    """Return those of the definitions that the project has and that are not deleted, whatever their kind."""
    return {row["id"]: definition(row) for row in await connection.fetch(_SQL.several, project_id, list(ids))}


async def insert(unit: Unit, project_id: str, new: Definition) -> None:
    """Save a new definition."""
    await unit.connection.execute(
        _SQL.insert,
        new.id,
        project_id,
        new.kind,
        new.name,
        new.status,
        text(new.configuration),
        text(new.metadata),
        new.created_at,
    )


async def save(unit: Unit, project_id: str, changed: Definition) -> None:
    """Save a definition that has changed."""
    await unit.connection.execute(
        _SQL.save,
        project_id,
        changed.id,
        changed.name,
        changed.status,
        text(changed.configuration),
        text(changed.metadata),
        changed.updated_at,
    )


async def save_references(unit: Unit, definition_id: str, referred: Collection[str]) -> None:
    """Save what a definition refers to, in place of what it referred to before."""
    ids = sorted(referred)
    await unit.connection.execute(_SQL.forget_references, definition_id, ids)
    await unit.connection.execute(_SQL.keep_references, definition_id, ids)


async def unassign(unit: Unit, project_id: str, definition_id: str) -> None:
    """Take a definition out of every program."""
    await unit.connection.execute(_SQL.unassign, project_id, definition_id)


async def holders(connection: Connection, project_id: str, definition_id: str) -> list[Holder]:
    """Return the programs that a definition is assigned to and the definitions that refer to it."""
    return [Holder(*row) for row in await connection.fetch(_SQL.holders, project_id, definition_id)]


async def missing(connection: Connection, project_id: str, ids: Iterable[str]) -> str | None:
    """Return the first, in order, of the ids that the project does not have; None if it has them all."""
    return min(await references.missing(connection, project_id, ids, _EXISTING), default=None)


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str, kind: str
) -> Page[Definition]:
    """Return one page of the definitions of a kind that are not deleted."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id, kind)
    return Page([definition(row) for row in rows], position)


async def retry_codes(unit: Unit, project_id: str, card_definition_id: str, now: datetime) -> None:
    """Make the cards of a card definition that wait for a code due at once."""
    await unit.connection.execute(_SQL.retry_codes, project_id, card_definition_id, now)


def definition(row: Row) -> Definition:
    """Return the definition of a row."""
    return Definition(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        status=row["status"],
        configuration=decode(row["configuration"]),
        metadata=decode(row["metadata"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
