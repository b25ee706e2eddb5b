"""Groups of numbered rules about a customer, an order or an event, of earning rules and reward costs (domain 8).

Values of one operator are alternatives, all operators of a rule must hold, and the group's logic joins the rules.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema

from troth.core.configuration import Configuration, Flag, Integer, Number
from troth.core.logic import Logic, numbers, parse
from troth.core.sections import Fault, Items, refuse
from troth.core.validity import Weekday

_EQUALITY: Final = frozenset({"$is", "$is_not", "$in", "$not_in"})
_COMPARISON: Final = frozenset({"$less_than", "$less_than_or_equal", "$more_than", "$more_than_or_equal"})
_RULE_NUMBER: Final = re.compile(r"[1-9][0-9]*", re.ASCII)
_NUMERIC: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)


class CustomError(Configuration):
    """What a refusal tells instead of the usual words."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ConditionObject(Configuration):
    """A segment, product, SKU or collection that a condition names by `id` or `source_id`."""

    id: str | None = None
    object: str | None = None
    source_id: str | None = None
    type: str | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.id is None and self.source_id is None:
            raise ValueError("must have an id or a source_id")
        return self


def _condition_value(value: object, _: Callable[[Any], Any]) -> object:
    """Read a value by what it is: a union would report an error for each alternative, under paths that are not."""
    if isinstance(value, Mapping):
        return ConditionObject.model_validate(value)
    if isinstance(value, ConditionObject | bool | int | str) or (isinstance(value, Decimal) and value.is_finite()):
        return value
    raise ValueError("must be a text, a number, true, false, or an object with an id or a source_id")


ConditionValue = Annotated[ConditionObject | str | Integer | Number | Flag, WrapValidator(_condition_value)]
ConditionValues = Annotated[tuple[ConditionValue, ...], Items()]
"""The type of one value: a frozen object, text, `int`, `Decimal` or `bool`."""


class Conditions(Configuration):
    """The operators of a rule with their values."""

    is_: ConditionValues | None = Field(None, alias="$is")
    is_not: ConditionValues | None = Field(None, alias="$is_not")
    in_: ConditionValues | None = Field(None, alias="$in")
    not_in: ConditionValues | None = Field(None, alias="$not_in")
    less_than: ConditionValues | None = Field(None, alias="$less_than")
    less_than_or_equal: ConditionValues | None = Field(None, alias="$less_than_or_equal")
    more_than: ConditionValues | None = Field(None, alias="$more_than")
    more_than_or_equal: ConditionValues | None = Field(None, alias="$more_than_or_equal")
    from_: ConditionValues | None = Field(None, alias="$from")
    dow: Annotated[tuple[Weekday, ...], Items(1, 7)] | None = Field(None, alias="$dow")

    def by_operator(self) -> dict[str, tuple[ConditionObject | str | int | Decimal | bool, ...]]:
        """Return the given operators, as the wire writes them, with their values."""
        found = {str(field.alias): getattr(self, name) for name, field in type(self).model_fields.items()}
        return {operator: values for operator, values in found.items() if values is not None}


class RulesGroup(Configuration):
    """Numbered rules and the logic that joins them; rules that the logic does not name are kept and ignored (domain 5).

    `rule(number)` gives a rule by its number as text, `tree` the logic as parsed.
    """

    model_config = ConfigDict(extra="allow")

    logic: str
    __pydantic_extra__: dict[str, "EarningRuleDefinition"] = Field(init=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        schema["patternProperties"] = {f"^{_RULE_NUMBER.pattern}$": schema["additionalProperties"]}
        return schema | {"additionalProperties": False, "minProperties": 2}

    @model_validator(mode="after")
    def _names_its_rules(self) -> Self:
        refuse(type(self).__name__, self._wrong_numbers())
        return self

    def _wrong_numbers(self) -> Iterable[Fault]:
        for key in self.rules:
            if _RULE_NUMBER.fullmatch(key) is None:
                yield Fault((key,), "is not allowed: besides logic there are only rules, numbered 1, 2, 3 and so on")
        try:
            named = dict.fromkeys(numbers(parse(self.logic)))
        except ValueError as error:
            yield Fault(("logic",), str(error))
        else:
            for number in named:
                if number not in self.rules:
                    yield Fault(("logic",), f"names rule {number}, which is not among the rules")

    @cached_property
    def tree(self) -> Logic:
        """The parsed logic."""
        return parse(self.logic)

    @property
    def rules(self) -> Mapping[str, "RuleDefinition"]:
        """The rules by number, in the order in which they were written."""
        return self.__pydantic_extra__

    def walk(self) -> Iterator[tuple[tuple[str, ...], "RuleDefinition"]]:
        """Yield every rule, nested ones included, with its path from the group."""
        for number, rule in self.rules.items():
            yield (number,), rule
            if rule.rules is not None:
                for path, nested in rule.rules.walk():
                    yield (number, "rules", *path), nested


RuleName = Literal[
    "customer.segment",
    "customer.metadata",
    "order.amount",
    "order.initial_amount",
    "order.total_amount",
    "order.metadata",
    "order.items.count",
    "order.items.price_any",
    "order.items.price_each",
    "order.items.every",
    "order.items.any",
    "order.items.none",
    "order.items.quantity",
    "order.items.aggregated_quantity",
    "order.items.price",
    "order.items.aggregated_amount",
    "order.items.cheapest",
    "order.items.most_expensive",
    "order.items.metadata",
    "custom_event.metadata",
]
MATCHING_NAMES: Final = frozenset(
    f"order.items.{how}" for how in ("any", "every", "none", "cheapest", "most_expensive")
)
"""Names that pick items by product, SKU or collection; `rules` nested in them look at the picked items."""

MATCHED_NAMES: Final = frozenset(
    f"order.items.{what}" for what in ("price", "quantity", "aggregated_amount", "aggregated_quantity", "metadata")
)


class RuleDefinition(Configuration):
    """One rule: what it looks at, and the conditions on it; each kind of group says which names it knows.

    Metadata names need a `property`. Amounts, counts and prices are compared with numbers, which may be written as
    text; segments and items are named by id, or by an object with an id or a source id; `$from` narrows the items to a
    collection; `$dow` asks for the weekday of the trigger and may stand in any rule.
    """

    name: str
    property: Annotated[str, StringConstraints(min_length=1)] | None = None
    schema_id: str | None = None
    error: CustomError | None = None
    rules: RulesGroup | None = None
    conditions: Conditions | None = None

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        refuse(type(self).__name__, self._faults())
        return self

    def _faults(self) -> Iterable[Fault]:
        asked = self.conditions.by_operator() if self.conditions else {}
        if not asked and self.rules is None:
            yield Fault(("conditions",), "must hold at least one operator")
        if self.name.endswith(".metadata") and self.property is None:
            yield Fault(("property",), f"is required when name is {self.name}")
        if self.rules is not None and self.name not in MATCHING_NAMES:
            yield Fault(("rules",), f"must be left out or null unless name is one of {_listed(MATCHING_NAMES)}")
        elif self.rules is not None:
            for number, nested in self.rules.rules.items():
                if nested.name not in MATCHED_NAMES:
                    yield Fault(("rules", number, "name"), f"must be one of {_listed(MATCHED_NAMES)} under {self.name}")
        for operator, values in asked.items():
            yield from _operator_faults(self.name, operator, values)

    def reference_ids(self) -> Iterator[str]:
        """Yield the ids of segments, products, SKUs, collections and schemas that the rule names, nested rules aside.

        What is named by its source id alone is not among them.
        """
        if self.schema_id is not None:
            yield self.schema_id
        for operator, values in (self.conditions.by_operator() if self.conditions else {}).items():
            if operator in _names_operators(self.name):
                for value in values:
                    if isinstance(value, ConditionObject):
                        if value.id is not None:
                            yield value.id
                    elif isinstance(value, str) and value.startswith(("seg_", "prod_", "sku_", "pc_")):
                        yield value


class EarningRuleDefinition(RuleDefinition):
    """One rule of an earning, about the customer, the order, its items or the event."""

    name: RuleName


def number(value: object) -> Decimal | None:
    """Return the number that a condition or a metadata value stands for, itself or as text, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _NUMERIC.fullmatch(value) else None


def _names_operators(name: str) -> frozenset[str]:
    """Return the operators whose values name resources under this name."""
    if name == "customer.segment":
        return _EQUALITY
    if name in MATCHING_NAMES:
        return _EQUALITY | {"$from"}
    return frozenset({"$from"}) if name.startswith("order.items.") else frozenset()


def _operator_faults(name: str, operator: str, values: Iterable[object]) -> Iterable[Fault]:
    naming = _names_operators(name)
    picks = name == "customer.segment" or name in MATCHING_NAMES
    allowed = naming | {"$dow"} | (frozenset() if picks else _EQUALITY | _COMPARISON)
    if operator not in allowed:
        yield Fault(("conditions", operator), f"is not allowed under {name}, only {_listed(allowed)}")
        return
    for place, value in enumerate(values):
        path = ("conditions", operator, place)
        if operator in naming:
            if not isinstance(value, str | ConditionObject):
                yield Fault(path, "must be an id, or an object with an id or a source_id")
        elif operator in _COMPARISON or (operator in _EQUALITY and not name.endswith(".metadata")):
            if number(value) is None:
                yield Fault(path, "must be a number, or a text that is one")
        elif isinstance(value, ConditionObject):
            yield Fault(path, "must be a text, a number, true or false")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
