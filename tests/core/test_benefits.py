"""Benefits: the one sub-object of each type, and the stock of both faces."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.strategies import COUNT, chosen, ids, proportional
from tests.faults import faults, stored_and_read

from troth.core.benefits import BenefitConfiguration, incentive_stock, references
from troth.core.sections import configured, replaced
from troth.core.stock import UNLIMITED
from troth.http.shapes.benefits import BenefitUpdateRequest, IncentiveCreateRequest, IncentiveUpdateRequest

MATERIAL = {"type": "SKU", "sku": {"product_id": "prod_1", "id": "sku_1"}}
POINTS = {"type": "POINTS", "points": {"value": 5, "card_definition_id": "lcdef_1"}}
CONTENTS = st.one_of(
    chosen("POINTS", points=st.fixed_dictionaries({"value": COUNT, "card_definition_id": ids("lcdef")})),
    chosen("POINTS_PROPORTIONAL", points_proportional=proportional()),
    chosen("MATERIAL", material=st.sampled_from([MATERIAL, {"type": "PRODUCT", "product": {"id": "prod_2"}}])),
    chosen(
        "DIGITAL",
        digital=st.sampled_from(
            [
                {"type": "DISCOUNT_COUPONS", "discount_coupons": {"campaign_id": "camp_A"}},
                {"type": "GIFT_VOUCHERS", "gift_vouchers": {"campaign_id": "camp_B", "balance": 0}},
            ]
        ),
    ),
)
STOCKS = st.one_of(
    st.none(), chosen("UNLIMITED"), chosen("LIMITED", limited=st.fixed_dictionaries({"quantity": COUNT}))
)


@given(CONTENTS, STOCKS)
def test_storing_changes_nothing(content: dict[str, Any], stock: Any) -> None:
    read = BenefitConfiguration.model_validate({**content, "stock": stock})
    assert stored_and_read(read) == read
    assert set(read.stored()) == {"type", content["type"].lower(), "stock"}


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"type": "DIGITAL"}, "digital", "is required when type is DIGITAL"),
        ({**POINTS, "material": MATERIAL}, "material", "must be left out or null when type is POINTS"),
        (
            {"type": "MATERIAL", "material": {**MATERIAL, "type": "PRODUCT", "product": {"id": "prod_1"}}},
            "material.sku",
            "must be left out or null when type is PRODUCT",
        ),
        ({**POINTS, "stock": {"type": "LIMITED"}}, "stock.limited", "is required when type is LIMITED"),
        (
            {**POINTS, "stock": {"type": "LIMITED", "limited": {"quantity": -1}}},
            "stock.limited.quantity",
            "Input should be greater than or equal to 0",
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(BenefitConfiguration, value) == {path: words}


@pytest.mark.parametrize(
    ("count", "stored", "shown"),
    [
        (0, {"type": "LIMITED", "limited": {"quantity": 0}}, 0),
        (2**31 - 2, {"type": "LIMITED", "limited": {"quantity": 2**31 - 2}}, 2**31 - 2),
        (2**31 - 1, {"type": "UNLIMITED"}, 2**31 - 1),
    ],
)
def test_stock_of_an_incentive(count: int, stored: dict[str, Any], shown: int) -> None:
    body = IncentiveCreateRequest.model_validate({**POINTS, "name": "Mug", "stock": count})
    benefit = configured(BenefitConfiguration, body)
    assert benefit.stored()["stock"] == stored
    assert incentive_stock(benefit.stock) == shown


def test_a_large_stock_is_shown_as_unlimited_to_incentives() -> None:
    value = {**POINTS, "stock": {"type": "LIMITED", "limited": {"quantity": 2**40}}}
    assert incentive_stock(BenefitConfiguration.model_validate(value).stock) == 2**31 - 1


@pytest.mark.parametrize("count", [-1, 2**31, True, "5", None, {"type": "UNLIMITED"}])
def test_stock_of_an_incentive_refused(count: object) -> None:
    words = "must be an integer from 0 to 2147483647, which means unlimited"
    assert faults(IncentiveUpdateRequest, {"stock": count}) == {"stock": words}


def test_an_incentive_must_give_its_stock() -> None:
    assert faults(IncentiveCreateRequest, {**POINTS, "name": "Mug"}) == {"stock": "Field required"}


def test_an_update_changes_type_and_stock() -> None:
    stock = {"type": "LIMITED", "limited": {"quantity": 3}}
    present = BenefitConfiguration.model_validate({**POINTS, "stock": stock})
    update = BenefitUpdateRequest.model_validate({"type": "MATERIAL", "material": MATERIAL})
    assert replaced(present, update).stored() == {"type": "MATERIAL", "material": MATERIAL, "stock": stock}
    assert replaced(present, BenefitUpdateRequest.model_validate({"stock": None})).stock == UNLIMITED
    assert replaced(present, IncentiveUpdateRequest.model_validate({})) == present


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (POINTS, {"lcdef_1"}),
        ({"type": "MATERIAL", "material": MATERIAL}, {"prod_1", "sku_1"}),
        ({"type": "MATERIAL", "material": {"type": "PRODUCT", "product": {"id": "prod_2"}}}, {"prod_2"}),
        (
            {
                "type": "DIGITAL",
                "digital": {"type": "DISCOUNT_COUPONS", "discount_coupons": {"campaign_id": "camp_A"}},
            },
            {"camp_A"},
        ),
        (
            {
                "type": "POINTS_PROPORTIONAL",
                "points_proportional": {
                    "calculation_type": "CUSTOMER_METADATA_VALUE",
                    "card_definition_id": "lcdef_2",
                    "customer": {"metadata": {"every": 1, "value": 1, "property": "x"}},
                },
            },
            {"lcdef_2"},
        ),
    ],
)
def test_references(value: dict[str, Any], found: set[str]) -> None:
    assert references(BenefitConfiguration.model_validate(value)) == found
