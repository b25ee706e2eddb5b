"""The door: HTTP basics, the order of checks, and that nothing odd that comes in is more than a clean refusal.

Whatever is refused has written nothing (domain 4).
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from tests.conftest import TestProject, client_of
from tests.http.everything import everything_stored
from tests.http.programs import PROGRAMS, program, ready

from troth.actions.access import create_key
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.app import application, document
from troth.http.bodies import LARGEST_BODY
from troth.http.door import Door
from troth.http.lanes import Lanes
from troth.http.routes import customers
from troth.http.routing import Call
from troth.hub.app import pages

pytestmark = pytest.mark.anyio

CUSTOMERS = "/v1/customers"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REQUEST_ID = re.compile("v-[0-9a-f]{32}")


def key_of(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("key")


async def chunks(*some: bytes) -> AsyncIterator[bytes]:
    for one in some:
        yield one


@pytest.fixture
async def untouched(engine: Engine, project: TestProject) -> AsyncIterator[None]:
    """Fails a test that leaves anything behind besides its project."""
    before = await everything_stored(engine.database)
    yield
    assert await everything_stored(engine.database) == before


async def test_checks_are_made_in_their_order(
    engine: Engine, door: Door, client: httpx.AsyncClient, project: TestProject
) -> None:
    """One request with everything wrong, whose faults are mended one by one."""
    till = await create_key(engine, project.id, "Till", Role.READ_ONLY)
    draft = await program(client)
    ready_program, _, _ = await ready(client)
    active = ready_program["id"]
    assert (await client.post(f"{PROGRAMS}/{active}/activate")).status_code == 200
    customer = (await client.post(CUSTOMERS, json={})).json()["id"]
    ladder: list[tuple[int, str | None, dict[str, Any]]] = [
        (404, "not_found", {"url": f"{PROGRAMS}/lprg_0/nothing"}),
        (405, "method_not_allowed", {"url": f"{PROGRAMS}/lprg_0/members"}),
        (406, "not_acceptable", {"method": "POST"}),
        (413, "payload_too_large", {"Accept": "text/html, application/*;q=0.1"}),
        (415, "unsupported_media_type", {"Content-Length": "2"}),
        (401, "unauthorized", JSON),
        (403, "forbidden", {"X-App-Id": till.key.app_id, "X-App-Token": till.token}),
        (400, "invalid_payload", project.headers),
        (400, "invalid_payload", {"json": {"customer_id": 5}}),
        (404, "not_found", {"json": {"customer_id": "cust_0"}}),
        (423, "non_active_program", {"url": f"{PROGRAMS}/{draft['id']}/members"}),
        (404, "not_found", {"url": f"{PROGRAMS}/{active}/members"}),
        (200, None, {"json": {"customer_id": customer}}),
        (409, "member_already_exists", {}),
    ]
    request: dict[str, Any] = {"method": "PATCH", "content": b"{"}
    headers = {"Accept": "text/html", "Content-Length": str(LARGEST_BODY + 1), "Content-Type": "text/plain"}
    resource_types = []
    async with client_of(door, {}) as stranger:
        for status, key, mended in ladder:
            request |= {name: value for name, value in mended.items() if name in ("method", "url", "json")}
            headers |= {name: value for name, value in mended.items() if name not in ("method", "url", "json")}
            if "json" in request:
                request.pop("content", None)
                headers.pop("Content-Length", None)
            answer = await stranger.request(**request, headers=headers)
            assert key_of(answer) == (status, key), (mended, answer.text)
            resource_types.append(answer.json().get("resource_type"))
    assert [one for one in resource_types if one] == ["program", "program", "customer", "member"]


async def test_what_a_path_serves_is_in_allow(client: httpx.AsyncClient) -> None:
    for path, allowed in ((CUSTOMERS, "GET, HEAD, POST"), (f"{CUSTOMERS}/x", "DELETE, GET, HEAD, PUT")):
        for method in ("PATCH", "OPTIONS", "TRACE"):
            answer = await client.request(method, path)
            assert key_of(answer) == (405, "method_not_allowed")
            assert answer.headers["Allow"] == allowed
    answer = await client.get("/v1/oauth/token")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        *[(accept, 200) for accept in ("*/*", "application/json", "text/html, */*;q=0.1", "APPLICATION/JSON", "")],
        ("application/*;q=0.5", 200),
        *[(accept, 406) for accept in ("text/html", "application/xml", "application/json;q=0", "application/jsonx")],
    ],
)
async def test_what_a_client_accepts(client: httpx.AsyncClient, accept: str, status: int) -> None:
    assert (await client.get(CUSTOMERS, headers={"Accept": accept})).status_code == status


@pytest.mark.usefixtures("untouched")
async def test_a_body_has_at_most_ten_megabytes(client: httpx.AsyncClient) -> None:
    padded = b'{"name": "Eve"}' + b" " * (LARGEST_BODY - 14)
    assert len(padded) == LARGEST_BODY + 1
    announced = await client.post(CUSTOMERS, content=padded, headers=JSON)
    at_once = await client.post(CUSTOMERS, content=chunks(padded), headers=JSON)
    in_parts = await client.post(CUSTOMERS, content=chunks(padded[:-1], padded[-1:]), headers=JSON)
    for answer in (announced, at_once, in_parts):
        body = answer.json()
        assert body.pop("request_id") == answer.headers["X-Request-Id"]
        assert body == {
            "code": 413,
            "key": "payload_too_large",
            "message": "Payload too large",
            "details": f"The body may have at most {LARGEST_BODY} bytes",
            "statusCode": 413,
            "error": "Payload too large",
        }


async def test_the_largest_body_is_read_in_parts(client: httpx.AsyncClient) -> None:
    padded = b'{"name": "Eve"}' + b" " * (LARGEST_BODY - 15)
    answer = await client.post(CUSTOMERS, content=chunks(padded[:5], b"", padded[5:]), headers=JSON)
    assert (answer.status_code, answer.json()["name"]) == (200, "Eve")


@pytest.mark.usefixtures("untouched")
async def test_a_body_that_ends_early_is_not_taken_for_whole(door: Door, project: TestProject) -> None:
    """The client hangs up after what would be a whole body by itself."""
    messages = [{"type": "http.request", "body": b"{}", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {**project.headers, **JSON}
    scope = {
        "type": "http",
        "method": "POST",
        "path": CUSTOMERS,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await door(scope, receive, send)
    assert sent[0]["status"] == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json5", "application/x-www-form-urlencoded", "json"])
async def test_a_body_must_be_json(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post(CUSTOMERS, content=b"{}", headers={"Content-Type": kind})
    assert key_of(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"])
async def test_parameters_of_the_content_type_are_no_matter(client: httpx.AsyncClient, kind: str) -> None:
    assert (await client.post(CUSTOMERS, content=b"{}", headers={"Content-Type": kind})).status_code == 200


def metadata(value: bytes) -> bytes:
    return b'{"metadata": {"x": %b}}' % value


NOT_JSON = "body: is not JSON: "
TOO_DEEP = "body: nesting is deeper than 32"
NUL = "must not contain the character U+0000"
INTEGER = "metadata.x: must be an integer between -9007199254740991 and 9007199254740991"
DECIMAL = "metadata.x: must be a number below 10^16 in amount, with at most 100 decimals"
UNREADABLE: list[tuple[str, bytes, str]] = [
    ("empty", b"", NOT_JSON),
    ("blank", b" \n", NOT_JSON),
    ("unfinished", b'{"name": "Eve"', NOT_JSON),
    ("two values", b"{} {}", NOT_JSON),
    ("single quotes", b"{'name': 'Eve'}", NOT_JSON),
    ("trailing comma", b'{"name": "Eve",}', NOT_JSON),
    ("byte order mark", b"\xef\xbb\xbf{}", NOT_JSON),
    ("UTF-16", '{"name": "Eve"}'.encode("utf-16"), NOT_JSON),
    ("invalid UTF-8", metadata(b'"\xff"'), NOT_JSON),
    ("overlong UTF-8", metadata(b'"\xc0\xaf"'), NOT_JSON),
    ("surrogate in UTF-8", metadata(b'"\xed\xa0\x80"'), NOT_JSON),
    ("lone high surrogate", metadata(rb'"\ud800 "'), NOT_JSON),
    ("lone low surrogate", metadata(rb'"\udc00"'), NOT_JSON),
    ("surrogate in a name", rb'{"metadata": {"\udc00": 1}}', NOT_JSON),
    ("raw NUL", metadata(b'"a\x00b"'), NOT_JSON),
    ("raw line end", metadata(b'"a\nb"'), NOT_JSON),
    ("NUL", metadata(rb'"a\u0000b"'), f"metadata.x: {NUL}"),
    ("NUL in a list", metadata(rb'[["a", "\u0000"]]'), f"metadata.x[0][1]: {NUL}"),
    ("NUL in a name", rb'{"metadata": {"a\u0000": 1}}', f"metadata: property names {NUL}"),
    ("NUL in an unknown property", rb'{"unknown": "\u0000"}', f"unknown: {NUL}"),
    ("2^53", metadata(b"9007199254740992"), INTEGER),
    ("-2^53", metadata(b"-9007199254740992"), INTEGER),
    ("2^64", metadata(b"18446744073709551616"), INTEGER),
    ("5000 digits", metadata(b"9" * 5000), NOT_JSON),
    ("1e400", metadata(b"1e400"), DECIMAL),
    ("1e16", metadata(b"1E+16"), DECIMAL),
    ("1e-400", metadata(b"1e-400"), DECIMAL),
    ("101 decimals", metadata(b"0." + b"1" * 101), DECIMAL),
    ("20000 decimals", metadata(b"0." + b"1" * 20_000), DECIMAL),
    ("endless exponent", metadata(b"1e" + b"9" * 30), "body: has a number whose exponent is too large"),
    ("endless negative exponent", metadata(b"1e-" + b"9" * 30), "body: has a number whose exponent is too large"),
    ("not a number", metadata(b"NaN"), NOT_JSON),
    ("infinity", metadata(b"-Infinity"), NOT_JSON),
    ("33 objects", b'{"a":' * 33 + b"1" + b"}" * 33, TOO_DEEP),
    ("33 lists in all", metadata(b"[" * 31 + b"]" * 31), TOO_DEEP),
    ("100000 lists", b"[" * 100_000 + b"]" * 100_000, TOO_DEEP),
    ("100000 unfinished objects", b'{"a":' * 100_000, TOO_DEEP),
    ("null", b"null", "body: must be an object"),
    ("list", b"[]", "body: must be an object"),
    ("text", b'"x"', "body: must be an object"),
    ("number", b"1.5", "body: must be an object"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("body", "words"), [one[1:] for one in UNREADABLE], ids=[one[0] for one in UNREADABLE])
async def test_a_body_that_cannot_be_used_says_why(client: httpx.AsyncClient, body: bytes, words: str) -> None:
    for path in (CUSTOMERS, f"{CUSTOMERS}/cust_0"):
        answer = await client.request("POST" if path == CUSTOMERS else "PUT", path, content=body, headers=JSON)
        assert key_of(answer) == (400, "invalid_payload")
        assert answer.json()["details"].startswith(words), answer.text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"9007199254740991", None),
        (b"-9007199254740991", None),
        (b"9007199254740992.5", None),
        (b"0." + b"0" * 99 + b"1", b"1E-100"),
        (b"1e15", b"1E+15"),
        (rb'"\ud83d\ude00"', '"😀"'.encode()),
        (rb'"a\\u0000b"', None),
        ('"\uffff"'.encode(), None),
        (b"[" * 30 + b"]" * 30, None),
    ],
)
async def test_what_is_just_within_the_bounds_is_kept(
    client: httpx.AsyncClient, value: bytes, shown: bytes | None
) -> None:
    answer = await client.post(CUSTOMERS, content=metadata(value), headers=JSON)
    assert answer.status_code == 200, answer.text
    assert b'"metadata":{"x":%b}' % (shown or value) in answer.content


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("form", "words"),
    [
        (b"", "grant_type: is required; scope: is required"),
        (b"grant_type=client_credentials&scope=api&scope=api", "body: has a field twice"),
        (b"grant_type=client_credentials&scope=%FF", "body: is not a form"),
        (b"grant_type=client_credentials&scope=\xff", "body: is not a form"),
        (b"grant_type=client_credentials&scope", "body: is not a form"),
        (b"grant_type=client_credentials&scope=%00", f"body: {NUL}"),
        (b'{"grant_type": "client_credentials"}', "body: is not a form"),
        (b"a=" * 100_000, "a: is not a known property"),
    ],
)
async def test_a_form_that_cannot_be_used_says_why(client: httpx.AsyncClient, form: bytes, words: str) -> None:
    answer = await client.post("/v1/oauth/token", content=form, headers=FORM)
    assert key_of(answer) == (400, "invalid_payload")
    assert words in answer.json()["details"]


async def test_every_answer_and_its_log_line_carry_the_request_id(
    engine: Engine, client: httpx.AsyncClient, project: TestProject
) -> None:
    everything = application(engine, pages(document), access_log="all")
    asked = (("GET", CUSTOMERS, 200), ("GET", f"{CUSTOMERS}/x", 404), ("PUT", CUSTOMERS, 405), ("POST", CUSTOMERS, 415))
    seen = set()
    async with client_of(everything, project.headers) as client:
        for method, path, status in asked:
            with capture_logs() as lines:
                answer = await client.request(method, path)
            request_id = answer.headers["X-Request-Id"]
            assert (answer.status_code, answer.json().get("request_id", request_id)) == (status, request_id)
            assert REQUEST_ID.fullmatch(request_id)
            (line,) = lines
            assert (line["request_id"], line["status"], line["path"]) == (request_id, status, path)
            seen.add(request_id)
    assert len(seen) == len(asked)


@pytest.mark.parametrize("answer", [RuntimeError("password 12345"), object(), {"x": object()}])
async def test_an_internal_error_leaks_nothing(engine: Engine, project: TestProject, answer: Any) -> None:
    async def broken(_: Call) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    (operation,) = [one for one in customers.routes.operations if (one.path, one.method) == (CUSTOMERS, "GET")]
    faulty = Door(engine, Lanes(engine), [replace(operation, endpoint=broken)], pages(document))
    async with client_of(faulty, project.headers) as client:
        with capture_logs() as lines:
            got = await client.get(CUSTOMERS)
    assert got.json() == {
        "code": 500,
        "key": "internal_error",
        "message": "Internal error",
        "details": "The log has the details",
        "request_id": got.headers["X-Request-Id"],
    }
    assert got.status_code == 500
    assert [line["event"] for line in lines] == ["request.failed", "request"]
    assert {line["request_id"] for line in lines} == {got.headers["X-Request-Id"]}


async def test_a_source_id_with_a_slash_is_written_with_percent_2f(client: httpx.AsyncClient) -> None:
    made = (await client.post(CUSTOMERS, json={"source_id": "crm/7%2F %"})).json()
    assert (await client.get(f"{CUSTOMERS}/crm%2F7%252F%20%25")).json() == made
    assert key_of(await client.get(f"{CUSTOMERS}/crm/7%252F%20%25")) == (404, "not_found")
