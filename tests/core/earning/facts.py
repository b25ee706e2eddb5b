"""An order, an event, a customer and a member that the tests of earning ask about."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from troth.core.earning.facts import CustomerFacts, CustomEvent, Line, MemberFacts, Order, OrderPaid, TriggerFacts
from troth.core.earning.scenes import Scene

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

METADATA = {
    "text": "red",
    "digits": "07",
    "number": 7,
    "decimal": Decimal("0.3"),
    "flag": True,
    "list": ["red", 7, True],
    "null": None,
    "object": {"a": 1},
}

LINES = (
    Line("prod_1", "P-1", None, None, 2, 1000, 2000, 1800, {"colour": "red", "size": 10}, frozenset({"pc_1"})),
    Line("prod_2", None, "sku_2", "S-2", 1, 500, 500, 500, {"colour": "blue"}, frozenset({"pc_1", "pc_2"})),
    Line("prod_3", "P-3", None, None, 3, 500, 1500, 1400),
)
ORDER = Order(4000, 4100, 3700, LINES, METADATA)
CUSTOMER = CustomerFacts(METADATA, frozenset({"seg_1", "seg_2"}))
MEMBER = MemberFacts(metadata=METADATA, cards={"lcdef_1": "lcrd_1"})
EVENT = CustomEvent("ms_1", METADATA)


def scene(
    trigger: TriggerFacts | None = None,
    *,
    at: datetime = SUNDAY,
    customer: CustomerFacts = CUSTOMER,
    zone: Any = BERLIN,
) -> Scene:
    return Scene(trigger or OrderPaid(ORDER), at, zone, customer)


def of_lines(*lines: Line, **more: Any) -> Scene:
    return scene(OrderPaid(Order(0, 0, 0, lines, {})), **more)
