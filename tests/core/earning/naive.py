"""Conditions asked the slow way: rule by rule and line by line, as domain 8 words them."""

import operator
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from troth.core.conditions import ConditionObject, Conditions, RuleDefinition, RulesGroup, number
from troth.core.earning.facts import Line, Order
from troth.core.logic import holds

COMPARED = {
    "$more_than": operator.gt,
    "$more_than_or_equal": operator.ge,
    "$less_than": operator.lt,
    "$less_than_or_equal": operator.le,
}
SUMS = {"count": "quantity", "aggregated_quantity": "quantity", "aggregated_amount": "amount"}


def group_holds(group: RulesGroup, order: Order, metadata: dict[str, Any], segments: Iterable[str], day: int) -> bool:
    def rule_holds(key: str) -> bool:
        rule = group.rules[key]
        asked = rule.conditions or Conditions()
        if asked.dow and day not in asked.dow:
            return False
        tests = operators(asked)
        if rule.name == "customer.segment":
            return all(
                any(value in segments for value in values) is (op in ("$is", "$in")) for op, values in tests.items()
            )
        if rule.name.startswith("order.items."):
            return lines_hold(rule, order.lines or (), day)
        if rule.name.endswith(".metadata"):
            return all(matches(metadata.get(rule.property or ""), op, values) for op, values in tests.items())
        value = getattr(order, rule.name.removeprefix("order."))
        return all(matches(value, op, values) for op, values in tests.items())

    return holds(group.tree, rule_holds)


def operators(asked: Conditions) -> dict[str, Sequence[Any]]:
    return {op: values for op, values in asked.by_operator().items() if op not in ("$dow", "$from")}


def matches(seen: Any, op: str, values: Sequence[Any]) -> bool:
    if op in ("$is_not", "$not_in"):
        return not matches(seen, "$is", values)
    entries = seen if isinstance(seen, list) else [seen]
    return any(one_matches(entry, op, value) for entry in entries for value in values)


def one_matches(seen: Any, op: str, value: Any) -> bool:
    if op in COMPARED:
        left, right = number(seen), number(value)
        return left is not None and right is not None and COMPARED[op](left, right)
    if isinstance(seen, bool) or isinstance(value, bool):
        return seen is value
    if isinstance(seen, str) and isinstance(value, str):
        return seen == value
    left, right = number(seen), number(value)
    return left is not None and left == right


def is_named(line: Line, values: Iterable[Any]) -> bool:
    ids = {"product": line.product_id, "sku": line.sku_id}
    sources = {"product": line.product_source_id, "sku": line.sku_source_id}
    for value in values:
        if not isinstance(value, ConditionObject):
            if value in {*ids.values(), *sources.values(), *line.collection_ids}:
                return True
            continue
        kind = value.object or value.type
        for one in ("product", "sku"):
            if kind in (None, one):
                named = ids[one] == value.id if value.id is not None else sources[one] == value.source_id
                if named:
                    return True
        if kind in (None, "products_collection") and value.id in line.collection_ids:
            return True
    return False


def lines_hold(rule: RuleDefinition, lines: Sequence[Line], day: int) -> bool:
    asked, what = rule.conditions or Conditions(), rule.name.removeprefix("order.items.")
    looked_at = [line for line in lines if asked.from_ is None or is_named(line, asked.from_)]
    if what in SUMS:
        return all(matches(summed(looked_at, SUMS[what]), op, values) for op, values in operators(asked).items())
    if what not in ("any", "every", "none", "cheapest", "most_expensive"):
        passing = [line for line in looked_at if line_holds(rule, line, (), day)]
        return len(passing) == len(looked_at) > 0 if what == "price_each" else bool(passing)
    if what in ("cheapest", "most_expensive"):
        sign = 1 if what == "cheapest" else -1
        priced = [line for line in looked_at if line.price is not None]
        looked_at = sorted(priced, key=lambda one: (sign * Fraction(one.price or 0), sign * one.subtotal_amount))[:1]
    found = [
        line
        for line in looked_at
        if all(is_named(line, values) is (op in ("$is", "$in")) for op, values in operators(asked).items())
    ]
    nested = rule.rules
    held = [line for line in found if nested is None or nested_hold(nested, line, found, day)]
    if what == "every":
        return len(held) == len(looked_at) > 0
    return not held if what == "none" else bool(held)


def nested_hold(group: RulesGroup, line: Line, found: Sequence[Line], day: int) -> bool:
    return holds(group.tree, lambda key: line_holds(group.rules[key], line, found, day))


def line_holds(rule: RuleDefinition, line: Line, found: Sequence[Line], day: int) -> bool:
    asked, what = rule.conditions or Conditions(), rule.name.removeprefix("order.items.")
    if asked.dow and day not in asked.dow:
        return False
    value: Any
    if what in SUMS:
        value = summed([one for one in found if asked.from_ is None or is_named(one, asked.from_)], SUMS[what])
    else:
        if asked.from_ is not None and not is_named(line, asked.from_):
            return False
        value = line.price if what.startswith("price") else line.quantity
        if what == "metadata":
            value = line.metadata.get(rule.property or "")
        elif value is None and operators(asked):
            return False
    return all(matches(value, op, values) for op, values in operators(asked).items())


def summed(lines: Iterable[Line], attribute: str) -> Decimal | int:
    total = sum((Fraction(getattr(line, attribute)) for line in lines), Fraction())
    return Decimal(total.numerator) / Decimal(total.denominator)
