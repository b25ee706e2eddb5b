"""Proportional points: the base that the calculation type names, and no other."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from tests.core.strategies import proportional
from tests.faults import faults, stored_and_read

from troth.core.proportional import BASES, PointsProportional

EVERY = {"every": 100, "value": 1}
APPLICABLE = [
    {"type": "product", "product": {"id": "prod_1"}},
    {"type": "sku", "sku": {"id": "sku_2"}},
    {"type": "products_collection", "products_collection": {"id": "pc_3"}},
]


def base(section: str, name: str) -> dict[str, Any]:
    if name == "metadata":
        return {**EVERY, "property": "x"}
    return {**EVERY, "applicable_to": APPLICABLE} if section == "order_items" else EVERY


def points(kind: str, **sections: Any) -> dict[str, Any]:
    return {"calculation_type": kind, "card_definition_id": "lcdef_1", **sections}


@given(proportional())
def test_storing_changes_nothing(value: dict[str, Any]) -> None:
    read = PointsProportional.model_validate(value)
    assert stored_and_read(read) == read


@pytest.mark.parametrize("kind", BASES)
def test_every_calculation_type_takes_its_own_base_alone(kind: str) -> None:
    own = BASES[kind]
    accepted = {
        (one.section, one.property)
        for one in BASES.values()
        if not faults(
            PointsProportional, points(kind, **{one.section: {one.property: base(one.section, one.property)}})
        )
    }
    assert accepted == {(own.section, own.property)}
    read = PointsProportional.model_validate(
        points(kind, **{own.section: {own.property: base(own.section, own.property)}})
    )
    assert read.proportion.every == 100


AMOUNT = "PRE_DISCOUNT_ORDER_AMOUNT"


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (points(AMOUNT), "order", f"is required when calculation_type is {AMOUNT}"),
        (
            points(AMOUNT, order={"amount": EVERY, "total_amount": EVERY}),
            "order.total_amount",
            f"must be left out or null when calculation_type is {AMOUNT}",
        ),
        (
            points(AMOUNT, order={"amount": {**EVERY, "every": 0}}),
            "order.amount.every",
            "Input should be greater than or equal to 1",
        ),
        (
            points(AMOUNT, order={"amount": {**EVERY, "value": Decimal("-0.1")}}),
            "order.amount.value",
            "Input should be greater than or equal to 0",
        ),
        (
            points(AMOUNT, order={"amount": {**EVERY, "value": Decimal("1E-21")}}),
            "order.amount.value",
            "must have at most 20 decimal places",
        ),
        (points(AMOUNT, order={"amount": {**EVERY, "value": "1"}}), "order.amount.value", "must be a number"),
        (
            points("ORDER_ITEMS_QUANTITY", order_items={"quantity": {**EVERY, "applicable_to": []}}),
            "order_items.quantity.applicable_to",
            "must hold at least one entry",
        ),
        (
            points("ORDER_ITEMS_QUANTITY", order_items={"quantity": {**EVERY, "applicable_to": [{"type": "sku"}]}}),
            "order_items.quantity.applicable_to.0.sku",
            "is required when type is sku",
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(PointsProportional, value) == {path: words}


def test_reference_ids() -> None:
    value = points("ORDER_ITEMS_QUANTITY", order_items={"quantity": {**EVERY, "applicable_to": APPLICABLE}})
    read = PointsProportional.model_validate(value)
    assert list(read.reference_ids()) == ["lcdef_1", "prod_1", "sku_2", "pc_3"]
