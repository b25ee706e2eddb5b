"""Customers as the API reads and shows them (contract: CustomerBase, CustomerWithSummaryLoyaltyReferrals).

Properties that are not known are ignored, since the contract leaves these bodies open.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Metadata
from troth.core.customers import SourceId, Upsert
from troth.http.shapes.members import DateTime, Day


def _given(value: object) -> object:
    return None if value == "" else value


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be a date such as 1990-12-31")


_Line = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Prose = Annotated[str, StringConstraints(max_length=5000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
_Address = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$")]
_Date = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

Line = Annotated[_Line | None, BeforeValidator(_given)]
"""At most 500 characters without control characters; null and an empty text clear it."""

Prose = Annotated[_Prose | None, BeforeValidator(_given)]
"""At most 5000 characters, lines and tabs among them."""

Email = Annotated[_Address | None, BeforeValidator(_given)]
"""Something, `@`, something, in at most 254 characters: whether mail arrives there only sending can tell."""

Birthday = Annotated[_Date | None, BeforeValidator(_given)]


class Address(Configuration):
    """Where a customer lives."""

    model_config = ConfigDict(extra="ignore")

    city: Line = None
    state: Line = None
    line_1: Line = None
    line_2: Line = None
    country: Line = None
    postal_code: Line = None


class CustomerUpdateRequest(Configuration):
    """What is to be changed of a customer: what is absent stays, null clears; address and metadata are merged."""

    model_config = ConfigDict(extra="ignore")

    name: Line = None
    description: Prose = None
    email: Email = None
    phone: Line = None
    birthday: Birthday = None
    birthdate: Birthday = Field(None, description="Another name of `birthday`.")
    address: Address | None = None
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_birthday(self) -> "CustomerUpdateRequest":
        if {"birthday", "birthdate"} <= self.model_fields_set and self.birthday != self.birthdate:
            raise ValueError("birthday and birthdate are one property and must be equal where both are given")
        return self

    def changes(self) -> Mapping[str, Any]:
        """Return the properties that are given, by the names that a customer has for them."""
        changes = self.model_dump(exclude_unset=True, exclude={"id", "source_id"})
        if "birthdate" in changes:
            changes["birthday"] = changes.pop("birthdate")
        return changes


class CustomerCreateRequest(CustomerUpdateRequest):
    """A customer to create; or to update, where `id` names one or one has the `source_id`."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    source_id: SourceId | None = None

    def command(self) -> Upsert:
        """Return the command that the body is."""
        return Upsert(self.changes(), customer_id=self.id, source_id=self.source_id)


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
    """Orders, in minor units."""

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


class CustomerList(TypedDict):
    """One page of customers; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["customers"]
    customers: list[Customer]
    total: int
    has_more: bool
