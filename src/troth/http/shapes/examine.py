"""What examining answers (contract: ExamineEarningRules…)."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.http.shapes.benefits import BenefitId, BenefitType
from troth.http.shapes.earning_rules import EarningRuleId


class ExamineCustomerReference(TypedDict):
    """The customer, with the metadata that are stored."""

    id: str
    source_id: str | None
    metadata: dict[str, Any]
    object: Literal["customer"]


class ExamineMemberReference(TypedDict):
    """A member of the customer, with the metadata that are stored."""

    id: str
    customer_id: str
    program_id: str
    metadata: dict[str, Any]
    object: Literal["member"]


class ExamineProgramReference(TypedDict):
    """The program of a member."""

    id: str
    name: str
    metadata: dict[str, Any]
    object: Literal["program"]


class ExamineCardReference(TypedDict):
    """A card of a member."""

    id: str
    card_definition_id: str
    card_type: Literal["INDIVIDUAL"]
    code: str | None
    object: Literal["card"]


class ExamineEarningRuleReference(TypedDict):
    """An earning rule by its id."""

    id: EarningRuleId
    object: Literal["earning_rule"]


class ExamineEarningRuleDetail(TypedDict):
    """An earning rule that would give something."""

    id: EarningRuleId
    name: str
    metadata: dict[str, Any]
    object: Literal["earning_rule"]


class ExamineEarningRulesCardEarningRuleEstimation(TypedDict):
    """What one rule would give to a card."""

    earning_rule: ExamineEarningRuleReference
    points_estimation: Annotated[float, Field(ge=0)]
    object: Literal["earning_rule_estimation"]


class ExamineEarningRulesCardEstimation(TypedDict):
    """What a card would get in all, and by which rules."""

    card: ExamineCardReference
    points_estimation: Annotated[float, Field(ge=0)]
    earning_rules: list[ExamineEarningRulesCardEarningRuleEstimation]
    object: Literal["card_estimation"]


class ExamineBenefitReference(TypedDict):
    """A benefit."""

    id: BenefitId
    name: str
    type: BenefitType
    object: Literal["benefit"]


class ExamineEarningRulesBenefitEarningRuleEstimation(TypedDict):
    """A rule that would grant the benefit."""

    earning_rule: ExamineEarningRuleReference
    object: Literal["earning_rule_estimation"]


class ExamineEarningRulesBenefitEstimation(TypedDict):
    """A benefit that would be granted, and by which rules."""

    benefit: ExamineBenefitReference
    earning_rules: list[ExamineEarningRulesBenefitEarningRuleEstimation]
    object: Literal["benefit_estimation"]


class ExamineEarningRulesMembership(TypedDict):
    """What one membership would earn."""

    member: ExamineMemberReference
    program: ExamineProgramReference
    cards: list[ExamineEarningRulesCardEstimation]
    benefits: list[ExamineEarningRulesBenefitEstimation]
    object: Literal["member_earnings_opportunity"]


class ExamineEarningRulesResponse(TypedDict):
    """What a customer's ACTIVE memberships would earn; `event` is null where all kinds of triggers were examined."""

    event: str | None
    customer: ExamineCustomerReference
    earning_rules: list[ExamineEarningRuleDetail]
    memberships: list[ExamineEarningRulesMembership]
    object: Literal["earnings_examine_result"]
