"""What is told of each rule that was evaluated, and what counts as a success."""

from decimal import Decimal
from typing import Any

import pytest
from tests.core.earning.facts import MEMBER, scene
from tests.core.earning.rules import amount_is, benefit, earning, in_proportion, points, program, rule

from troth.core.earning.evaluation import EarningRule, evaluate
from troth.core.earning.facts import CustomerFacts
from troth.core.earning.records import Conclusion, Posted, conclude
from troth.core.json import decode, encode
from troth.core.ledger.limits import Cut

NONE = Cut(0, "transaction_points", "too many")


def concluded(asked: EarningRule, posted: dict[int, Posted] | None = None, **metadata: Any) -> Conclusion:
    about = scene(customer=CustomerFacts(metadata))
    (outcome,) = evaluate(*program(asked), about, MEMBER)
    return conclude(outcome, posted or {})


def told(conclusion: Conclusion) -> dict[str, Any]:
    """Return the record as it comes back from storage."""
    shown = decode(encode(conclusion.shown))
    assert isinstance(shown, dict)
    return shown


def test_earned() -> None:
    effects = points(5), in_proportion("PRE_DISCOUNT_ORDER_AMOUNT", "order", "amount", every=1000), benefit()
    asked = rule(earning(id_="lernei_1", rules=amount_is(1)), earning(*effects, id_="lernei_2"))
    posted = {0: Posted(Cut(5), "lctx_1"), 1: Posted(Cut(3, "balance", "full"), "lctx_2")}
    conclusion = concluded(asked, posted)
    assert (conclusion.reason, conclusion.succeeded) == (None, True)
    assert told(conclusion) == {
        "earning_rule_id": "lern_1",
        "earning_item_id": "lernei_2",
        "outcome": "EARNED",
        "reason": None,
        "details": {
            "earnings": [
                {
                    "earning_item_id": "lernei_1",
                    "reason": "condition",
                    "conditions": [{"number": "1", "name": "order.amount", "operator": "$is", "seen": 4000}],
                }
            ],
            "effects": [
                {"type": "POINTS", "card_definition_id": "lcdef_1", "points": 5},
                {
                    "type": "POINTS",
                    "card_definition_id": "lcdef_1",
                    "points": 3,
                    "base": 4000,
                    "points_before_limits": 4,
                    "reason": "balance",
                    "limit": "full",
                },
                {"type": "BENEFIT", "benefit_id": "lben_1"},
            ],
        },
        "transactions": [
            {"id": "lctx_1", "card_id": "lcrd_1", "points": 5},
            {"id": "lctx_2", "card_id": "lcrd_1", "points": 3},
        ],
    }


def test_refused_with_the_messages_of_condition_and_rule() -> None:
    asked = rule(
        earning(rules=amount_is(Decimal("0.30"), error={"message": "Spend 30 cents"})), error={"message": "Not today"}
    )
    assert told(concluded(asked)) == {
        "earning_rule_id": "lern_1",
        "earning_item_id": None,
        "outcome": "REFUSED",
        "reason": "condition",
        "details": {
            "message": "Not today",
            "earnings": [
                {
                    "earning_item_id": "lernei_1",
                    "reason": "condition",
                    "conditions": [
                        {
                            "number": "1",
                            "name": "order.amount",
                            "operator": "$is",
                            "seen": 4000,
                            "message": "Spend 30 cents",
                        }
                    ],
                }
            ],
        },
        "transactions": [],
    }


@pytest.mark.parametrize(
    ("effects", "posted", "reason", "succeeded"),
    [
        ([points(5)], {0: Posted(Cut(5), "lctx_1")}, None, True),
        ([points(5)], {0: Posted(NONE)}, "limit", False),
        ([points(5), points(5)], {0: Posted(NONE), 1: Posted(Cut(1, "balance"), "lctx_1")}, None, True),
        ([points(5), benefit()], {0: Posted(NONE)}, None, True),
        ([points(0)], {}, None, False),
        ([points(5, wallet="lcdef_2")], {}, "no_card", False),
        ([benefit()], {}, None, True),
    ],
)
def test_success(effects: list[dict[str, Any]], posted: dict[int, Posted], reason: str | None, succeeded: bool) -> None:
    conclusion = concluded(rule(earning(*effects)), posted)
    assert (conclusion.reason, conclusion.succeeded) == (reason, succeeded)
    assert told(conclusion)["outcome"] == ("REFUSED" if reason else "EARNED")


def test_why_an_effect_gave_nothing_is_told() -> None:
    base = in_proportion("CUSTOMER_METADATA_VALUE", "customer", "metadata", property="spent")
    conclusion = concluded(rule(earning(base, points(5, wallet="lcdef_2"))))
    assert told(conclusion)["details"]["effects"] == [
        {"type": "POINTS", "card_definition_id": "lcdef_1", "points": 0, "reason": "no_value"},
        {"type": "POINTS", "card_definition_id": "lcdef_2", "points": 0, "reason": "no_card"},
    ]


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "…"),
        (list(range(20)), list(range(10))),
        ([["x" * 300]], [["x" * 200 + "…"]]),
        ({"a": 1, "b": 2}, {"properties": 2}),
        (Decimal("1.10"), Decimal("1.10")),
        (None, None),
    ],
)
def test_large_values_are_told_in_short(value: Any, seen: Any) -> None:
    asks = {"name": "customer.metadata", "property": "x", "conditions": {"$is": ["other"]}}
    conclusion = concluded(rule(earning(rules={"logic": "1", "1": asks})), x=value)
    assert told(conclusion)["details"]["earnings"][0]["conditions"][0]["seen"] == seen
