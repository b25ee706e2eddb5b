"""What a payment comes to: the largest amount that all limits let, never more than is left of the order (domain 12)."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.payments.tills import Shop, account, ask, limits, order, wallet

from troth.core.cards import ZERO
from troth.core.orders import PointsPaid
from troth.core.payments.decision import Paid, payable
from troth.core.payments.transactions import shown_ratio
from troth.core.refusals import Reason, Refusal

LARGEST = 2**53 - 1
RATIOS = st.fractions(Fraction(1, 50), 50, max_denominator=60) | st.integers(1, 30).map(Fraction)


def told(paid: Paid) -> tuple[int, int]:
    return paid.payment.amount, paid.payment.points


@pytest.mark.parametrize(
    ("formula", "total", "balance", "most", "expected"),
    [
        ("1", 100, 100, {}, (100, 100)),
        ("1", 100, 70, {}, (70, 70)),
        ("10", 100, 999, {}, (99, 990)),
        ("0.5", 101, 1000, {}, (101, 51)),
        ("0.5", 101, 50, {}, (100, 50)),
        ("1/3", 10, 3, {}, (9, 3)),
        ("0.1 * 3", 10, 3, {}, (10, 3)),
        ("1", 100, 100, {"points": 30}, (30, 30)),
        ("1", 100, 100, {"points": 300}, (100, 100)),
        ("1", 100, 100, {"amount": 30}, (30, 30)),
        ("4", 100, 100, {"amount": 30}, (25, 100)),
        ("4", 100, 103, {"points": 11}, (2, 8)),
        ("0.01", 5, 1, {}, (5, 1)),
        ("0." + "0" * 30 + "1", LARGEST, 1, {}, (LARGEST, 1)),
    ],
)
def test_what_is_payable(
    formula: str, total: int, balance: int, most: dict[str, int], expected: tuple[int, int]
) -> None:
    shop = Shop(wallet(formula), [order(total)], account(balance))
    assert told(shop.one(ask(**most))) == expected
    assert shop.balance() == balance - expected[1]
    assert shop.orders["ord_1"].points_paid == PointsPaid(expected[0], 1, ("cust_1",))


@given(RATIOS, st.integers(1, 300), st.integers(1, 300), st.integers(0, 400), st.none() | st.integers(1, 300))
def test_one_more_minor_unit_would_break_a_limit(
    ratio: Fraction, total: int, paid: int, points: int, most: int | None
) -> None:
    unpaid = max(total - paid, 0)
    amount = payable(unpaid, ratio, points, most)

    def fits(one: int) -> bool:
        return one <= unpaid and ceil(one * ratio) <= points and (most is None or one <= most)

    assert fits(amount)
    assert not fits(amount + 1)


COMMANDS = st.tuples(
    st.integers(1, 2), st.sampled_from(["ord_1", "ord_2"]), st.sampled_from(["points", "amount"]), st.integers(1, 60)
)


@given(
    RATIOS,
    st.tuples(st.integers(0, 120), st.integers(0, 120)),
    st.tuples(st.integers(0, 90), st.integers(0, 90)),
    st.integers(0, 40),
    st.integers(0, 80),
    st.lists(COMMANDS, min_size=1, max_size=8),
    st.sets(st.integers(1, 7)),
)
def test_batches_are_as_if_one_after_the_other_and_pay_as_much_as_they_can(
    ratio: Fraction,
    totals: tuple[int, int],
    balances: tuple[int, int],
    transaction: int,
    whole: int,
    asked: list[tuple[int, str, str, int]],
    cuts: set[int],
) -> None:
    of = wallet(f"{ratio.numerator}/{ratio.denominator}", **limits(transaction, whole))
    left = dict(zip(("ord_1", "ord_2"), totals, strict=True))
    held, spent = list(balances), [0, 0]
    expected = []
    for member, order_id, kind, most in asked:
        caps = [
            held[member - 1],
            *([transaction] if transaction else []),
            *([whole - spent[member - 1]] if whole else []),
        ]
        points = min(caps + ([most] if kind == "points" else []))
        fitting = [one for one in range(1, left[order_id] + 1) if ceil(one * ratio) <= points]
        amount = max((one for one in fitting if kind == "points" or one <= most), default=0)
        expected.append((amount, ceil(amount * ratio)))
        left[order_id] -= amount
        held[member - 1] -= ceil(amount * ratio)
        spent[member - 1] += ceil(amount * ratio)
    shop = Shop(of, [order(totals[0]), order(totals[1], "ord_2")], account(balances[0]), account(balances[1], 2))
    commands = [ask(member, order_id, **{kind: most}) for member, order_id, kind, most in asked]
    places = [0, *sorted(cut for cut in cuts if cut < len(commands)), len(commands)]
    answers = [one for begin, end in pairwise(places) for one in shop.pay(*commands[begin:end])]
    assert [told(one) if isinstance(one, Paid) else (0, 0) for one in answers] == expected
    assert [shop.balance(1), shop.balance(2)] == held
    assert {one.id: one.amount - one.points_paid.amount for one in shop.orders.values()} == left


def test_a_payment_tells_what_was_consumed_in_its_order() -> None:
    paid = Shop(wallet(), [order(50)], account(90)).one(ask())
    assert paid.consumed == (("lcpeb_1", 30), ("lcpeb_2", 20))


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (Fraction(7), 7),
        (Fraction(1, 8), Decimal("0.125")),
        (Fraction(1, 3), Decimal("0.3333333333333333333333333333")),
        (Fraction(10**40 + 1, 10**40), Decimal("1.000000000000000000000000000")),
    ],
)
def test_a_ratio_is_shown_as_a_number(ratio: Fraction, expected: int | Decimal) -> None:
    assert shown_ratio(ratio) == expected


@pytest.mark.parametrize(
    ("changes", "balance", "of", "expected"),
    [
        ({"status": "CANCELED"}, 0, wallet(), "order: is CANCELED; it can be paid while it is CREATED or PAID"),
        ({"status": "FULFILLED"}, 9, wallet(), "order: is FULFILLED; it can be paid while it is CREATED or PAID"),
        ({"customer_id": "cust_9"}, 9, wallet(), "order: belongs to customer cust_9; it must be"),
        ({}, 9, wallet('1 / ORDER_METADATA("x")'), "…formula: at character 5: the order's metadata x is missing"),
        ({"metadata": {"x": 0}}, 9, wallet('1 / ORDER_METADATA("x")'), "…formula: at character 3: division by zero"),
        ({}, 9, wallet("1 - 2"), "…formula: at character 1: the result must be above zero, it is -1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_order_is_400(changes: dict[str, Any], balance: int, of: Any, expected: str) -> None:
    with pytest.raises(Refusal) as caught:
        Shop(of, [order(9, **changes)], account(balance)).one(ask())
    assert caught.value.reason is Reason.INVALID_PAYLOAD
    assert caught.value.details.startswith(expected.replace("…", "pay_with_points.exchange_ratio."))


FULL = ZERO._replace(spent=LARGEST - 4, returned=LARGEST - 4)


@pytest.mark.parametrize(
    ("of", "total", "card", "most", "reason"),
    [
        (wallet(pay_with_points={"type": "NO_PAYMENTS"}), 0, account(0), {}, Reason.PAYMENTS_NOT_ENABLED),
        (wallet(), 0, account(0), {}, Reason.ORDER_ALREADY_PAID),
        (wallet(), 9, account(0), {}, Reason.ZERO_BALANCE),
        (wallet("10"), 9, account(9), {}, Reason.INSUFFICIENT_BALANCE),
        (wallet("2"), 9, account(9), {"points": 1}, Reason.INSUFFICIENT_BALANCE),
        (wallet("5", **limits(4)), 9, account(9), {}, Reason.TRANSACTION_SPENDING_LIMIT),
        (wallet("5", **limits(None, 4)), 9, account(9), {}, Reason.GLOBAL_SPENDING_LIMIT),
        (wallet("5"), 9, account(9, counters=FULL), {}, Reason.GLOBAL_SPENDING_LIMIT),
    ],
)
def test_nothing_payable_is_refused(of: Any, total: int, card: Any, most: dict[str, int], reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        Shop(of, [order(total)], card).one(ask(**most))
    assert caught.value.reason is reason


def test_no_counter_grows_beyond_what_json_keeps() -> None:
    assert told(Shop(wallet(), [order(9)], account(9, counters=FULL)).one(ask())) == (4, 4)


def test_what_is_cut_says_by_which_limit() -> None:
    shop = Shop(wallet(**limits(6, 10)), [order(100)], account(50))
    paid = [shop.one(ask(points=20)).payment for _ in range(2)]
    assert [(one.amount, one.details["metadata"]) for one in paid] == [
        (6, {"points_limit": 20, "spending_limit": "one transaction may have at most 6 points"}),
        (4, {"points_limit": 20, "spending_limit": "6 of at most 10 points are spent"}),
    ]


def test_an_order_is_named_by_its_id_or_its_source_id_or_both() -> None:
    def shop() -> Shop:
        return Shop(wallet(), [order(9, source_id="web/1"), order(8, "ord_2")], account(50))

    for named in (("ord_1", None), (None, "web/1"), ("ord_1", "web/1")):
        assert shop().one(ask(1, *named)).payment.order_id == "ord_1"
    for named in (("ord_9", None), (None, "web/9"), ("ord_9", "web/1")):
        with pytest.raises(Refusal) as caught:
            shop().one(ask(1, *named))
        assert caught.value.reason is Reason.NOT_FOUND
    with pytest.raises(Refusal) as caught:
        shop().one(ask(1, "ord_2", "web/1"))
    assert caught.value.details == "order.source_id: the order ord_2 has none"


def test_a_formula_sees_the_customer_who_pays() -> None:
    shop = Shop(wallet('IF(CUSTOMER_METADATA("tier") = "gold"; 1; 2)'), [order(9)], account(50))
    shop.customers = {"cust_1": {"tier": "gold"}}
    assert told(shop.one(ask())) == (9, 9)
