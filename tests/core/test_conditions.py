"""Rules groups: which rules can be asked, with which operators and values."""

from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from tests.core.strategies import RULE, groups
from tests.faults import faults, stored_and_read

from troth.core.conditions import MATCHED_NAMES, MATCHING_NAMES, RuleName, RulesGroup, number

EQUALITY = {"$is", "$is_not", "$in", "$not_in"}
COMPARISON = {"$less_than", "$less_than_or_equal", "$more_than", "$more_than_or_equal"}


def group(rule: dict[str, Any], logic: str = "1") -> dict[str, Any]:
    return {"logic": logic, "1": rule}


def rule(name: str, operator: str, *values: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "conditions": {operator: list(values)}, **more}


AMOUNT = rule("order.amount", "$more_than", 10)


@given(groups(RULE))
def test_storing_changes_nothing(value: dict[str, Any]) -> None:
    read = RulesGroup.model_validate(value)
    assert stored_and_read(read) == read
    assert list(read.rules) == [key for key in value if key != "logic"]


def test_a_value_is_kept_as_it_was_written() -> None:
    value = group(rule("customer.metadata", "$in", "1", 1, Decimal("1.50"), True, property="x"))
    assert RulesGroup.model_validate(value).stored()["1"]["conditions"] == {"$in": ("1", 1, Decimal("1.50"), True)}


def test_rules_that_the_logic_does_not_name_are_kept() -> None:
    read = RulesGroup.model_validate({"logic": "2", "1": AMOUNT, "2": AMOUNT, "15": AMOUNT})
    assert read.tree == "2"
    assert list(read.rules) == ["1", "2", "15"]


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"logic": "1"}, "logic", "names rule 1, which is not among the rules"),
        (group(AMOUNT, "1 and 2"), "logic", "names rule 2, which is not among the rules"),
        (
            group(AMOUNT, "1 and"),
            "logic",
            "must be rule numbers joined by and, or and parentheses; the end does not fit",
        ),
        (
            {**group(AMOUNT), "01": AMOUNT},
            "01",
            "is not allowed: besides logic there are only rules, numbered 1, 2, 3 and so on",
        ),
        ({"1": AMOUNT}, "logic", "Field required"),
        (group({"name": "order.amount"}), "1.conditions", "must hold at least one operator"),
        (group({"name": "order.amount", "conditions": {}}), "1.conditions", "must hold at least one operator"),
        (group(rule("order.amount", "$is")), "1.conditions.$is", "must hold at least one entry"),
        (group(rule("order.amount", "$between", 1)), "1.conditions.$between", "Extra inputs are not permitted"),
        (group(rule("customer.metadata", "$is", "x")), "1.property", "is required when name is customer.metadata"),
        (
            group(rule("order.amount", "$is", None)),
            "1.conditions.$is.0",
            "must be a text, a number, true, false, or an object with an id or a source_id",
        ),
        (group(rule("order.amount", "$is", 1, "ten")), "1.conditions.$is.1", "must be a number, or a text that is one"),
        (group(rule("order.amount", "$is", True)), "1.conditions.$is.0", "must be a number, or a text that is one"),
        (
            group(rule("customer.metadata", "$more_than", "new", property="x")),
            "1.conditions.$more_than.0",
            "must be a number, or a text that is one",
        ),
        (
            group(rule("customer.metadata", "$is", {"id": "seg_1"}, property="x")),
            "1.conditions.$is.0",
            "must be a text, a number, true or false",
        ),
        (
            group(rule("customer.segment", "$is", 1)),
            "1.conditions.$is.0",
            "must be an id, or an object with an id or a source_id",
        ),
        (
            group(rule("order.items.any", "$is", {"object": "product"})),
            "1.conditions.$is.0",
            "must have an id or a source_id",
        ),
        (group(rule("order.amount", "$dow", 7)), "1.conditions.$dow.0", "Input should be less than or equal to 6"),
        (group({**AMOUNT, "error": {"message": ""}}), "1.error.message", "String should have at least 1 character"),
        (
            group({**AMOUNT, "rules": group(rule("order.items.price", "$is", 1))}),
            "1.rules",
            (
                "must be left out or null unless name is one of order.items.any, order.items.cheapest, "
                "order.items.every, order.items.most_expensive, order.items.none"
            ),
        ),
        (
            group(rule("order.items.any", "$is", "prod_1", rules=group(AMOUNT))),
            "1.rules.1.name",
            (
                "must be one of order.items.aggregated_amount, order.items.aggregated_quantity, order.items.metadata, "
                "order.items.price, order.items.quantity under order.items.any"
            ),
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(RulesGroup, value) == {path: words}


@pytest.mark.parametrize("name", get_args(RuleName))
def test_operators_of_each_name(name: str) -> None:
    values = {"$dow": 1, "$from": "pc_1"}
    plain = "prod_1" if name in MATCHING_NAMES or name == "customer.segment" else 5
    accepted = {
        operator
        for operator in (*EQUALITY, *COMPARISON, *values)
        if not faults(RulesGroup, group(rule(name, operator, values.get(operator, plain), property="x")))
    }
    expected = EQUALITY | {"$dow"}
    if name.startswith("order.items."):
        expected = expected | {"$from"}
    if plain == 5:
        expected = expected | COMPARISON
    assert accepted == expected


def test_rules_and_nested_rules_are_walked_with_their_paths() -> None:
    nested = group(rule("order.items.price", "$is", 1))
    value = {"logic": "1", "1": rule("order.items.any", "$is", "prod_1", rules=nested), "3": AMOUNT}
    walked = [(path, one.name) for path, one in RulesGroup.model_validate(value).walk()]
    assert walked == [
        (("1",), "order.items.any"),
        (("1", "rules", "1"), "order.items.price"),
        (("3",), "order.amount"),
    ]
    assert all(name in MATCHED_NAMES for path, name in walked if len(path) > 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, Decimal(5)),
        (Decimal("0.5"), Decimal("0.5")),
        ("12.50", Decimal("12.50")),
        ("-3", Decimal(-3)),
        (True, None),
        ("", None),
        ("1e5", None),
        ("NaN", None),
        ("\u0661", None),
        (" 1", None),
        ("1" * 41, None),
        (None, None),
    ],
)
def test_what_counts_as_a_number(value: object, expected: Decimal | None) -> None:
    assert number(value) == expected
