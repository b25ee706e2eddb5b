"""Every condition on the items of an order, with every operator."""

from decimal import Decimal
from typing import Any

import pytest
from tests.core.earning.asking import asked, holds
from tests.core.earning.facts import of_lines

from troth.core.earning.facts import Line

PRICES = ("order.items.price", "order.items.price_any", "order.items.price_each")


@pytest.mark.parametrize(
    ("names", "conditions", "expected"),
    [
        (PRICES[:2], {"$is": [1000]}, ()),
        (PRICES[:2], {"$in": ["500"]}, ()),
        (PRICES, {"$is": [501]}, ("$is", (1000, 500))),
        (PRICES[:2], {"$is_not": [500]}, ()),
        (PRICES[:2], {"$not_in": [500, 1000]}, ("$not_in", (1000, 500))),
        (PRICES[:2], {"$more_than": [999]}, ()),
        (PRICES, {"$more_than_or_equal": [1001]}, ("$more_than_or_equal", (1000, 500))),
        (PRICES, {"$less_than": [1001]}, ()),
        (PRICES[:2], {"$less_than_or_equal": [500]}, ()),
        (PRICES[:2], {"$more_than": [400], "$less_than": [600]}, ()),
        (PRICES[:2], {"$more_than": [600], "$less_than": [900]}, ("$more_than", (500,))),
        (PRICES, {"$is": [500], "$from": ["pc_2"]}, ()),
        (PRICES[:2], {"$is": [1000], "$from": ["pc_2"]}, ("$is", (500,))),
        (PRICES[:2], {"$is": [1000], "$dow": [1]}, ("$dow", 0)),
        (PRICES, {"$from": ["pc_9"], "$is": [500]}, ("$from", ("prod_1", "sku_2", "prod_3"))),
        (PRICES[2:], {"$is": [500]}, ("$is", (1000,))),
        (PRICES[2:], {"$is": [500, "1000"]}, ()),
        (PRICES[2:], {"$in": [500, "1000"]}, ()),
        (PRICES[2:], {"$is_not": [500]}, ("$is_not", (500,))),
        (PRICES[2:], {"$not_in": [5]}, ()),
        (PRICES[2:], {"$more_than": [500]}, ("$more_than", (500,))),
        (PRICES[2:], {"$less_than_or_equal": [500]}, ("$less_than_or_equal", (1000,))),
        (PRICES[2:], {"$more_than_or_equal": [500]}, ()),
        (PRICES[2:], {"$more_than_or_equal": [1000], "$from": ["pc_1"]}, ("$more_than_or_equal", (500,))),
        (("order.items.quantity",), {"$is": [3]}, ()),
        (("order.items.quantity",), {"$is": [4]}, ("$is", (2, 1, 3))),
        (("order.items.quantity",), {"$more_than": [1], "$from": ["pc_2"]}, ("$more_than", (1,))),
        (("order.items.quantity",), {"$is_not": [1, 2, 3]}, ("$is_not", (2, 1, 3))),
        (("order.items.quantity",), {"$in": ["2"], "$less_than": [3]}, ()),
        (("order.items.metadata",), {"$is": ["red"]}, ()),
        (("order.items.metadata",), {"$in": ["green"]}, ("$in", ("red", "blue", None))),
        (("order.items.metadata",), {"$is_not": ["red", "blue"]}, ()),
        (("order.items.metadata",), {"$not_in": ["red", "blue"], "$from": ["pc_1"]}, ("$not_in", ("red", "blue"))),
        (("order.items.metadata",), {"$more_than": [1]}, ("$more_than", ("red", "blue", None))),
        (("order.items.count",), {"$is": [3], "$from": ["pc_1"]}, ()),
        (("order.items.count",), {"$is": [0], "$from": ["pc_9"]}, ()),
        (("order.items.aggregated_quantity",), {"$more_than": [3], "$from": ["pc_1"]}, ("$more_than", 3)),
        (("order.items.aggregated_amount",), {"$is": [2500], "$from": ["pc_1"]}, ()),
        (("order.items.aggregated_amount",), {"$less_than": [500], "$from": ["pc_2"]}, ("$less_than", 500)),
        (("order.items.aggregated_amount",), {"$is": [0], "$from": ["pc_9"]}, ()),
    ],
)
def test_what_lines_have(names: tuple[str, ...], conditions: dict[str, Any], expected: tuple[Any, ...]) -> None:
    for name in names:
        refused = asked({"name": name, "property": "colour", "conditions": conditions})
        assert refused == ((("1", *expected),) if expected else ()), name


ALL = ("prod_1", "sku_2", "prod_3")


@pytest.mark.parametrize(
    ("how", "conditions", "expected"),
    [
        ("any", {"$is": ["prod_1"]}, ()),
        ("any", {"$is": ["prod_9", "prod_3"]}, ()),
        ("any", {"$is": ["sku_2"]}, ()),
        ("any", {"$is": ["prod_2"]}, ()),
        ("any", {"$is": ["S-2"]}, ()),
        ("any", {"$is": ["P-3"]}, ()),
        ("any", {"$in": ["pc_2"]}, ()),
        ("any", {"$in": [{"id": "prod_1"}]}, ()),
        ("any", {"$in": [{"id": "prod_1", "object": "product"}]}, ()),
        ("any", {"$in": [{"id": "prod_1", "object": "sku"}]}, ("$in", ALL)),
        ("any", {"$in": [{"source_id": "S-2", "type": "sku"}]}, ()),
        ("any", {"$in": [{"source_id": "S-2", "type": "product"}]}, ("$in", ALL)),
        ("any", {"$in": [{"source_id": "prod_1"}]}, ("$in", ALL)),
        ("any", {"$in": [{"id": "pc_2", "object": "products_collection"}]}, ()),
        ("any", {"$is": ["prod_9"]}, ("$is", ALL)),
        ("any", {"$is_not": ["prod_1"]}, ()),
        ("any", {"$is_not": ["prod_1", "prod_2", "prod_3"]}, ("$is_not", ALL)),
        ("any", {"$not_in": ["pc_1"]}, ()),
        ("any", {"$not_in": ["pc_1", "P-3"]}, ("$not_in", ALL)),
        ("any", {"$in": ["pc_1"], "$not_in": ["pc_2"]}, ()),
        ("any", {"$in": ["pc_2"], "$not_in": ["pc_1"]}, ("$not_in", ("sku_2",))),
        ("any", {"$in": ["prod_3"], "$from": ["pc_1"]}, ("$in", ("prod_1", "sku_2"))),
        ("any", {"$from": ["pc_2"]}, ()),
        ("any", {"$from": ["pc_9"]}, ("$from", ())),
        ("any", {"$is": ["prod_1"], "$dow": [6]}, ("$dow", 0)),
        ("every", {"$is": ["prod_1", "prod_2", "prod_3"]}, ()),
        ("every", {"$in": ["pc_1"]}, ("$in", ("prod_3",))),
        ("every", {"$in": ["pc_1", "P-3"]}, ()),
        ("every", {"$in": ["prod_1", "sku_2"], "$from": ["pc_1"]}, ()),
        ("every", {"$is_not": ["prod_9"]}, ()),
        ("every", {"$not_in": ["prod_9", "S-2"]}, ("$not_in", ("sku_2",))),
        ("every", {"$from": ["pc_9"], "$is": ["prod_1"]}, ("$from", ())),
        ("none", {"$is": ["prod_9"]}, ()),
        ("none", {"$is": ["prod_9", "prod_3"]}, ("$is", ("prod_3",))),
        ("none", {"$in": ["prod_3"], "$from": ["pc_1"]}, ()),
        ("none", {"$is_not": ["prod_1", "prod_2", "prod_3"]}, ()),
        ("none", {"$not_in": ["pc_1"]}, ("$not_in", ("prod_3",))),
        ("none", {"$from": ["pc_9"], "$is": ["prod_1"]}, ()),
        ("cheapest", {"$is": ["prod_3"]}, ("$is", ("sku_2",))),
        ("cheapest", {"$is": ["prod_2"]}, ()),
        ("cheapest", {"$in": ["pc_2"]}, ()),
        ("cheapest", {"$is_not": ["prod_1"]}, ()),
        ("cheapest", {"$not_in": ["sku_2"]}, ("$not_in", ("sku_2",))),
        ("cheapest", {"$from": ["pc_9"], "$is": ["prod_1"]}, ("$from", ())),
        ("most_expensive", {"$is": ["prod_1"]}, ()),
        ("most_expensive", {"$is": ["sku_2"], "$from": ["pc_2"]}, ()),
        ("most_expensive", {"$in": ["prod_2", "prod_3"]}, ("$in", ("prod_1",))),
        ("most_expensive", {"$is_not": ["prod_1"]}, ("$is_not", ("prod_1",))),
        ("most_expensive", {"$not_in": ["pc_2"]}, ()),
    ],
)
def test_what_lines_are(how: str, conditions: dict[str, Any], expected: tuple[Any, ...]) -> None:
    refused = asked({"name": f"order.items.{how}", "conditions": conditions})
    assert refused == ((("1", *expected),) if expected else ())


def line(place: int, price: Any, subtotal: Any) -> Line:
    return Line(f"prod_{place}", price=price, subtotal_amount=subtotal)


@pytest.mark.parametrize(
    ("lines", "cheapest", "most_expensive"),
    [
        ([line(1, 5, 50), line(2, 5, 40), line(3, 6, 10)], "prod_2", "prod_3"),
        ([line(1, 5, 50), line(2, 5, 50)], "prod_1", "prod_1"),
        ([line(1, 5, 40), line(2, 5, 50)], "prod_1", "prod_2"),
        ([line(1, None, 1), line(2, Decimal("4.10"), 50), line(3, Decimal("4.1"), 49)], "prod_3", "prod_2"),
        ([line(1, 10**29 + 1, 1), line(2, 10**29, 1), line(3, 10**29 + 1, 1)], "prod_2", "prod_1"),
        ([line(1, Decimal("1.00000000000000000000000000000000002"), 1), line(2, 1, 1)], "prod_2", "prod_1"),
    ],
)
def test_ties_of_price_are_broken(lines: list[Line], cheapest: str, most_expensive: str) -> None:
    assert holds("order.items.cheapest", "$is", cheapest, about=of_lines(*lines))
    assert holds("order.items.most_expensive", "$is", most_expensive, about=of_lines(*lines))


def nested(how: str, logic: str, *rules: tuple[str, str, Any], **conditions: Any) -> dict[str, Any]:
    group = {
        str(place): {"name": f"order.items.{name}", "property": "colour", "conditions": {operator: [value]}}
        for place, (name, operator, value) in enumerate(rules, 1)
    }
    asked_of = {f"${name.rstrip('_')}": value for name, value in conditions.items()}
    return {"name": f"order.items.{how}", "conditions": asked_of, "rules": {"logic": logic, **group}}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (nested("any", "1", ("price", "$is", 500)), ()),
        (nested("any", "1", ("price", "$is", 501), is_=["prod_1"]), (("1.1", "$is", (1000,)),)),
        (nested("any", "1 and 2", ("price", "$is", 500), ("quantity", "$is", 3)), ()),
        (nested("any", "1 and 2", ("price", "$is", 1000), ("quantity", "$is", 3)), (("1.2", "$is", (2,)),)),
        (nested("any", "1 or 2", ("price", "$is", 1), ("quantity", "$is", 3)), ()),
        (
            nested("any", "1 or 2", ("price", "$is", 1), ("quantity", "$is", 9), in_=["pc_1"]),
            (("1.1", "$is", (1000, 500)), ("1.2", "$is", (2, 1))),
        ),
        (nested("any", "1", ("price", "$is", 5), is_=["prod_9"]), (("1", "$is", ALL),)),
        (nested("any", "1", ("aggregated_amount", "$is", 2500), in_=["pc_1"]), ()),
        (nested("any", "1", ("aggregated_amount", "$more_than", 2500), in_=["pc_1"]), (("1.1", "$more_than", 2500),)),
        (nested("any", "1", ("aggregated_quantity", "$is", 3), from_=["pc_1"]), ()),
        (nested("any", "1 and 2", ("aggregated_quantity", "$is", 6), ("price", "$more_than", 999)), ()),
        (nested("any", "1", ("metadata", "$is", "blue"), in_=["pc_1"]), ()),
        (nested("every", "1", ("price", "$more_than_or_equal", 500)), ()),
        (nested("every", "1", ("price", "$is", 500)), (("1.1", "$is", (1000,)),)),
        (nested("every", "1", ("quantity", "$more_than", 1)), (("1.1", "$more_than", (1,)),)),
        (nested("every", "1", ("aggregated_amount", "$is", 2500), from_=["pc_1"], in_=["pc_1"]), ()),
        (nested("every", "1", ("price", "$is", 500), in_=["pc_1"]), (("1", "$in", ("prod_3",)),)),
        (nested("every", "1 or 2", ("price", "$is", 1000), ("quantity", "$is_not", 2)), ()),
        (nested("none", "1", ("price", "$is", 501)), ()),
        (nested("none", "1", ("price", "$is", 500)), (("1", "rules", ("sku_2", "prod_3")),)),
        (nested("none", "1", ("price", "$is", 500), is_=["prod_1", "prod_3"]), (("1", "$is", ("prod_3",)),)),
        (nested("none", "1", ("price", "$is", 500), is_=["prod_1"]), ()),
        (nested("cheapest", "1", ("quantity", "$is", 1)), ()),
        (nested("cheapest", "1", ("quantity", "$is", 3)), (("1.1", "$is", (1,)),)),
        (nested("cheapest", "1", ("aggregated_amount", "$is", 500)), ()),
        (nested("most_expensive", "1", ("metadata", "$is", "red")), ()),
        (nested("most_expensive", "1", ("metadata", "$is_not", "red")), (("1.1", "$is_not", ("red",)),)),
    ],
)
def test_nested_rules_look_at_the_lines_that_match(rule: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert asked(rule) == expected


@pytest.mark.parametrize(
    ("name", "holds_without_lines"),
    [
        *((f"order.items.{how}", False) for how in ("any", "every", "cheapest", "most_expensive")),
        ("order.items.none", True),
        *((f"order.items.{what}", False) for what in ("price", "price_any", "price_each", "quantity", "metadata")),
        *((f"order.items.{what}", True) for what in ("count", "aggregated_quantity", "aggregated_amount")),
    ],
)
def test_an_order_without_items(name: str, holds_without_lines: bool) -> None:
    value = "prod_1" if name.rpartition(".")[2] in ("any", "every", "none", "cheapest", "most_expensive") else 0
    assert holds(name, "$is", value, about=of_lines(), property="x") is holds_without_lines


def test_few_of_many_values_are_told() -> None:
    lines = [Line(f"prod_{price}", price=price) for price in range(500)]
    (refused,) = asked({"name": "order.items.price", "conditions": {"$is": [500]}}, of_lines(*lines))
    assert refused[2] == tuple(range(10))


def test_sums_are_exact() -> None:
    assert 0.1 + 0.1 + 0.1 != 0.3
    lines = [Line("prod_1", amount=Decimal("0.1"), quantity=Decimal("0.1")) for _ in range(3)]
    small = Line("prod_1", amount=Decimal("0." + "0" * 99 + "1"))
    for name in ("aggregated_amount", "aggregated_quantity", "count"):
        assert holds(f"order.items.{name}", "$is", Decimal("0.3"), about=of_lines(*lines))
    assert holds("order.items.aggregated_amount", "$more_than", Decimal("0.3"), about=of_lines(*lines, small))
