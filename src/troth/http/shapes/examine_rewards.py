"""What examining rewards reads and answers (contract: ExamineRewards…)."""

from typing import Annotated, Any, Literal, NotRequired

from typing_extensions import TypedDict

from troth.core.configuration import Configuration
from troth.core.earning.examine_requests import ExamineCustomer, ExamineCustomerIdentification, ExamineMember
from troth.core.repetition import RepetitionLimits
from troth.http.shapes.definitions import Stored
from troth.http.shapes.examine import (
    ExamineCardReference,
    ExamineCustomerReference,
    ExamineMemberReference,
    ExamineProgramReference,
)


class ExamineRewardsRequest(Configuration):
    """Whose rewards are asked about, and metadata that go before the stored ones."""

    customer_identification: ExamineCustomerIdentification
    customer: ExamineCustomer = ExamineCustomer()
    member: ExamineMember = ExamineMember()


class ExamineRewardsRewardDetail(TypedDict):
    """An ACTIVE reward of one of the programs."""

    id: str
    name: str
    type: Literal["MATERIAL", "DIGITAL"]
    metadata: dict[str, Any]
    purchase_limits: Annotated[dict[str, Any], Stored(RepetitionLimits)]
    object: Literal["reward"]


class ExamineRewardsRewardReference(TypedDict):
    """A reward by its id."""

    id: str
    object: Literal["reward"]


class ExamineRewardsRewardCost(TypedDict):
    """The price."""

    points: int
    object: Literal["reward_cost"]


class MissingPoints(TypedDict):
    """How many points there are too few."""

    required: int
    available: int
    missing: int


class MissingCard(TypedDict):
    """The card definition of which the member has no card."""

    card_definition_id: str


class NoDetails(TypedDict):
    """The reason says it all."""


class ExamineRewardsRewardUnavailabilityReason(TypedDict):
    """One thing that stands in the way."""

    reason: Literal[
        "insufficient_balance",
        "no_target_card",
        "out_of_stock",
        "no_matching_cost",
        "no_card_for_cost",
        "outside_validity_window",
        "purchase_cooldown",
        "purchase_frequency_exceeded",
        "global_spending_limit_exceeded",
        "transaction_spending_limit_exceeded",
    ]
    details: MissingPoints | MissingCard | NoDetails
    object: Literal["reward_unavailability_reason"]


class ExamineRewardsCardRewardEstimation(TypedDict):
    """Whether a reward can be bought, at which price, and all that stands in the way."""

    reward: ExamineRewardsRewardReference
    status: Literal["AVAILABLE", "UNAVAILABLE"]
    cost: ExamineRewardsRewardCost
    unavailability_reasons: NotRequired[list[ExamineRewardsRewardUnavailabilityReason]]
    object: Literal["reward_estimation"]


class ExamineRewardsCardEstimation(TypedDict):
    """The rewards that a card would pay."""

    card: ExamineCardReference
    rewards: list[ExamineRewardsCardRewardEstimation]
    object: Literal["card_estimation"]


class ExamineRewardsMembership(TypedDict):
    """What one membership could buy, card by card."""

    member: ExamineMemberReference
    program: ExamineProgramReference
    cards: list[ExamineRewardsCardEstimation]
    object: Literal["member_rewards_opportunity"]


class ExamineRewardsResponse(TypedDict):
    """What a customer's ACTIVE memberships could buy."""

    customer: ExamineCustomerReference
    rewards: list[ExamineRewardsRewardDetail]
    memberships: list[ExamineRewardsMembership]
    object: Literal["rewards_examine_result"]
