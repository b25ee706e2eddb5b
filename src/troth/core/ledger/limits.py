"""Limits: how many points a card may earn and spend (domain 7, Limits)."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from troth.core.card_definitions import (
    BalanceBased,
    EarningLimits,
    SpendingBased,
    SpendingLimits,
    TimeBased,
    TransactionPoints,
    TransactionSpending,
)
from troth.core.cards import Counters

InPeriod: TypeAlias = Callable[[str], int]
"""Points earned or spent so far in the current period of a unit, such as `MONTH`."""


class Cut(NamedTuple):
    """How many points a limit lets through, and why not more; `limit` is None where nothing was cut."""

    points: int
    limit: str | None = None
    details: str | None = None


def earnable(
    limits: EarningLimits, counters: Counters, points: int, *, earned: InPeriod, order_amount: int | None = None
) -> Cut:
    """Return how many of the points that an effect gives may be earned.

    One effect above the largest transaction, or of an order under the smallest amount, gives nothing; what the global
    limit has no room for is cut. `order_amount` is in minor units, None where no order is the cause.
    """
    for limit in limits.transactions.limits:
        if isinstance(limit, TransactionPoints) and points > limit.max:
            return Cut(0, "transaction_points", f"{points} points; one transaction may have at most {limit.max}")
        if isinstance(limit, TransactionSpending) and order_amount is not None and order_amount < limit.min_amount:
            return Cut(0, "transaction_spending", f"The order's {order_amount} is less than {limit.min_amount}")
    for whole in limits.global_.limits:
        if isinstance(whole, BalanceBased):
            held = counters.balance + counters.pending
            return _cut(points, whole.max - held, "balance", f"{held} of at most {whole.max} points are held")
        unit = _unit(whole)
        sofar = earned(unit)
        words = f"{sofar} of at most {whole.points.max} points were earned in this {unit.lower()}"
        return _cut(points, whole.points.max - sofar, "period", words)
    return Cut(points)


def spendable(limits: SpendingLimits, counters: Counters, points: int, *, spent: InPeriod) -> Cut:
    """Return how many of the points may be spent at once, by the strictest limit."""
    cut = Cut(points)
    for limit in limits.transactions.limits:
        words = f"one transaction may have at most {limit.max} points"
        cut = _cut(cut.points, limit.max, "transaction", words)
    for whole in limits.global_.limits:
        if isinstance(whole, SpendingBased):
            sofar, largest = counters.spent + counters.locked - counters.unlocked - counters.returned, whole.max
            words = f"{sofar} of at most {largest} points are spent"
        else:
            unit = _unit(whole)
            sofar, largest = spent(unit), whole.points.max
            words = f"{sofar} of at most {largest} points were spent in this {unit.lower()}"
        tighter = _cut(cut.points, largest - sofar, "global", words)
        cut = tighter if tighter.limit else cut
    return cut


def _unit(limit: TimeBased) -> str:
    if limit.period.current_period is None:
        raise ValueError("a period has its unit")
    return limit.period.current_period.unit


def _cut(points: int, left: int, limit: str, words: str) -> Cut:
    return Cut(max(left, 0), limit, words) if left < points else Cut(points)
