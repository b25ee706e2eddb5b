"""Earning rules: defaults, triggers, effects, limits, ids of earnings, references."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.core.strategies import EARNING_RULES, HEX
from tests.faults import faults, faults_of, stored_and_read

from troth.core.earning_rules import (
    EarningRuleConfiguration,
    Effect,
    TriggerLimits,
    check_expirations,
    identified,
    references,
)
from troth.core.expiration import NO_EXPIRATION, PointsExpiration

ORDER_PAID = {"event": "customer.order.paid"}
CUSTOM_EVENT = {"event": "customer.custom_event", "custom_event": {"schema_id": "ms_1"}}
SEGMENT = {"event": "customer.segment.entered", "segment": {"id": "seg_1"}}
EVERY = {"every": 100, "value": 1}


def points(value: int = 10, **more: Any) -> dict[str, Any]:
    return {"type": "POINTS", "points": {"value": value, "card_definition_id": "lcdef_1", **more}}


def earning(*effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"effects": list(effects) or [points()], **more}


def rule(*earnings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"trigger": ORDER_PAID, "earnings": list(earnings) or [earning()], **more}


def asking(name: str, **more: Any) -> dict[str, Any]:
    return earning(rules={"logic": "1", "1": {"name": name, "conditions": {"$is": [1]}, **more}})


def proportional(kind: str, **base: Any) -> dict[str, Any]:
    part = {"calculation_type": kind, "card_definition_id": "lcdef_1", **base}
    return {"type": "POINTS_PROPORTIONAL", "points_proportional": part}


def many_rules(count: int) -> dict[str, Any]:
    one = {"name": "order.amount", "conditions": {"$is": [1]}}
    nested = {"logic": "1", "1": {"name": "order.items.price", "conditions": {"$is": [1]}}}
    numbered = {str(number): one for number in range(1, count - 1)}
    return {"logic": "1", **numbered, "99": {"name": "order.items.any", "rules": nested}}


@pytest.mark.parametrize(
    "more",
    [{}, dict.fromkeys(["validity_hours", "start_date", "end_date", "error", "trigger_limits"])],
    ids=["absent", "null"],
)
def test_defaults(more: dict[str, Any]) -> None:
    assert EarningRuleConfiguration.model_validate(rule(**more)).stored() == {
        "trigger": ORDER_PAID,
        "earnings": ({"tier_rules": {"type": "NO_REQUIREMENTS"}, "effects": (points(),)},),
        "validity_hours": {"type": "ANY_TIME"},
        "trigger_limits": {
            "cooldown": {"type": "NO_COOLDOWN"},
            "frequency": {"type": "NO_LIMIT", "limits": ()},
        },
    }


@given(EARNING_RULES, st.lists(HEX, min_size=3, max_size=3, unique=True))
def test_storing_changes_nothing(value: dict[str, Any], fresh: list[str]) -> None:
    configuration = identified(EarningRuleConfiguration.model_validate(value), (f"lernei_{one}" for one in fresh))
    assert stored_and_read(configuration) == configuration
    assert all(next(iter(one)) == "id" for one in configuration.stored()["earnings"])


def test_new_earnings_get_fresh_ids_and_present_ones_keep_theirs() -> None:
    configuration = EarningRuleConfiguration.model_validate(rule(earning(), earning(id="lernei_a"), earning(name="x")))
    named = identified(configuration, iter(["lernei_1", "lernei_2"]))
    assert [one.id for one in named.earnings] == ["lernei_1", "lernei_a", "lernei_2"]
    assert [one.name for one in named.earnings] == [None, None, "x"]
    assert named.earnings[1] == configuration.earnings[1]


@pytest.mark.parametrize("face", ["BENEFIT", "INCENTIVE"])
@pytest.mark.parametrize("prefix", ["lben", "linc"])
def test_both_faces_of_a_benefit_are_read_and_shown_as_written(face: str, prefix: str) -> None:
    written = {"type": face, face.lower(): {"id": f"{prefix}_1f"}}
    effect = Effect.model_validate(written)
    assert effect.stored() == written
    assert effect.benefit_id == "lben_1f"


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"earnings": [earning()]}, "trigger", "Field required"),
        ({"trigger": ORDER_PAID, "earnings": []}, "earnings", "must hold 1 to 100 entries"),
        (rule(*[earning()] * 101), "earnings", "must hold 1 to 100 entries"),
        (rule({"effects": []}), "earnings.0.effects", "must hold 1 to 20 entries"),
        (rule(earning(*[points()] * 21)), "earnings.0.effects", "must hold 1 to 20 entries"),
        (
            rule(earning(rules=many_rules(51))),
            "earnings.0.rules",
            "must hold at most 50 rules, nested ones included",
        ),
        (rule(earning(id="lernei_a"), earning(id="lernei_a")), "earnings.1.id", "must not be given to two earnings"),
        (rule(earning(name="x" * 201)), "earnings.0.name", "String should have at most 200 characters"),
        (
            rule(earning({**points(), "benefit": {"id": "lben_1"}})),
            "earnings.0.effects.0.benefit",
            "must be left out or null when type is POINTS",
        ),
        (
            rule(earning({"type": "INCENTIVE"})),
            "earnings.0.effects.0.incentive",
            "is required when type is INCENTIVE",
        ),
        (rule(earning(points(-1))), "earnings.0.effects.0.points.value", "Input should be greater than or equal to 0"),
        (
            rule(earning(tier_rules={"type": "ANY_OF"})),
            "earnings.0.tier_rules.any_of",
            "is required when type is ANY_OF",
        ),
        (
            rule(trigger={"event": "customer.custom_event"}),
            "trigger.custom_event",
            "is required when event is customer.custom_event",
        ),
        (
            rule(trigger={**SEGMENT, "event": "customer.order.paid"}),
            "trigger.segment",
            "must be left out or null when event is customer.order.paid",
        ),
        (
            rule(asking("order.amount"), trigger=CUSTOM_EVENT),
            "earnings.0.rules.1.name",
            "order.amount needs the trigger customer.order.paid, this rule has customer.custom_event",
        ),
        (
            rule(asking("custom_event.metadata", property="x")),
            "earnings.0.rules.1.name",
            "custom_event.metadata needs the trigger customer.custom_event, this rule has customer.order.paid",
        ),
        (
            rule(
                earning(proportional("PRE_DISCOUNT_ORDER_AMOUNT", order={"amount": EVERY})),
                trigger=SEGMENT,
            ),
            "earnings.0.effects.0.points_proportional.calculation_type",
            "PRE_DISCOUNT_ORDER_AMOUNT needs the trigger customer.order.paid, this rule has customer.segment.entered",
        ),
        (
            rule(start_date="2026-01-02T00:00:00Z", end_date="2026-01-01T00:00:00Z"),
            "end_date",
            "must be after start_date",
        ),
        (rule(error={"message": "x" * 201}), "error.message", "String should have at most 200 characters"),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(EarningRuleConfiguration, value) == {path: words}


@pytest.mark.parametrize(
    ("trigger", "carried"),
    [
        (ORDER_PAID, {"customer.metadata", "order.amount", "order.metadata", "order.items.count"}),
        (CUSTOM_EVENT, {"customer.metadata", "custom_event.metadata"}),
        (SEGMENT, {"customer.metadata"}),
    ],
)
def test_names_by_trigger(trigger: dict[str, Any], carried: set[str]) -> None:
    names = ["customer.metadata", "order.amount", "order.metadata", "order.items.count", "custom_event.metadata"]
    accepted = {
        name
        for name in names
        if not faults(EarningRuleConfiguration, rule(asking(name, property="x"), trigger=trigger))
    }
    assert accepted == carried


def test_as_many_rules_as_allowed() -> None:
    assert faults(EarningRuleConfiguration, rule(earning(rules=many_rules(50)))) == {}


@pytest.mark.parametrize(
    ("value", "unit", "allowed"),
    [
        *[
            (largest, unit, True)
            for unit, largest in (("HOUR", 24), ("DAY", 90), ("WEEK", 52), ("MONTH", 12), ("YEAR", 1))
        ],
        *[(over, unit, False) for unit, over in (("HOUR", 25), ("DAY", 91), ("WEEK", 53), ("MONTH", 13), ("YEAR", 2))],
        (0, "DAY", False),
    ],
)
def test_cooldown_periods(value: int, unit: str, allowed: bool) -> None:
    cooldown = {"type": "FIXED_COOLDOWN", "fixed_cooldown": {"period": {"value": value, "unit": unit}}}
    found = faults(TriggerLimits, {"cooldown": cooldown})
    assert list(found) == ([] if allowed else ["cooldown.fixed_cooldown.period.value"])


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"frequency": {"type": "LIMITED"}}, "frequency.limits", "is required when type is LIMITED"),
        (
            {"cooldown": {"type": "FIXED_COOLDOWN"}},
            "cooldown.fixed_cooldown",
            "is required when type is FIXED_COOLDOWN",
        ),
        (
            {
                "frequency": {
                    "type": "LIMITED",
                    "limits": [{"type": "TIME_BASED", "period": {"type": "CURRENT_PERIOD"}, "triggers": {"max": 1}}],
                }
            },
            "frequency.limits.0.period.current_period",
            "is required when type is CURRENT_PERIOD",
        ),
    ],
)
def test_trigger_limits_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(TriggerLimits, value) == {path: words}


def test_references_are_everything_that_is_named() -> None:
    items = {"every": 1, "value": 1, "applicable_to": [{"type": "product", "product": {"id": "prod_2"}}]}
    sliding = {
        "type": "SLIDING_EXPIRATION",
        "sliding_expiration": {
            "custom_activity": True,
            "custom_activity_types": ["ms_9"],
            "period": {"value": 1, "unit": "DAY"},
        },
    }
    rules = {
        "logic": "1 or 2",
        "1": {"name": "customer.segment", "conditions": {"$in": ["seg_1", {"id": "seg_2", "object": "segment"}]}},
        "2": {
            "name": "order.items.any",
            "conditions": {
                "$is": ["prod_1", {"id": "sku_1"}, {"source_id": "own"}, "own-too"],
                "$from": [{"id": "pc_1"}],
            },
            "rules": {
                "logic": "1",
                "1": {"name": "order.items.price", "conditions": {"$more_than": [1], "$from": ["pc_2"]}},
            },
        },
        "3": {"name": "customer.metadata", "property": "x", "conditions": {"$is": ["prod_77"]}, "schema_id": "ms_3"},
    }
    value = rule(
        earning(
            points(points_expiration=sliding),
            proportional("ORDER_ITEMS_QUANTITY", order_items={"quantity": items}),
            {"type": "INCENTIVE", "incentive": {"id": "linc_5"}},
            rules=rules,
            tier_rules={"type": "ANY_OF", "any_of": [{"tier_structure_id": "lts_1", "tier_ids": ["lt_1", "lt_2"]}]},
        )
    )
    assert references(EarningRuleConfiguration.model_validate(value)) == {
        *("lcdef_1", "lben_5", "lts_1", "lt_1", "lt_2", "ms_3", "ms_9"),
        *("seg_1", "seg_2", "prod_1", "prod_2", "sku_1", "pc_1", "pc_2"),
    }


@pytest.mark.parametrize(("trigger", "reference"), [(CUSTOM_EVENT, "ms_1"), (SEGMENT, "seg_1")])
def test_references_of_triggers(trigger: dict[str, Any], reference: str) -> None:
    value = EarningRuleConfiguration.model_validate(rule(trigger=trigger))
    assert references(value) == {"lcdef_1", reference}


def test_an_own_expiration_must_suit_the_wallet() -> None:
    rolling = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "DAY"}}}
    value = EarningRuleConfiguration.model_validate(rule(earning(points(), points(points_expiration=rolling))))
    check_expirations(value, {"lcdef_1": NO_EXPIRATION})
    check_expirations(value, {"lcdef_1": PointsExpiration.model_validate(rolling)})
    dates = {"expiration_dates": [{"day": 1, "month": 1}]}
    calendar = PointsExpiration.model_validate({"type": "CALENDAR_EXPIRATION", "calendar_expiration": dates})
    with pytest.raises(ValidationError) as refused:
        check_expirations(value, {"lcdef_1": calendar})
    assert faults_of(refused.value) == {
        "earnings.0.effects.1.points.points_expiration.type": (
            "must be NO_EXPIRATION or CALENDAR_EXPIRATION, as on the card definition lcdef_1"
        )
    }
