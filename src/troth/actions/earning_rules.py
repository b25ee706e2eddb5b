"""What earning rules have of their own among definitions."""

from typing import Final

from troth.actions.definitions import Fresh, Noun, Referred, series
from troth.core.earning_rules import (
    EarningRuleConfiguration,
    check_expirations,
    identified,
    references,
    tiers_asked_for,
)
from troth.core.expiration import PointsExpiration
from troth.core.lifecycle import EARNING_RULE
from troth.core.refusals import not_found
from troth.core.tier_lifecycle import TIER
from troth.db import tiers
from troth.db.database import Connection


def _arrange(
    desired: EarningRuleConfiguration, present: EarningRuleConfiguration | None, fresh: Fresh
) -> EarningRuleConfiguration:
    """Give every new earning its id; one that is given must be of the present rule (domain 5)."""
    known = {one.id for one in present.earnings} if present else set()
    for one in desired.earnings:
        if one.id is not None and one.id not in known:
            raise not_found("earning_item", one.id)
    return identified(desired, series(fresh, "lernei"))


async def _verify(
    connection: Connection, desired: EarningRuleConfiguration, present: EarningRuleConfiguration | None
) -> None:
    """Raise a refusal with `NOT_FOUND` for a tier that is not of the structure that it is newly named with."""
    asked = tiers_asked_for(desired) - (tiers_asked_for(present) if present else frozenset())
    if asked and (stray := await tiers.stray(connection, asked)):
        raise not_found(TIER.noun, stray)


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
    verify=_verify,
    check=_check,
)
