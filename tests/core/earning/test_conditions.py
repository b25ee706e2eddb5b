"""Every condition name with every operator, and what a refused condition says it saw."""

from decimal import Decimal
from typing import Any

import pytest
from tests.core.earning.asking import asked, holds
from tests.core.earning.facts import EVENT, MEMBER, METADATA, SUNDAY, scene

from troth.core.conditions import RulesGroup
from troth.core.earning.conditions import Conditions
from troth.core.earning.facts import CustomEvent, OrderPaid

NUMBERS = {
    "order.amount": 4000,
    "order.initial_amount": 4100,
    "order.total_amount": 3700,
    "order.items.count": 6,
    "order.items.aggregated_quantity": 6,
    "order.items.aggregated_amount": 4000,
    "customer.metadata": 7,
    "member.metadata": 7,
    "order.metadata": 7,
    "custom_event.metadata": 7,
}
ROWS: list[tuple[str, list[Any], bool]] = [
    ("$is", [0], True),
    ("$is", ["+0"], True),
    ("$is", [1, 0], True),
    ("$is", [1], False),
    ("$in", [1, 0], True),
    ("$in", [1, -1], False),
    ("$is_not", [1], True),
    ("$is_not", [1, 0], False),
    ("$not_in", [1, -1], True),
    ("$not_in", [1, "+0"], False),
    ("$less_than", [0], False),
    ("$less_than", [1], True),
    ("$less_than", [-1, "+1"], True),
    ("$less_than_or_equal", [0], True),
    ("$less_than_or_equal", [-1], False),
    ("$more_than", [0], False),
    ("$more_than", [-1], True),
    ("$more_than", [1, "+-1"], True),
    ("$more_than_or_equal", [0], True),
    ("$more_than_or_equal", [1], False),
    ("$dow", [0, 6], True),
    ("$dow", [1], False),
]


def beside(value: int, offset: Any) -> Any:
    """Return the value moved by an offset; an offset that is a text gives a text."""
    return str(value + int(offset.removeprefix("+"))) if isinstance(offset, str) else value + offset


@pytest.mark.parametrize(("operator", "offsets", "expected"), ROWS)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name: str, operator: str, offsets: list[Any], expected: bool) -> None:
    value = NUMBERS[name]
    values = offsets if operator == "$dow" else [beside(value, offset) for offset in offsets]
    about = scene(EVENT) if name == "custom_event.metadata" else None
    assert holds(name, operator, *values, about=about, property="number") is expected
    seen = value if operator != "$dow" else 0
    rule = {"name": name, "property": "number", "conditions": {operator: values}}
    assert asked(rule, about) == (() if expected else (("1", operator, seen),))


@pytest.mark.parametrize(
    ("property_", "operator", "values", "expected"),
    [
        ("text", "$is", ["red"], True),
        ("text", "$is", ["Red"], False),
        ("text", "$is_not", ["blue"], True),
        ("text", "$is_not", ["blue", "red"], False),
        ("text", "$in", ["blue", "red"], True),
        ("text", "$not_in", ["blue"], True),
        ("text", "$more_than", [0], False),
        ("digits", "$is", ["07"], True),
        ("digits", "$is", ["7"], False),
        ("digits", "$is", [7], True),
        ("digits", "$less_than", [8], True),
        ("number", "$is", ["7"], True),
        ("number", "$is", ["7.0"], True),
        ("number", "$is", [Decimal("7.00")], True),
        ("number", "$is", [True], False),
        ("decimal", "$is", [Decimal("0.3")], True),
        ("decimal", "$is", ["0.30"], True),
        ("decimal", "$is", [Decimal("0.1") + Decimal("0.2")], True),
        ("decimal", "$is", [Decimal("0.30000000000000004")], False),
        ("decimal", "$less_than", [Decimal("0.3000000000000000000000000000001")], True),
        ("flag", "$is", [True], True),
        ("flag", "$is", [1], False),
        ("flag", "$is", ["true"], False),
        ("flag", "$is_not", [False], True),
        ("flag", "$more_than", [0], False),
        ("list", "$is", ["red"], True),
        ("list", "$is", [7], True),
        ("list", "$is", [True], True),
        ("list", "$is", [1], False),
        ("list", "$is_not", ["red"], False),
        ("list", "$not_in", ["blue", 8], True),
        ("list", "$more_than", [6], True),
        ("list", "$more_than", [7], False),
        *[(absent, "$is", ["red"], False) for absent in ("null", "missing", "object")],
        *[(absent, "$is_not", ["red"], True) for absent in ("null", "missing", "object")],
        *[(absent, "$less_than", [8], False) for absent in ("null", "missing", "object")],
    ],
)
@pytest.mark.parametrize("name", ["customer.metadata", "member.metadata", "order.metadata", "custom_event.metadata"])
def test_metadata(name: str, property_: str, operator: str, values: list[Any], expected: bool) -> None:
    about = scene(EVENT) if name == "custom_event.metadata" else None
    rule = {"name": name, "property": property_, "conditions": {operator: values}}
    assert asked(rule, about) == (() if expected else (("1", operator, METADATA.get(property_)),))


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("$is", ["seg_1"], True),
        ("$is", ["seg_3", "seg_2"], True),
        ("$is", [{"id": "seg_1", "object": "segment"}], True),
        ("$is", ["seg_3"], False),
        ("$in", ["seg_3", {"id": "seg_2"}], True),
        ("$in", ["seg_3"], False),
        ("$is_not", ["seg_3"], True),
        ("$is_not", ["seg_3", "seg_1"], False),
        ("$not_in", ["seg_3", "seg_4"], True),
        ("$not_in", [{"id": "seg_1"}], False),
        ("$dow", [0], True),
        ("$dow", [3], False),
    ],
)
def test_segments(operator: str, values: list[Any], expected: bool) -> None:
    seen = 0 if operator == "$dow" else ("seg_1", "seg_2")
    rule = {"name": "customer.segment", "conditions": {operator: values}}
    assert asked(rule) == (() if expected else (("1", operator, seen),))


@pytest.mark.parametrize(
    "name", ["order.amount", "order.metadata", "order.items.count", "order.items.none", "custom_event.metadata"]
)
def test_nothing_holds_about_what_was_not_given(name: str) -> None:
    value = "prod_9" if name == "order.items.none" else 9
    for operator in ("$is_not", "$not_in"):
        for about in (scene(OrderPaid(None)), scene(CustomEvent(None, None))):
            rule = {"name": name, "property": "x", "conditions": {operator: [value]}}
            assert asked(rule, about) == (("1", operator, None),)


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("1", ()),
        ("2", ("2",)),
        ("1 and 2 and 3", ("2",)),
        ("2 or 3", ("2", "3")),
        ("1 or 2", ()),
        ("(1 or 2) and 3", ("3",)),
        ("(2 or 3) and (3 or 2)", ("2", "3")),
        ("2 or (1 and 3) or 2", ("2", "3")),
        ("1 and (2 or 3)", ("2", "3")),
    ],
)
def test_what_is_told_of_a_group(logic: str, expected: tuple[str, ...]) -> None:
    amounts = {"1": 4000, "2": 1, "3": 2}
    rules = {number: {"name": "order.amount", "conditions": {"$is": [value]}} for number, value in amounts.items()}
    conditions = Conditions(RulesGroup.model_validate({"logic": logic, **rules}))
    assert tuple(one.number for one in conditions.refused(scene(), MEMBER)) == expected


def test_a_rule_tells_its_own_message() -> None:
    amount = {"name": "order.items.price", "conditions": {"$is": [1]}}
    own = {**amount, "error": {"message": "Mine"}}
    outer = {"name": "order.items.any", "error": {"message": "Outer"}}
    group = {"logic": "1 or 2", "1": own, "2": {**outer, "rules": {"logic": "1 or 2", "1": amount, "2": own}}}
    refused = Conditions(RulesGroup.model_validate(group)).refused(scene(), MEMBER)
    assert [(one.number, one.message) for one in refused] == [("1", "Mine"), ("2.1", "Outer"), ("2.2", "Mine")]


@pytest.mark.parametrize(("hour", "day"), [(22, 0), (23, 1)])
def test_the_weekday_is_that_of_the_project(hour: int, day: int) -> None:
    about = scene(at=SUNDAY.replace(hour=hour, minute=59))
    assert holds("order.amount", "$dow", day, about=about)
