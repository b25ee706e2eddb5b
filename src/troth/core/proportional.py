"""Points in proportion to something: `value` for every full `every` of it (domain 8, Effects)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer, Number
from troth.core.references import CardDefinitionId, CollectionId, ProductId, SkuId
from troth.core.sections import Choice, Fault, Items, refuse

MOST_DECIMALS: Final = 20


def _places(number: Decimal) -> Decimal:
    """Exact arithmetic writes every digit out, so their number is bounded."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DECIMALS:
        raise ValueError(f"must have at most {MOST_DECIMALS} decimal places")
    return number


Multiplier = Annotated[
    Number,
    Field(ge=0, le=LARGEST_INTEGER),
    AfterValidator(_places),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": LARGEST_INTEGER}),
]


class Every(Configuration):
    """`value` points for every full `every` of the base; money is in minor units."""

    every: Annotated[Integer, Field(ge=1, le=LARGEST_INTEGER)]
    value: Multiplier


class EveryOfMetadata(Every):
    """The same over a numeric metadata value."""

    property: Annotated[str, StringConstraints(min_length=1)]


class ProductReference(Configuration):
    """A product by id."""

    id: ProductId


class SkuReference(Configuration):
    """A SKU by id."""

    id: SkuId


class CollectionReference(Configuration):
    """A product collection by id."""

    id: CollectionId


class ApplicableTo(Choice):
    """The order items that count: those of a product, a SKU or a collection."""

    type: Literal["product", "sku", "products_collection"]
    product: ProductReference | None = None
    sku: SkuReference | None = None
    products_collection: CollectionReference | None = None

    @property
    def id(self) -> str:
        """The id of the product, SKU or collection."""
        (chosen,) = (part for part in (self.product, self.sku, self.products_collection) if part is not None)
        return chosen.id


class EveryOfItems(Every):
    """The same over the order items that match one of the entries."""

    applicable_to: Annotated[tuple[ApplicableTo, ...], Items()]


class ProportionalOrder(Configuration):
    """The base is the order's amount before discounts, its total amount after them, or a metadata value."""

    amount: Every | None = None
    total_amount: Every | None = None
    metadata: EveryOfMetadata | None = None


class ProportionalMetadata(Configuration):
    """The base is a metadata value of the customer or of the event."""

    metadata: EveryOfMetadata


class ProportionalOrderItems(Configuration):
    """The base is the items' amount before discounts, their subtotal after them, or their quantity."""

    amount: EveryOfItems | None = None
    subtotal_amount: EveryOfItems | None = None
    quantity: EveryOfItems | None = None


class Base(NamedTuple):
    """Where the base of a calculation type stands, and the one trigger that carries it, if only one does."""

    section: str
    property: str
    trigger: str | None


_ORDER: Final = "customer.order.paid"
BASES: Final = {
    "PRE_DISCOUNT_ORDER_AMOUNT": Base("order", "amount", _ORDER),
    "POST_DISCOUNT_ORDER_AMOUNT": Base("order", "total_amount", _ORDER),
    "PRE_DISCOUNT_ORDER_ITEMS_AMOUNT": Base("order_items", "amount", _ORDER),
    "POST_DISCOUNT_ORDER_ITEMS_AMOUNT": Base("order_items", "subtotal_amount", _ORDER),
    "ORDER_ITEMS_QUANTITY": Base("order_items", "quantity", _ORDER),
    "ORDER_METADATA_VALUE": Base("order", "metadata", _ORDER),
    "CUSTOMER_METADATA_VALUE": Base("customer", "metadata", None),
    "CUSTOM_EVENT_METADATA_VALUE": Base("custom_event", "metadata", "customer.custom_event"),
}
_SECTIONS: Final = ("order", "customer", "custom_event", "order_items")


class PointsProportional(Configuration):
    """Points on a wallet in proportion to the base that `calculation_type` names; only that base is given."""

    calculation_type: Literal[
        "PRE_DISCOUNT_ORDER_AMOUNT",
        "POST_DISCOUNT_ORDER_AMOUNT",
        "PRE_DISCOUNT_ORDER_ITEMS_AMOUNT",
        "POST_DISCOUNT_ORDER_ITEMS_AMOUNT",
        "ORDER_ITEMS_QUANTITY",
        "ORDER_METADATA_VALUE",
        "CUSTOMER_METADATA_VALUE",
        "CUSTOM_EVENT_METADATA_VALUE",
    ]
    card_definition_id: CardDefinitionId
    order: ProportionalOrder | None = None
    customer: ProportionalMetadata | None = None
    custom_event: ProportionalMetadata | None = None
    order_items: ProportionalOrderItems | None = None

    @model_validator(mode="after")
    def _only_its_base(self) -> Self:
        refuse(type(self).__name__, self._wrong_bases())
        return self

    def _wrong_bases(self) -> Iterator[Fault]:
        base, kind = BASES[self.calculation_type], f"calculation_type is {self.calculation_type}"
        for section in _SECTIONS:
            part = getattr(self, section)
            if section != base.section:
                if part is not None:
                    yield Fault((section,), f"must be left out or null when {kind}")
            elif part is None:
                yield Fault((section,), f"is required when {kind}")
            else:
                for name in type(part).model_fields:
                    if name == base.property and getattr(part, name) is None:
                        yield Fault((section, name), f"is required when {kind}")
                    elif name != base.property and getattr(part, name) is not None:
                        yield Fault((section, name), f"must be left out or null when {kind}")

    @property
    def proportion(self) -> Every:
        """The proportion that the calculation type names."""
        base = BASES[self.calculation_type]
        proportion = getattr(getattr(self, base.section), base.property)
        assert isinstance(proportion, Every)
        return proportion

    def reference_ids(self) -> Iterator[str]:
        """Yield the ids of the wallet and of the products, SKUs and collections that count."""
        yield self.card_definition_id
        proportion = self.proportion
        if isinstance(proportion, EveryOfItems):
            yield from (one.id for one in proportion.applicable_to)
