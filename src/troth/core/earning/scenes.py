"""One trigger as all rules of a customer's memberships look at it; what they ask of its order is worked out once."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from troth.core.calendar import day_of, weekday
from troth.core.earning.baskets import Basket
from troth.core.earning.facts import CustomerFacts, CustomEvent, Order, OrderPaid, TriggerFacts


class Scene:
    """A trigger at its instant, in the project's time zone, with the customer as it is now.

    One serves every member of the customer, as long as none of its facts changes.
    """

    __slots__ = ("basket", "customer", "event_metadata", "occurred_at", "order", "trigger", "weekday", "zone")

    def __init__(self, trigger: TriggerFacts, occurred_at: datetime, zone: tzinfo, customer: CustomerFacts) -> None:
        self.trigger: Final = trigger
        self.occurred_at: Final = occurred_at
        self.zone: Final = zone
        self.customer: Final = customer
        self.weekday: Final = weekday(day_of(occurred_at, zone))
        self.order: Final[Order | None] = trigger.order if isinstance(trigger, OrderPaid) else None
        lines = self.order.lines if self.order else None
        self.basket: Final = None if lines is None else Basket(lines)
        self.event_metadata: Final[Mapping[str, Any] | None] = (
            trigger.metadata if isinstance(trigger, CustomEvent) else None
        )
