"""What comes back of payments when their order is lowered: the latest first, the same by any path (domain 12)."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth.core.payments.returns import Lowered, Mode, OrderPayment, after_return

MODES = st.sampled_from(["REFUND_ALL", "REFUND_ITEM", "REFUND_AMOUNT", None])


def payment(
    number: int, amount: int, points: int, mode: Mode | None, items_amount: int = 0, member: str = "lmbr_1"
) -> OrderPayment:
    consumed = (("lcpeb_1", points // 3), ("lcpeb_2", points - points // 3))
    return OrderPayment(
        "ord_1", number, member, f"lotx_{number}", "lcrd_1", amount, points, mode, items_amount, consumed
    )


@st.composite
def paid(draw: st.DrawFn) -> tuple[list[OrderPayment], Lowered]:
    """An order that is paid in part or wholly, by payments of any modes, and what it is then."""
    amounts = draw(st.lists(st.integers(1, 40), min_size=1, max_size=4))
    items = draw(st.integers(0, 200))
    payments = [
        payment(number, amount, draw(st.integers(1, 90)), draw(MODES), items)
        for number, amount in enumerate(amounts, 1)
    ]
    return payments, Lowered(sum(amounts) + draw(st.integers(0, 20)), items, False)


@st.composite
def falls(draw: st.DrawFn) -> tuple[list[OrderPayment], list[Lowered]]:
    """Payments, and states that their order goes through, each no more than the one before."""
    payments, order = draw(paid())
    states = []
    for _ in range(draw(st.integers(1, 4))):
        order = Lowered(draw(st.integers(0, order.total_amount)), draw(st.integers(0, order.items_amount)), False)
        states.append(order)
    if draw(st.booleans()):
        states.append(order._replace(is_canceled=True))
    return payments, states


LATER_ITEMS = (
    [payment(1, 1, 1, "REFUND_AMOUNT", 2), payment(2, 1, 1, "REFUND_ITEM", 2)],
    [Lowered(1, 2, False), Lowered(1, 0, False)],
)
"""The order becomes less worth first, its items only later: the latest payment waits for them."""


def returned(payments: list[OrderPayment]) -> list[tuple[int, int]]:
    return [(one.returned_amount, one.returned_points) for one in payments]


def buckets(before: list[OrderPayment], after: list[OrderPayment]) -> list[dict[str, int]]:
    return [dict(one.given_back(other)) for one, other in zip(before, after, strict=True)]


def added(some: list[dict[str, int]], more: list[dict[str, int]]) -> list[dict[str, int]]:
    pairs = zip(some, more, strict=True)
    return [{key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}} for one, other in pairs]


@given(falls())
@example(LATER_ITEMS)
def test_the_same_comes_back_by_whatever_path(made: tuple[list[OrderPayment], list[Lowered]]) -> None:
    payments, states = made
    step_by_step: list[OrderPayment] = payments
    came_back: list[dict[str, int]] = [{} for _ in payments]
    for state in states:
        after = after_return(step_by_step, state)
        came_back = added(came_back, buckets(step_by_step, after))
        step_by_step = after
    at_once = after_return(payments, states[-1])
    assert step_by_step == at_once
    assert came_back == buckets(payments, at_once)


@given(falls())
def test_what_was_given_back_stays_so_when_the_order_rises(made: tuple[list[OrderPayment], list[Lowered]]) -> None:
    payments, states = made
    low = after_return(payments, states[-1])
    assert after_return(low, states[0]) == low
    assert after_return(low, states[-1]) == low


@given(falls())
def test_no_more_is_given_back_than_is_paid_too_much(made: tuple[list[OrderPayment], list[Lowered]]) -> None:
    payments, states = made
    order, after = states[-1], after_return(payments, states[-1])
    total = 0 if order.is_gone else order.total_amount
    back = sum(one.returned_amount for one in after)
    assert back <= max(sum(one.amount for one in payments) - total, 0)
    for one in after:
        assert 0 <= one.returned_amount <= one.amount
        assert 0 <= one.returned_points <= one.points
        assert (one.returned_points == one.points) >= (one.returned_amount == one.amount)
        if one.mode is None:
            assert one.returned_amount == 0
        elif order.is_gone:
            assert one.returned_points == one.points
        elif one.mode == "REFUND_ALL":
            assert one.returned_amount == 0
    of_items = sum(one.returned_amount for one in after if one.mode == "REFUND_ITEM")
    if not order.is_gone:
        assert of_items <= payments[0].items_amount - order.items_amount
    if all(one.mode == "REFUND_AMOUNT" for one in after):
        assert sum(one.left for one in after) == min(sum(one.amount for one in payments), total)


@given(falls(), st.lists(st.sampled_from(["lmbr_1", "lmbr_2"]), min_size=4, max_size=4), st.booleans())
def test_members_are_given_back_the_same_whoever_of_them_comes_first(
    made: tuple[list[OrderPayment], list[Lowered]], owners: list[str], turned: bool
) -> None:
    payments, states = made
    payments = [one._replace(member_id=owner) for one, owner in zip(payments, owners, strict=False)]
    present = payments
    for member in ("lmbr_2", "lmbr_1") if turned else ("lmbr_1", "lmbr_2"):
        for state in states:
            after = after_return(present, state)
            present = [new if old.member_id == member else old for old, new in zip(present, after, strict=True)]
    assert present == after_return(payments, states[-1])


@pytest.mark.parametrize(
    ("modes", "total", "items", "expected"),
    [
        (["REFUND_AMOUNT", "REFUND_AMOUNT"], 100, 100, [(0, 0), (0, 0)]),
        (["REFUND_AMOUNT", "REFUND_AMOUNT"], 70, 70, [(0, 0), (30, 15)]),
        (["REFUND_AMOUNT", "REFUND_AMOUNT"], 50, 50, [(10, 20), (40, 20)]),
        (["REFUND_AMOUNT", "REFUND_AMOUNT"], 0, 100, [(60, 120), (40, 20)]),
        (["REFUND_AMOUNT", None], 70, 70, [(30, 60), (0, 0)]),
        ([None, "REFUND_AMOUNT"], 30, 30, [(0, 0), (40, 20)]),
        (["REFUND_ITEM", "REFUND_ITEM"], 70, 100, [(0, 0), (0, 0)]),
        (["REFUND_ITEM", "REFUND_ITEM"], 40, 50, [(10, 20), (40, 20)]),
        (["REFUND_ITEM", "REFUND_ITEM"], 40, 90, [(0, 0), (10, 5)]),
        (["REFUND_ITEM", "REFUND_ITEM"], 0, 100, [(60, 120), (40, 20)]),
        (["REFUND_AMOUNT", "REFUND_ITEM"], 70, 90, [(0, 0), (10, 5)]),
        (["REFUND_AMOUNT", "REFUND_ITEM"], 50, 90, [(10, 20), (10, 5)]),
        (["REFUND_ALL", "REFUND_ALL"], 1, 1, [(0, 0), (0, 0)]),
        (["REFUND_ALL", "REFUND_ALL"], 0, 0, [(60, 120), (40, 20)]),
        (["REFUND_ALL", "REFUND_AMOUNT"], 10, 10, [(0, 0), (40, 20)]),
    ],
)
def test_what_comes_back_of_two_payments(modes: Any, total: int, items: int, expected: list[tuple[int, int]]) -> None:
    payments = [payment(1, 60, 120, modes[0], 100), payment(2, 40, 20, modes[1], 100)]
    assert returned(after_return(payments, Lowered(total, items, False))) == expected


def test_a_cancelled_order_gives_everything_back_that_its_wallets_return() -> None:
    payments = [payment(1, 60, 120, "REFUND_ALL"), payment(2, 20, 10, None), payment(3, 20, 7, "REFUND_ITEM")]
    assert returned(after_return(payments, Lowered(100, 100, True))) == [(60, 120), (0, 0), (20, 7)]


def test_points_that_were_taken_last_come_back_first() -> None:
    before = payment(1, 10, 9, "REFUND_AMOUNT")
    half, whole = before._replace(returned_amount=8), before._replace(returned_amount=10)
    assert before.given_back(half) == {"lcpeb_1": -1, "lcpeb_2": -6}
    assert half.given_back(whole) == {"lcpeb_1": -2}
    assert before.given_back(whole) == {"lcpeb_1": -3, "lcpeb_2": -6}
    assert before.given_back(before) == {}
