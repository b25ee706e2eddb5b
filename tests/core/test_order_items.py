"""Items of orders: what they name, what they cost, and what earning rules see of them (domain 8)."""

from decimal import Decimal
from typing import Any

import pytest
from tests.faults import faults

from troth.core.order_items import Good, Goods, OrderItem, evaluated, named, priced
from troth.core.refusals import Reason, Refusal
from troth.core.schemas import Schema

LARGEST = 2**53 - 1
TEA = Good("prod_1", None, "tea", "Tea", 300, {"hot": True, "from": "product"})
MUG = Good("prod_2", None, "mug", "Mug", None, {})
LARGE = Good("sku_1", "prod_1", "tea-l", "Large", 450, {"from": "sku"})
PLAIN = Good("sku_2", "prod_2", "both", "Plain", None, {})
BOTH = Good("prod_3", None, "both", "Both", 5, {})
GOODS = Goods([TEA, MUG, BOTH], [LARGE, PLAIN])


def made(**given: Any) -> dict[str, Any]:
    return priced(OrderItem.model_validate(given), GOODS, None, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"product_id": "prod_1"}, ("prod_1", None, "product", "tea", 300)),
        ({"source_id": "tea"}, ("prod_1", None, "product", "tea", 300)),
        ({"product": {"id": "prod_1"}}, ("prod_1", None, "product", "tea", 300)),
        ({"product": {"source_id": "tea"}}, ("prod_1", None, "product", "tea", 300)),
        ({"sku_id": "sku_1"}, ("prod_1", "sku_1", "sku", "tea-l", 450)),
        ({"sku_id": "sku_1", "product_id": "prod_1"}, ("prod_1", "sku_1", "sku", "tea-l", 450)),
        ({"source_id": "tea-l"}, ("prod_1", "sku_1", "sku", "tea-l", 450)),
        ({"source_id": "tea-l", "related_object": "sku"}, ("prod_1", "sku_1", "sku", "tea-l", 450)),
        ({"source_id": "tea-l", "related_object": "product"}, (None, None, "product", "tea-l", None)),
        ({"sku": {"source_id": "tea-l"}}, ("prod_1", "sku_1", "sku", "tea-l", 450)),
        ({"product_id": "prod_1", "sku": {"source_id": "tea-l"}}, ("prod_1", "sku_1", "sku", "tea-l", 450)),
        ({"source_id": "both"}, ("prod_3", None, "product", "both", 5)),
        ({"source_id": "both", "related_object": "sku"}, ("prod_2", "sku_2", "sku", "both", None)),
        ({"sku_id": "sku_2"}, ("prod_2", "sku_2", "sku", "both", None)),
        ({"source_id": "new"}, (None, None, "product", "new", None)),
        ({"source_id": "new", "related_object": "sku"}, (None, None, "sku", "new", None)),
        ({"product": {"name": "Cake", "price": 7}}, (None, None, "product", None, 7)),
        ({"sku": {"sku": "Slice", "price": 2}}, (None, None, "sku", None, 2)),
        ({"product_id": "prod_1", "sku": {"sku": "Slice"}}, ("prod_1", None, "sku", None, 300)),
        ({"product_id": "prod_1", "price": 0}, ("prod_1", None, "product", "tea", 0)),
        ({"product_id": "prod_1", "product": {"price": 9}}, ("prod_1", None, "product", "tea", 300)),
        ({"product_id": "prod_1", "product": {"price": 9, "override": True}}, ("prod_1", None, "product", "tea", 9)),
    ],
)
def test_what_an_item_is_and_costs(given: dict[str, Any], expected: tuple[Any, ...]) -> None:
    line = made(**given)
    assert (
        tuple(line.get(name) for name in ("product_id", "sku_id", "related_object", "source_id", "price")) == expected
    )


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"product_id": "prod_9"}, ("product", "prod_9")),
        ({"product_id": "tea"}, ("product", "tea")),
        ({"sku_id": "sku_9"}, ("sku", "sku_9")),
        ({"product": {"id": "prod_9"}}, ("product", "prod_9")),
        ({"sku": {"id": "prod_1"}}, ("sku", "prod_1")),
        ({"product_id": "prod_1", "product": {"id": "prod_2"}}, ("product", "prod_2")),
        ({"product_id": "prod_2", "sku_id": "sku_1"}, ("sku", "sku_1")),
    ],
)
def test_an_id_must_exist_and_belong_together(given: dict[str, Any], missing: tuple[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        made(**given)
    assert (refused.value.reason, refused.value.resource_type, refused.value.resource_id) == (
        Reason.NOT_FOUND,
        *missing,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"quantity": 1, "amount": 300, "subtotal_amount": 300, "initial_amount": 300, "initial_quantity": 1}),
        ({"quantity": 3}, {"quantity": 3, "amount": 900, "subtotal_amount": 900, "initial_quantity": 3}),
        ({"quantity": 3, "price": 7}, {"amount": 21, "price": 7}),
        ({"quantity": 0}, {"quantity": 0, "amount": 0, "subtotal_amount": 0}),
        ({"amount": 5}, {"amount": 5, "price": 300, "initial_amount": 5}),
        ({"amount": 5, "discount_amount": 2}, {"amount": 5, "subtotal_amount": 3, "applied_discount_amount": 2}),
        (
            {"amount": 5, "discount_amount": 9},
            {"subtotal_amount": 0, "discount_amount": 9, "applied_discount_amount": 5},
        ),
        ({"initial_amount": 9, "initial_quantity": 4}, {"initial_amount": 9, "initial_quantity": 4, "amount": 300}),
        ({"quantity": 3, "discount_quantity": 1}, {"discount_quantity": 1, "applied_discount_quantity": 1}),
        ({"quantity": LARGEST, "price": 1}, {"amount": LARGEST}),
    ],
)
def test_amounts_that_are_missing_are_worked_out(given: dict[str, Any], expected: dict[str, int]) -> None:
    line = made(product_id="prod_1", **given)
    assert {name: line[name] for name in expected} == expected


def test_an_item_is_shown_with_what_is_known_of_it() -> None:
    assert made(sku_id="sku_1", quantity=2, metadata={"gift": True}) == {
        "sku_id": "sku_1",
        "product_id": "prod_1",
        "related_object": "sku",
        "source_id": "tea-l",
        "quantity": 2,
        "discount_quantity": 0,
        "initial_quantity": 2,
        "price": 450,
        "amount": 900,
        "discount_amount": 0,
        "initial_amount": 900,
        "applied_discount_amount": 0,
        "applied_discount_quantity": 0,
        "subtotal_amount": 900,
        "product": {
            "id": "prod_1",
            "source_id": "tea",
            "name": "Tea",
            "price": 300,
            "metadata": {"hot": True, "from": "product"},
        },
        "sku": {"id": "sku_1", "source_id": "tea-l", "sku": "Large", "price": 450, "metadata": {"from": "sku"}},
        "object": "order_item",
        "metadata": {"gift": True},
    }


def test_an_override_is_merged_over_what_is_known_and_nothing_else_is() -> None:
    told = {"name": "Chai", "metadata": {"from": "order"}}
    assert made(product_id="prod_1", product=told)["product"]["name"] == "Tea"
    shown = made(product_id="prod_1", product={**told, "override": True})["product"]
    assert (shown["name"], shown["price"], shown["override"]) == ("Chai", 300, True)
    assert shown["metadata"] == {"hot": True, "from": "order"}
    assert made(product={**told, "source_id": "new"})["product"] == {**told, "source_id": "new"}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, {"": "must name a product or a SKU"}),
        ({"quantity": 1, "amount": 5}, {"": "must name a product or a SKU"}),
        ({"product": {}, "sku": {"price": 1}}, {"": "must name a product or a SKU"}),
        ({"source_id": ""}, {"source_id": "String should have at least 1 character"}),
        ({"source_id": "a", "quantity": -1}, {"quantity": "Input should be greater than or equal to 0"}),
        ({"source_id": "a", "amount": -1}, {"amount": "Input should be greater than or equal to 0"}),
        ({"source_id": "a", "amount": LARGEST + 1}, {"amount": f"Input should be less than or equal to {LARGEST}"}),
        ({"source_id": "a", "amount": Decimal("1.5")}, {"amount": "Input should be a valid integer"}),
        ({"source_id": "a", "amount": "5"}, {"amount": "Input should be a valid integer"}),
        ({"source_id": "a", "amount": True}, {"amount": "Input should be a valid integer"}),
        ({"source_id": "a", "discount_amount": -1}, {"discount_amount": "Input should be greater than"}),
        ({"source_id": "a", "price": -1}, {"price": "Input should be greater than or equal to 0"}),
        ({"source_id": "a", "discount_quantity": 2}, {"": "discount_quantity must be at most the quantity, 1"}),
        ({"product": {"price": Decimal("0.1")}}, {"product.price": "must be a whole number of minor units"}),
        ({"product": {"price": -1}}, {"product.price": "Input should be greater than or equal to 0"}),
        ({"source_id": "a", "related_object": "thing"}, {"related_object": "Input should be 'product' or 'sku'"}),
        ({"source_id": "a", "metadata": []}, {"metadata": "Input should be a valid dictionary"}),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], fault: dict[str, str]) -> None:
    found = faults(OrderItem, given)
    assert found.keys() == fault.keys()
    for path, words in fault.items():
        assert found[path].startswith(words)


def test_a_whole_price_may_be_written_with_a_point() -> None:
    assert made(product={"name": "Cake", "price": Decimal("7.00")})["amount"] == 7


@pytest.mark.parametrize("good", [Good("prod_1", None, None, None, -1, {}), Good("prod_1", None, None, None, 2, {})])
def test_an_amount_is_bounded_whoever_says_the_price(good: Good) -> None:
    item = OrderItem.model_validate({"product_id": "prod_1", "quantity": LARGEST})
    with pytest.raises(Refusal, match=r"items\[3\]\.amount: price times quantity must be between 0 and"):
        priced(item, Goods([good], []), None, 3)


def test_metadata_must_fit_their_schema() -> None:
    schema = Schema.model_validate({"properties": {"gift": {"type": "boolean", "optional": False}}})
    for metadata, words in (({}, "is required"), ({"gift": 1}, "must be true or false")):
        item = OrderItem.model_validate({"source_id": "a", "metadata": metadata})
        with pytest.raises(Refusal) as refused:
            priced(item, GOODS, schema, 2)
        assert (refused.value.reason, refused.value.details) == (
            Reason.INVALID_PAYLOAD,
            f"items[2].metadata.gift: {words}",
        )
    assert priced(OrderItem.model_validate({"source_id": "a", "metadata": {"gift": True}}), GOODS, schema, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"sku_id": "sku_1", "quantity": 5, "discount_quantity": 2, "discount_amount": 50, "metadata": {"x": 1}},
            {
                "product_id": "prod_1",
                "product_source_id": "tea",
                "sku_id": "sku_1",
                "sku_source_id": "tea-l",
                "quantity": 3,
                "price": 450,
                "amount": 2250,
                "subtotal_amount": 2200,
                "metadata": {"hot": True, "from": "sku", "x": 1},
            },
        ),
        (
            {"source_id": "new", "amount": 7},
            {"product_source_id": "new", "quantity": 1, "amount": 7, "subtotal_amount": 7, "metadata": {}},
        ),
        (
            {"source_id": "new", "related_object": "sku", "product": {"source_id": "p", "metadata": {"a": 1}}},
            {
                "product_source_id": "p",
                "sku_source_id": "new",
                "quantity": 1,
                "amount": 0,
                "subtotal_amount": 0,
                "metadata": {"a": 1},
            },
        ),
    ],
)
def test_what_rules_see_of_an_item(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert evaluated(made(**given)) == expected


def test_what_items_name_is_gathered() -> None:
    items = [
        {"product_id": "p1", "sku_id": "s1"},
        {"source_id": "a"},
        {"source_id": "b", "related_object": "sku"},
        {"source_id": "c", "related_object": "product"},
        {"product": {"id": "p2", "source_id": "d"}, "sku": {"id": "s2", "source_id": "e"}},
    ]
    found = named(map(OrderItem.model_validate, items))
    assert found == ({"p1", "p2"}, {"a", "c", "d"}, {"s1", "s2"}, {"a", "b", "e"})
