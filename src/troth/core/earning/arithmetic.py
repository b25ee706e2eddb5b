"""Exact arithmetic of earning: no binary floats, and no rounding but the floor that a rule asks for (domain 8)."""

from collections.abc import Iterable
from decimal import Context, Decimal
from math import floor
from typing import Final

from troth.core.earning.facts import Amount

_EXACT: Final = Context(prec=400)
"""Wider than any sum of 500 amounts: the door lets at most 100 decimals in, texts read as numbers have at most 40."""


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the exact sum."""
    found: Amount = 0
    for amount in amounts:
        whole = isinstance(amount, int) and isinstance(found, int)
        found = found + amount if whole else _EXACT.add(Decimal(found), Decimal(amount))
    return found


def product(one: Amount, other: Amount) -> Amount:
    """Return the exact product."""
    return one * other if isinstance(one, int) and isinstance(other, int) else _EXACT.multiply(one, other)


def less(one: Amount, other: Amount) -> Amount:
    """Return the exact difference."""
    return one - other if isinstance(one, int) and isinstance(other, int) else _EXACT.subtract(one, other)


def proportional(base: Amount, every: int, value: Decimal) -> int:
    """Return `value` for each full `every` of the base, then floored to whole points; a negative base gives none."""
    numerator, denominator = value.as_integer_ratio()
    return max(floor(base) // every, 0) * numerator // denominator
