"""Definitions: one as a record, and all of a project as what its decisions are made against (domain 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import blake2b
from typing import Any, Final

from troth.core.card_definitions import CardDefinitionConfiguration
from troth.core.configuration import timestamp
from troth.core.filters import CustomerFilter
from troth.core.json import encode
from troth.core.predicates import Predicate
from troth.core.programs import ProgramConfiguration
from troth.core.schemas import Schema
from troth.core.tiering.structure import Structure

_BESIDES: Final[Mapping[str, Mapping[str, Any]]] = {
    "card_definition": {"type": "INDIVIDUAL"},
    "earning_rule": {"error": None, "start_date": None, "end_date": None},
    "reward": {"start_date": None, "end_date": None},
}
"""What a kind shows besides its sections, or in the place of those that it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A card definition, earning rule, tier structure, benefit or reward; `configuration` is its sections as stored."""

    id: str
    kind: str
    name: str
    status: str
    configuration: Mapping[str, Any]
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def tag(self) -> str:
        """What tells this state, as read from storage, from any other: an editor's precondition (domain 5)."""
        state = (self.name, self.status, self.configuration, self.metadata, shown_instant(self.updated_at))
        return blake2b(encode(state), digest_size=16).hexdigest()

    def shown(self) -> dict[str, Any]:
        """Return the definition as answers and activities show it."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            **_BESIDES.get(self.kind, {}),
            **self.configuration,
            # Benefits are the one kind without metadata.
            **({"metadata": self.metadata} if self.kind != "benefit" else {}),
            "created_at": timestamp(self.created_at),
            "updated_at": shown_instant(self.updated_at),
            "object": self.kind,
        }


def shown_instant(moment: datetime | None) -> str | None:
    """Return an instant that may be missing as JSON shows it."""
    return timestamp(moment) if moment else None


@dataclass(frozen=True, slots=True)
class ProgramInForce:
    """A program that is not deleted, with its ACTIVE card definitions by their ids, oldest assignment first.

    `structure` is its ACTIVE tier structure.
    """

    id: str
    name: str
    status: str
    window: ProgramConfiguration
    wallets: Mapping[str, CardDefinitionConfiguration]
    structure: Structure | None = None


@dataclass(frozen=True, slots=True)
class SegmentInForce:
    """A segment that a filter makes up, as it is `since` its last change: whom it finds, and whether entering it fires.

    `passes` is the filter as a function.
    """

    id: str
    filter: CustomerFilter
    fires: bool
    since: datetime
    passes: Predicate


@dataclass(frozen=True, slots=True)
class EventSchemaInForce:
    """What the properties of a kind of custom event must be."""

    id: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything that a project's decisions are made from besides the facts of its members.

    `segments` are those with a filter, the oldest first; `schemas` the metadata schemas by what they are defined for,
    `event_schemas` those of custom events by their names; `tier_segment_ids` the segments that tiers of programs ask
    for.
    """

    version: int
    zone: tzinfo
    programs: Mapping[str, ProgramInForce]
    segments: tuple[SegmentInForce, ...]
    schemas: Mapping[str, Schema]
    event_schemas: Mapping[str, EventSchemaInForce]
    tier_segment_ids: frozenset[str] = frozenset()
