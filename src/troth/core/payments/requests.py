"""What may be asked of a payment, by the body of a request (contract: OrderPaymentCreateRequest)."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from troth.core.card_definitions import PositivePoints
from troth.core.configuration import Configuration
from troth.core.payments.decision import Pay, PaymentLimit
from troth.core.points import CardPath
from troth.core.sections import NULL_IS_DEFAULT, Fault, refuse

Reference = Annotated[str, StringConstraints(max_length=500)]


class OrderPaymentOrder(Configuration):
    """The order to pay, by its id, by its source id, or by both."""

    id: Annotated[Reference, Field(pattern=r"^ord_[a-f0-9]+$")] | None = None
    source_id: Annotated[Reference, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.id is None and self.source_id is None:
            refuse(type(self).__name__, [Fault(("id",), "is required, unless source_id is given")])
        return self


class OrderPaymentLimitDefinition(Configuration):
    """At most so many points, or minor units."""

    max: PositivePoints


class OrderPaymentLimit(Configuration):
    """How much to pay at most: what the card's balance can, so many points, or so many minor units."""

    type: Literal["CARD_BALANCE", "POINTS_LIMIT", "AMOUNT_LIMIT"]
    points_limit: OrderPaymentLimitDefinition | None = None
    amount_limit: OrderPaymentLimitDefinition | None = None

    @model_validator(mode="after")
    def _has_its_limit(self) -> Self:
        refuse(type(self).__name__, self._missing())
        return self

    def _missing(self) -> Iterator[Fault]:
        for kind, name in (("POINTS_LIMIT", "points_limit"), ("AMOUNT_LIMIT", "amount_limit")):
            if self.type == kind and getattr(self, name) is None:
                yield Fault((name,), f"is required when type is {kind}")

    @property
    def chosen(self) -> PaymentLimit:
        """The limit that the type names; another one means nothing."""
        if self.type == "POINTS_LIMIT" and self.points_limit:
            return PaymentLimit(points=self.points_limit.max)
        if self.type == "AMOUNT_LIMIT" and self.amount_limit:
            return PaymentLimit(amount=self.amount_limit.max)
        return PaymentLimit()


class OrderPaymentCreateRequest(Configuration):
    """Which order to pay from which card; a DRY_RUN decides the same and writes nothing."""

    card_id: Reference
    order: OrderPaymentOrder
    payment_limit: Annotated[OrderPaymentLimit, NULL_IS_DEFAULT] = OrderPaymentLimit(type="CARD_BALANCE")
    mode: Annotated[Literal["TRANSACTION", "DRY_RUN"], NULL_IS_DEFAULT] = "TRANSACTION"

    def command(self, program_id: str, member_id: str, source: str) -> Pay:
        """Return the command that the body is for the member at a path."""
        path = CardPath(program_id, member_id, self.card_id)
        return Pay(path, self.order.id, self.order.source_id, self.payment_limit.chosen, source)
