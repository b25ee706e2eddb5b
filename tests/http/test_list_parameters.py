"""The documented parameters of a list: those it knows, with its bounds, and every documented condition is accepted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from troth.core.lists import ListDeclaration, Operator, PageDeclaration, choices, days, ids, instants, texts
from troth.http.list_parameters import query_parameters
from troth.http.paging import Reading, parse

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
HERE = Reading(scope=("proj_1",), key=b"k" * 32, now=NOW, wall=NOW)
FIELDS = {
    "id": ids("lthg"),
    "name": texts(nullable=True),
    "status": choices(("DRAFT", "ACTIVE")),
    "created_at": instants(),
    "due": days(nullable=True),
}
THINGS = ListDeclaration(cursor_prefix="lcrsthg", fields=FIELDS, orders=("created_at", "due"))
REPORT = ListDeclaration(fields=FIELDS, orders=(), default_order=(), other_parameters=("start_date",))
PAGES = PageDeclaration(
    data_ref="things",
    fields=FIELDS,
    filter_parameters={"status": ("status", Operator.IS), "created_at[before]": ("created_at", Operator.BEFORE)},
    largest_page=99,
    starting_after="created_at",
)
SAMPLES = {"id": "lthg_1f", "name": "x", "status": "ACTIVE", "created_at": "2026-03-15T12:00:00Z"}


def documented(declaration: ListDeclaration) -> dict[str, Any]:
    return {one["name"]: one["schema"] for one in query_parameters(declaration)}


def test_a_list_documents_what_it_knows() -> None:
    schemas = documented(THINGS)
    assert tuple(schemas) == THINGS.parameter_names == ("limit", "order", "cursor", "filters")
    assert schemas["limit"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
    assert schemas["order"]["oneOf"][0]["enum"] == ["created_at", "-created_at", "due", "-due"]
    assert schemas["cursor"]["pattern"] == "^lcrsthg_[a-f0-9]+$"
    assert tuple(documented(REPORT)) == ("filters",)


def test_numbered_pages_document_what_they_know() -> None:
    schemas = documented(PAGES)
    assert tuple(schemas) == ("limit", "order", "page", "starting_after", "status", "created_at[before]")
    assert schemas["order"] == {"type": "string", "enum": ["created_at", "-created_at"]}
    assert schemas["page"] == {"type": "integer", "minimum": 1, "maximum": 99}
    assert schemas["status"] == {"type": "string", "enum": ["DRAFT", "ACTIVE"]}


def test_filters_are_deep_objects() -> None:
    (filters,) = (one for one in query_parameters(THINGS) if one["name"] == "filters")
    assert (filters["in"], filters["style"], filters["explode"], filters["required"]) == (
        "query",
        "deepObject",
        True,
        False,
    )
    assert list(filters["schema"]["properties"]) == ["junction", "id", "name", "status", "created_at"]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_documented_condition_is_accepted(name: str) -> None:
    conditions = documented(THINGS)["filters"]["properties"][name]["properties"]["conditions"]["properties"]
    assert list(conditions) == [operator.value for operator in FIELDS[name].operators]
    for operator, schema in conditions.items():
        sample = "7" if schema.get("pattern") == "^[0-9]+$" else SAMPLES[name]
        query = parse(THINGS, f"filters[{name}][conditions][{operator}]={sample}", HERE)
        assert [(one.field, one.operator) for one in query.filters] == [(name, operator)]


def test_sets_document_how_many_values_they_take() -> None:
    filters = documented(THINGS)["filters"]["properties"]
    for name, largest in (("id", 100), ("status", 10), ("name", 10)):
        for operator in ("$in", "$not_in"):
            several = filters[name]["properties"]["conditions"]["properties"][operator]["oneOf"][1]
            assert (several["minItems"], several["maxItems"]) == (1, largest)
