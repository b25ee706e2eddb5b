"""What the operators of a condition ask of a value, each read once into a test (domain 8).

The values of one operator are alternatives. `$is_not` and `$not_in` are the exact contraries of `$is` and `$in`: none
of their values may be it, and metadata without a value pass them; a price or an amount that is not known passes
nothing. Two texts are compared as texts; a number is compared with a number that is written as text. A list in metadata
is each of its entries.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from operator import ge, gt, le, lt
from typing import Any, Final, NamedTuple

from troth.core.conditions import ConditionObject, RuleDefinition, number
from troth.core.earning.facts import COLLECTION, PRODUCT, SKU, Key

MOST_SEEN: Final = 10
"""How many values a refused condition tells of those that it saw."""

_DENYING: Final = frozenset({"$is_not", "$not_in"})
_COMPARED: Final[dict[str, tuple[Callable[[Any, Any], bool], Callable[[Iterable[Decimal]], Decimal]]]] = {
    # More than one of several is more than the least of them.
    "$more_than": (gt, min),
    "$more_than_or_equal": (ge, min),
    "$less_than": (lt, max),
    "$less_than_or_equal": (le, max),
}
_BESIDES: Final = frozenset({"$from", "$dow"})
_KINDS: Final = (PRODUCT, SKU, COLLECTION)


class Refused(NamedTuple):
    """A condition that did not hold: its number (`1.2` is rule 2 nested in rule 1), and the operator with what it saw.

    `seen` is a value, or the first `MOST_SEEN` of several; `message` is what the rule tells in place of usual words.
    """

    number: str
    name: str
    operator: str
    seen: Any
    message: str | None


class Test(NamedTuple):
    """One operator with its values, as a test of one value.

    Where it asks for numbers, what it asks for is said too, so that many values can be asked at once: a `bound` to
    compare with, or the numbers `wanted` (by an operator that denies: not wanted).
    """

    operator: str
    holds: Callable[[Any], bool]
    bound: Decimal | None = None
    wanted: frozenset[Decimal] | None = None

    @property
    def denies(self) -> bool:
        """Whether the operator is the contrary of another."""
        return self.operator in _DENYING


def asked_of(rule: RuleDefinition) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the operators of a rule with their values, but those that every rule may have besides."""
    for operator, values in (rule.conditions.by_operator() if rule.conditions else {}).items():
        if operator not in _BESIDES:
            yield operator, values


def value_tests(rule: RuleDefinition) -> tuple[Test, ...]:
    """Return the tests of a value: of metadata by what they are, of amounts, quantities and prices as numbers."""
    make = _metadata_test if rule.name.endswith(".metadata") else _number_test
    return tuple(make(operator, values) for operator, values in asked_of(rule))


def membership_tests(rule: RuleDefinition) -> tuple[Test, ...]:
    """Return the tests of a set of ids: whether one of the operator's is among them."""

    def test(operator: str, values: Sequence[Any]) -> Test:
        wanted = frozenset(one.id or one.source_id if isinstance(one, ConditionObject) else one for one in values)
        denies = operator in _DENYING
        return Test(operator, lambda ids: wanted.isdisjoint(ids) is denies)

    return tuple(test(operator, values) for operator, values in asked_of(rule))


def denies(operator: str) -> bool:
    """Tell whether the operator is the contrary of another."""
    return operator in _DENYING


def keys_of(values: Iterable[Any]) -> tuple[Key, ...]:
    """Return what names the items of a condition's values.

    A text is an id or a source id of a product, a SKU or a collection; an object is one of them by the id that it has,
    and by its source id only if it has no other.
    """
    return tuple(key for value in values for key in _keys_of(value))


def first_seen(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return as many of the values as a refused condition tells."""
    return tuple(islice(values, MOST_SEEN))


def _keys_of(value: Any) -> Iterator[Key]:
    if not isinstance(value, ConditionObject):
        yield value
        return
    which, name = ("id", value.id) if value.id is not None else ("source_id", value.source_id)
    assert name is not None, "an object of a condition has one of them"
    kinds = [kind for kind in _KINDS if kind in (value.object, value.type)]
    for kind in kinds or _KINDS:
        yield kind, which, name


def _number_test(operator: str, values: Sequence[Any]) -> Test:
    numbers = [found for value in values if (found := number(value)) is not None]
    if operator in _COMPARED:
        compare, extreme = _COMPARED[operator]
        bound = extreme(numbers)
        return Test(operator, lambda seen: seen is not None and compare(seen, bound), bound=bound)
    wanted, denying = frozenset(numbers), operator in _DENYING
    return Test(operator, lambda seen: seen is not None and (seen in wanted) is not denying, wanted=wanted)


def _metadata_test(operator: str, values: Sequence[Any]) -> Test:
    matches = _comparison(operator, values) if operator in _COMPARED else _equality(values)
    denying = operator in _DENYING

    def holds(seen: Any) -> bool:
        found = any(matches(one) for one in seen) if isinstance(seen, list | tuple) else matches(seen)
        return found is not denying

    return Test(operator, holds)


def _comparison(operator: str, values: Sequence[Any]) -> Callable[[Any], bool]:
    test = _number_test(operator, values)
    return lambda seen: test.holds(number(seen))


def _equality(values: Sequence[Any]) -> Callable[[Any], bool]:
    flags = frozenset(one for one in values if isinstance(one, bool))
    texts = frozenset(one for one in values if isinstance(one, str))
    numbers = frozenset(one for one in map(number, values) if one is not None)
    written = frozenset(one for one in values if not isinstance(one, bool | str))

    def matches(seen: Any) -> bool:
        if isinstance(seen, bool):
            return seen in flags
        if isinstance(seen, str):
            return seen in texts or number(seen) in written
        return isinstance(seen, int | Decimal) and seen in numbers

    return matches
