"""Conditions on the items of an order, read once into sets of lines (domain 8).

`any`, `every` and `none` ask how many lines are what the condition names, `cheapest` and `most_expensive` what the one
line is; `$from` narrows the order to the lines of a collection first. Rules nested in them look at the lines so found:
one line must be as all of them say, for `every` each line. Of an order without such lines only `none` holds.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from troth.core.conditions import MATCHING_NAMES, RuleDefinition, RulesGroup
from troth.core.earning.baskets import Basket, Lines, Measure
from troth.core.earning.facts import Key
from troth.core.earning.operators import Refused, asked_of, denies, first_seen, keys_of, value_tests
from troth.core.earning.scenes import Scene
from troth.core.logic import AllOf, Logic

LineCheck: TypeAlias = Callable[[Scene, Basket], tuple[Refused, ...]]
"""Asks a condition of an order's lines and returns what of it did not hold; nothing if all did."""

_TOTALS: Final[dict[str, Measure]] = {
    "order.items.count": "quantity",
    "order.items.aggregated_quantity": "quantity",
    "order.items.aggregated_amount": "amount",
}
_ATTRIBUTES: Final = {
    "order.items.price": "price",
    "order.items.price_any": "price",
    "order.items.price_each": "price",
    "order.items.quantity": "quantity",
    "order.items.metadata": "metadata",
}


def line_check(number: str, rule: RuleDefinition) -> LineCheck:
    """Return the check of a rule whose name begins with `order.items.`."""
    return _Matching(number, rule).check if rule.name in MATCHING_NAMES else _Rule(number, rule, None).check


def names(basket: Basket, lines: Lines) -> tuple[str | None, ...]:
    """Return what names the first lines of a set: the SKU, else the product, each by its id, else its source id."""
    return first_seen(
        one.sku_id or one.product_id or one.sku_source_id or one.product_source_id for one in basket.each(lines)
    )


class _Why(NamedTuple):
    operator: str
    seen: Any


class _Kept(NamedTuple):
    """The lines of a set that are as a rule says; if there are none, or a sum is not as it says, why."""

    lines: Lines
    why: _Why | None = None


class _Rule:
    """A rule that compares what lines have: each alone, or their sum."""

    def __init__(self, number: str, rule: RuleDefinition, message: str | None) -> None:
        self._number, self._name = number, rule.name
        self._message = rule.error.message if rule.error else message
        self._property = rule.property if rule.name.endswith(".metadata") else None
        self._measure = _TOTALS.get(rule.name)
        self._attribute = _ATTRIBUTES.get(rule.name, "")
        self._tests = value_tests(rule)
        self._from, self._weekdays = _from_of(rule), rule.conditions.dow if rule.conditions else None

    def check(self, scene: Scene, basket: Basket) -> tuple[Refused, ...]:
        """Ask the rule of the whole order: of one line of it, or of each."""
        every = basket.every_line
        kept = self.kept(scene, basket, every, every)
        why = kept.why
        if self._name == "order.items.price_each" and why is None:
            others = (basket.named(self._from) if self._from else every) & ~kept.lines
            why = self.kept(scene, basket, others, others).why if others else None
        return (self.refused(why),) if why else ()

    def refused(self, why: _Why) -> Refused:
        """Return the refusal of the rule."""
        return Refused(self._number, self._name, *why, self._message)

    def kept(self, scene: Scene, basket: Basket, lines: Lines, found: Lines) -> _Kept:
        """Return which of the lines are as the rule says; a sum of all that were `found` keeps all or none of them."""
        if self._weekdays and scene.weekday not in self._weekdays:
            return _Kept(0, _Why("$dow", scene.weekday))
        if self._measure:
            sum_ = basket.total(basket.named(self._from) & found if self._from else found, self._measure)
            failed = next((test.operator for test in self._tests if not test.holds(sum_)), None)
            return _Kept(0, _Why(failed, sum_)) if failed else _Kept(lines)
        if self._from:
            before, lines = lines, lines & basket.named(self._from)
            if not lines:
                return _Kept(0, _Why("$from", names(basket, before)))
        for test in self._tests:
            before, lines = lines, lines & basket.where(self._attribute, self._property, test)
            if not lines:
                seen = first_seen(basket.values(before, self._attribute, self._property))
                return _Kept(0, _Why(test.operator, seen))
        return _Kept(lines)


class _Nested:
    """The rules nested in one that matches lines, joined by their logic."""

    def __init__(self, number: str, group: RulesGroup, message: str | None) -> None:
        self._tree = group.tree
        self._rules = {own: _Rule(f"{number}.{own}", rule, message) for own, rule in group.rules.items()}

    def kept(self, scene: Scene, basket: Basket, found: Lines) -> Lines:
        """Return which of the lines are as the rules say."""
        return self._kept(self._tree, scene, basket, found, found)

    def refused(self, scene: Scene, basket: Basket, found: Lines, *, each: bool) -> tuple[Refused, ...]:
        """Return why not one of the lines is as the rules say, or not each: then of one that is not."""
        kept = self.kept(scene, basket, found)
        lines = found & ~kept
        if not lines or (kept and not each):
            return ()
        lines = lines & -lines if each else lines
        causes = {one.number: one for one in self._causes(self._tree, scene, basket, lines, found)}
        return tuple(causes.values())

    def _kept(self, logic: Logic, scene: Scene, basket: Basket, lines: Lines, found: Lines) -> Lines:
        if isinstance(logic, str):
            return self._rules[logic].kept(scene, basket, lines, found).lines
        kept = lines if isinstance(logic, AllOf) else 0
        for part in logic.parts:
            if isinstance(logic, AllOf):
                kept = self._kept(part, scene, basket, kept, found) if kept else 0
            else:
                kept |= self._kept(part, scene, basket, lines, found)
        return kept

    def _causes(self, logic: Logic, scene: Scene, basket: Basket, lines: Lines, found: Lines) -> Iterator[Refused]:
        if isinstance(logic, str):
            rule = self._rules[logic]
            if why := rule.kept(scene, basket, lines, found).why:
                yield rule.refused(why)
            return
        for part in logic.parts:
            kept = self._kept(part, scene, basket, lines, found)
            if not kept:
                yield from self._causes(part, scene, basket, lines, found)
            if isinstance(logic, AllOf):
                if not kept:
                    return
                lines = kept


class _Matching:
    """A rule that matches lines by product, SKU or collection."""

    def __init__(self, number: str, rule: RuleDefinition) -> None:
        self._number, self._name = number, rule.name
        self._how = rule.name.rpartition(".")[2]
        self._message = rule.error.message if rule.error else None
        self._from, self._weekdays = _from_of(rule), rule.conditions.dow if rule.conditions else None
        self._asked = [(operator, keys_of(values), denies(operator)) for operator, values in asked_of(rule)]
        self._nested = _Nested(number, rule.rules, self._message) if rule.rules else None

    def check(self, scene: Scene, basket: Basket) -> tuple[Refused, ...]:
        """Ask the rule of the whole order."""
        if self._weekdays and scene.weekday not in self._weekdays:
            return self._refused("$dow", scene.weekday)
        lines = basket.named(self._from) if self._from else basket.every_line
        if self._how in ("cheapest", "most_expensive"):
            lines = getattr(basket, self._how)(lines)
        if not lines:
            return () if self._how == "none" else self._refused("$from" if self._from else self._operator, ())
        kept = self._matched(basket, lines)
        if self._how == "none":
            held = self._nested.kept(scene, basket, kept.lines) if self._nested else kept.lines
            return self._refused(self._operator, names(basket, held)) if held else ()
        if kept.why:
            return self._refused(*kept.why)
        return self._nested.refused(scene, basket, kept.lines, each=self._how == "every") if self._nested else ()

    def _matched(self, basket: Basket, lines: Lines) -> _Kept:
        """Return the lines that are what every operator names, and why if none is, or for `every` if not each is."""
        for operator, keys, denied in self._asked:
            before, hits = lines, basket.named(keys)
            lines &= ~hits if denied else hits
            others = before & ~lines
            if not lines or (others and self._how == "every"):
                return _Kept(lines, _Why(operator, names(basket, others)))
        return _Kept(lines)

    @property
    def _operator(self) -> str:
        return self._asked[0][0] if self._asked else "rules"

    def _refused(self, operator: str, seen: Any) -> tuple[Refused, ...]:
        return (Refused(self._number, self._name, operator, seen, self._message),)


def _from_of(rule: RuleDefinition) -> tuple[Key, ...] | None:
    return keys_of(rule.conditions.from_) if rule.conditions and rule.conditions.from_ else None
