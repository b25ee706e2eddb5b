"""Schemas of events and metadata: what fits a property, and what the refusal of the rest says."""

from decimal import Decimal
from typing import Any

import pytest

from troth.core.refusals import Reason
from troth.core.schemas import Schema, misfit


def faults(definition: dict[str, Any], value: object, *, strict: bool = False) -> list[tuple[str, str]]:
    schema = Schema.model_validate({"properties": {"x": definition}, "allow_defined_only": strict})
    return list(schema.faults({"x": value}))


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        ("string", ["", "a"], [1, True, ["a"], {}]),
        ("image_url", ["https://a.example/b.png"], [1]),
        ("number", [0, -1, Decimal("1.5")], ["1", True]),
        ("boolean", [True, False], [0, "true"]),
        ("object", [{}, {"a": 1}], [[], "a"]),
        ("date", ["2024-02-29"], ["2023-02-29", "2024-2-9", "2024-02-29T00:00:00Z", 20240229]),
        ("datetime", ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+01:00"], ["2024-02-29", "2024-02-29T12:00:00", 1]),
        ("geopoint", ["52.23,21.01", "-90, 180"], ["91,0", "0,181", "52.23", "north", [52, 21]]),
    ],
)
def test_a_value_must_be_of_its_type(kind: str, fitting: list[object], others: list[object]) -> None:
    for value in fitting:
        assert faults({"type": kind}, value) == [], value
    for value in others:
        ((name, words),) = faults({"type": kind}, value)
        assert (name, words.startswith("must be ")) == ("x", True), value
    assert faults({"type": kind, "array": True}, fitting) == []
    assert len(faults({"type": kind, "array": True}, [*fitting, *others])) == 1
    assert faults({"type": kind, "array": True}, fitting[0]) == [("x", f"must be an array of {kind}")]


@pytest.mark.parametrize(
    ("definition", "value", "words"),
    [
        ({"type": "number", "lt": 5}, 5, "must be less than 5"),
        ({"type": "number", "lt": 5}, Decimal("4.99"), None),
        ({"type": "number", "lte": 5}, 6, "must be at most 5"),
        ({"type": "number", "gt": 5}, 5, "must be more than 5"),
        ({"type": "number", "gte": 5}, 5, None),
        ({"type": "number", "gte": 5}, 4, "must be at least 5"),
        ({"type": "string", "maxLength": 2}, "abc", "must have at most 2 characters"),
        ({"type": "string", "minLength": 2}, "a", "must have at least 2 characters"),
        ({"type": "string", "exactLength": 2}, "abc", "must have exactly 2 characters"),
        ({"type": "string", "exactLength": 2}, "ab", None),
        ({"type": "string", "eq": ["a", "b"]}, "c", "must be one of a, b"),
        ({"type": "string", "ne": ["a", "b"]}, "b", "must be none of a, b"),
        ({"type": "number", "eq": [1]}, Decimal("1.0"), None),
        ({"type": "boolean", "ne": [1]}, True, None),
        ({"type": "string", "optional": False}, None, "is required"),
        ({"type": "string", "optional": True}, None, None),
        ({"type": "string", "deleted": True, "optional": False}, 5, None),
    ],
)
def test_a_value_must_keep_its_bounds(definition: dict[str, Any], value: object, words: str | None) -> None:
    assert faults(definition, value) == ([("x", words)] if words else [])
    assert faults(definition, value, strict=True) == ([("x", words)] if words else [])


def test_a_strict_schema_knows_all_properties_and_a_refusal_names_every_one() -> None:
    properties = {"a": {"type": "string", "optional": False}, "b": {"type": "number"}}
    values = {"b": "x", "c": 1}
    assert misfit(Schema.model_validate({"properties": properties}), {"a": "", "c": 1}) is None
    assert misfit(None, values) is None
    refusal = misfit(Schema.model_validate({"properties": properties, "allow_defined_only": True}), values)
    assert refusal is not None
    assert refusal.reason is Reason.INVALID_PAYLOAD
    assert refusal.details == (
        "metadata.a: is required; metadata.b: must be a number;"
        " metadata.c: is not among the properties that the schema defines"
    )
