"""Items of orders: how one is asked for, which product or SKU it is, and what it costs (domain 8, 9).

Amounts are integers in minor units. An item's `amount` is before discounts, its `subtotal_amount` after them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple, Protocol

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.functional_validators import AfterValidator

from troth.core.configuration import LARGEST_INTEGER, Configuration, Flag, Integer, Metadata, Number
from troth.core.customer_requests import Line
from troth.core.customers import SourceId
from troth.core.refusals import Reason, Refusal, not_found
from troth.core.schemas import Schema, misfit

Amount = Annotated[Integer, Field(ge=0, le=LARGEST_INTEGER)]
"""Money in minor units, or a number of units."""

Reference = Annotated[str, StringConstraints(min_length=1, max_length=500)]

_BOUNDED: Final = {"type": "number", "minimum": 0, "maximum": LARGEST_INTEGER}


def _whole(number: Any) -> int:
    if number != int(number):
        raise ValueError("must be a whole number of minor units")
    return int(number)


Price = Annotated[Number, Field(ge=0, le=LARGEST_INTEGER), AfterValidator(_whole), WithJsonSchema(_BOUNDED)]
"""Minor units for one unit; `100.0` is 100, a fraction is refused."""


class _Inline(Configuration):
    model_config = ConfigDict(extra="ignore")

    id: Reference | None = None
    source_id: SourceId | None = None
    override: Flag | None = None
    price: Price | None = None
    metadata: Metadata = Field(default_factory=dict)


class InlineProduct(_Inline):
    """A product as an item tells of it: one that is known, or all that is said of an unknown one.

    With `override`, what is told goes, for this order, before what is known.
    """

    name: Line = None

    @property
    def label(self) -> str | None:
        """What people call it."""
        return self.name


class InlineSku(_Inline):
    """A SKU as an item tells of it; see `InlineProduct`."""

    sku: Line = None

    @property
    def label(self) -> str | None:
        """What people call it."""
        return self.sku


class OrderItem(Configuration):
    """One item as a request has it: some units of a product or a SKU.

    `source_id` is that of what `related_object` says; without that, of a product, or else of a SKU. `discount_quantity`
    units of the quantity are free. Amounts that are missing are worked out, see `priced`.
    """

    model_config = ConfigDict(extra="ignore")

    sku_id: Reference | None = None
    product_id: Reference | None = None
    related_object: Literal["product", "sku"] | None = None
    source_id: SourceId | None = None
    quantity: Amount | None = None
    discount_quantity: Amount | None = None
    initial_quantity: Amount | None = None
    amount: Amount | None = None
    discount_amount: Amount | None = None
    initial_amount: Amount | None = None
    price: Amount | None = None
    product: InlineProduct | None = None
    sku: InlineSku | None = None
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> "OrderItem":
        told = [one for one in (self.product, self.sku) if one is not None]
        if not (self.product_id or self.sku_id or self.source_id) and not any(
            one.id or one.source_id or one.label for one in told
        ):
            raise ValueError(
                "must name a product or a SKU: by product_id, sku_id or source_id, or by a product or sku that has an"
                " id, a source_id or a name"
            )
        if (self.discount_quantity or 0) > self.units:
            raise ValueError(f"discount_quantity must be at most the quantity, {self.units}")
        return self

    @property
    def units(self) -> int:
        """How many units it is, free ones included; one where nothing is said."""
        return 1 if self.quantity is None else self.quantity

    @property
    def product_ids(self) -> tuple[str, ...]:
        """The ids of products that it names."""
        own = self.product.id if self.product else None
        return _told(self.product_id, own)

    @property
    def product_source_ids(self) -> tuple[str, ...]:
        """The source ids of products that it may name."""
        own = self.product.source_id if self.product else None
        return _told(own, None if self.related_object == "sku" else self.source_id)

    @property
    def sku_ids(self) -> tuple[str, ...]:
        """The ids of SKUs that it names."""
        own = self.sku.id if self.sku else None
        return _told(self.sku_id, own)

    @property
    def sku_source_ids(self) -> tuple[str, ...]:
        """The source ids of SKUs that it may name."""
        own = self.sku.source_id if self.sku else None
        return _told(own, None if self.related_object == "product" else self.source_id)


def _told(one: str | None, other: str | None) -> tuple[str, ...]:
    if other is None:
        return () if one is None else (one,)
    return (other,) if one is None else (one, other)


class Good(NamedTuple):
    """A product, or a SKU of the product `product_id`, as the project knows it; `name` is what people call it."""

    id: str
    product_id: str | None
    source_id: str | None
    name: str | None
    price: int | None
    metadata: Mapping[str, Any]


class Naming(Protocol):
    """An item that names a product or a SKU, as a request has it."""

    @property
    def related_object(self) -> str | None: ...

    @property
    def sku(self) -> object | None: ...

    @property
    def product_ids(self) -> tuple[str, ...]: ...

    @property
    def product_source_ids(self) -> tuple[str, ...]: ...

    @property
    def sku_ids(self) -> tuple[str, ...]: ...

    @property
    def sku_source_ids(self) -> tuple[str, ...]: ...


class Named(NamedTuple):
    """What items name: ids and source ids of products and of SKUs."""

    product_ids: set[str]
    product_source_ids: set[str]
    sku_ids: set[str]
    sku_source_ids: set[str]


def named(items: Iterable[Naming]) -> Named:
    """Return what items name."""
    found = Named(set(), set(), set(), set())
    for item in items:
        found.product_ids.update(item.product_ids)
        found.product_source_ids.update(item.product_source_ids)
        found.sku_ids.update(item.sku_ids)
        found.sku_source_ids.update(item.sku_source_ids)
    return found


class Goods:
    """What a project knows of the products and SKUs that items name, the products of the SKUs included."""

    __slots__ = ("_product_sources", "_products", "_sku_sources", "_skus")

    def __init__(self, products: Sequence[Good], skus: Sequence[Good]) -> None:
        self._products = {one.id: one for one in products}
        self._product_sources = {one.source_id: one for one in products if one.source_id is not None}
        self._skus = {one.id: one for one in skus}
        self._sku_sources = {one.source_id: one for one in skus if one.source_id is not None}

    def find(self, item: Naming) -> tuple[Good | None, Good | None]:
        """Return the product and the SKU that an item is, as far as they are known.

        Raises a refusal with `NOT_FOUND` for an id, and for a SKU that belongs to another product than the named one.
        """
        product = _by_id("product", self._products, item.product_ids)
        product = product or _by_source(self._product_sources, item.product_source_ids)
        sku = _by_id("sku", self._skus, item.sku_ids)
        if sku is None and (product is None or item.related_object == "sku" or item.sku is not None):
            sku = _by_source(self._sku_sources, item.sku_source_ids)
        if sku is None:
            return product, None
        if product is not None and product.id != sku.product_id:
            raise not_found("sku", sku.id)
        return self._products.get(sku.product_id or ""), sku


def _by_id(kind: str, known: Mapping[str, Good], ids: Iterable[str]) -> Good | None:
    found = None
    for asked in ids:
        if asked not in known or (found is not None and found.id != asked):
            raise not_found(kind, asked)
        found = known[asked]
    return found


def _by_source(known: Mapping[str, Good], source_ids: Iterable[str]) -> Good | None:
    return next((known[one] for one in source_ids if one in known), None)


def priced(item: OrderItem, goods: Goods, schema: Schema | None, place: int) -> dict[str, Any]:
    """Return an item as answers show it and as it is kept (contract: OrderCalculatedItem).

    One unit costs what the item says; else what the SKU, or else the product, costs. The amount is price times quantity
    where it is not said, 0 without a price; what was initially there is what is there. Discounts never make it
    negative. Raises a refusal with `NOT_FOUND` for what it names by an id and the project does not have, with
    `INVALID_PAYLOAD` where the amount becomes too large or the metadata do not fit their schema.
    """
    product, sku = goods.find(item)
    where = f"items[{place}]"
    if schema is not None and (wrong := misfit(schema, item.metadata)):
        raise Refusal(Reason.INVALID_PAYLOAD, f"{where}.{wrong.details}")
    shown_product, shown_sku = _shown(item.product, product), _shown(item.sku, sku, label="sku")
    price = next((one for one in (item.price, _price(shown_sku), _price(shown_product)) if one is not None), None)
    amount = (price or 0) * item.units if item.amount is None else item.amount
    if not 0 <= amount <= LARGEST_INTEGER:
        raise Refusal(
            Reason.INVALID_PAYLOAD, f"{where}.amount: price times quantity must be between 0 and {LARGEST_INTEGER}"
        )
    discount = item.discount_amount or 0
    subtotal = max(amount - discount, 0)
    is_sku = shown_sku is not None or item.related_object == "sku"
    related = (shown_sku if is_sku else shown_product) or {}
    line = {
        "related_object": "sku" if is_sku else "product",
        "quantity": item.units,
        "discount_quantity": item.discount_quantity or 0,
        "initial_quantity": item.units if item.initial_quantity is None else item.initial_quantity,
        "amount": amount,
        "discount_amount": discount,
        "initial_amount": amount if item.initial_amount is None else item.initial_amount,
        "applied_discount_amount": amount - subtotal,
        "applied_discount_quantity": item.discount_quantity or 0,
        "subtotal_amount": subtotal,
        "object": "order_item",
        "metadata": item.metadata,
    }
    return line | _known(
        product_id=product and product.id,
        sku_id=sku and sku.id,
        source_id=related.get("source_id") or item.source_id,
        price=price,
        product=shown_product,
        sku=shown_sku,
    )


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _shown(told: InlineProduct | InlineSku | None, known: Good | None, *, label: str = "name") -> dict[str, Any] | None:
    """Return a product or SKU as an item shows it: what is known of it, what is told of it where that goes first."""
    shown: dict[str, Any] | None = None
    if known is not None:
        names = {"id": known.id, "source_id": known.source_id, label: known.name}
        shown = _known(**names, price=known.price, metadata=known.metadata)
    if told is not None and (known is None or told.override):
        names = {"source_id": told.source_id, label: told.label}
        shown = (shown or {"metadata": {}}) | _known(**names, price=told.price, override=told.override)
        shown["metadata"] = {**shown["metadata"], **told.metadata}
    return shown


def _price(shown: Mapping[str, Any] | None) -> int | None:
    return None if shown is None else shown.get("price")


def evaluated(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what earning rules look at of a kept item.

    Its quantity is without free units; its own metadata go before those of the SKU, and these before the product's.
    """
    product, sku = line.get("product", {}), line.get("sku", {})
    own = {line["related_object"]: line.get("source_id")}
    facts = {
        "quantity": line["quantity"] - line["discount_quantity"],
        "amount": line["amount"],
        "subtotal_amount": line["subtotal_amount"],
        "metadata": {**product.get("metadata", {}), **sku.get("metadata", {}), **line["metadata"]},
    }
    return facts | _known(
        product_id=line.get("product_id"),
        product_source_id=product.get("source_id") or own.get("product"),
        sku_id=line.get("sku_id"),
        sku_source_id=sku.get("source_id") or own.get("sku"),
        price=line.get("price"),
    )
