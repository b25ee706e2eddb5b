"""What a rule decides: when it is asked, which earning holds, and the one reason why it gives nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.core.earning.facts import EVENT, MEMBER, SUNDAY, scene
from tests.core.earning.rules import amount_is, benefit, earning, points, program, rule

from troth.core.earning.evaluation import Outcome, RefusedBy, evaluate
from troth.core.earning.facts import (
    CustomEvent,
    Line,
    MemberFacts,
    Order,
    OrderPaid,
    SegmentEntered,
    Successes,
    TriggerFacts,
)
from troth.core.earning.scenes import Scene

CUSTOM_EVENT = {"event": "customer.custom_event", "custom_event": {"schema_id": "ms_1"}}
SEGMENT = {"event": "customer.segment.entered", "segment": {"id": "seg_1"}}


def decided(member: MemberFacts = MEMBER, about: Scene | None = None, **more: Any) -> Outcome:
    (outcome,) = evaluate(*program(rule(**more)), about or scene(), member)
    return outcome


def at(text: str) -> Scene:
    return scene(at=datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("trigger", "asked"),
    [
        (None, ["lern_order"]),
        (EVENT, ["lern_event"]),
        (CustomEvent("ms_2", {}), []),
        (CustomEvent(None, {}), ["lern_event"]),
        (SegmentEntered("seg_1"), ["lern_segment"]),
        (SegmentEntered("seg_2"), []),
        (SegmentEntered(None), ["lern_segment"]),
    ],
)
def test_rules_are_asked_about_their_trigger(trigger: TriggerFacts | None, asked: list[str]) -> None:
    rules = [
        rule(id_="lern_segment", trigger=SEGMENT),
        rule(id_="lern_order"),
        rule(id_="lern_event", trigger=CUSTOM_EVENT),
    ]
    outcomes = evaluate(*program(*rules), scene(trigger), MEMBER)
    assert [one.rule.id for one in outcomes] == asked
    assert all(one.reason is None for one in outcomes)


def test_rules_answer_in_their_order() -> None:
    rules = [rule(id_=f"lern_{name}") for name in "bca"]
    assert [one.rule.id for one in evaluate(*program(*rules), scene(), MEMBER)] == ["lern_b", "lern_c", "lern_a"]


DAILY = {
    "type": "DAILY",
    "daily": [
        {"days_of_week": [0], "start_time": "08:00", "end_time": "12:30"},
        {"days_of_week": [1, 2], "start_time": "00:00", "end_time": "23:59"},
    ],
}


@pytest.mark.parametrize(
    ("moment", "window", "details"),
    [
        ("2026-03-01T11:00", {"start_date": "2026-03-01T11:00:00Z"}, None),
        (
            "2026-03-01T10:59",
            {"start_date": "2026-03-01T11:00:00Z"},
            {"start_date": "2026-03-01T11:00:00.000Z"},
        ),
        ("2026-03-01T10:59", {"end_date": "2026-03-01T11:00:00Z"}, None),
        ("2026-03-01T11:00", {"end_date": "2026-03-01T11:00:00Z"}, {"end_date": "2026-03-01T11:00:00.000Z"}),
        ("2026-03-01T07:00", {"validity_hours": DAILY}, None),
        ("2026-03-01T11:30", {"validity_hours": DAILY}, None),
        ("2026-03-01T11:31", {"validity_hours": DAILY}, "hours"),
        ("2026-03-01T06:59", {"validity_hours": DAILY}, "hours"),
        ("2026-03-01T23:00", {"validity_hours": DAILY}, None),
        ("2026-03-03T23:00", {"validity_hours": DAILY}, "hours"),
    ],
)
def test_dates_and_hours_of_the_rule_and_of_its_program(moment: str, window: dict[str, Any], details: Any) -> None:
    about = at(moment)
    (of_program,) = evaluate(*program(rule(), **window), about, MEMBER)
    for outcome, more in ((decided(about=about, **window), {}), (of_program, {"program_id": "lprg_1"})):
        assert outcome.reason is (RefusedBy.VALIDITY if details else None)
        if details == "hours":
            assert outcome.details["validity_hours"]["type"] == "DAILY"
        elif details:
            assert outcome.details == {**more, **details}


@pytest.mark.parametrize(
    ("rule_status", "program_status", "member_status", "details"),
    [
        ("ACTIVE", "ACTIVE", "ACTIVE", {}),
        ("INACTIVE", "ACTIVE", "ACTIVE", {"earning_rule_status": "INACTIVE"}),
        ("DRAFT", "ACTIVE", "ACTIVE", {"earning_rule_status": "DRAFT"}),
        ("INACTIVE", "INACTIVE", "INACTIVE", {"program_status": "INACTIVE"}),
        ("ACTIVE", "DELETED", "ACTIVE", {"program_status": "DELETED"}),
        ("ACTIVE", "ACTIVE", "INACTIVE", {"member_status": "INACTIVE"}),
    ],
)
def test_everybody_must_be_active(rule_status: str, program_status: str, member_status: str, details: Any) -> None:
    asked = program(rule(status=rule_status), status=program_status)
    (outcome,) = evaluate(*asked, scene(), replace(MEMBER, status=member_status))
    assert (outcome.reason, outcome.details) == (RefusedBy.INACTIVE if details else None, details)


def cooldown(value: int, unit: str) -> dict[str, Any]:
    period = {"period": {"value": value, "unit": unit}}
    return {"cooldown": {"type": "FIXED_COOLDOWN", "fixed_cooldown": period}}


def frequency(largest: int, unit: str) -> dict[str, Any]:
    period = {"type": "CURRENT_PERIOD", "current_period": {"unit": unit}}
    limit = {"type": "TIME_BASED", "period": period, "triggers": {"max": largest}}
    return {"frequency": {"type": "LIMITED", "limits": [limit]}}


@pytest.mark.parametrize(
    ("last", "limits", "until"),
    [
        ("2026-03-01T11:00", cooldown(1, "HOUR"), None),
        ("2026-03-01T11:01", cooldown(1, "HOUR"), "2026-03-01T12:01:00.000Z"),
        ("2026-02-01T12:00", cooldown(1, "MONTH"), None),
        ("2026-02-28T12:00", cooldown(1, "DAY"), None),
        ("2026-02-28T12:01", cooldown(1, "DAY"), "2026-03-01T12:01:00.000Z"),
        ("2026-03-01T12:00", {}, None),
    ],
)
def test_cooldown(last: str, limits: dict[str, Any], until: str | None) -> None:
    before = Successes(datetime.fromisoformat(last).replace(tzinfo=UTC))
    outcome = decided(replace(MEMBER, successes={"lern_1": before}), trigger_limits=limits)
    assert (outcome.reason, outcome.details) == ((RefusedBy.COOLDOWN, {"until": until}) if until else (None, {}))
    assert decided(replace(MEMBER, successes={"lern_2": before}), trigger_limits=limits).reason is None


@pytest.mark.parametrize(
    ("unit", "first"),
    [
        ("DAY", date(2026, 3, 1)),
        ("WEEK", date(2026, 2, 23)),
        ("MONTH", date(2026, 3, 1)),
        ("QUARTER", date(2026, 1, 1)),
        ("YEAR", date(2026, 1, 1)),
    ],
)
def test_frequency(unit: str, first: date) -> None:
    limited = rule(trigger_limits=frequency(2, unit))
    assert limited.period(SUNDAY, scene().zone) == (unit, first)
    member, seen = MEMBER, []
    for _ in range(3):
        (outcome,) = evaluate(*program(limited), scene(), member)
        seen.append((outcome.reason, outcome.details))
        before = member.successes.get("lern_1", Successes())
        after = before.with_another(SUNDAY, limited.period(SUNDAY, scene().zone))
        member = replace(member, successes={"lern_1": after})
    assert seen == [(None, {}), (None, {}), (RefusedBy.FREQUENCY, {"max": 2, "unit": unit})]
    next_year = scene(at=SUNDAY.replace(year=2027))
    assert evaluate(*program(limited), next_year, member)[0].reason is None


def test_the_period_begins_at_midnight_in_the_project() -> None:
    limited = rule(trigger_limits=frequency(1, "MONTH"))
    late, zone = datetime(2026, 3, 31, 22, 0, tzinfo=UTC), scene().zone
    assert limited.period(late, zone) == ("MONTH", date(2026, 4, 1))
    assert rule().period(late, zone) is None


def tiers(**structures: list[str]) -> dict[str, Any]:
    entries = [{"tier_structure_id": f"lts_{key[1:]}", "tier_ids": ids} for key, ids in structures.items()]
    return {"type": "ANY_OF", "any_of": entries}


@pytest.mark.parametrize(
    ("is_in", "wanted", "allowed"),
    [
        ({"lts_1": "lt_1"}, tiers(s1=["lt_1", "lt_2"]), True),
        ({"lts_1": "lt_3"}, tiers(s1=["lt_1", "lt_2"]), False),
        ({}, tiers(s1=["lt_1"]), False),
        ({"lts_2": "lt_2"}, tiers(s1=["lt_1"], s2=["lt_2"]), True),
        ({"lts_2": "lt_1"}, tiers(s1=["lt_1"], s2=["lt_2"]), False),
        ({}, {"type": "NO_REQUIREMENTS"}, True),
    ],
)
def test_tiers(is_in: dict[str, str], wanted: dict[str, Any], allowed: bool) -> None:
    (outcome,) = evaluate(*program(rule(earning(tier_rules=wanted))), scene(), replace(MEMBER, tiers=is_in))
    assert outcome.reason is (None if allowed else RefusedBy.TIER)


def test_the_first_earning_that_holds_gives_all_its_effects() -> None:
    own = {"type": "CALENDAR_EXPIRATION", "calendar_expiration": {"expiration_dates": [{"day": 1, "month": 5}]}}
    asked = rule(
        earning(points(1), id_="lernei_1", tier_rules=tiers(s1=["lt_1"])),
        earning(points(2), id_="lernei_2", rules=amount_is(1, error={"message": "Buy more"})),
        earning(points(3, points_expiration=own), benefit("linc_7"), points(4), id_="lernei_3"),
        earning(points(5), id_="lernei_4"),
    )
    (outcome,) = evaluate(*program(asked), scene(), MEMBER)
    assert (outcome.earning_item_id, outcome.reason) == ("lernei_3", None)
    first, granted, last = outcome.given
    assert (first.place, first.points, first.card_id, first.expiration.type) == (0, 3, "lcrd_1", "CALENDAR_EXPIRATION")
    assert granted == (1, "lben_7")
    assert (last.place, last.points, last.expiration) == (2, 4, None)
    by_tier, by_condition = outcome.passed
    assert by_tier == ("lernei_1", RefusedBy.TIER, ())
    (refused,) = by_condition.conditions
    assert refused == ("1", "order.amount", "$is", 4000, "Buy more")


@pytest.mark.parametrize(
    ("earnings", "reason"),
    [
        ([earning(rules=amount_is(1))], RefusedBy.CONDITION),
        ([earning(tier_rules=tiers(s1=["lt_1"]))], RefusedBy.TIER),
        ([earning(tier_rules=tiers(s1=["lt_1"])), earning(id_="lernei_2", rules=amount_is(1))], RefusedBy.CONDITION),
        ([earning(points(wallet="lcdef_2"))], RefusedBy.NO_CARD),
        ([earning(points(wallet="lcdef_2"), points(wallet="lcdef_3"))], RefusedBy.NO_CARD),
        ([earning(points(wallet="lcdef_2"), points())], None),
        ([earning(points(wallet="lcdef_2"), benefit())], None),
        ([earning(points(0))], None),
    ],
)
def test_the_reason_of_a_rule(earnings: list[dict[str, Any]], reason: RefusedBy | None) -> None:
    (outcome,) = evaluate(*program(rule(*earnings)), scene(), MEMBER)
    assert outcome.reason is reason


def test_the_first_reason_counts() -> None:
    member = replace(MEMBER, successes={"lern_1": Successes(SUNDAY, {("DAY", date(2026, 3, 1)): 1})})
    limits = cooldown(1, "HOUR") | frequency(1, "DAY")
    one = earning(rules=amount_is(1), tier_rules=tiers(s1=["lt_1"]))
    past = {"end_date": "2026-01-01T00:00:00Z"}
    asked = [
        rule(one, status="INACTIVE", trigger_limits=limits, **past),
        rule(one, trigger_limits=limits, **past),
        rule(one, trigger_limits=limits),
        rule(one, trigger_limits=frequency(1, "DAY")),
        rule(one),
    ]
    assert [outcome.reason for outcome in evaluate(*program(*asked), scene(), member)] == [
        RefusedBy.INACTIVE,
        RefusedBy.VALIDITY,
        RefusedBy.COOLDOWN,
        RefusedBy.FREQUENCY,
        RefusedBy.TIER,
    ]


def test_rules_at_their_limits_over_an_order_of_500_items() -> None:
    lines = tuple(Line(f"prod_{place:x}", price=place, quantity=place % 7) for place in range(500))
    nested = {
        str(n): {"name": "order.items.price", "conditions": {"$more_than": [499 + n], "$is_not": [n]}}
        for n in range(1, 48)
    }
    last = {"48": {"name": "order.items.quantity", "conditions": {"$is": [6]}}}
    logic = " or ".join([*nested, "(" * 32 + "48" + ")" * 32])

    def matching(place: int, chosen: str) -> dict[str, Any]:
        picked = {"$in": [f"prod_{n:x}" for n in range(place, 500)]}
        rules = {"logic": chosen, **nested, **last}
        return {"logic": "1", "1": {"name": "order.items.any", "conditions": picked, "rules": rules}}

    earnings = [
        earning(points(n), id_=f"lernei_{n:x}", rules=matching(n, logic if n == 99 else " or ".join(nested)))
        for n in range(100)
    ]
    (outcome,) = evaluate(*program(rule(*earnings)), scene(OrderPaid(Order(0, 0, 0, lines, {}))), MEMBER)
    assert (outcome.earning_item_id, len(outcome.passed)) == ("lernei_63", 99)
    assert [len(one.conditions) for one in outcome.passed] == [47] * 99
