"""Examine: which rewards a customer's memberships could buy now, or all that stands in the way (domain 14)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from troth.core.calendar import in_force
from troth.core.customers import Customer
from troth.core.definitions import ProgramInForce
from troth.core.ledger.holdings import Holdings
from troth.core.lifecycle import Status
from troth.core.memberships import Membership
from troth.core.points import Present
from troth.core.purchases.decision import Hindrance, Offer, account_of, quote
from troth.core.purchases.offers import Price, Reward
from troth.core.refusals import Reason

_TOLD: Final[Mapping[Reason, str]] = {
    Reason.OUTSIDE_VALIDITY_WINDOW: "outside_validity_window",
    Reason.OUTSIDE_REWARD_WINDOW: "outside_validity_window",
    Reason.OUT_OF_STOCK: "out_of_stock",
    Reason.PURCHASE_COOLDOWN: "purchase_cooldown",
    Reason.PURCHASE_FREQUENCY: "purchase_frequency_exceeded",
    Reason.NO_MATCHING_COST: "no_matching_cost",
    Reason.NO_CARD_FOR_COST: "no_card_for_cost",
    Reason.INSUFFICIENT_BALANCE: "insufficient_balance",
    Reason.GLOBAL_SPENDING_LIMIT: "global_spending_limit_exceeded",
    Reason.TRANSACTION_SPENDING_LIMIT: "transaction_spending_limit_exceeded",
    Reason.NO_TARGET_CARD: "no_target_card",
}
"""What examine calls a reason of the purchase's refusals."""


class Estimate(NamedTuple):
    """A reward under the card that pays it: at which price, and what is in the way; no card if the member has none."""

    reward: Reward
    price: Price | None
    card_id: str | None
    hindrances: tuple[Hindrance, ...]


class Opportunity(NamedTuple):
    """What one membership could buy."""

    membership: Membership
    estimates: Sequence[Estimate]


def estimates(
    offers: Iterable[Offer], program: ProgramInForce, holdings: Holdings, present: Present
) -> Iterator[Estimate]:
    """Yield what each ACTIVE reward costs a member, by the decision of the purchase itself.

    One that no card would pay stands under the first of its costs of which the member has a card.
    """
    closed: tuple[Hindrance, ...] = ()
    if not in_force(program.window, present.now, present.definitions.zone):
        closed = (Hindrance(Reason.OUTSIDE_VALIDITY_WINDOW, ""),)
    for offer in offers:
        if offer.reward.definition.status != Status.ACTIVE:
            continue
        found = quote(offer, program, holdings, present)
        price, account = found.price, found.account
        if account is None:
            owned = ((one, account_of(holdings, one.card_definition_id, program)) for one in offer.reward.prices)
            price, account = next(((one, card) for one, card in owned if card), (None, None))
        yield Estimate(offer.reward, price, account and account.card_id, (*closed, *found.hindrances))


def shown(customer: Customer, opportunities: Sequence[Opportunity]) -> dict[str, Any]:
    """Return what examining found (contract: ExamineRewardsResponse)."""
    rewards = {one.reward.id: one.reward for found in opportunities for one in found.estimates}
    return {
        "customer": {
            "id": customer.id,
            "source_id": customer.source_id,
            "metadata": customer.metadata,
            "object": "customer",
        },
        "rewards": [_shown_reward(one) for one in rewards.values()],
        "memberships": [_shown_membership(one) for one in opportunities],
        "object": "rewards_examine_result",
    }


def _shown_reward(reward: Reward) -> dict[str, Any]:
    definition = reward.definition
    return {
        "id": reward.id,
        "name": definition.name,
        "type": reward.configuration.type,
        "metadata": definition.metadata,
        "purchase_limits": definition.configuration["purchase_limits"],
        "object": "reward",
    }


def _shown_membership(found: Opportunity) -> dict[str, Any]:
    member, cards = found.membership.member
    program = found.membership.program
    of_card: dict[str, list[dict[str, Any]]] = {}
    for one in found.estimates:
        if one.card_id and one.price:
            of_card.setdefault(one.card_id, []).append(_shown_estimate(one, one.price))
    return {
        "member": {
            "id": member.id,
            "customer_id": member.customer_id,
            "program_id": member.program_id,
            "metadata": member.metadata,
            "object": "member",
        },
        "program": {"id": program.id, "name": program.name, "metadata": program.metadata, "object": "program"},
        "cards": [
            {
                "card": {
                    "id": card.id,
                    "card_definition_id": card.card_definition_id,
                    "card_type": "INDIVIDUAL",
                    "code": card.code,
                    "object": "card",
                },
                "rewards": of_card[card.id],
                "object": "card_estimation",
            }
            for card in cards
            if card.id in of_card
        ],
        "object": "member_rewards_opportunity",
    }


def _shown_estimate(estimate: Estimate, price: Price) -> dict[str, Any]:
    reasons = {_TOLD[one.reason]: one.told for one in estimate.hindrances}
    answer: dict[str, Any] = {
        "reward": {"id": estimate.reward.id, "object": "reward"},
        "status": "UNAVAILABLE" if reasons else "AVAILABLE",
        "cost": {"points": price.points, "object": "reward_cost"},
        "object": "reward_estimation",
    }
    if reasons:
        answer["unavailability_reasons"] = [
            {"reason": reason, "details": told, "object": "reward_unavailability_reason"}
            for reason, told in reasons.items()
        ]
    return answer
