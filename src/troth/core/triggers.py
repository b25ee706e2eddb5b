"""Triggers: what happens to a customer and may earn its members something, queued for each of them (domain 8)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

FAILURES_BEFORE_PARKING: Final = 5
"""How often a trigger is tried before it is put aside; those behind it wait that long, a minute and a half."""

PASSED_BY: Final = "passed_by"
"""What a payload says, as `true`, for a member who was INACTIVE when it happened."""


class TriggerKind(StrEnum):
    """What can happen, as earning rules name it; and that a segment which tiers ask for was entered or left."""

    ORDER_PAID = "customer.order.paid"
    ORDER_CHANGED = "customer.order.changed"
    CUSTOM_EVENT = "customer.custom_event"
    SEGMENT_ENTERED = "customer.segment.entered"
    SEGMENT_CROSSED = "customer.segment.crossed"


class Trigger(NamedTuple):
    """Something that happened to a customer.

    `subject_id` is the order, the event or the segment that it is about, `payload` what is to be known of it when it is
    evaluated: the state at which it happened.
    """

    customer_id: str
    kind: TriggerKind
    subject_id: str
    payload: Mapping[str, Any]

    @property
    def payload_of_inactive(self) -> Mapping[str, Any] | None:
        """What members are told who are INACTIVE then, if anything (domain 6).

        What takes points back or moves tiers spares nobody. An event activates the points that wait for it, and sets no
        rule off: its trigger does not `earn`.
        """
        match self.kind:
            case TriggerKind.ORDER_CHANGED | TriggerKind.SEGMENT_CROSSED:
                return self.payload
            case TriggerKind.CUSTOM_EVENT:
                return {**self.payload, PASSED_BY: True}
            case _:
                return None


class WaitingTrigger(NamedTuple):
    """A trigger in a member's queue; `seq` numbers the queue in the order of commits.

    `occurred_at` is the project's time at recording, from which windows, periods and expiry dates count. After failures
    it waits until `due_at`, wall time.
    """

    member_id: str
    seq: int
    project_id: str
    kind: TriggerKind
    subject_id: str
    occurred_at: datetime
    payload: Mapping[str, Any]
    failures: int
    due_at: datetime | None

    @property
    def earns(self) -> bool:
        """Whether the member was ACTIVE when it happened: else it sets no rule off."""
        return not self.payload.get(PASSED_BY)


class ParkedTrigger(NamedTuple):
    """A trigger that failed so often that it was put aside, and what it failed with last."""

    member_id: str
    seq: int
    project_id: str
    kind: TriggerKind
    subject_id: str
    occurred_at: datetime
    failures: int
    failure: str
    parked_at: datetime


class Failure(NamedTuple):
    """A trigger that could not be evaluated, and why; with `due_at` it is tried again then, without it is parked."""

    trigger: WaitingTrigger
    words: str
    due_at: datetime | None


def failed(trigger: WaitingTrigger, words: str, now: datetime) -> Failure:
    """Return what is to be done with a trigger that failed once more: tried again after 1, 4, 16, 64 s, then parked."""
    if trigger.failures + 1 >= FAILURES_BEFORE_PARKING:
        return Failure(trigger, words, None)
    return Failure(trigger, words, now + timedelta(seconds=4**trigger.failures))


def order_paid(customer_id: str, order_id: str, order: Mapping[str, Any]) -> Trigger:
    """Return the trigger of an order that is paid for the first time; its payload has what rules see of the `order`."""
    return Trigger(customer_id, TriggerKind.ORDER_PAID, order_id, {"order": order})


def order_changed(
    customer_id: str, order_id: str, order: Mapping[str, Any], *, is_canceled: bool, payments_count: int = 0
) -> Trigger:
    """Return the trigger of a change of an order that has been paid before, by money or with points.

    Its payload has the `order` as it is now, whether it has been `canceled`, and how many `payments` with points came
    before: whoever takes points back compares with what the order was when it earned (domain 8), whoever returns points
    with what these payments have paid (domain 12).
    """
    payload = {"order": order, "canceled": is_canceled, "payments": payments_count}
    return Trigger(customer_id, TriggerKind.ORDER_CHANGED, order_id, payload)


def custom_event(customer_id: str, event_id: str, schema_id: str, metadata: Mapping[str, Any]) -> Trigger:
    """Return the trigger of a custom event; its payload has `schema_id` and `metadata`."""
    payload = {"schema_id": schema_id, "metadata": metadata}
    return Trigger(customer_id, TriggerKind.CUSTOM_EVENT, event_id, payload)


def segment_entered(customer_id: str, segment_id: str) -> Trigger:
    """Return the trigger of a customer's entering a segment; its payload says nothing more."""
    return Trigger(customer_id, TriggerKind.SEGMENT_ENTERED, segment_id, {})


def segment_crossed(customer_id: str, segment_id: str) -> Trigger:
    """Return the trigger of a customer's entering or leaving a segment that tiers ask for (domain 10)."""
    return Trigger(customer_id, TriggerKind.SEGMENT_CROSSED, segment_id, {})
