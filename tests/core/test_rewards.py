"""Rewards: defaults, what is handed out, costs with their ids and rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.strategies import COUNT, HOURS, chosen, groups, ids, limits, optional, periods
from tests.faults import faults, stored_and_read

from troth.core.rewards import RewardConfiguration, identified, references

COST = {"spending": [{"points": 100, "card_definition_id": "lcdef_1"}]}
COST_RULE = st.sampled_from(
    [
        {"name": "customer.segment", "conditions": {"$is": ["seg_1"]}},
        {"name": "customer.metadata", "property": "age", "conditions": {"$more_than": [18]}},
        {"name": "member.metadata", "property": "vip", "conditions": {"$is": [True]}},
    ]
)
COSTS = st.lists(
    st.fixed_dictionaries(
        {
            "spending": st.tuples(
                st.fixed_dictionaries(
                    {"points": COUNT, "card_definition_id": ids("lcdef")}, optional={"name": st.none()}
                )
            )
        },
        optional={"rules": st.none() | groups(COST_RULE)},
    ),
    min_size=1,
    max_size=3,
)
REWARDS = st.fixed_dictionaries(
    {
        "type": st.just("DIGITAL"),
        "digital": st.sampled_from(
            [
                {"type": "DISCOUNT_COUPONS", "discount_coupons": {"campaign_id": "camp_A"}},
                {"type": "GIFT_VOUCHERS", "gift_vouchers": {"campaign_id": "camp_B", "balance": 500}},
                {"type": "LOYALTY_CARD_POINTS", "loyalty_card_points": {"points": 5, "card_definition_id": "lcdef_9"}},
            ]
        ),
        "costs": COSTS,
    },
    optional={
        "validity_hours": HOURS,
        "refunds": st.sampled_from([None, {"type": "NONE"}, {"type": "REFUNDABLE"}]),
        "purchase_limits": optional(
            cooldown=chosen(
                "FIXED_COOLDOWN",
                fixed_cooldown=st.fixed_dictionaries(
                    {"period": periods(HOUR=876_000, DAY=36_500, WEEK=5_200, MONTH=1_200, YEAR=100)}
                ),
            ),
            frequency=limits(),
        ),
    },
)


def reward(*costs: dict[str, Any], **more: Any) -> dict[str, Any]:
    material = {"type": "PRODUCT", "product": {"id": "prod_1"}}
    return {"type": "MATERIAL", "material": material, "costs": list(costs) or [COST], **more}


def test_defaults() -> None:
    value = reward(**dict.fromkeys(["validity_hours", "start_date", "end_date", "refunds", "purchase_limits"]))
    assert RewardConfiguration.model_validate(value).stored() == {
        "type": "MATERIAL",
        "material": {"type": "PRODUCT", "product": {"id": "prod_1"}},
        "validity_hours": {"type": "ANY_TIME"},
        "costs": ({"spending": ({"points": 100, "card_definition_id": "lcdef_1"},)},),
        "purchase_limits": {"cooldown": {"type": "NO_COOLDOWN"}, "frequency": {"type": "NO_LIMIT", "limits": ()}},
        "refunds": {"type": "NONE"},
    }


@given(REWARDS)
def test_storing_changes_nothing(value: dict[str, Any]) -> None:
    read = RewardConfiguration.model_validate(value)
    assert stored_and_read(read) == read
    costs = (f"lrcst_{number}" for number in range(9))
    named = identified(read, {}, costs, (f"lrspn_{number}" for number in range(9)))
    assert stored_and_read(named) == named


def test_costs_keep_their_ids_and_new_ones_get_fresh_ones() -> None:
    foreign = {"spending": [{**COST["spending"][0], "id": "lrspn_f0"}]}
    read = RewardConfiguration.model_validate(reward(foreign, {**foreign, "id": "lrcst_a"}, COST))
    named = identified(read, {"lrcst_a": "lrspn_a"}, iter(["lrcst_1", "lrcst_2"]), iter(["lrspn_1", "lrspn_2"]))
    assert [(cost.id, cost.spending[0].id) for cost in named.costs] == [
        ("lrcst_1", "lrspn_1"),
        ("lrcst_a", "lrspn_a"),
        ("lrcst_2", "lrspn_2"),
    ]


AMOUNT = {"name": "order.amount", "conditions": {"$is": [1]}}
SEGMENT = {"name": "customer.segment", "conditions": {"$is": ["seg_1"]}}


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({**reward(), "type": "DIGITAL", "material": None}, "digital", "is required when type is DIGITAL"),
        ({**reward(), "costs": []}, "costs", "must hold 1 to 10 entries"),
        (reward(*[COST] * 11), "costs", "must hold 1 to 10 entries"),
        (reward({"spending": COST["spending"] * 2}), "costs.0.spending", "must hold exactly one entry"),
        (
            reward({**COST, "id": "lrcst_a"}, {**COST, "id": "lrcst_a"}),
            "costs.1.id",
            "must not be given to two costs",
        ),
        (
            reward({**COST, "rules": {"logic": "1", "1": AMOUNT}}),
            "costs.0.rules.1.name",
            "Input should be 'customer.segment', 'customer.metadata' or 'member.metadata'",
        ),
        (
            reward({**COST, "rules": {"logic": "2", "1": SEGMENT}}),
            "costs.0.rules.logic",
            "names rule 2, which is not among the rules",
        ),
        (
            reward({**COST, "rules": {"logic": "1", **{str(number): SEGMENT for number in range(1, 52)}}}),
            "costs.0.rules",
            "must hold at most 50 rules",
        ),
        (
            reward(start_date="2026-01-02T00:00:00Z", end_date="2026-01-01T00:00:00Z"),
            "end_date",
            "must be after start_date",
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(RewardConfiguration, value) == {path: words}


def test_references() -> None:
    points = {"type": "LOYALTY_CARD_POINTS", "loyalty_card_points": {"points": 5, "card_definition_id": "lcdef_9"}}
    cost = {**COST, "rules": {"logic": "1", "1": SEGMENT}}
    assert references(RewardConfiguration.model_validate(reward(cost))) == {"prod_1", "seg_1", "lcdef_1"}
    value = {**reward(), "type": "DIGITAL", "material": None, "digital": points}
    assert references(RewardConfiguration.model_validate(value)) == {"lcdef_9", "lcdef_1"}
