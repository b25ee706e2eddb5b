"""Rewards ready to be bought: read once for each version of a project's definitions (domain 11)."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import NamedTuple

from troth.core.calendar import instants_of
from troth.core.definitions import Definition
from troth.core.earning.conditions import Conditions
from troth.core.earning.facts import MemberFacts
from troth.core.earning.scenes import Scene
from troth.core.rewards import Cost, RewardConfiguration


class Price(NamedTuple):
    """Points to pay from the member's card of a wallet."""

    points: int
    card_definition_id: str


class Reward:
    """A reward as members meet it; `asks_who_pays` says that one of its costs is not for everybody."""

    __slots__ = ("_costs", "asks_who_pays", "configuration", "definition", "id")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.id = definition.id
        self.configuration = RewardConfiguration.model_validate(definition.configuration)
        self._costs = tuple(_Cost(one) for one in self.configuration.costs)
        self.asks_who_pays = any(one.conditions for one in self._costs)

    @property
    def prices(self) -> Iterator[Price]:
        """All prices, in the order in which they are tried."""
        return (one.price for one in self._costs)

    def price_for(self, scene: Scene, member: MemberFacts) -> Price | None:
        """Return the first price whose conditions hold, None if none do."""
        for one in self._costs:
            if one.conditions is None or not one.conditions.refused(scene, member):
                return one.price
        return None

    def counted_from(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return when the period began in which purchases are limited at an instant, None if there is no such limit."""
        limits = self.configuration.purchase_limits.frequency.limits
        if not limits:
            return None
        current = limits[0].period.current_period
        assert current is not None, "the one type of period there is"
        return instants_of(current.unit, moment, zone)[0]

    @property
    def limits_purchases(self) -> bool:
        """Whether it matters what the member has bought before."""
        limits = self.configuration.purchase_limits
        return limits.cooldown.fixed_cooldown is not None or bool(limits.frequency.limits)


class Assigned(NamedTuple):
    """A reward in a program; where its stock is limited, how much is left is read under its lock."""

    reward: Reward
    is_limited: bool


class _Cost:
    __slots__ = ("conditions", "price")

    def __init__(self, cost: Cost) -> None:
        (spending,) = cost.spending
        self.price = Price(spending.points, spending.card_definition_id)
        self.conditions = Conditions(cost.rules) if cost.rules else None
