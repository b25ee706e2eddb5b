"""Points in all eight calculations, exact; and what of them is taken back from an order that is lowered."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.earning.facts import EVENT, MEMBER, ORDER, scene
from tests.core.earning.rules import earning, in_proportion, points, program, rule

from troth.core.earning.arithmetic import proportional
from troth.core.earning.bases import OrderBase, to_take_back
from troth.core.earning.effects import Missing, PointsGiven
from troth.core.earning.evaluation import RefusedBy, evaluate
from troth.core.earning.facts import CustomerFacts, CustomEvent, Line, Order, OrderPaid
from troth.core.earning.scenes import Scene
from troth.core.earning_rules import Effect

LARGEST = 2**53 - 1
CUSTOM_EVENT = {"event": "customer.custom_event", "custom_event": {"schema_id": "ms_1"}}


def given_by(effect: dict[str, Any], about: Scene | None = None) -> PointsGiven:
    more = {"trigger": CUSTOM_EVENT} if about and about.event_metadata is not None else {}
    (outcome,) = evaluate(*program(rule(earning(effect), **more)), about or scene(), MEMBER)
    (one,) = outcome.given
    assert isinstance(one, PointsGiven)
    return one


def applicable(**kinds: str) -> dict[str, Any]:
    return {"applicable_to": [{"type": kind, kind: {"id": id_}} for kind, id_ in kinds.items()]}


PRE, POST = "PRE_DISCOUNT_ORDER_AMOUNT", "POST_DISCOUNT_ORDER_AMOUNT"
PRE_ITEMS, POST_ITEMS = "PRE_DISCOUNT_ORDER_ITEMS_AMOUNT", "POST_DISCOUNT_ORDER_ITEMS_AMOUNT"
QUANTITY = "ORDER_ITEMS_QUANTITY"


@pytest.mark.parametrize(
    ("effect", "base", "expected"),
    [
        (in_proportion(PRE, "order", "amount", every=100, value=1), 4000, 40),
        (in_proportion(PRE, "order", "amount", every=3000, value=7), 4000, 7),
        (in_proportion(PRE, "order", "amount", every=40, value=Decimal("0.29")), 4000, 29),
        (in_proportion(PRE, "order", "amount", every=4001, value=9), 4000, 0),
        (in_proportion(POST, "order", "total_amount", every=100, value=1), 3700, 37),
        (in_proportion(POST, "order", "total_amount", every=1000, value=Decimal("1.1")), 3700, 3),
        (in_proportion(PRE_ITEMS, "order_items", "amount", every=10, **applicable(product="prod_1")), 2000, 200),
        (in_proportion(PRE_ITEMS, "order_items", "amount", **applicable(products_collection="pc_1")), 2500, 2500),
        (in_proportion(PRE_ITEMS, "order_items", "amount", **applicable(sku="sku_2", product="prod_3")), 2000, 2000),
        (in_proportion(PRE_ITEMS, "order_items", "amount", **applicable(sku="sku_9")), 0, 0),
        (
            in_proportion(POST_ITEMS, "order_items", "subtotal_amount", every=100, **applicable(product="prod_1")),
            1800,
            18,
        ),
        (
            in_proportion(
                POST_ITEMS, "order_items", "subtotal_amount", **applicable(products_collection="pc_1", product="prod_1")
            ),
            2300,
            2300,
        ),
        (
            in_proportion(
                QUANTITY, "order_items", "quantity", every=2, value=5, **applicable(product="prod_1", sku="sku_2")
            ),
            3,
            5,
        ),
        (in_proportion("ORDER_METADATA_VALUE", "order", "metadata", property="number", value=3), 7, 21),
        (in_proportion("ORDER_METADATA_VALUE", "order", "metadata", property="digits", value=3), 7, 21),
        (in_proportion("CUSTOMER_METADATA_VALUE", "customer", "metadata", property="number", every=2), 7, 3),
        (in_proportion("CUSTOMER_METADATA_VALUE", "customer", "metadata", property="decimal"), Decimal("0.3"), 0),
    ],
)
def test_calculations(effect: dict[str, Any], base: Any, expected: int) -> None:
    given = given_by(effect)
    assert (given.base, given.points, given.missing) == (base, expected, None)


def test_a_calculation_over_an_event() -> None:
    effect = in_proportion("CUSTOM_EVENT_METADATA_VALUE", "custom_event", "metadata", property="number", every=3)
    assert given_by(effect, scene(EVENT))[3:6] == (2, 7, None)


@pytest.mark.parametrize("property_", ["missing", "null", "text", "flag", "list", "object"])
@pytest.mark.parametrize(
    ("kind", "section"), [("ORDER_METADATA_VALUE", "order"), ("CUSTOMER_METADATA_VALUE", "customer")]
)
def test_a_base_that_is_no_number_gives_nothing_and_says_so(kind: str, section: str, property_: str) -> None:
    given = given_by(in_proportion(kind, section, "metadata", property=property_))
    assert given[3:6] == (0, None, Missing.NO_VALUE)


@pytest.mark.parametrize(
    ("values", "every", "value", "expected"),
    [
        (["0.7", "0.1", "0.1", "0.1"], 1, "1", 1),
        (["1.1", "2.2"], 1, "10", 30),
        (["33.3", "33.3", "33.3", "0.1"], 100, "1", 1),
        (["100"], 1, "0.29", 29),
        (["100"], 1, "1.1", 110),
        (["3"], 1, "0.1", 0),
        (["70"], 1, "0.07", 4),
        (["9007199254740991"], 1, "1", LARGEST),
        (["-5"], 10, "1", 0),
        (["0.9999999999999999999999999999999999"], 1, "5", 0),
    ],
)
def test_arithmetic_that_binary_floats_get_wrong(values: list[str], every: int, value: str, expected: int) -> None:
    lines = tuple(Line("prod_1", amount=Decimal(one)) for one in values)
    about = scene(OrderPaid(Order(0, 0, 0, lines, {})))
    effect = in_proportion(
        PRE_ITEMS, "order_items", "amount", every=every, value=Decimal(value), **applicable(product="prod_1")
    )
    assert given_by(effect, about).points == expected


@given(
    st.decimals(-(10**6), 10**15, places=6) | st.integers(-10, 10**15),
    st.integers(1, 10**4),
    st.decimals(0, 10**6, places=20, allow_nan=False),
)
def test_proportional_points(base: Decimal | int, every: int, value: Decimal) -> None:
    expected = floor(floor(Fraction(base) / every) * Fraction(value))
    assert proportional(base, every, value) == max(expected, 0)


def test_more_points_than_a_transaction_can_have_are_refused() -> None:
    effect = in_proportion(PRE, "order", "amount", value=LARGEST)
    (outcome,) = evaluate(*program(rule(earning(effect))), scene(), MEMBER)
    assert (outcome.reason, outcome.given[0][3:6]) == (RefusedBy.LIMIT, (0, 4000, Missing.LIMIT))


def test_what_was_not_given_is_told_apart_from_nothing() -> None:
    for effect in (
        in_proportion(PRE, "order", "amount"),
        in_proportion(QUANTITY, "order_items", "quantity", **applicable(product="prod_1")),
        in_proportion("ORDER_METADATA_VALUE", "order", "metadata", property="x"),
    ):
        given = given_by(effect, scene(OrderPaid(None)))
        assert (given.points, given.missing, given.order_base) == (0, Missing.NOT_GIVEN, None)
    unknown = Order(5, None, None, None, None)
    assert given_by(in_proportion(POST, "order", "total_amount"), scene(OrderPaid(unknown))).missing is (
        Missing.NOT_GIVEN
    )
    assert given_by(in_proportion(PRE, "order", "amount"), scene(OrderPaid(unknown))).points == 5
    event = scene(CustomEvent("ms_1", {}), customer=CustomerFacts())
    effect = in_proportion("CUSTOMER_METADATA_VALUE", "customer", "metadata", property="x")
    assert given_by(effect, event).missing is Missing.NO_VALUE


@pytest.mark.parametrize(
    ("effect", "amount"),
    [
        (points(5), 3700),
        (in_proportion(PRE, "order", "amount"), 4000),
        (in_proportion(POST, "order", "total_amount"), 3700),
        (in_proportion(QUANTITY, "order_items", "quantity", **applicable(products_collection="pc_1")), 3),
        (in_proportion("CUSTOMER_METADATA_VALUE", "customer", "metadata", property="number"), 3700),
    ],
)
def test_what_points_are_taken_back_by(effect: dict[str, Any], amount: int) -> None:
    given = given_by(effect)
    assert given.order_amount == amount
    assert given.order_base is not None
    about = scene()
    assert given.order_base.measured(ORDER, about.basket) == amount
    assert given.order_base == OrderBase.of(Effect.model_validate(effect).points_proportional)


AMOUNT = st.integers(0, 10**6) | st.decimals(0, 10**6, places=3)


@given(st.integers(0, LARGEST), st.integers(1, 10**6) | st.decimals(Decimal("0.001"), 10**6, places=3), st.data())
def test_no_path_through_partial_returns_changes_the_total(earned: int, before: Any, data: st.DataObject) -> None:
    path = sorted((min(one, before) for one in data.draw(st.lists(AMOUNT, max_size=20))), reverse=True)
    taken = 0
    for after in path:
        more = to_take_back(earned, before, after, taken)
        assert 0 <= more <= earned - taken
        taken += more
        assert to_take_back(earned, before, after, taken) == 0
    if path:
        assert taken == floor(earned * (Fraction(before) - Fraction(path[-1])) / Fraction(before))
    assert taken + to_take_back(earned, before, 0, taken) == earned


@pytest.mark.parametrize(
    ("earned", "before", "after", "taken", "expected"),
    [
        (100, 1000, 1000, 0, 0),
        (100, 1000, 999, 0, 0),
        (100, 1000, 990, 0, 1),
        (100, 1000, 500, 30, 20),
        (100, 1000, 700, 50, 0),
        (100, 1000, 1500, 0, 0),
        (100, 1000, -5, 0, 100),
        (100, 0, 0, 0, 0),
        (29, Decimal("0.3"), Decimal("0.1"), 0, 19),
    ],
)
def test_taking_back(earned: int, before: Any, after: Any, taken: int, expected: int) -> None:
    assert to_take_back(earned, before, after, taken) == expected
