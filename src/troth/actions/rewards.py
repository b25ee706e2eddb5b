"""What rewards have of their own among definitions: the ids of their costs (domain 5 and 11)."""

from typing import Final

from troth.actions.definitions import Fresh, Noun, series
from troth.core.lifecycle import REWARD
from troth.core.refusals import not_found
from troth.core.rewards import RewardConfiguration, identified, references


def _arrange(desired: RewardConfiguration, present: RewardConfiguration | None, fresh: Fresh) -> RewardConfiguration:
    """Give every new cost its ids; one that is given must be of the present reward (domain 5)."""
    known: dict[str, str] = {}
    for cost in present.costs if present else ():
        (spending,) = cost.spending
        assert cost.id is not None and spending.id is not None  # noqa: PT018 - what is stored has its ids
        known[cost.id] = spending.id
    for cost in desired.costs:
        if cost.id is not None and cost.id not in known:
            raise not_found("cost", cost.id)
    return identified(desired, known, series(fresh, "lrcst"), series(fresh, "lrspn"))


REWARDS: Final = Noun(lifecycle=REWARD, configuration=RewardConfiguration, references=references, arrange=_arrange)
