"""What a trigger records is what rules see."""

from datetime import UTC, datetime
from typing import Any

import pytest

from troth.core.earning.facts import CustomEvent, Line, Order, OrderPaid, SegmentEntered, TriggerFacts, recorded_trigger
from troth.core.json import decode, encode
from troth.core.order_items import Good, Goods, OrderItem, evaluated, priced
from troth.core.triggers import Trigger, WaitingTrigger, custom_event, order_changed, order_paid, segment_entered

SHOES = Good("prod_1", None, "P-1", "Shoes", 1000, {"colour": "red"})
ITEM = OrderItem(product_id="prod_1", quantity=3, discount_quantity=1, discount_amount=500, metadata={"size": 42})
RECORDED: dict[str, Any] = {
    "amount": 3000,
    "initial_amount": 3100,
    "total_amount": 2500,
    "items": [evaluated(priced(ITEM, Goods([SHOES], []), None, 0))],
    "metadata": {"channel": "web"},
}
SEEN = Order(
    3000,
    3100,
    2500,
    (Line("prod_1", "P-1", None, None, 2, 1000, 3000, 2500, {"colour": "red", "size": 42}),),
    {"channel": "web"},
)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (order_paid("cust_1", "ord_1", RECORDED), OrderPaid(SEEN)),
        (order_changed("cust_1", "ord_1", RECORDED, is_canceled=False), OrderPaid(SEEN)),
        (custom_event("cust_1", "evcus_1", "ms_1", {"stars": 5}), CustomEvent("ms_1", {"stars": 5})),
        (segment_entered("cust_1", "seg_1"), SegmentEntered("seg_1")),
    ],
)
def test_recorded(trigger: Trigger, expected: TriggerFacts) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    payload = decode(encode(trigger.payload))
    waiting = WaitingTrigger("lmbr_1", 1, "proj_1", trigger.kind, trigger.subject_id, now, payload, 0, None)
    assert recorded_trigger(waiting) == expected
