"""The query parameters of a list as the OpenAPI document shows them, made from its declaration."""

from typing import Any, Final

from troth.core.lists import (
    LARGEST_LIMIT,
    LONGEST_VALUE,
    MOST_DAYS,
    PRESENCE,
    SETS,
    Field,
    Junction,
    Kind,
    ListDeclaration,
    Operator,
    PageDeclaration,
)

Schema = dict[str, Any]

_DESCRIPTIONS: Final = {
    "limit": "How many rows a page has.",
    "order": "What to order by, `-` for descending. Rows without a value come last, `id` decides between equals.",
    "cursor": "`cursor.next` of the page before; it brings order and filters along.",
    "filters": "`filters[field][conditions][operator]=value`. Conditions on one field must all hold; the junction joins"
    " the fields. A date means its whole day in the project's time zone.",
    "page": "The number of the page.",
    "starting_after": "Pass over the rows up to and including this instant.",
}


def query_parameters(declaration: ListDeclaration) -> list[Schema]:
    """Return the OpenAPI parameter objects of a list, all but those that its route reads itself."""
    schemas: dict[str, Schema] = {
        "limit": _integer(LARGEST_LIMIT) | {"default": declaration.default_limit},
        "order": _order(declaration),
        "cursor": {"type": "string", "pattern": f"^{declaration.cursor_prefix}_[a-f0-9]+$"},
        "filters": _filters(declaration),
    }
    if isinstance(declaration, PageDeclaration):
        schemas["page"] = _integer(declaration.largest_page or 1)
        schemas["starting_after"] = {"type": "string", "format": "date-time"}
        for name, (field, operator) in declaration.filter_parameters.items():
            schemas[name] = _operand(declaration.field(field), operator)
    return [_parameter(name, schemas[name]) for name in declaration.parameter_names if name in schemas]


def _parameter(name: str, schema: Schema) -> Schema:
    parameter: Schema = {"name": name, "in": "query", "required": False, "schema": schema}
    if name in _DESCRIPTIONS:
        parameter["description"] = _DESCRIPTIONS[name]
    return parameter | ({"style": "deepObject", "explode": True} if name == "filters" else {})


def _integer(largest: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": largest}


def _order(declaration: ListDeclaration) -> Schema:
    one = {"type": "string", "enum": [sign + name for name in declaration.orders for sign in ("", "-")]}
    if isinstance(declaration, PageDeclaration):
        return one
    return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _filters(declaration: ListDeclaration) -> Schema:
    junction = {"type": "string", "enum": [one.value for one in Junction], "default": Junction.AND.value}
    properties = {"junction": junction} | {name: _field(one) for name, one in declaration.filterable.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _field(field: Field) -> Schema:
    conditions = {
        "type": "object",
        "properties": {operator.value: _operand(field, operator) for operator in field.operators},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {
        "type": "object",
        "properties": {"conditions": conditions},
        "required": ["conditions"],
        "additionalProperties": False,
    }


def _operand(field: Field, operator: Operator) -> Schema:
    one = _value(field, operator)
    if operator in SETS:
        return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": field.largest_set}]}
    return one


def _value(field: Field, operator: Operator) -> Schema:
    if operator in PRESENCE:
        return {"type": "string", "description": "Needs no value."}
    if operator in (Operator.MORE_THAN, Operator.LESS_THAN):
        return {"type": "string", "pattern": "^[0-9]+$", "description": f"Days ago, 0 to {MOST_DAYS}."}
    if field.kind is Kind.INSTANT:
        return {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
    if field.values:
        return {"type": "string", "enum": list(field.values)}
    if field.pattern:
        return {"type": "string", "pattern": field.pattern}
    return {"type": "string", "maxLength": LONGEST_VALUE}
