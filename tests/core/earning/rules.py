"""Earning rules as the tests of earning write them."""

from datetime import UTC, datetime
from typing import Any

from troth.core.definitions import Definition, ProgramInForce
from troth.core.earning.evaluation import EarningRule
from troth.core.programs import ProgramConfiguration

ORDER_PAID = {"event": "customer.order.paid"}


def points(value: int = 10, wallet: str = "lcdef_1", **more: Any) -> dict[str, Any]:
    return {"type": "POINTS", "points": {"value": value, "card_definition_id": wallet, **more}}


def in_proportion(kind: str, section: str, name: str, wallet: str = "lcdef_1", **base: Any) -> dict[str, Any]:
    part = {"calculation_type": kind, "card_definition_id": wallet, section: {name: {"every": 1, "value": 1, **base}}}
    return {"type": "POINTS_PROPORTIONAL", "points_proportional": part}


def benefit(id_: str = "lben_1") -> dict[str, Any]:
    return {"type": "BENEFIT", "benefit": {"id": id_}}


def amount_is(value: Any, **more: Any) -> dict[str, Any]:
    return {"logic": "1", "1": {"name": "order.amount", "conditions": {"$is": [value]}, **more}}


def earning(*effects: dict[str, Any], id_: str = "lernei_1", **more: Any) -> dict[str, Any]:
    return {"id": id_, "effects": list(effects) or [points()], **more}


def rule(*earnings: dict[str, Any], id_: str = "lern_1", status: str = "ACTIVE", **more: Any) -> EarningRule:
    written = {"trigger": ORDER_PAID, "earnings": list(earnings) or [earning()], **more}
    definition = Definition(
        id=id_,
        kind="earning_rule",
        name=f"Rule {id_}",
        status=status,
        configuration=written,
        metadata={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return EarningRule(definition)


def program(
    *rules: EarningRule, status: str = "ACTIVE", **window: Any
) -> tuple[ProgramInForce, tuple[EarningRule, ...]]:
    in_force = ProgramInForce("lprg_1", "Club", status, ProgramConfiguration.model_validate(window), {})
    return in_force, rules or (rule(),)
