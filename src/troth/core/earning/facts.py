"""What earning rules are asked about: the trigger, the customer, the member and its past (domain 8).

Facts are loaded by whoever asks. What a caller of examine did not give is None, and no condition on it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

from troth.core.calendar import CalendarUnit
from troth.core.lifecycle import Status
from troth.core.triggers import TriggerKind, WaitingTrigger

Amount: TypeAlias = int | Decimal
"""Money in minor units, or a quantity: exact."""

Key: TypeAlias = str | tuple[str, str, str]
"""What names lines: an id or source id of anything; or what it is an id of, which of the two it is, and the id."""

PRODUCT: Final = "product"
SKU: Final = "sku"
COLLECTION: Final = "products_collection"


class Line(NamedTuple):
    """One item of an order.

    `price` is of one unit, `amount` before discounts, `subtotal_amount` after them; `quantity` has no free units.
    `collection_ids` are those that hold the product or the SKU, `metadata` the line's own over the product's.
    """

    product_id: str | None = None
    product_source_id: str | None = None
    sku_id: str | None = None
    sku_source_id: str | None = None
    quantity: Amount = 1
    price: Amount | None = None
    amount: Amount = 0
    subtotal_amount: Amount = 0
    metadata: Mapping[str, Any] = {}
    collection_ids: frozenset[str] = frozenset()


class Order(NamedTuple):
    """An order: `amount` before all discounts, `total_amount` after all of them, `initial_amount` as it was given."""

    amount: Amount | None
    initial_amount: Amount | None
    total_amount: Amount | None
    lines: tuple[Line, ...] | None = ()
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OrderPaid:
    """An order became PAID for the first time."""

    event: ClassVar = "customer.order.paid"
    order: Order | None


@dataclass(frozen=True, slots=True)
class CustomEvent:
    """A custom event happened; without a schema, one of any schema."""

    event: ClassVar = "customer.custom_event"
    schema_id: str | None
    metadata: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class SegmentEntered:
    """The customer entered a segment; without one, any segment."""

    event: ClassVar = "customer.segment.entered"
    segment_id: str | None


TriggerFacts: TypeAlias = OrderPaid | CustomEvent | SegmentEntered


def recorded_order(recorded: Mapping[str, Any]) -> Order:
    """Return an order as rules see it from what a trigger has recorded of it (see `orders.evaluated_order`)."""
    lines = tuple(Line(**item) for item in recorded["items"])
    amount, initial_amount, total_amount = (recorded[f"{name}amount"] for name in ("", "initial_", "total_"))
    return Order(amount, initial_amount, total_amount, lines, recorded["metadata"])


def recorded_trigger(trigger: WaitingTrigger) -> TriggerFacts:
    """Return what happened as rules see it; of a change of an order, which sets no rule off, that is the order too."""
    match trigger.kind:
        case TriggerKind.CUSTOM_EVENT:
            return CustomEvent(trigger.payload["schema_id"], trigger.payload["metadata"])
        case TriggerKind.SEGMENT_ENTERED:
            return SegmentEntered(trigger.subject_id)
        case _:
            return OrderPaid(recorded_order(trigger.payload["order"]))


class CustomerFacts(NamedTuple):
    """A customer as conditions see it."""

    metadata: Mapping[str, Any] = {}
    segment_ids: frozenset[str] = frozenset()


Period: TypeAlias = tuple[CalendarUnit, date]
"""A calendar period: its unit, and its first day."""


class Successes(NamedTuple):
    """When a member last succeeded with a rule, and how often in each of the periods that may be asked about."""

    last_at: datetime | None = None
    counts: Mapping[Period, int] = {}

    def with_another(self, occurred_at: datetime, period: Period | None) -> "Successes":
        """Return what they are after one more success, in the period of the rule's frequency if it has one."""
        counts = self.counts if period is None else {**self.counts, period: self.counts.get(period, 0) + 1}
        return Successes(occurred_at, counts)


NEVER: Final = Successes()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """A member as it is when a trigger is worked off.

    `cards` maps card definitions to the member's cards, `tiers` tier structures to the tiers that it is in now,
    `successes` rules to what was before.
    """

    status: str = Status.ACTIVE
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    successes: Mapping[str, Successes] = field(default_factory=dict)
