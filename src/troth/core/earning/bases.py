"""What of an order proportional points count, and by what points are taken back when it is lowered (domain 8)."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from troth.core.earning.arithmetic import less, product
from troth.core.earning.baskets import Basket, Measure
from troth.core.earning.facts import Amount, Key, Order
from troth.core.proportional import EveryOfItems, PointsProportional

_WHOLE: Final = frozenset({"PRE_DISCOUNT_ORDER_AMOUNT", "POST_DISCOUNT_ORDER_AMOUNT"})
_OF_LINES: Final[Mapping[str, Measure]] = {
    "PRE_DISCOUNT_ORDER_ITEMS_AMOUNT": "amount",
    "POST_DISCOUNT_ORDER_ITEMS_AMOUNT": "subtotal_amount",
    "ORDER_ITEMS_QUANTITY": "quantity",
}


class OrderBase(NamedTuple):
    """A measure of an order: of the whole, or of the lines that are one of the things that it is applicable to.

    It is kept with the points that an order earned, so that they are taken back by what they were given for, whatever
    becomes of the rule.
    """

    calculation_type: str = "POST_DISCOUNT_ORDER_AMOUNT"
    applicable_to: tuple[Key, ...] = ()

    @classmethod
    def of(cls, proportional: PointsProportional | None) -> Self:
        """Return what points are taken back by: their base, or the total amount where that is no part of the order."""
        if proportional is None or proportional.calculation_type not in _WHOLE | _OF_LINES.keys():
            return cls()
        proportion = proportional.proportion
        entries = proportion.applicable_to if isinstance(proportion, EveryOfItems) else ()
        return cls(proportional.calculation_type, tuple((one.type, "id", one.id) for one in entries))

    def measured(self, order: Order | None, basket: Basket | None) -> Amount | None:
        """Return how much an order has of it, None if that is not known."""
        if measure := _OF_LINES.get(self.calculation_type):
            return None if basket is None else basket.total(basket.named(self.applicable_to), measure)
        if order is None:
            return None
        return order.amount if self.calculation_type == "PRE_DISCOUNT_ORDER_AMOUNT" else order.total_amount


def to_take_back(earned: int, before: Amount, after: Amount, taken: int) -> int:
    """Return how many points to take back, besides those that were `taken`, of an order that is lowered.

    In all it is the lost part of the base, `before` when it earned and `after` now, of what was earned, floored:
    everything at 0, and the same whatever was in between. What was taken once is not given again.
    """
    if before <= 0:
        return 0
    lost = max(less(before, max(after, 0)), 0)
    return max(int(product(earned, lost) // before) - taken, 0)
