"""Limits: what of an earning or a spending is let through, and why not more (domain 7, Limits)."""

from typing import Any

import pytest

from troth.core.card_definitions import EarningLimits, SpendingLimits
from troth.core.cards import ZERO
from troth.core.ledger.limits import Cut, InPeriod, earnable, spendable

UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
NONE = {"type": "NO_LIMIT"}
HELD = ZERO._replace(total=70, added=70, pending_total=30, pending_activated=4, pending_canceled=6)
"""A balance of 70, and 20 pending."""

SPENT = ZERO._replace(total=500, added=500, spent=40, locked=100, unlocked=70, returned=15)
"""40 spent and 30 locked, of which 15 came back: 55."""


def limited(*limits: dict[str, Any]) -> dict[str, Any]:
    return {"type": "LIMITED", "limits": list(limits)}


def in_period(unit: str, largest: int) -> dict[str, Any]:
    period = {"type": "CURRENT_PERIOD", "current_period": {"unit": unit}}
    return {"type": "TIME_BASED", "period": period, "points": {"max": largest}}


def earning(whole: dict[str, Any] = NONE, single: dict[str, Any] = NONE) -> EarningLimits:
    return EarningLimits.model_validate({"global": whole, "transactions": single})


def spending(whole: dict[str, Any] = NONE, single: dict[str, Any] = NONE) -> SpendingLimits:
    return SpendingLimits.model_validate({"global": whole, "transactions": single})


def sofar(**points: int) -> InPeriod:
    return lambda unit: points[unit]


def balance(largest: int) -> dict[str, Any]:
    return limited({"type": "BALANCE_BASED", "max": largest})


def at_most(points: int) -> dict[str, Any]:
    return {"type": "POINTS", "max": points}


def from_amount(amount: int) -> dict[str, Any]:
    return {"type": "SPENDING", "min_amount": amount}


EARNED: list[tuple[EarningLimits, int, int | None, Cut]] = [
    (earning(), 10**9, None, Cut(10**9)),
    (earning(balance(100)), 10, None, Cut(10)),
    (earning(balance(99)), 10, None, Cut(9, "balance", "90 of at most 99 points are held")),
    (earning(balance(90)), 10, None, Cut(0, "balance", "90 of at most 90 points are held")),
    (earning(balance(50)), 10, None, Cut(0, "balance", "90 of at most 50 points are held")),
    (earning(single=limited(at_most(10))), 10, None, Cut(10)),
    (earning(single=limited(at_most(9))), 10, None,
     Cut(0, "transaction_points", "10 points; one transaction may have at most 9")),
    (earning(single=limited(from_amount(1000))), 10, 1000, Cut(10)),
    (earning(single=limited(from_amount(1000))), 10, 999,
     Cut(0, "transaction_spending", "The order's 999 is less than 1000")),
    (earning(single=limited(from_amount(1000))), 10, None, Cut(10)),
    (earning(single=limited(from_amount(1000), at_most(9))), 10, 1000,
     Cut(0, "transaction_points", "10 points; one transaction may have at most 9")),
    (earning(balance(95), limited(at_most(20))), 10, None, Cut(5, "balance", "90 of at most 95 points are held")),
    (earning(balance(95), limited(at_most(5))), 10, None,
     Cut(0, "transaction_points", "10 points; one transaction may have at most 5")),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "points", "order_amount", "expected"), EARNED)
def test_what_may_be_earned(limits: EarningLimits, points: int, order_amount: int | None, expected: Cut) -> None:
    assert earnable(limits, HELD, points, earned=sofar(), order_amount=order_amount) == expected


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("earned", "expected"), [(0, 10), (90, 10), (91, 9), (100, 0), (140, 0)])
def test_a_period_lets_through_what_is_left_of_it(unit: str, earned: int, expected: int) -> None:
    words = f"{earned} of at most 100 points were {{}} in this {unit.lower()}"
    period = limited(in_period(unit, 100))
    cut = earnable(earning(period), HELD, 10, earned=sofar(**{unit: earned}))
    assert cut == (Cut(10) if expected == 10 else Cut(expected, "period", words.format("earned")))
    cut = spendable(spending(period), SPENT, 10, spent=sofar(**{unit: earned}))
    assert cut == (Cut(10) if expected == 10 else Cut(expected, "global", words.format("spent")))


def spent_in_all(largest: int) -> dict[str, Any]:
    return limited({"type": "SPENDING_BASED", "max": largest})


TRANSACTION = "one transaction may have at most {} points".format
SPENDABLE: list[tuple[SpendingLimits, int, Cut]] = [
    (spending(), 10**9, Cut(10**9)),
    (spending(spent_in_all(65)), 10, Cut(10)),
    (spending(spent_in_all(64)), 10, Cut(9, "global", "55 of at most 64 points are spent")),
    (spending(spent_in_all(55)), 10, Cut(0, "global", "55 of at most 55 points are spent")),
    (spending(spent_in_all(20)), 10, Cut(0, "global", "55 of at most 20 points are spent")),
    (spending(single=limited(at_most(10))), 10, Cut(10)),
    (spending(single=limited(at_most(8))), 10, Cut(8, "transaction", TRANSACTION(8))),
    (spending(spent_in_all(62), limited(at_most(8))), 10, Cut(7, "global", "55 of at most 62 points are spent")),
    (spending(spent_in_all(64), limited(at_most(8))), 10, Cut(8, "transaction", TRANSACTION(8))),
    (spending(spent_in_all(63), limited(at_most(8))), 10, Cut(8, "transaction", TRANSACTION(8))),
]


@pytest.mark.parametrize(("limits", "points", "expected"), SPENDABLE)
def test_what_may_be_spent(limits: SpendingLimits, points: int, expected: Cut) -> None:
    assert spendable(limits, SPENT, points, spent=sofar()) == expected
