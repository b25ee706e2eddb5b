"""Rewards: what members buy with points, and at which costs (domain 5 and 11)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from troth.core.conditions import RuleDefinition, RulesGroup
from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer
from troth.core.goods import DiscountCoupons, GiftVouchers, Material
from troth.core.references import CardDefinitionId, RewardCostId, RewardSpendingId
from troth.core.repetition import RepetitionLimits
from troth.core.sections import NULL_IS_DEFAULT, Choice, Fault, Items, refuse
from troth.core.validity import ValidityWindow

MOST_COSTS: Final = 10
MOST_CONDITIONS: Final = 50


class CardPoints(Configuration):
    """Points onto another card of the membership."""

    points: Annotated[Integer, Field(ge=1, le=LARGEST_INTEGER)]
    card_definition_id: CardDefinitionId


class RewardDigital(Choice):
    """A coupon, a gift voucher, or points on another card."""

    type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "LOYALTY_CARD_POINTS"]
    discount_coupons: DiscountCoupons | None = None
    gift_vouchers: GiftVouchers | None = None
    loyalty_card_points: CardPoints | None = None


class CostRuleDefinition(RuleDefinition):
    """One rule about who pays a cost."""

    name: Literal["customer.segment", "customer.metadata", "member.metadata"]


class CostRulesGroup(RulesGroup):
    """Who pays a cost: numbered rules, and the logic that joins them."""

    __pydantic_extra__: dict[str, CostRuleDefinition] = Field(init=False)  # type: ignore[assignment]

    @model_validator(mode="after")
    def _not_too_many_conditions(self) -> Self:
        if sum(1 for _ in self.walk()) > MOST_CONDITIONS:
            raise ValueError(f"must hold at most {MOST_CONDITIONS} rules")
        return self


class Spending(Configuration):
    """Points to pay from the member's card of a wallet; `id` is given with the cost's."""

    id: RewardSpendingId | None = None
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    points: Annotated[Integer, Field(ge=1, le=LARGEST_INTEGER)]
    card_definition_id: CardDefinitionId


class Cost(Configuration):
    """A price, and for whom it is; `id` is null only in a request, for a cost that is new."""

    id: RewardCostId | None = None
    rules: CostRulesGroup | None = None
    spending: Annotated[tuple[Spending, ...], Items(1, 1)]


class RewardRefunds(Configuration):
    """Whether purchases can be refunded under the default policy."""

    type: Literal["NONE", "REFUNDABLE"]


class RewardConfiguration(Choice, ValidityWindow):
    """A whole reward but its name, status and metadata; the first cost whose rules hold is the price."""

    parts: ClassVar = {"MATERIAL": ("material",), "DIGITAL": ("digital",)}

    type: Literal["MATERIAL", "DIGITAL"]
    material: Material | None = None
    digital: RewardDigital | None = None
    costs: Annotated[tuple[Cost, ...], Items(1, MOST_COSTS)]
    purchase_limits: Annotated[RepetitionLimits, NULL_IS_DEFAULT] = RepetitionLimits()
    refunds: Annotated[RewardRefunds, NULL_IS_DEFAULT] = RewardRefunds(type="NONE")

    @model_validator(mode="after")
    def _different_costs(self) -> Self:
        ids = [cost.id for cost in self.costs]
        refuse(
            type(self).__name__,
            (
                Fault(("costs", place, "id"), "must not be given to two costs")
                for place, one in enumerate(ids)
                if one is not None and ids.index(one) < place
            ),
        )
        return self


def identified(
    configuration: RewardConfiguration,
    present: Mapping[str, str],
    fresh_cost_ids: Iterator[str],
    fresh_spending_ids: Iterator[str],
) -> RewardConfiguration:
    """Return the reward with an id on every cost and spending.

    `present` maps the ids of the reward's costs to those of their spendings; a cost that names one of them keeps both,
    any other cost gets the next fresh ids (`lrcst_…`, `lrspn_…`). Ids of spendings in a request are not looked at.
    """

    def named(cost: Cost) -> Cost:
        cost_id = cost.id if cost.id is not None else next(fresh_cost_ids)
        (spending,) = cost.spending
        spending_id = present.get(cost_id) or next(fresh_spending_ids)
        return Cost(id=cost_id, rules=cost.rules, spending=(spending.model_copy(update={"id": spending_id}),))

    return configuration.model_copy(update={"costs": tuple(map(named, configuration.costs))})


def references(reward: RewardConfiguration) -> frozenset[str]:
    """Return the ids of everything that a reward refers to: wallets, products, SKUs, campaigns, segments."""
    found = set(reward.material.reference_ids if reward.material else ())
    if reward.digital:
        voucher = reward.digital.discount_coupons or reward.digital.gift_vouchers
        if voucher:
            found.add(voucher.campaign_id)
        if reward.digital.loyalty_card_points:
            found.add(reward.digital.loyalty_card_points.card_definition_id)
    for cost in reward.costs:
        found.update(spending.card_definition_id for spending in cost.spending)
        for _, rule in cost.rules.walk() if cost.rules else ():
            found.update(rule.reference_ids())
    return frozenset(found)
