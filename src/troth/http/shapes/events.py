"""Custom events as the API reads and shows them."""

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Metadata
from troth.core.customer_requests import CustomerCreateRequest
from troth.core.events import Track
from troth.http.shapes.event_schemas import EventName


class ReferralOfEvent(Configuration):
    """A code of a referral program; Troth has none, and passes it over."""

    model_config = ConfigDict(extra="ignore")

    code: str
    referrer_id: str | None = None


class LoyaltyOfEvent(Configuration):
    """A card of a loyalty campaign of the older API; Troth has none, and passes it over."""

    model_config = ConfigDict(extra="ignore")

    code: str


class EventCreateRequest(Configuration):
    """What happened, and to whom: the customer is created or updated with it."""

    model_config = ConfigDict(extra="ignore")

    event: EventName
    customer: CustomerCreateRequest
    referral: ReferralOfEvent | None = None
    loyalty: LoyaltyOfEvent | None = None
    metadata: Metadata = Field(default_factory=dict)

    def command(self) -> Track:
        """Return the command that the body is."""
        return Track(self.event, self.customer.command(), self.metadata)


class EventCustomer(TypedDict):
    """Whom it happened to; properties without a value are left out."""

    id: str
    source_id: NotRequired[str]
    name: NotRequired[str]
    email: NotRequired[str]
    metadata: dict[str, Any]
    object: Literal["customer"]


class Event(TypedDict):
    """Something that happened; `type` is the name of its schema."""

    object: Literal["event"]
    type: str
    customer: EventCustomer
    referral: dict[str, Any] | None
    loyalty: dict[str, Any] | None
    metadata: dict[str, Any]
