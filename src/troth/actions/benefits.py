"""What benefits have of their own among definitions; incentives are the same resource under another name (domain 1)."""

from dataclasses import replace
from typing import Final

from troth.actions.definitions import Noun, Referred
from troth.core.benefits import BenefitConfiguration, references
from troth.core.lifecycle import BENEFIT, CARD_DEFINITION, INCENTIVE, Status
from troth.core.refusals import Reason, Refusal


def _ready(_: BenefitConfiguration, referred: Referred) -> None:
    for one in referred.values():
        if one.kind == CARD_DEFINITION.kind and one.status != Status.ACTIVE:
            raise Refusal(
                Reason.NON_ACTIVE_CARD_DEFINITION,
                f"The benefit grants points on {CARD_DEFINITION.described(one.id)}, which is {one.status}, not ACTIVE",
                resource_id=one.id,
                resource_type=one.kind,
            )


BENEFITS: Final = Noun(lifecycle=BENEFIT, configuration=BenefitConfiguration, references=references, ready=_ready)
INCENTIVES: Final = replace(BENEFITS, lifecycle=INCENTIVE)
