"""Customers as the API reads them in bulk and shows them (contract: CustomerWithSummaryLoyaltyReferrals)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core.core_schema import any_schema
from typing_extensions import TypedDict

from troth.core.customer_requests import CustomerBulkEntry
from troth.http.shapes.members import DateTime, Day


class _Entry:
    """Documents an entry of a body as what it is read as later, for itself."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return any_schema()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(CustomerBulkEntry.__pydantic_core_schema__)


CustomerBulkRequest = list[Annotated[Any, _Entry()]]


class CustomerAddress(TypedDict):
    """Where a customer lives, as far as it is known."""

    city: NotRequired[str]
    state: NotRequired[str]
    line_1: NotRequired[str]
    line_2: NotRequired[str]
    country: NotRequired[str]
    postal_code: NotRequired[str]


class CustomerSummaryGift(TypedDict):
    """Credit of gift cards, in minor units."""

    redeemed_amount: int
    amount_to_go: int


class CustomerSummaryLoyaltyCard(TypedDict):
    """Points of loyalty campaigns."""

    redeemed_points: int
    points_to_go: int


class CustomerSummaryRedemptions(TypedDict):
    """Redemptions of vouchers."""

    total_redeemed: int
    total_failed: int
    total_succeeded: int
    total_rolled_back: int
    total_rollback_failed: int
    total_rollback_succeeded: int
    gift: CustomerSummaryGift
    loyalty_card: CustomerSummaryLoyaltyCard


class CustomerSummaryOrders(TypedDict):
    """The customer's orders that are PAID or FULFILLED, with what is to be paid of them, in minor units.

    `last_order_…` is the one that was created last, `average_amount` is rounded down.
    """

    total_amount: int
    total_count: int
    average_amount: int
    last_order_amount: int
    last_order_date: NotRequired[DateTime]


class CustomerSummary(TypedDict):
    """What a customer redeemed and ordered."""

    redemptions: CustomerSummaryRedemptions
    orders: CustomerSummaryOrders


class CustomerLoyaltyCampaign(TypedDict):
    """A customer in one loyalty campaign."""

    points: NotRequired[int]
    loyalty_tier: NotRequired[str]
    referred_customers: NotRequired[int]


class CustomerLoyalty(TypedDict):
    """A customer in all loyalty campaigns of the older API; programs are no part of it."""

    points: int
    referred_customers: int
    campaigns: dict[str, CustomerLoyaltyCampaign]


class CustomerReferral(TypedDict):
    """How a customer was referred."""

    campaign_id: str
    referrer_id: str
    related_object_id: str
    related_object_type: str
    date: DateTime


class CustomerReferrals(TypedDict):
    """Who referred a customer."""

    total: int
    campaigns: list[CustomerReferral]


class CustomerAssets(TypedDict):
    """Pages made for one customer; Troth has none, so that the property is never sent."""

    cockpit_url: NotRequired[str]
    cockpit_preference_center_url: NotRequired[str]


class Customer(TypedDict):
    """A person known to the project; properties without a value are left out."""

    id: Annotated[str, Field(pattern=r"^cust_[a-zA-Z0-9]+$")]
    source_id: NotRequired[str]
    name: NotRequired[str]
    description: NotRequired[str]
    email: NotRequired[str]
    phone: NotRequired[str]
    birthday: NotRequired[Day]
    birthdate: NotRequired[Day]
    address: NotRequired[CustomerAddress]
    metadata: dict[str, Any]
    summary: CustomerSummary
    loyalty: CustomerLoyalty
    referrals: CustomerReferrals
    system_metadata: dict[str, Any]
    created_at: DateTime
    updated_at: NotRequired[DateTime]
    assets: NotRequired[CustomerAssets]
    object: Literal["customer"]


class CustomerSegment(TypedDict):
    """A segment that a customer is in."""

    id: Annotated[str, Field(pattern=r"^seg_[a-zA-Z0-9]+$")]
    name: str
    object: Literal["segment"]


class CustomerSegmentList(TypedDict):
    """All segments that a customer is in."""

    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[CustomerSegment]
    total: int


class CustomerList(TypedDict):
    """One page of customers; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["customers"]
    customers: list[Customer]
    total: int
    has_more: bool
