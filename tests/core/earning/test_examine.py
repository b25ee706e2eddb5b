"""Requests of examine: what may be said, and what rules see of it."""

from decimal import Decimal
from typing import Any

import pytest
from tests.faults import faults

from troth.core.earning.examine import happening, line
from troth.core.earning.examine_requests import Examined, ExamineEarningRulesRequest, ExamineOrder, ExamineOrderItem
from troth.core.earning.facts import CustomEvent, Line, OrderPaid, SegmentEntered, TriggerFacts
from troth.core.order_items import Good

ALL = {"type": "ALL"}
BUYER = {"type": "customer_id", "customer_id": "cust_1"}


def specific(event: str) -> dict[str, Any]:
    return {"type": "SPECIFIC", "specific": {"event": event}}


PAID, ENTERED, HAPPENED = map(specific, ("customer.order.paid", "customer.segment.entered", "customer.custom_event"))


def request(trigger: dict[str, Any] = PAID, **sections: Any) -> dict[str, Any]:
    return {"trigger": trigger, "customer_identification": BUYER, **sections}


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        (request(), "customer_order_paid", "is required when the event is customer.order.paid"),
        (
            request(customer_order_paid={}, customer_segment_entered={}),
            "customer_segment_entered",
            "must be left out when the event is customer.order.paid",
        ),
        (
            request(ENTERED, customer_segment_entered={}, customer_custom_event={"type": "ALL", "all": {}}),
            "customer_custom_event",
            "must be left out when the event is customer.segment.entered",
        ),
        (request({**ALL, **PAID, "type": "ALL"}), "trigger.specific", "must be left out or null when type is ALL"),
        (request({"type": "SPECIFIC"}), "trigger.specific", "is required when type is SPECIFIC"),
        (
            request(ALL, customer_identification={"type": "member_id", "customer_id": "cust_1"}),
            "customer_identification.member_id",
            "is required when type is member_id",
        ),
        (
            request(HAPPENED, customer_custom_event={"type": "SPECIFIC", "specific": {"custom_event": {}}}),
            "customer_custom_event.specific.custom_event.schema_id",
            "Field required",
        ),
        (
            request(customer_order_paid={"order": {"amount": -1}}),
            "customer_order_paid.order.amount",
            "must be a number from 0 to 9007199254740991, or a text that is one",
        ),
        (
            request(customer_order_paid={"order": {"amount": "ten"}}),
            "customer_order_paid.order.amount",
            "must be a number from 0 to 9007199254740991, or a text that is one",
        ),
        (
            request(customer_order_paid={"order": {"items": [{}] * 501}}),
            "customer_order_paid.order.items",
            "must hold at most 500 entries",
        ),
        (
            request(customer_order_paid={"order": {"items": [{"colour": "red"}]}}),
            "customer_order_paid.order.items.0.colour",
            "Extra inputs are not permitted",
        ),
    ],
)
def test_refused(body: dict[str, Any], path: str, words: str) -> None:
    found = faults(ExamineEarningRulesRequest, body)
    assert found[path] == words


def triggers(body: dict[str, Any]) -> list[TriggerFacts]:
    asked = ExamineEarningRulesRequest.model_validate(body).examined()
    return [happening(one, None) for one in asked]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (request(ALL), [OrderPaid(None), CustomEvent(None, None), SegmentEntered(None)]),
        (request(customer_order_paid={}), [OrderPaid(None)]),
        (request(ENTERED, customer_segment_entered={}), [SegmentEntered(None)]),
        (request(HAPPENED, customer_custom_event={"type": "ALL", "all": {}}), [CustomEvent(None, None)]),
        (
            request(HAPPENED, customer_custom_event={"type": "ALL", "all": {"custom_event": {"metadata": {"a": 1}}}}),
            [CustomEvent(None, {"a": 1})],
        ),
        (
            request(
                HAPPENED,
                customer_custom_event={"type": "SPECIFIC", "specific": {"custom_event": {"schema_id": "ms_1"}}},
            ),
            [CustomEvent("ms_1", {})],
        ),
    ],
)
def test_triggers(body: dict[str, Any], expected: list[TriggerFacts]) -> None:
    assert triggers(body) == expected


def test_each_kind_of_trigger_has_its_own_metadata_of_the_customer() -> None:
    own = {"customer": {"metadata": {"a": 1}}, "member": {"metadata": {"b": 1}}}
    body = request(ALL, customer_order_paid=own, customer_custom_event={"type": "ALL", "all": {}})
    asked = ExamineEarningRulesRequest.model_validate(body).examined()
    assert [one.customer_metadata for one in asked] == [{"a": 1}, {}, {}]


def test_numbers_and_ids_may_be_texts_or_numbers() -> None:
    item = {"product_id": 7, "source_id": Decimal("1.5"), "quantity": "2", "price": Decimal("10.50"), "amount": "21.0"}
    read = ExamineOrderItem.model_validate(item)
    assert (read.product_id, read.source_id, read.quantity) == ("7", "1.5", 2)
    assert (read.price, read.amount) == (Decimal("10.5"), 21)
    by_source = {"type": "customer_source_id", "customer_source_id": 12}
    body = ExamineEarningRulesRequest.model_validate(request(ALL, customer_identification=by_source))
    assert body.customer_identification.reference == "12"


@pytest.mark.parametrize(
    ("order", "before", "after"),
    [
        ({"amount": 80, "initial_amount": 100}, 100, 80),
        ({"amount": 80}, 80, 80),
        ({"amount": 80, "discount_amount": 20}, 100, 80),
        ({"initial_amount": 100}, 100, 100),
        ({"initial_amount": 100, "discount_amount": 30}, 100, 70),
        ({"initial_amount": 100, "discount_amount": 130}, 100, 0),
        ({"items": [{"amount": 60}, {"price": 20, "quantity": 2}]}, 100, 100),
        ({"items": [{"amount": 60, "discount_amount": 10}], "discount_amount": 5}, 60, 45),
        ({"items": [{"amount": 60, "discount_amount": 70}]}, 60, 0),
        ({"items": [{"amount": 60}], "amount": 50}, 60, 50),
        ({"items": [{"amount": 60, "discount_amount": 10}], "initial_amount": 70}, 70, 60),
        ({"items": [{"amount": "0.1"}, {"amount": "0.2"}]}, Decimal("0.3"), Decimal("0.3")),
        ({"items": []}, 0, 0),
        ({"discount_amount": 5}, None, None),
    ],
)
def test_amounts_that_are_missing(order: dict[str, Any], before: Any, after: Any) -> None:
    asked = ExamineOrder.model_validate(order)
    lines = None if asked.items is None else [line(one, None, None) for one in asked.items]
    happened = happening(Examined("customer.order.paid", order=asked), lines)
    assert isinstance(happened, OrderPaid)
    assert happened.order is not None
    amounts = happened.order.initial_amount, happened.order.amount, happened.order.total_amount
    assert amounts == (before, before, after)
    assert happened.order.metadata == {}


PRODUCT = Good("prod_1", None, "P-1", "Shoes", 1000, {"colour": "red", "size": 1})
SKU = Good("sku_1", "prod_1", "S-1", "Shoes 42", 1100, {"size": 42})


@pytest.mark.parametrize(
    ("item", "known", "expected"),
    [
        (
            {"product_id": "prod_1", "quantity": 2},
            (PRODUCT, None),
            Line("prod_1", "P-1", None, None, 2, 1000, 2000, 2000, {"colour": "red", "size": 1}),
        ),
        (
            {"sku_id": "sku_1", "discount_amount": 100, "metadata": {"size": 43}},
            (PRODUCT, SKU),
            Line("prod_1", "P-1", "sku_1", "S-1", 1, 1100, 1100, 1000, {"colour": "red", "size": 43}),
        ),
        (
            {"source_id": "X", "price": "0.5", "quantity": 3, "product": {"metadata": {"a": 1}}, "name": "Pen"},
            (None, None),
            Line(None, "X", None, "X", 3, Decimal("0.5"), Decimal("1.5"), Decimal("1.5"), {"a": 1}),
        ),
        (
            {"source_id": "X", "related_object": "sku", "sku": {"price": 5}, "product": {"source_id": "Y"}},
            (None, None),
            Line(None, "Y", None, "X", 1, 5, 5, 5, {}),
        ),
        ({"amount": 7}, (None, None), Line(None, None, None, None, 1, None, 7, 7, {})),
    ],
)
def test_lines(item: dict[str, Any], known: tuple[Good | None, Good | None], expected: Line) -> None:
    assert line(ExamineOrderItem.model_validate(item), *known) == expected
