"""What can be examined: triggers as a request tells of them, and whose earning is asked about (domain 8, Examine).

Amounts are in minor units and may be decimals. Numbers and ids may be texts or numbers.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from troth.core.conditions import number
from troth.core.configuration import LARGEST_INTEGER, Configuration, Metadata
from troth.core.earning.facts import Amount
from troth.core.references import EventSchemaId
from troth.core.sections import Choice, Fault, Items, refuse

MOST_ITEMS: Final = 500

Event = Literal["customer.order.paid", "customer.segment.entered", "customer.custom_event"]

_NUMBER_OR_TEXT: Final = WithJsonSchema({"type": ["string", "number"]})


def _amount(value: object) -> Amount:
    found = number(value)
    if found is None or not 0 <= found <= LARGEST_INTEGER:
        raise ValueError(f"must be a number from 0 to {LARGEST_INTEGER}, or a text that is one")
    return int(found) if found == found.to_integral_value() else found


def _text(value: object) -> object:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


ExamineAmount = Annotated[int | Decimal, BeforeValidator(_amount), _NUMBER_OR_TEXT]
ExamineId = Annotated[str, BeforeValidator(_text), StringConstraints(min_length=1, max_length=500), _NUMBER_OR_TEXT]


class ExamineTriggerSpecific(Configuration):
    """One kind of trigger."""

    event: Event


class ExamineTrigger(Choice):
    """Which triggers are examined: one kind of them, or each kind for itself."""

    parts: ClassVar = {"SPECIFIC": ("specific",)}

    type: Literal["ALL", "SPECIFIC"]
    specific: ExamineTriggerSpecific | None = None


class ExamineCustomerIdentification(Choice):
    """The customer: `type` names the one other property that is given; a member stands for its customer."""

    parts: ClassVar = {one: (one,) for one in ("customer_id", "customer_source_id", "member_id")}

    type: Literal["customer_id", "customer_source_id", "member_id"]
    customer_id: Annotated[str, StringConstraints(pattern=r"^cust_[a-zA-Z0-9]+")] | None = None
    customer_source_id: ExamineId | None = None
    member_id: Annotated[str, StringConstraints(pattern=r"^lmbr_[a-f0-9]+$")] | None = None

    @property
    def reference(self) -> str:
        """The id or source id."""
        return str(getattr(self, self.type))


class ExamineCustomer(Configuration):
    """Metadata that go before those of the customer, property by property."""

    metadata: Metadata = Field(default_factory=dict)


class ExamineMember(Configuration):
    """Metadata that go before those of the members, property by property."""

    metadata: Metadata = Field(default_factory=dict)


class ExamineProduct(Configuration):
    """A product as an item tells of it."""

    id: ExamineId | None = None
    source_id: ExamineId | None = None
    price: ExamineAmount | None = None
    metadata: Metadata = Field(default_factory=dict)


class ExamineSku(Configuration):
    """A SKU as an item tells of it."""

    id: ExamineId | None = None
    source_id: ExamineId | None = None
    price: ExamineAmount | None = None


class ExamineOrderItem(Configuration):
    """One item; `amount` is before its discount. What is missing is worked out as it is for orders."""

    id: str | None = None
    name: str | None = None
    source_id: ExamineId | None = None
    product_id: ExamineId | None = None
    sku_id: ExamineId | None = None
    related_object: Literal["product", "sku"] | None = None
    amount: ExamineAmount | None = None
    discount_amount: ExamineAmount | None = None
    quantity: ExamineAmount | None = None
    price: ExamineAmount | None = None
    product: ExamineProduct | None = None
    sku: ExamineSku | None = None
    metadata: Metadata = Field(default_factory=dict)

    @property
    def product_ids(self) -> tuple[str, ...]:
        """The ids of products that it names."""
        return _given(self.product_id, self.product.id if self.product else None)

    @property
    def product_source_ids(self) -> tuple[str, ...]:
        """The source ids of products that it may name."""
        return _given(
            self.product.source_id if self.product else None, None if self.related_object == "sku" else self.source_id
        )

    @property
    def sku_ids(self) -> tuple[str, ...]:
        """The ids of SKUs that it names."""
        return _given(self.sku_id, self.sku.id if self.sku else None)

    @property
    def sku_source_ids(self) -> tuple[str, ...]:
        """The source ids of SKUs that it may name."""
        return _given(
            self.sku.source_id if self.sku else None, None if self.related_object == "product" else self.source_id
        )


class ExamineOrder(Configuration):
    """An order; `amount` is after all discounts, `initial_amount` before them. What is missing comes from the rest."""

    amount: ExamineAmount | None = None
    initial_amount: ExamineAmount | None = None
    discount_amount: ExamineAmount | None = None
    items: Annotated[tuple[ExamineOrderItem, ...], Items(0, MOST_ITEMS)] | None = None
    metadata: Metadata = Field(default_factory=dict)


class _Section(Configuration):
    customer: ExamineCustomer = ExamineCustomer()
    member: ExamineMember = ExamineMember()


class ExamineOrderPaid(_Section):
    """An order that becomes paid."""

    order: ExamineOrder | None = None


class ExamineSegmentEntered(_Section):
    """The customer enters a segment."""


class ExamineAnyEventData(Configuration):
    """A custom event of any schema."""

    metadata: Metadata | None = None


class ExamineEventData(Configuration):
    """A custom event of one schema."""

    schema_id: EventSchemaId
    metadata: Metadata = Field(default_factory=dict)


class ExamineAnyEvent(_Section):
    """A custom event of any schema happens."""

    custom_event: ExamineAnyEventData | None = None


class ExamineSpecificEvent(_Section):
    """A custom event of one schema happens."""

    custom_event: ExamineEventData


class ExamineCustomEvent(Choice):
    """A custom event: of any schema, or of one."""

    type: Literal["ALL", "SPECIFIC"]
    all: ExamineAnyEvent | None = None
    specific: ExamineSpecificEvent | None = None


class Examined(NamedTuple):
    """One kind of trigger that is examined; what is not told of it is None."""

    event: Event
    customer_metadata: Mapping[str, Any] = {}
    order: ExamineOrder | None = None
    schema_id: str | None = None
    event_metadata: Mapping[str, Any] | None = None


_SECTIONS: Final[Mapping[Event, str]] = {
    "customer.order.paid": "customer_order_paid",
    "customer.segment.entered": "customer_segment_entered",
    "customer.custom_event": "customer_custom_event",
}


class ExamineEarningRulesRequest(Configuration):
    """Which triggers to examine, and for which customer; of a specific kind its section is required and alone."""

    trigger: ExamineTrigger
    customer_identification: ExamineCustomerIdentification
    customer_order_paid: ExamineOrderPaid | None = None
    customer_segment_entered: ExamineSegmentEntered | None = None
    customer_custom_event: ExamineCustomEvent | None = None

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        refuse(type(self).__name__, self._misfits())
        return self

    def _misfits(self) -> Iterator[Fault]:
        if self.event is None:
            return
        for event, section in _SECTIONS.items():
            given = getattr(self, section) is not None
            if given and event != self.event:
                yield Fault((section,), f"must be left out when the event is {self.event}")
            elif event == self.event and not given:
                yield Fault((section,), f"is required when the event is {self.event}")

    @property
    def event(self) -> Event | None:
        """The one kind of trigger that is examined, None for all."""
        return self.trigger.specific.event if self.trigger.specific else None

    def examined(self) -> Iterator[Examined]:
        """Yield what to examine, one kind of trigger after the other."""
        if self.event in (None, "customer.order.paid"):
            paid = self.customer_order_paid or ExamineOrderPaid()
            yield Examined("customer.order.paid", paid.customer.metadata, order=paid.order)
        if self.event in (None, "customer.custom_event"):
            yield self._custom_event()
        if self.event in (None, "customer.segment.entered"):
            entered = self.customer_segment_entered or ExamineSegmentEntered()
            yield Examined("customer.segment.entered", entered.customer.metadata)

    def _custom_event(self) -> Examined:
        asked = self.customer_custom_event
        if asked and asked.specific:
            happened = asked.specific.custom_event
            metadata = asked.specific.customer.metadata
            return Examined("customer.custom_event", metadata, None, happened.schema_id, happened.metadata)
        any_event = asked.all if asked and asked.all else ExamineAnyEvent()
        told = any_event.custom_event.metadata if any_event.custom_event else None
        return Examined("customer.custom_event", any_event.customer.metadata, event_metadata=told)


def _given(*names: str | None) -> tuple[str, ...]:
    return tuple(one for one in names if one is not None)
