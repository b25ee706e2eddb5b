"""Examples made from schemas: always the same for the same schema, and as small as a request may be."""

import re
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final

from troth.hub.pages.schemas import Schema, Schemas, choices, merged, resolved

INSTANT: Final = "2026-01-31T12:00:00.000Z"
DATE: Final = "2026-01-31"
_FORMATS: Final = {"date-time": INSTANT, "date": DATE, "email": "ada@example.com", "time": "12:00"}
_TAILS: Final = ("0d1f5a27c93b4e68", "1", DATE, INSTANT, "12:00", "P1D", "rule")
"""What may follow the fixed beginning of a pattern; the first that fits is taken."""

_NUMBER: Final = 10


def example_of(schema: Schema, schemas: Schemas, *, name: str = "", within: tuple[str, ...] = ()) -> Any:
    """Return an example of a value; `name` is the property that it is for, `within` the named schemas around it.

    An object has what it cannot do without, or one property if it can do without all of them. Where its `type` names a
    property beside it (`"FIXED_DATES"`, `fixed_dates`), it has that one too. A schema's own `examples` go before all
    this: for what must hold between properties.
    """
    found, reference = resolved(schema, schemas)
    within = (*within, reference) if reference else within
    found = merged(found, schemas)
    default = [found["default"]] if found.get("default") is not None else ()
    if given := found.get("examples") or default or _values(found):
        return given[0]
    if offered := choices(found):
        own = {key: value for key, value in found.items() if key not in ("anyOf", "oneOf")}
        return example_of({**own, **offered[0]}, schemas, name=name, within=within)
    kind = found.get("type", "object" if "properties" in found else "string")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        return _object(found, schemas, within)
    if kind == "array":
        items = found.get("items", {})
        return [] if _reference(items) in within else [example_of(items, schemas, name=name, within=within)]
    return _scalar(kind, found, name)


def _object(schema: Schema, schemas: Schemas, within: tuple[str, ...]) -> dict[str, Any]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    types = _values(resolved(properties.get("type", {}), schemas)[0])
    tied = [name for name in properties if name in types or name.upper() in types]
    wanted = required | {name for name in tied if types[0] in (name, name.upper())}
    wanted = wanted or {"name" if "name" in properties else next(iter(properties), "")}
    made = {
        name: example_of(part, schemas, name=name, within=within)
        for name, part in properties.items()
        if name in wanted and _reference(part) not in within
    }
    for number, part in enumerate(schema.get("patternProperties", {}).values(), start=1):
        made[str(number)] = example_of(part, schemas, within=within)
    return made


def _values(schema: Schema) -> Sequence[Any]:
    return [schema["const"]] if "const" in schema else schema.get("enum", ())


def _reference(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2] or "-"


def _scalar(kind: str, schema: Mapping[str, Any], name: str) -> Any:
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return _clipped(schema)
    if kind == "null":
        return None
    if pattern := schema.get("pattern"):
        return _matching(pattern, name)
    if found := _FORMATS.get(schema.get("format", "")):
        return found
    words = name.lstrip("$").replace("_", " ").capitalize() or "Text"
    return words.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", len(words) + 100)]


def _clipped(schema: Mapping[str, Any]) -> int:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", -inf) + 1)
    highest = schema.get("maximum", schema.get("exclusiveMaximum", inf) - 1)
    return int(min(max(_NUMBER, lowest), highest))


def _matching(pattern: str, name: str) -> str:
    words = name.replace("_", " ").capitalize()
    literal = re.match(r"\^?([A-Za-z0-9_-]*)", pattern)
    beginning = literal[1] if literal else ""
    for candidate in (words, *(beginning + tail for tail in _TAILS), *_TAILS):
        if re.search(pattern, candidate):
            return candidate
    return words
