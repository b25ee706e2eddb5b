"""Orders as the API reads them in bulk and shows them (contract: OrderCalculated)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core.core_schema import any_schema
from typing_extensions import TypedDict

from troth.core.order_requests import OrderCreateRequest
from troth.http.shapes.members import DateTime


class _Entry:
    """Documents an entry of a body as what it is read as later, for itself."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return any_schema()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(OrderCreateRequest.__pydantic_core_schema__)


OrderImportRequest = list[Annotated[Any, _Entry()]]


class OrderItemProduct(TypedDict):
    """The product of an item, as it was when the order told of it."""

    id: NotRequired[str]
    source_id: NotRequired[str]
    override: NotRequired[bool]
    name: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]
    price: NotRequired[int]


class OrderItemSku(TypedDict):
    """The SKU of an item, as it was when the order told of it."""

    id: NotRequired[str]
    source_id: NotRequired[str]
    override: NotRequired[bool]
    sku: NotRequired[str]
    price: NotRequired[int]
    metadata: NotRequired[dict[str, Any]]


class OrderItem(TypedDict):
    """One item; `amount` is before discounts, `subtotal_amount` after them.

    Properties without a value are left out. Items have no ids of their own, and no redemption changes their quantities:
    `id`, `applied_quantity` and `applied_quantity_amount` are never sent.
    """

    id: NotRequired[str]
    sku_id: NotRequired[str]
    product_id: NotRequired[str]
    related_object: Literal["product", "sku"]
    source_id: NotRequired[str]
    quantity: int
    discount_quantity: int
    initial_quantity: int
    amount: int
    discount_amount: int
    applied_discount_amount: int
    applied_discount_quantity: int
    applied_quantity: NotRequired[int]
    applied_quantity_amount: NotRequired[int]
    initial_amount: int
    price: NotRequired[int]
    subtotal_amount: int
    product: NotRequired[OrderItemProduct]
    sku: NotRequired[OrderItemSku]
    object: Literal["order_item"]
    metadata: dict[str, Any]


class OrderPerson(TypedDict):
    """A customer, by its id."""

    id: Annotated[str, Field(pattern=r"^cust_[a-zA-Z0-9]+$")]
    object: Literal["customer"]


class OrderRedemptionsEntry(TypedDict):
    """A redemption; Troth has none, so that it is never sent."""

    date: NotRequired[DateTime]
    rollback_id: NotRequired[str]
    rollback_date: NotRequired[DateTime]
    related_object_type: NotRequired[str]
    related_object_id: NotRequired[str]
    related_object_parent_id: NotRequired[str]
    stacked: NotRequired[list[str]]
    rollback_stacked: NotRequired[list[str]]


class Order(TypedDict):
    """An order; amounts are in minor units, `amount` before all discounts, `total_amount` after them.

    Discounts are shown as they were given, and `applied` as far as they take something off.
    """

    id: Annotated[str, Field(pattern=r"^ord_[a-zA-Z0-9]+$")]
    source_id: str | None
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"]
    amount: int
    initial_amount: int
    discount_amount: int
    items_discount_amount: int
    total_discount_amount: int
    total_amount: int
    applied_discount_amount: int
    items_applied_discount_amount: int
    total_applied_discount_amount: int
    items: list[OrderItem]
    metadata: dict[str, Any]
    customer_id: str | None
    referrer_id: str | None
    customer: NotRequired[OrderPerson]
    referrer: NotRequired[OrderPerson]
    redemptions: dict[str, OrderRedemptionsEntry]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["order"]


class OrderList(TypedDict):
    """One page of orders; `total` counts all pages."""

    object: Literal["list"]
    data_ref: Literal["orders"]
    orders: list[Order]
    total: int
    has_more: bool
