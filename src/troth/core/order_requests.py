"""What may be said of an order, by the body of a request or an entry of an import (contract: OrderBase).

Properties that are not known are ignored, since the contract leaves these bodies open.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from troth.core.configuration import Configuration, Instant, Metadata
from troth.core.customer_requests import CustomerCreateRequest
from troth.core.customers import SourceId, Upsert
from troth.core.order_items import Amount, OrderItem, Reference
from troth.core.orders import Put

MOST_ITEMS: Final = 500

_PLAIN: Final = {"status", "amount", "initial_amount", "discount_amount", "metadata", "created_at"}


class OrderUpdateRequest(Configuration):
    """What is to be changed of an order: what is absent stays as it is, metadata are merged.

    `items` replace all that there were; their sum is the amount, unless one is given. An amount that is null is the sum
    of the items again, an initial amount that is null the amount.
    """

    model_config = ConfigDict(extra="ignore")

    source_id: SourceId | None = None
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"] | None = None
    amount: Amount | None = None
    initial_amount: Amount | None = None
    discount_amount: Amount | None = None
    items: Annotated[tuple[OrderItem, ...], Field(max_length=MOST_ITEMS)] | None = None
    metadata: Metadata = Field(default_factory=dict)
    created_at: Instant | None = None
    referrer_id: Reference | None = None
    customer: CustomerCreateRequest | None = None
    referrer: CustomerCreateRequest | None = None

    def changes(self) -> Mapping[str, Any]:
        """Return the properties that are given, by the names that an order has for them."""
        return {name: getattr(self, name) for name in self.model_fields_set & _PLAIN}

    def command(self, reference: str) -> Put:
        """Return the command that the body is for the order at a path."""
        return self._command(existing=reference)

    def _command(self, **named: Any) -> Put:
        return Put(
            self.changes(),
            # Without items an order is as it is with null.
            (self.items or ()) if "items" in self.model_fields_set else None,
            customer=_person(self.customer, None),
            referrer=_person(self.referrer, self.referrer_id),
            source_id=self.source_id,
            **named,
        )


class OrderCreateRequest(OrderUpdateRequest):
    """An order to create; or to update, where `id` names one or one has the `source_id`."""

    id: Reference | None = None

    def creation(self, *, imported: bool = False) -> Put:
        """Return the command that the body, or the entry of an import, is."""
        return self._command(order_id=self.id, imported=imported)


def _person(told: CustomerCreateRequest | None, customer_id: str | None) -> Upsert | None:
    """Return the command about the customer that is told of; nothing that says something is nobody."""
    if told is None or not told.model_fields_set:
        return None if customer_id is None else Upsert({}, customer_id=customer_id)
    command = told.command()
    return command if command.customer_id or command.source_id else command._replace(customer_id=customer_id)
