"""Customers: the persons known to a project (domain 9).

A customer is named by its own id or by its source id. What a request does not give stays as it is; null clears a
property, and so does an empty text. The properties of `address` and `metadata` are merged one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import StringConstraints

from troth.core.configuration import timestamp
from troth.core.definitions import Definitions
from troth.core.metadata import cleared, merged, same
from troth.core.refusals import Reason, Refusal, not_found
from troth.core.schemas import Schema, misfit
from troth.core.segments import Attendance, Crossings, Membership

SourceId = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""The id that a customer has in the system it comes from: any text without control characters."""


class Customer(NamedTuple):
    """A customer as it stands; `updated_at` is None until the first change, `address` holds only what is known."""

    id: str
    source_id: str | None
    name: str | None
    description: str | None
    email: str | None
    phone: str | None
    birthday: date | None
    address: Mapping[str, str] | None
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None


class Upsert(NamedTuple):
    """The command to create a customer or to update it with `changes`, properties by their names.

    `existing` names one that must exist, by its id or its source id. Otherwise `customer_id` names one that must exist,
    and `source_id` is given to it unless it has one; `source_id` alone names one that is created unless it exists.
    Named by nothing, the customer is a new one.
    """

    changes: Mapping[str, Any]
    customer_id: str | None = None
    source_id: str | None = None
    existing: str | None = None


class CustomerFacts(NamedTuple):
    """The customers that commands name, and which segments with a filter they are in."""

    found: Sequence[Customer]
    memberships: Sequence[Membership]


class Upserts(NamedTuple):
    """What came of a batch: an answer for each command, and what is to be saved, all of it or nothing.

    `taken` are the source ids that come into use, each with its customer's id, sorted; `created_id` is one of the new
    customers' ids if there are any; `crossings` are what the changes mean to segments.
    """

    answers: tuple[Customer | Refusal, ...]
    saved: tuple[Customer, ...]
    taken: tuple[tuple[str, str], ...]
    created_id: str | None
    crossings: Crossings


def decide_upserts(
    commands: Sequence[Upsert],
    facts: CustomerFacts,
    definitions: Definitions,
    now: datetime,
    fresh: Callable[[str], str],
) -> Upserts:
    """Decide commands in their order, each on what those before it left.

    A customer enters a segment as often as a command takes it in, however many commands meet in a batch.
    """
    schema = definitions.schemas.get("customer")
    attendance = Attendance(definitions.segments, facts.memberships)
    known = {customer.id: customer for customer in facts.found}
    sources = {customer.source_id: customer.id for customer in known.values() if customer.source_id is not None}
    before = set(sources)
    saved: set[str] = set()
    created_id: str | None = None
    answers: list[Customer | Refusal] = []
    for command in commands:
        present = _named(command, known, sources)
        if present is None:
            blank = Customer(fresh("cust"), command.source_id, *(None,) * 6, {}, now, None)
            outcome = _fitting(_merged(blank, command.changes), None, schema)
        elif isinstance(present, Refusal):
            outcome = present
        else:
            saved_before = known[present.id]
            outcome = _fitting(_updated(present, saved_before, command.changes, now), saved_before, schema)
        answers.append(outcome)
        if isinstance(outcome, Refusal) or outcome is known.get(outcome.id):
            continue
        if outcome.id not in known:
            created_id = outcome.id
        known[outcome.id] = outcome
        saved.add(outcome.id)
        attendance.follow(outcome, now)
        if outcome.source_id is not None:
            sources[outcome.source_id] = outcome.id
    return Upserts(
        tuple(answers),
        tuple(known[customer_id] for customer_id in sorted(saved)),
        tuple(sorted((source_id, owner) for source_id, owner in sources.items() if source_id not in before)),
        created_id,
        attendance.crossings(),
    )


def _named(command: Upsert, known: Mapping[str, Customer], sources: Mapping[str, str]) -> Customer | Refusal | None:
    """Return the customer that a command names, with the source id that it is given; None if it is to be created."""
    if command.existing is not None:
        owner = command.existing if command.existing in known else sources.get(command.existing)
        return known[owner] if owner else not_found("customer", command.existing)
    owner = None if command.source_id is None else sources.get(command.source_id)
    if command.customer_id is None:
        return known[owner] if owner else None
    customer = known.get(command.customer_id)
    if customer is None:
        return not_found("customer", command.customer_id)
    if command.source_id is None or owner == customer.id:
        return customer
    return _given(customer, command.source_id, owner)


def _given(customer: Customer, source_id: str, owner: str | None) -> Customer | Refusal:
    """Return a customer with another source id than it has, or why it cannot have it."""
    if customer.source_id is not None:
        return Refusal(
            Reason.INVALID_PAYLOAD,
            f"source_id: the customer has another one, which cannot be changed: {customer.source_id}",
            resource_id=customer.id,
            resource_type="customer",
        )
    if owner is not None:
        return Refusal(
            Reason.DUPLICATE_KEY,
            f"source_id: another customer has it already: {source_id}",
            resource_id=owner,
            resource_type="customer",
        )
    return customer._replace(source_id=source_id)


def _updated(present: Customer, saved: Customer, changes: Mapping[str, Any], now: datetime) -> Customer | Refusal:
    after = _merged(present, changes)
    if isinstance(after, Refusal):
        return after
    if after == saved and same(after.metadata, saved.metadata):
        return saved
    return after._replace(updated_at=now)


def _fitting(outcome: Customer | Refusal, before: Customer | None, schema: Schema | None) -> Customer | Refusal:
    """Return a customer whose metadata are as they were or fit their schema (domain 5)."""
    if isinstance(outcome, Refusal) or (before is not None and same(outcome.metadata, before.metadata)):
        return outcome
    return misfit(schema, outcome.metadata) or outcome


def _merged(customer: Customer, changes: Mapping[str, Any]) -> Customer | Refusal:
    desired = dict(changes)
    if desired.get("address") is not None:
        desired["address"] = cleared({**(customer.address or {}), **desired["address"]}) or None
    if "metadata" in desired:
        try:
            desired["metadata"] = merged(customer.metadata, desired["metadata"])
        except Refusal as refusal:
            return refusal
    return customer._replace(**desired)


_REDEMPTIONS: Final = {
    "total_redeemed": 0,
    "total_failed": 0,
    "total_succeeded": 0,
    "total_rolled_back": 0,
    "total_rollback_failed": 0,
    "total_rollback_succeeded": 0,
    "gift": {"redeemed_amount": 0, "amount_to_go": 0},
    "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
}
_LOYALTY: Final = {"points": 0, "referred_customers": 0, "campaigns": {}}
_REFERRALS: Final = {"total": 0, "campaigns": []}


def shown(customer: Customer, orders: Mapping[str, Any]) -> dict[str, Any]:
    """Return the customer as answers show it (contract: CustomerWithSummaryLoyaltyReferrals), with what it ordered.

    Properties without a value are left out, as the contract gives them no null. `birthdate` is another name of
    `birthday`. `redemptions`, `loyalty` and `referrals` count the redemptions, loyalty campaigns and referral campaigns
    of the older API, of which Troth has none, so that they are zero; the points of a customer's memberships are no part
    of them, since sums over unlike wallets mean nothing, and are read from the memberships.
    """
    birthday = customer.birthday.isoformat() if customer.birthday else None
    known = {
        "id": customer.id,
        "source_id": customer.source_id,
        "name": customer.name,
        "description": customer.description,
        "email": customer.email,
        "phone": customer.phone,
        "birthday": birthday,
        "birthdate": birthday,
        "address": customer.address,
        "metadata": customer.metadata,
        "summary": {"redemptions": _REDEMPTIONS, "orders": orders},
        "loyalty": _LOYALTY,
        "referrals": _REFERRALS,
        "system_metadata": {},
        "created_at": timestamp(customer.created_at),
        "updated_at": timestamp(customer.updated_at) if customer.updated_at else None,
        "object": "customer",
    }
    return cleared(known)
