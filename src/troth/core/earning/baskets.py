"""The lines of an order, found by what they are: sets of lines are the bits of an integer, so that 500 cost as 5 do."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from operator import or_
from typing import Any, Literal, NamedTuple, TypeAlias

from troth.core.earning.arithmetic import total
from troth.core.earning.facts import COLLECTION, PRODUCT, SKU, Amount, Key, Line
from troth.core.earning.operators import Test

Lines: TypeAlias = int
"""A set of an order's lines: bit n is set if line n is in it."""

Measure: TypeAlias = Literal["price", "quantity", "amount", "subtotal_amount"]


class _Scale(NamedTuple):
    """The different numbers that lines have, in order, each with the lines that have it; and all lines below each."""

    numbers: list[Any]
    holders: Mapping[Any, Lines]
    below: list[Lines]


class Basket:
    """The lines of one order; what is asked of them more than once is worked out once."""

    __slots__ = ("_groups", "_holders", "_scales", "_totals", "every_line", "lines")

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.every_line: Lines = (1 << len(lines)) - 1
        self._holders: dict[Key, Lines] = {}
        self._totals: dict[tuple[Lines, Measure], Amount] = {}
        self._scales: dict[str, _Scale] = {}
        self._groups: dict[tuple[str, str | None], list[tuple[Any, Lines]]] = {}
        for place, line in enumerate(lines):
            for key in _keys(line):
                self._holders[key] = self._holders.get(key, 0) | 1 << place

    def named(self, keys: Iterable[Key]) -> Lines:
        """Return the lines that one of the keys names."""
        found = 0
        for key in keys:
            found |= self._holders.get(key, 0)
        return found

    def each(self, lines: Lines) -> Iterator[Line]:
        """Yield the lines of a set, in the order's order."""
        while lines:
            lowest = lines & -lines
            yield self.lines[lowest.bit_length() - 1]
            lines ^= lowest

    def total(self, lines: Lines, measure: Measure) -> Amount:
        """Return the exact sum of what the lines of a set have of a measure."""
        key = lines, measure
        if key not in self._totals:
            self._totals[key] = total(getattr(line, measure) or 0 for line in self.each(lines))
        return self._totals[key]

    def where(self, attribute: str, property_: str | None, test: Test) -> Lines:
        """Return the lines whose attribute, or whose value of that property of their metadata, passes a test."""
        if property_ is None:
            return self._measured(self._scale(attribute), test)
        found = 0
        for value, holders in self._grouped(attribute, property_):
            if test.holds(value):
                found |= holders
        return found

    def values(self, lines: Lines, attribute: str, property_: str | None) -> Iterator[Any]:
        """Yield the different values that the lines of a set have."""
        return (value for value, holders in self._grouped(attribute, property_) if holders & lines)

    def cheapest(self, lines: Lines) -> Lines:
        """Return the line of a set with the lowest price; of several the lowest subtotal, then the first."""
        return 1 << min(places, key=self._price) if (places := self._priced(lines)) else 0

    def most_expensive(self, lines: Lines) -> Lines:
        """Return the line of a set with the highest price; of several the highest subtotal, then the first."""
        return 1 << max(places, key=self._price) if (places := self._priced(lines)) else 0

    def _priced(self, lines: Lines) -> list[int]:
        return [place for place, line in enumerate(self.lines) if lines >> place & 1 and line.price is not None]

    def _price(self, place: int) -> tuple[Any, Any]:
        return self.lines[place].price, self.lines[place].subtotal_amount

    def _measured(self, scale: _Scale, test: Test) -> Lines:
        if test.bound is None:
            found = 0
            for number in test.wanted or ():
                found |= scale.holders.get(number, 0)
            return scale.below[-1] & ~found if test.denies else found
        beyond = bisect_right if test.operator in ("$less_than_or_equal", "$more_than") else bisect_left
        below = scale.below[beyond(scale.numbers, test.bound)]
        return below if test.operator.startswith("$less") else scale.below[-1] & ~below

    def _scale(self, attribute: str) -> _Scale:
        if attribute not in self._scales:
            holders: dict[Any, Lines] = {}
            for place, line in enumerate(self.lines):
                number = getattr(line, attribute)
                if number is not None:
                    holders[number] = holders.get(number, 0) | 1 << place
            numbers = sorted(holders)
            below = list(accumulate((holders[number] for number in numbers), or_, initial=0))
            self._scales[attribute] = _Scale(numbers, holders, below)
        return self._scales[attribute]

    def _grouped(self, attribute: str, property_: str | None) -> list[tuple[Any, Lines]]:
        if (attribute, property_) in self._groups:
            return self._groups[attribute, property_]
        groups: dict[object, tuple[Any, Lines]] = {}
        for place, line in enumerate(self.lines):
            value = getattr(line, attribute)
            if property_ is not None:
                value = value.get(property_)
            # To Python true is 1; and lists, which metadata may hold, are no keys.
            key = (type(value), value) if isinstance(value, str | int | Decimal | None) else place
            groups[key] = value, groups.get(key, (value, 0))[1] | 1 << place
        return self._groups.setdefault((attribute, property_), list(groups.values()))


def _keys(line: Line) -> Iterator[Key]:
    for kind, id_, source_id in (
        (PRODUCT, line.product_id, line.product_source_id),
        (SKU, line.sku_id, line.sku_source_id),
        *((COLLECTION, one, None) for one in line.collection_ids),
    ):
        for which, name in (("id", id_), ("source_id", source_id)):
            if name is not None:
                yield name
                yield kind, which, name
