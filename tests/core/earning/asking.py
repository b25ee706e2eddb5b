"""Ask one condition about a scene."""

from typing import Any

from tests.core.earning.facts import MEMBER, scene

from troth.core.conditions import RulesGroup
from troth.core.earning.conditions import Conditions
from troth.core.earning.scenes import Scene
from troth.core.rewards import CostRulesGroup


def asked(rule: dict[str, Any], about: Scene | None = None) -> tuple[tuple[str, str, Any], ...]:
    """Return the number, operator and seen value of each condition that did not hold."""
    group = CostRulesGroup if rule["name"] == "member.metadata" else RulesGroup
    conditions = Conditions(group.model_validate({"logic": "1", "1": rule}))
    return tuple((one.number, one.operator, one.seen) for one in conditions.refused(about or scene(), MEMBER))


def holds(name: str, operator: str, *values: Any, about: Scene | None = None, **more: Any) -> bool:
    return not asked({"name": name, "conditions": {operator: list(values)}, **more}, about)
