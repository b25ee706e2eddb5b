"""JSON schemas as the documentation shows them: a tree of what a value is, what bounds it, and what it is made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from troth.core.json import text

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]
"""The named schemas of the document: what `#/components/schemas/` refers to."""

LARGEST_INTEGER: Final = 2**53 - 1
_SPANS: Final = (
    ("range", "minimum", "maximum"),
    ("characters", "minLength", "maxLength"),
    ("properties", "minProperties", "maxProperties"),
    ("items", "minItems", "maxItems"),
)
_PLURAL: Final = re.compile(r"^((?:any )?\w+)")
_BOUNDS: Final = (("more than", "exclusiveMinimum"), ("less than", "exclusiveMaximum"), ("multiple of", "multipleOf"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One bound on a value: what it is about, and the bound; `code` where the bound is to be read to the letter."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be.

    `kind` is its type in words. `values` are all that it may be, as JSON writes them without quotes. An object has
    `properties` (for an array they are those of its items); a choice has `alternatives`, each with a label. `repeats`
    names a schema that contains itself: its properties stand further up.
    """

    kind: str
    description: str = ""
    rules: tuple[Rule, ...] = ()
    values: tuple[str, ...] = ()
    properties: tuple["Property", ...] = ()
    alternatives: tuple[tuple[str, "Shape"], ...] = ()
    repeats: str = ""
    closed: bool = False

    @property
    def nested(self) -> bool:
        """Whether there is something to unfold."""
        return bool(self.properties or self.alternatives)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an object; `pattern` where `name` is a pattern that stands for many names."""

    name: str
    required: bool
    shape: Shape
    pattern: bool = False


@dataclass(slots=True)
class _Reading:
    """A schema without its wrappings: references followed, null and several-of-the-same told apart."""

    schema: dict[str, Any]
    names: tuple[str, ...]
    nullable: bool = False
    repeats: str = ""
    rules: list[Rule] = field(default_factory=list)


def shape_of(schema: Schema, schemas: Schemas, *, within: tuple[str, ...] = ()) -> Shape:
    """Return the shape of a schema; `within` are the named schemas that it is part of.

    Raises KeyError for a reference to a schema that the document does not have.
    """
    reading = _read(schema, schemas, within)
    shape = _bare(reading, schemas)
    kind = f"{shape.kind} or null" if reading.nullable and "null" not in shape.kind.split() else shape.kind
    return replace(shape, kind=kind, rules=(*shape.rules, *reading.rules))


def resolved(schema: Schema, schemas: Schemas) -> tuple[dict[str, Any], str]:
    """Return a schema with its references followed, and the name of the last; what stands beside them overrides."""
    name, whole = "", dict(schema)
    while reference := whole.pop("$ref", None):
        name = reference.rpartition("/")[2]
        whole = {**schemas[name], **whole}
    return whole, name


def choices(schema: Schema) -> list[Schema]:
    """Return the alternatives that a schema offers, null left out; none where it offers no choice."""
    return [one for one in schema.get("anyOf") or schema.get("oneOf") or () if one.get("type") != "null"]


def merged(schema: dict[str, Any], schemas: Schemas) -> dict[str, Any]:
    """Return a schema whose parts that must all hold (`allOf`) are one."""
    parts = [merged(resolved(part, schemas)[0], schemas) for part in schema.pop("allOf", ())]
    whole: dict[str, Any] = {}
    for part in (*parts, schema):
        properties = {**whole.get("properties", {}), **part.get("properties", {})}
        required = [*whole.get("required", ()), *part.get("required", ())]
        whole |= part
        if properties:
            whole |= {"properties": properties, "required": required}
    return whole


def _read(schema: Schema, schemas: Schemas, within: tuple[str, ...]) -> _Reading:
    whole, name = resolved(schema, schemas)
    if name in within:
        return _Reading(whole, within, repeats=str(whole.get("title", name)))
    reading = _Reading(merged(whole, schemas), (*within, name) if name else within)
    if "default" in whole:
        reading.rules.append(Rule("default", _plain(whole["default"]), code=True))
        reading.schema.pop("default")
    whole = reading.schema
    offered = whole.get("anyOf") or whole.get("oneOf") or ()
    chosen = choices(whole)
    reading.nullable = len(chosen) < len(offered)
    if len(chosen) == 2 and chosen[1].get("items") == chosen[0]:
        several = [rule.value for rule in _rules(chosen[1]) if rule.name == "items"]
        reading.rules.append(Rule("several", " of ".join(("as an array", *several))))
        chosen = chosen[:1]
    if len(chosen) == 1:
        own = {key: value for key, value in whole.items() if key not in ("anyOf", "oneOf", "title")}
        inner = _read({**chosen[0], **own}, schemas, reading.names)
        inner.nullable = inner.nullable or reading.nullable
        inner.rules = [*inner.rules, *reading.rules]
        return inner
    return reading


def _bare(reading: _Reading, schemas: Schemas) -> Shape:
    schema = reading.schema
    description = str(schema.get("description", ""))
    if reading.repeats:
        return Shape("object", description, repeats=reading.repeats)
    if offered := choices(schema):
        shapes = [shape_of(one, schemas, within=reading.names) for one in offered]
        kind = " or ".join(dict.fromkeys(shape.kind for shape in shapes))
        labels = _labels(offered, shapes, schemas)
        return Shape(kind, description, _rules(schema), alternatives=tuple(zip(labels, shapes, strict=True)))
    kinds = schema.get("type", "object" if "properties" in schema else ())
    named = [kinds] if isinstance(kinds, str) else list(kinds)
    if "array" in named and isinstance(items := schema.get("items"), Mapping):
        inner = shape_of(items, schemas, within=reading.names)
        rules = (*_rules(schema), *(replace(rule, name=_of_items(rule.name)) for rule in inner.rules))
        return replace(
            inner, kind=f"array of {_plural(inner.kind)}", description=description or inner.description, rules=rules
        )
    return Shape(
        _kind(schema, named),
        description,
        _rules(schema),
        values=_values(schema),
        properties=_properties(schema, reading.names, schemas),
        closed=schema.get("additionalProperties") is False,
    )


def _kind(schema: Schema, named: list[str]) -> str:
    if not named:
        return "any value" if not _values(schema) else "string"
    words = " or ".join(named)
    return f"{words}, {schema['format']}" if "format" in schema else words


def _plural(kind: str) -> str:
    first, separator, rest = kind.partition(",")
    words = (word if word == "null" else _PLURAL.sub(r"\1s", word, count=1) for word in first.split(" or "))
    return " or ".join(words) + separator + rest


def _of_items(rule: str) -> str:
    return rule if rule.startswith("item ") else f"item {rule}"


def _values(schema: Schema) -> tuple[str, ...]:
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return tuple(_plain(value) for value in values)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value else text(value)


def _properties(schema: Schema, names: tuple[str, ...], schemas: Schemas) -> tuple[Property, ...]:
    required = frozenset(schema.get("required", ()))
    found = [
        Property(name, name in required, shape_of(part, schemas, within=names))
        for name, part in schema.get("properties", {}).items()
    ]
    found += [
        Property(pattern, required=False, shape=shape_of(part, schemas, within=names), pattern=True)
        for pattern, part in schema.get("patternProperties", {}).items()
    ]
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        found.append(
            Property("any other name", required=False, shape=shape_of(more, schemas, within=names), pattern=True)
        )
    return tuple(found)


def _rules(schema: Schema) -> tuple[Rule, ...]:
    found = [
        Rule(about, _span(schema.get(least), schema.get(most)))
        for about, least, most in _SPANS
        if least in schema or most in schema
    ]
    found += [Rule(words, _number(schema[key])) for words, key in _BOUNDS if key in schema]
    if schema.get("uniqueItems"):
        found.append(Rule("items", "all different"))
    if "pattern" in schema:
        found.append(Rule("pattern", str(schema["pattern"]), code=True))
    return tuple(found)


def _span(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {_number(least or 0)}"
    if least == most:
        return f"exactly {_number(most)}"
    return f"at most {_number(most)}" if least is None else f"{_number(least)} to {_number(most)}"


def _number(value: float) -> str:
    if abs(value) == LARGEST_INTEGER:
        return "2⁵³ - 1" if value > 0 else "-2⁵³ + 1"
    return text(int(value)) if value == int(value) else text(value)


def _labels(offered: list[Schema], shapes: list[Shape], schemas: Schemas) -> list[str]:
    """Name each alternative by what tells it from the others: a constant, a property that only it has, its title."""
    wholes = [merged(resolved(one, schemas)[0], schemas) for one in offered]
    labels = []
    for place, (whole, shape) in enumerate(zip(wholes, shapes, strict=True)):
        constants = [(name, part) for name, part in whole.get("properties", {}).items() if "const" in part]
        others = {name for other in (*wholes[:place], *wholes[place + 1 :]) for name in other.get("properties", {})}
        own = [name for name in whole.get("required", ()) if name not in others]
        if constants:
            name, part = constants[0]
            labels.append(f"{name} {text(part['const'])}")
        elif own:
            labels.append(f"with {own[0]}")
        else:
            labels.append(str(whole.get("title", shape.kind)))
    return labels
