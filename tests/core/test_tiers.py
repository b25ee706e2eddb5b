"""Tier structures and tiers: defaults, periods, graces, and ranges that do not overlap."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.core.strategies import DATES, FLAG, OWN_EXPIRATION, chosen, ids, periods
from tests.faults import faults, faults_of, stored_and_read

from troth.core.sections import replaced
from troth.core.tiers import (
    TierConfiguration,
    TierStructureConfiguration,
    check_range,
    structure_references,
    tier_references,
)
from troth.http.shapes.tier_structures import TierStructureUpdateRequest, TierUpdateRequest

BALANCE = {"type": "POINT_BALANCE", "point_balance": {"card_definition_id": "lcdef_1"}}
LONG = periods(DAY=36_500, MONTH=1_200, YEAR=100)
STRUCTURES = st.one_of(
    chosen("POINT_BALANCE", point_balance=st.fixed_dictionaries({"card_definition_id": ids("lcdef")})),
    chosen(
        "POINT_EARNED",
        point_earned=st.fixed_dictionaries(
            {
                "card_definition_id": ids("lcdef"),
                "period": periods(DAY=90, WEEK=52, MONTH=12, YEAR=5),
                "type": st.sampled_from(["IMMEDIATELY", "NEXT_TRACKING_PERIOD"]),
            }
        ),
    ),
).flatmap(
    lambda source: st.fixed_dictionaries(
        {name: st.just(value) for name, value in source.items()},
        optional={
            "expiration": st.one_of(
                st.none(),
                chosen("NO_RETENTION"),
                chosen("FIXED_DURATION", fixed_duration=st.fixed_dictionaries({"period": LONG})),
                chosen("CALENDAR_EXPIRATION", calendar_expiration=st.fixed_dictionaries({"calendar_dates": DATES})),
                chosen(
                    "SLIDING_EXPIRATION",
                    sliding_expiration=st.fixed_dictionaries({"period": LONG, "earning_activity": FLAG}),
                ),
            ),
            "downgrade": st.one_of(
                st.none(),
                chosen("NO_DOWNGRADE"),
                st.builds(
                    lambda kind, period, round_up: {"type": kind, "grace_period": {**period, "round_up": round_up}},
                    st.sampled_from(["SINGLE_LEVEL", "MULTI_LEVEL"]),
                    LONG,
                    FLAG,
                ),
            ),
        },
    )
)


def tier(low: Any, high: Any = None, segment: str | None = None) -> dict[str, Any]:
    rules: dict[str, Any] = {"type": "POINTS", "points": {"min_value": low, "max_value": high}}
    if segment:
        rules = {**rules, "type": "POINTS_AND_SEGMENT", "segment": {"id": segment}}
    return {"qualification_rules": rules}


def test_defaults() -> None:
    assert TierStructureConfiguration.model_validate({**BALANCE, "expiration": None}).stored() == {
        **BALANCE,
        "expiration": {"type": "NO_RETENTION"},
        "downgrade": {"type": "NO_DOWNGRADE"},
    }
    assert TierConfiguration.model_validate({**tier(0), "downgrade": None}).stored() == {
        "qualification_rules": {"type": "POINTS", "points": {"min_value": 0}},
        "downgrade": {"type": "INHERIT"},
    }


@given(STRUCTURES)
def test_storing_a_structure_changes_nothing(value: dict[str, Any]) -> None:
    read = TierStructureConfiguration.model_validate(value)
    assert stored_and_read(read) == read


@given(st.decimals(0, 10**9, places=2), st.sampled_from([None, "seg_1"]), OWN_EXPIRATION)
def test_storing_a_tier_changes_nothing(low: Any, segment: str | None, expiration: Any) -> None:
    read = TierConfiguration.model_validate({**tier(low, 10**9, segment), "points_expiration": expiration})
    assert stored_and_read(read) == read


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"type": "POINT_BALANCE"}, "point_balance", "is required when type is POINT_BALANCE"),
        (
            {**BALANCE, "downgrade": {"type": "NO_DOWNGRADE", "grace_period": {"value": 1, "unit": "DAY"}}},
            "downgrade.grace_period",
            "must be left out or null when type is NO_DOWNGRADE",
        ),
        (
            {**BALANCE, "expiration": {"type": "FIXED_DURATION"}},
            "expiration.fixed_duration",
            "is required when type is FIXED_DURATION",
        ),
        (
            {**BALANCE, "expiration": {"type": "SLIDING_EXPIRATION", "sliding_expiration": {"period": None}}},
            "expiration.sliding_expiration.period",
            "must be a period with value and unit",
        ),
        (
            {
                **BALANCE,
                "expiration": {
                    "type": "FIXED_DURATION",
                    "fixed_duration": {"period": {"value": 101, "unit": "YEAR"}},
                },
            },
            "expiration.fixed_duration.period.value",
            "must be 1 to 100 when unit is YEAR",
        ),
        (
            {
                "type": "POINT_EARNED",
                "point_earned": {
                    "card_definition_id": "lcdef_1",
                    "period": {"value": 53, "unit": "WEEK"},
                    "type": "IMMEDIATELY",
                },
            },
            "point_earned.period.value",
            "must be 1 to 52 when unit is WEEK",
        ),
    ],
)
def test_structures_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(TierStructureConfiguration, value) == {path: words}


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (tier(10, 9), "qualification_rules.points.max_value", "must be at least min_value 10"),
        (tier(-1), "qualification_rules.points.min_value", "Input should be greater than or equal to 0"),
        (
            {"qualification_rules": {"type": "POINTS_AND_SEGMENT", "points": {"min_value": 1}}},
            "qualification_rules.segment",
            "is required when type is POINTS_AND_SEGMENT",
        ),
        (
            {"qualification_rules": {**tier(1, 2, "seg_1")["qualification_rules"], "type": "POINTS"}},
            "qualification_rules.segment",
            "must be left out or null when type is POINTS",
        ),
    ],
)
def test_tiers_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(TierConfiguration, value) == {path: words}


@pytest.mark.parametrize(
    ("one", "others", "words"),
    [
        (tier(0, 99), [tier(100, 199), tier(200)], None),
        (tier(0, 100), [tier(100, 200)], None),
        (tier(0, 101), [tier(100, 200)], "must not overlap the points of another tier, from 100 to 200"),
        (tier(150), [tier(100, 200)], "must not overlap the points of another tier, from 100 to 200"),
        (tier(200), [tier(100, 200)], None),
        (tier(200), [tier(100)], "must not overlap the points of another tier, from 100 without an upper end"),
        (tier(0), [tier(100)], "must not overlap the points of another tier, from 100 without an upper end"),
        (tier(100, 100), [tier(100, 200)], "must not overlap the points of another tier, from 100 to 200"),
        (tier(0, None, "seg_1"), [tier(100)], None),
        (
            tier(0, None, "seg_1"),
            [tier(100, None, "seg_2")],
            "must not overlap the points of another tier, from 100 without an upper end",
        ),
    ],
)
def test_ranges_of_one_kind_do_not_overlap(one: dict[str, Any], others: list[Any], words: str | None) -> None:
    read = TierConfiguration.model_validate(one), [TierConfiguration.model_validate(other) for other in others]
    if words is None:
        check_range(*read)
    else:
        with pytest.raises(ValidationError) as refused:
            check_range(*read)
        assert faults_of(refused.value) == {"qualification_rules.points": words}


def test_a_new_type_drops_the_old_types_part() -> None:
    present = TierStructureConfiguration.model_validate(BALANCE)
    period = {"value": 1, "unit": "YEAR"}
    earned = {"card_definition_id": "lcdef_2", "period": period, "type": "IMMEDIATELY"}
    update = TierStructureUpdateRequest.model_validate({"type": "POINT_EARNED", "point_earned": earned})
    after = replaced(present, update)
    assert (after.point_balance, after.card_definition_id) == (None, "lcdef_2")
    assert faults(TierStructureUpdateRequest, {"type": "POINT_EARNED"}) == {
        "point_earned": "is required when type is POINT_EARNED"
    }


def test_an_update_without_rules_keeps_them() -> None:
    present = TierConfiguration.model_validate({**tier(5), "downgrade": {"type": "NO_DOWNGRADE"}})
    after = replaced(present, TierUpdateRequest.model_validate({"qualification_rules": None, "downgrade": None}))
    assert after.stored() == TierConfiguration.model_validate(tier(5)).stored()


def test_references() -> None:
    sliding = {"custom_activity": True, "custom_activity_types": ["ms_1"], "period": {"value": 1, "unit": "DAY"}}
    expiration = {"type": "SLIDING_EXPIRATION", "sliding_expiration": sliding}
    structure = TierStructureConfiguration.model_validate({**BALANCE, "expiration": expiration})
    assert structure_references(structure) == {"lcdef_1", "ms_1"}
    one = TierConfiguration.model_validate({**tier(1, None, "seg_1"), "points_expiration": expiration})
    assert tier_references(one) == {"seg_1", "ms_1"}
    assert tier_references(TierConfiguration.model_validate(tier(1))) == frozenset()
