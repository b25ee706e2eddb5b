"""The OpenAPI document is whole: it names every status of every operation, and whatever it refers to is in it."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.http.everything import OPERATIONS, Operation

from troth.http.app import document

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in the document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def declared(operation: Operation) -> dict[str, Any]:
    shape: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return shape


each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)


def test_it_is_an_openapi_document() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"] == "Troth"
    assert set(DOCUMENT["components"]["securitySchemes"]) == {"X-App-Id", "X-App-Token", "bearerAuth"}
    assert DOCUMENT["security"] == [{"X-App-Id": [], "X-App-Token": []}, {"bearerAuth": []}]


def test_every_operation_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(one.id for one in OPERATIONS).items() if count > 1] == []


def test_every_reference_resolves_and_every_schema_is_referred_to() -> None:
    references = {one["$ref"] for one in nodes(DOCUMENT) if isinstance(one.get("$ref"), str)}
    known = {f"#/components/schemas/{name}" for name in SCHEMAS}
    assert references - known == set()
    mapped = {name for one in nodes(DOCUMENT) for name in one.get("discriminator", {}).get("mapping", {}).values()}
    assert mapped - known == set()
    assert known - references == set()


def test_nothing_answers_as_the_framework_would() -> None:
    assert [one.id for one in OPERATIONS if "422" in declared(one)["responses"]] == []
    assert {"HTTPValidationError", "ValidationError"} & set(SCHEMAS) == set()


@each
def test_an_operation_names_every_status(operation: Operation) -> None:
    statuses = set(declared(operation)["responses"])
    expected = set() if operation.public else {"401", "403", "406", "429", "500", "503"}
    if operation.media_type:
        expected |= {"400", "413", "415"}
    if operation.parameters:
        expected |= {"404"}
    assert expected - statuses == set()
    successes = {status for status in statuses if status.startswith("2")}
    assert len(successes) == 1 or successes == {"200", "202"}, "done, or left to be done"
    assert "default" not in statuses


@each
def test_every_refusal_has_the_one_shape(operation: Operation) -> None:
    for status, answer in declared(operation)["responses"].items():
        if status >= "400":
            assert answer["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
            assert answer["description"]


@each
def test_a_success_has_a_shape_unless_it_has_no_body(operation: Operation) -> None:
    for status, answer in declared(operation)["responses"].items():
        if status < "400":
            assert ("content" in answer) == (status != "204")
        if status < "400" and status != "204":
            (schema,) = [content["schema"] for content in answer["content"].values()]
            assert schema


@each
def test_an_operation_can_be_read_by_people(operation: Operation) -> None:
    shape = declared(operation)
    assert len(shape["tags"]) == 1
    assert shape["summary"]
    assert not shape["summary"].endswith(".")


@each
def test_a_path_has_the_parameters_that_it_names(operation: Operation) -> None:
    parameters = declared(operation).get("parameters", [])
    places = Counter((one["in"], one["name"]) for one in parameters)
    assert set(places.values()) <= {1}
    assert {name for place, name in places if place == "path"} == set(operation.parameters)
    assert all(one["required"] for one in parameters if one["in"] == "path")
    assert all(re.fullmatch(r"[\w.\[\]-]+", one["name"]) and one["schema"] for one in parameters)


@each
def test_whoever_is_not_public_needs_credentials(operation: Operation) -> None:
    assert operation.public == (operation.path in ("/healthz", "/readyz"))
    if operation.path.startswith("/v1/oauth/"):
        assert declared(operation)["security"] == [{"X-App-Id": [], "X-App-Token": []}]
    elif not operation.public:
        assert "security" not in declared(operation)
