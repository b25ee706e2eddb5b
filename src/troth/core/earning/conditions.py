"""Groups of rules, read once into checks, and why they do not hold (domain 8).

Also the conditions of a reward's costs are groups of them (domain 11).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from troth.core.conditions import RuleDefinition, RulesGroup
from troth.core.earning.facts import MemberFacts, Order
from troth.core.earning.line_conditions import line_check
from troth.core.earning.operators import Refused, asked_of, first_seen, membership_tests, value_tests
from troth.core.earning.scenes import Scene
from troth.core.logic import AllOf, Logic

Check: TypeAlias = Callable[[Scene, MemberFacts], tuple[Refused, ...]]
"""Asks a condition and returns what of it did not hold; nothing if all did."""

_AMOUNTS: Final[Mapping[str, Callable[[Order], Any]]] = {
    "order.amount": lambda order: order.amount,
    "order.initial_amount": lambda order: order.initial_amount,
    "order.total_amount": lambda order: order.total_amount,
}
_METADATA: Final[Mapping[str, Callable[[Scene, MemberFacts], Mapping[str, Any] | None]]] = {
    "customer.metadata": lambda scene, _: scene.customer.metadata,
    "member.metadata": lambda _, member: member.metadata,
    "order.metadata": lambda scene, _: scene.order.metadata if scene.order else None,
    "custom_event.metadata": lambda scene, _: scene.event_metadata,
}
_NOT_GIVEN: Final = object()


class Conditions:
    """A group of numbered rules with its logic, ready to be asked."""

    __slots__ = ("_checks", "_tree")

    def __init__(self, group: RulesGroup) -> None:
        self._tree = group.tree
        self._checks = {number: _check(number, rule) for number, rule in group.rules.items()}

    def refused(self, scene: Scene, member: MemberFacts) -> tuple[Refused, ...]:
        """Return why the group does not hold, each condition once; nothing if it holds.

        Of parts that must all hold the first that does not is told, of alternatives each.
        """
        causes = {one.number: one for one in self._causes(self._tree, scene, member)}
        return tuple(causes.values())

    def _causes(self, logic: Logic, scene: Scene, member: MemberFacts) -> tuple[Refused, ...]:
        if isinstance(logic, str):
            return self._checks[logic](scene, member)
        found: tuple[Refused, ...] = ()
        for part in logic.parts:
            causes = self._causes(part, scene, member)
            if bool(causes) is isinstance(logic, AllOf):
                return causes
            found += causes
        return found


def _check(number: str, rule: RuleDefinition) -> Check:
    name, message = rule.name, rule.error.message if rule.error else None

    def refused(operator: str, seen: Any) -> tuple[Refused, ...]:
        return (Refused(number, name, operator, seen, message),)

    if not name.startswith("order.items."):
        return _value_check(rule, refused)
    ask = line_check(number, rule)
    operator = next((one for one, _ in asked_of(rule)), "rules")

    def check(scene: Scene, _: MemberFacts) -> tuple[Refused, ...]:
        return refused(operator, None) if scene.basket is None else ask(scene, scene.basket)

    return check


def _value_check(rule: RuleDefinition, refused: Callable[[str, Any], tuple[Refused, ...]]) -> Check:
    weekdays = rule.conditions.dow if rule.conditions else None
    read, tests = _read(rule), membership_tests(rule) if rule.name == "customer.segment" else value_tests(rule)

    def check(scene: Scene, member: MemberFacts) -> tuple[Refused, ...]:
        if weekdays and scene.weekday not in weekdays:
            return refused("$dow", scene.weekday)
        value = read(scene, member)
        for test in tests:
            if value is _NOT_GIVEN:
                return refused(test.operator, None)
            if not test.holds(value):
                return refused(test.operator, first_seen(sorted(value)) if isinstance(value, frozenset) else value)
        return ()

    return check


def _read(rule: RuleDefinition) -> Callable[[Scene, MemberFacts], Any]:
    """Return what reads the value that a rule is about from the facts."""
    if rule.name in _METADATA:
        metadata, property_ = _METADATA[rule.name], rule.property or ""

        def value(scene: Scene, member: MemberFacts) -> Any:
            found = metadata(scene, member)
            return _NOT_GIVEN if found is None else found.get(property_)

        return value
    if rule.name in _AMOUNTS:
        amount = _AMOUNTS[rule.name]
        return lambda scene, _: amount(scene.order) if scene.order else None
    return lambda scene, _: scene.customer.segment_ids
