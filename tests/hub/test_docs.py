"""The API's documentation: everything that the document says, nothing that a browser would have to fetch elsewhere."""

import html
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from troth.http.app import ALL_ROUTES, document
from troth.hub.app import FOLDER, pages
from troth.hub.pages.docs import Documentation, Tokens, curl, json_tokens, paragraphs
from troth.hub.pages.examples import example_of
from troth.hub.pages.schemas import Rule, shape_of

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
BASE = "http://troth.test:8420"
HTML = {"accept": "text/html,application/xhtml+xml"}
STATIC = sorted(path.name for path in (FOLDER / "static").iterdir())


@pytest.fixture(scope="module")
def app() -> ASGIApp:
    return pages(document)


async def ask(app: ASGIApp, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE) as client:
        return await client.request(method, path, headers=named)


def parts(schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[dict[str, Any]]:
    """Every schema that a schema is made of, references followed once."""
    if isinstance(schema, list):
        for one in schema:
            yield from parts(one, seen)
    elif isinstance(schema, dict):
        if reference := schema.get("$ref"):
            name = reference.rpartition("/")[2]
            if name not in seen:
                yield from parts(SCHEMAS[name], seen | {name})
            return
        yield schema
        for key in ("properties", "patternProperties"):
            for one in schema.get(key, {}).values():
                yield from parts(one, seen)
        for key in ("anyOf", "oneOf", "allOf", "items", "additionalProperties"):
            yield from parts(schema.get(key), seen)


def shown(text: Any) -> str:
    return html.escape(str(text), quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


@pytest.mark.anyio
@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_a_page_names_everything_that_the_document_says_of_an_operation(app: ASGIApp, operation_id: str) -> None:
    method, path, operation = OPERATIONS[operation_id]
    page = (await ask(app, f"/docs/{operation_id}")).text
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert path in words
    assert f'<span class="method {method}">' in page
    schemas = [one["schema"] for one in operation.get("parameters", ())]
    schemas += [one["schema"] for one in operation.get("requestBody", {}).get("content", {}).values()]
    for status, answer in operation["responses"].items():
        assert f'id="status-{status}"' in page
        assert all(f"<code>{key}</code>" in page for key in re.findall(r"`([^`]+)`", answer["description"]))
        schemas += [one["schema"] for one in answer.get("content", {}).values()]
    for one in operation.get("parameters", ()):
        assert f'<code class="name">{one["name"]}</code>' in page
    for part in parts(schemas):
        for name in part.get("properties", {}):
            assert f'<code class="name">{shown(name)}</code>' in page
        for name in part.get("patternProperties", {}):
            assert f'<code class="name pattern">{shown(name)}</code>' in page
        for value in [*part.get("enum", ()), *([part["const"]] if "const" in part else ())]:
            assert f"<code>{shown(value)}</code>" in page
        if "pattern" in part:
            assert f"pattern <code>{shown(part['pattern'])}</code>" in page


@pytest.mark.anyio
async def test_the_index_lists_every_operation_under_its_tag(app: ASGIApp) -> None:
    page = (await ask(app, "/docs")).text
    for operation_id, (_, _, operation) in OPERATIONS.items():
        assert page.count(f'href="/docs/{operation_id}"') == 2
        assert f">{operation['tags'][0]}</h2>" in page
    assert f"<code>{BASE}</code>" in page


@pytest.mark.anyio
async def test_nothing_is_fetched_from_elsewhere_or_written_into_the_page(app: ASGIApp) -> None:
    texts = [(await ask(app, f"/static/{name}")).text for name in STATIC]
    htmls = [(await ask(app, f"/docs/{one}")).text for one in OPERATIONS] + [(await ask(app, "/docs")).text]
    for text in texts + htmls:
        foreign = re.findall(r"(?:https?:|[\"'(])//[^\s\"'<)]+", text.replace(BASE, ""))
        assert set(foreign) <= {"http://www.w3.org/2000/svg"}
    for text in htmls:
        assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=|<style|<script(?! src=)", text)


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/docs", "/docs/createMember", "/docs/no-such", "/openapi.json", "/static/docs.js"])
async def test_only_what_troth_serves_may_run(app: ASGIApp, path: str) -> None:
    answer = await ask(app, path, **HTML)
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/docs/no-such", "/docs/createMember/more", "/static/no-such.css", "/static/..", "/no"]
)
async def test_what_is_not_there_is_not_found(app: ASGIApp, path: str) -> None:
    answer = await ask(app, path, accept="application/json")
    assert answer.status_code == 404
    assert (answer.json()["code"], answer.json()["key"]) == (404, "not_found")
    assert path.removesuffix("/static/..") in answer.json()["details"]
    page = await ask(app, path, **HTML)
    assert page.status_code == 404
    assert "There is nothing here" in page.text


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/docs", "/docs/createMember", "/static/docs.css", "/openapi.json"])
async def test_pages_are_only_read(app: ASGIApp, path: str) -> None:
    answer = await ask(app, path, "POST", **HTML)
    assert answer.status_code == 405
    assert answer.json()["key"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/docs", "/docs/createMember", "/openapi.json", "/static/docs.css"])
async def test_a_client_that_has_the_content_is_not_sent_it_again(app: ASGIApp, path: str) -> None:
    first = await ask(app, path)
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await ask(app, path, if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await ask(app, path, if_none_match='"other"')).content == first.content


@pytest.mark.anyio
async def test_only_the_address_of_a_version_may_be_kept(app: ASGIApp) -> None:
    page = (await ask(app, "/docs")).text
    addresses = set(re.findall(r'"(/static/[^"]+)"', page))
    assert {address.partition("?")[0] for address in addresses} == {f"/static/{name}" for name in STATIC}
    for address in addresses:
        kept = await ask(app, address)
        assert "immutable" in kept.headers["cache-control"]
        for other in (address.partition("?")[0], address[:-1]):
            assert (await ask(app, other)).headers["cache-control"] == "no-cache"
    assert (await ask(app, "/docs")).headers["cache-control"] == "no-cache"


@pytest.mark.anyio
async def test_whatever_the_document_says_is_text() -> None:
    bad = "<script>alert(1)</script>\"'"
    schema = {
        "type": "object",
        "title": bad,
        "description": f"{bad} `{bad}`",
        "required": [bad],
        "properties": {bad: {"type": "string", "enum": [bad], "default": bad}, "b": {"type": "string", "pattern": bad}},
        "patternProperties": {
            bad: {"oneOf": [{"const": bad}, {"title": bad, "type": "object", "properties": {bad: {}}}]}
        },
    }
    operation = {
        "operationId": "it",
        "tags": [bad],
        "summary": bad,
        "description": bad,
        "parameters": [{"name": bad, "in": "query", "required": True, "description": bad, "schema": {"const": bad}}],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": {"description": bad, "content": {"text/x": {"schema": schema}}},
            "400": {"description": bad},
        },
    }
    said = {"info": {"title": bad, "version": bad, "summary": bad}, "paths": {f"/{bad}": {"post": operation}}}
    app = pages(lambda: said)
    for path in ("/docs", "/docs/it", "/docs/no"):
        page = await ask(app, path, **HTML)
        assert "alert(1)" in page.text
        assert "<script>" not in page.text
        assert not re.search(r'<[^>]*"[^">]*"\'', page.text)


REQUESTS = {
    operation.endpoint.__name__: operation
    for routes in ALL_ROUTES
    for operation in routes.operations
    if operation.validate is not None
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_example_of_a_request_is_one_that_the_api_takes(name: str) -> None:
    operation = REQUESTS[name]
    declared = DOCUMENT["paths"][operation.path][operation.method.lower()]
    shown_operation = Documentation(DOCUMENT).operation(declared["operationId"])
    assert shown_operation is not None
    assert shown_operation.body is not None
    assert operation.validate is not None
    operation.validate(shown_operation.body.example)


def words_in_shell(command: Tokens) -> list[str]:
    """What a shell hands to curl."""
    script = 'curl() { printf "%s\\0" "$@"; }; ' + "".join(text for _, text in command)
    environment = {"APP_ID": "me", "APP_TOKEN": "se cret"}
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, check=True, text=True)
    return done.stdout.split("\0")[:-1]


def test_the_command_is_what_a_shell_reads_as_the_request() -> None:
    body = {"type": "object", "properties": {"a": {"const": "it's"}, "n": {"const": 1.5}}, "required": ["a", "n"]}
    said = {
        "info": {"title": "T", "version": "1"},
        "paths": {
            "/v1/{id}": {
                "put": {
                    "operationId": "put",
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"const": "a/b"}},
                        {"name": "q", "in": "query", "required": True, "schema": {"const": "x&y"}},
                        {"name": "r", "in": "query", "schema": {"const": "z"}},
                    ],
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {},
                },
                "get": {
                    "operationId": "form",
                    "security": [],
                    "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": body}}},
                    "responses": {},
                },
            }
        },
    }
    docs = Documentation(said)
    put, form = docs.operation("put"), docs.operation("form")
    assert put is not None
    assert form is not None
    words = words_in_shell(curl(put, "http://h/"))
    assert words[:3] == ["--request", "PUT", "http://h/v1/a%2Fb?q=x%26y"]
    options = words[3:]
    assert [options[place] for place in range(0, len(options), 2)] == ["--header"] * 3 + ["--data"]
    assert options[1:6:2] == ["X-App-Id: me", "X-App-Token: se cret", "Content-Type: application/json"]
    assert json.loads(options[7]) == {"a": "it's", "n": 1.5}
    words = words_in_shell(curl(form, "http://h"))
    assert words[3:] == ["--data-urlencode", "a=it's", "--data-urlencode", "n=1.5"]
    upload = Documentation(document()).operation("importCustomersCsv")
    assert upload is not None
    assert words_in_shell(curl(upload, "http://h"))[-2:] == ["--form", "file=@PATH"]


NAMED = {
    "Money": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1, "description": "Cents."},
    "Tree": {"type": "object", "title": "Tree", "properties": {"next": {"$ref": "#/Tree"}}},
}


@pytest.mark.parametrize(
    ("schema", "kind", "rules"),
    [
        ({"type": "string", "minLength": 2}, "string", [("characters", "at least 2")]),
        ({"type": "string", "maxLength": 9}, "string", [("characters", "at most 9")]),
        ({"type": "string", "minLength": 3, "maxLength": 3}, "string", [("characters", "exactly 3")]),
        ({"type": "string", "format": "date"}, "string, date", []),
        ({"type": ["object", "null"]}, "object or null", []),
        ({"anyOf": [{"$ref": "#/Money"}, {"type": "null"}]}, "integer or null", [("range", "1 to 2⁵³ - 1")]),
        ({"type": "number", "exclusiveMinimum": 0, "default": 0.5}, "number", [("more than", "0"), ("default", "0.5")]),
        ({"$ref": "#/Money", "default": 5}, "integer", [("range", "1 to 2⁵³ - 1"), ("default", "5")]),
        (
            {"type": "array", "maxItems": 4, "uniqueItems": True, "items": {"type": "string", "pattern": "^a"}},
            "array of strings",
            [("items", "at most 4"), ("items", "all different"), ("item pattern", "^a")],
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
            "string",
            [("several", "as an array of at least 1")],
        ),
        ({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}, "array of arrays of numbers", []),
        ({"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}, "string or number or null", []),
        (
            {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "number"}]}},
            "array of strings or numbers",
            [],
        ),
        ({"allOf": [{"type": "object"}, {"minProperties": 1}]}, "object", [("properties", "at least 1")]),
        ({}, "any value", []),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], kind: str, rules: list[tuple[str, str]]) -> None:
    shape = shape_of(schema, NAMED)
    assert (shape.kind, [(rule.name, rule.value) for rule in shape.rules]) == (kind, rules)


def test_a_schema_that_contains_itself_is_unfolded_once() -> None:
    shape = shape_of({"$ref": "#/Tree"}, NAMED)
    (inner,) = shape.properties
    assert (inner.shape.repeats, inner.shape.properties) == ("Tree", ())
    assert example_of({"$ref": "#/Tree"}, NAMED) == {}


def test_parts_that_must_all_hold_are_one_object() -> None:
    one = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    shape = shape_of({"allOf": [one, {"properties": {"b": {"$ref": "#/Money"}}}]}, NAMED)
    assert [(part.name, part.required, part.shape.kind) for part in shape.properties] == [
        ("a", True, "string"),
        ("b", False, "integer"),
    ]
    assert shape.properties[1].shape.description == "Cents."
    assert shape.properties[1].shape.rules == (Rule("range", "1 to 2⁵³ - 1"),)


def test_alternatives_are_named_by_what_tells_them_apart() -> None:
    by_constant = [{"properties": {"type": {"const": "A"}}}, {"properties": {"type": {"const": "B"}}}]
    by_property = [
        {"properties": {"x": {}, "y": {}}, "required": ["x"]},
        {"properties": {"y": {}, "z": {}}, "required": ["z"]},
    ]
    labels = [[label for label, _ in shape_of({"oneOf": one}, {}).alternatives] for one in (by_constant, by_property)]
    assert labels == [['type "A"', 'type "B"'], ["with x", "with z"]]


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "integer", "minimum": 20}, 20),
        ({"type": "integer", "exclusiveMaximum": 3}, 2),
        ({"type": "string", "pattern": "^lprg_[a-f0-9]+$"}, "lprg_0d1f5a27c93b4e68"),
        ({"type": "string", "pattern": "^[0-9]+$"}, "1"),
        ({"type": "string", "maxLength": 3}, "Tex"),
        ({"type": "string", "minLength": 6}, "Text.."),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"oneOf": [{"type": "null"}, {"enum": ["b", "c"]}]}, "b"),
        (
            {
                "properties": {
                    "type": {"enum": ["DAILY", "ANY"]},
                    "daily": {"const": 1},
                    "any": {"const": 2},
                    "name": {"const": 3},
                },
                "required": ["type"],
            },
            {"type": "DAILY", "daily": 1},
        ),
        ({"properties": {"a": {"const": 1, "examples": [2, 3]}}}, {"a": 2}),
        ({"properties": {"first": {"const": 1}, "name": {"const": 2}}}, {"name": 2}),
    ],
)
def test_examples(schema: dict[str, Any], example: Any) -> None:
    assert example_of(schema, {}) == example


def test_json_in_pieces_is_the_json() -> None:
    value = {"a": ['x: "y" 1', 1.5, None], "true": True, "e": {}}
    pieces = json_tokens(value)
    assert json.loads("".join(text for _, text in pieces)) == value
    assert [piece for piece in pieces if piece[0]] == [
        ("key", '"a"'),
        ("string", '"x: \\"y\\" 1"'),
        ("number", "1.5"),
        ("word", "null"),
        ("key", '"true"'),
        ("word", "true"),
        ("key", '"e"'),
    ]


def test_descriptions_have_paragraphs_and_code() -> None:
    assert paragraphs("One `a`\n  more.\n\n`b`") == (
        (("", "One "), ("code", "a"), ("", "\n  more.")),
        (("code", "b"),),
    )
