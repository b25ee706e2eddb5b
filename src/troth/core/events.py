"""Custom events: what customers do, as far as a project has named it by an event schema (domain 9)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from troth.core.customers import Customer, CustomerFacts, Upsert, Upserts, decide_upserts
from troth.core.definitions import Definitions
from troth.core.metadata import cleared
from troth.core.refusals import Refusal, not_found
from troth.core.schemas import misfit
from troth.core.triggers import Trigger, custom_event


class Track(NamedTuple):
    """The command to record that something happened to a customer, who is created or updated with it."""

    name: str
    customer: Upsert
    metadata: Mapping[str, Any]


class CustomEvent(NamedTuple):
    """Something that happened to a customer, who is shown as the event found or left it."""

    id: str
    name: str
    schema_id: str
    customer: Customer
    metadata: Mapping[str, Any]
    created_at: datetime


def decide(
    commands: Sequence[Track],
    facts: CustomerFacts,
    definitions: Definitions,
    now: datetime,
    fresh: Callable[[str], str],
) -> tuple[Upserts, list[CustomEvent | Refusal]]:
    """Decide commands in their order; of one that is refused, not even its customer is saved.

    Refused are events without a schema of their name, metadata that do not fit it, and then what customers are refused
    for.
    """
    refused = [_fault(command, definitions) for command in commands]
    people = [command.customer for command, fault in zip(commands, refused, strict=True) if fault is None]
    upserts = decide_upserts(people, facts, definitions, now, fresh)
    answers = iter(upserts.answers)
    decided: list[CustomEvent | Refusal] = []
    for command, fault in zip(commands, refused, strict=True):
        customer = next(answers) if fault is None else fault
        if isinstance(customer, Refusal):
            decided.append(customer)
            continue
        schema_id = definitions.event_schemas[command.name].id
        decided.append(CustomEvent(fresh("evcus"), command.name, schema_id, customer, command.metadata, now))
    return upserts, decided


def _fault(command: Track, definitions: Definitions) -> Refusal | None:
    defined = definitions.event_schemas.get(command.name)
    if defined is None:
        return not_found("event_schema", command.name)
    return misfit(defined.schema, command.metadata)


def triggered(event: CustomEvent) -> Trigger:
    """Return the trigger that an event is."""
    return custom_event(event.customer.id, event.id, event.schema_id, event.metadata)


def shown(event: CustomEvent) -> dict[str, Any]:
    """Return the event as answers show it (contract: EventsCreateResponseBody).

    Troth knows no referrals, and no loyalty campaigns of the older API.
    """
    customer = event.customer
    known = {
        "id": customer.id,
        "source_id": customer.source_id,
        "name": customer.name,
        "email": customer.email,
        "metadata": customer.metadata,
        "object": "customer",
    }
    return {
        "object": "event",
        "type": event.name,
        "customer": cleared(known),
        "referral": None,
        "loyalty": None,
        "metadata": event.metadata,
    }
