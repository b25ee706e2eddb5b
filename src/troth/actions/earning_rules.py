"""What earning rules have of their own among definitions."""

from typing import Final

from troth.actions.definitions import Fresh, Noun, Referred, series
from troth.core.earning_rules import EarningRuleConfiguration, check_expirations, identified, references
from troth.core.expiration import PointsExpiration
from troth.core.lifecycle import EARNING_RULE
from troth.core.refusals import not_found


def _arrange(
    desired: EarningRuleConfiguration, present: EarningRuleConfiguration | None, fresh: Fresh
) -> EarningRuleConfiguration:
    """Give every new earning its id; one that is given must be of the present rule (domain 5)."""
    known = {one.id for one in present.earnings} if present else set()
    for one in desired.earnings:
        if one.id is not None and one.id not in known:
            raise not_found("earning_item", one.id)
    return identified(desired, series(fresh, "lernei"))


def _check(configuration: EarningRuleConfiguration, referred: Referred) -> None:
    wallets = {
        one.id: PointsExpiration.model_validate(one.configuration["points_expiration"])
        for one in referred.values()
        if one.kind == "card_definition"
    }
    check_expirations(configuration, wallets)


EARNING_RULES: Final = Noun(
    lifecycle=EARNING_RULE,
    configuration=EarningRuleConfiguration,
    references=references,
    arrange=_arrange,
    check=_check,
)
