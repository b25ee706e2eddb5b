"""The server around the door, spoken to in bytes: nothing that comes over the wire is more than a clean refusal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.conftest import TestProject
from tests.http.everything import everything_stored

from troth.actions.engine import Engine
from troth.http.bodies import LARGEST_BODY
from troth.http.connections import LARGEST_HEAD
from troth.http.door import Door
from troth.http.server import listen, serve

pytestmark = pytest.mark.anyio

Ask = Callable[[bytes], Awaitable[tuple[int, bytes, bytes]]]

HOST = "127.0.0.1"
JSON = "Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
async def ask(engine: Engine, door: Door) -> AsyncIterator[Ask]:
    """Sends bytes to a real server; returns the answer's status, head and body."""
    listener, stop = listen(HOST, 0), asyncio.Event()
    port = listener.getsockname()[1]
    serving = asyncio.create_task(serve(door, engine.clock, listener, stop))

    async def asked(data: bytes) -> tuple[int, bytes, bytes]:
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(data)
            received = b""
            try:
                while part := await reader.read(65536):
                    received += part
            except ConnectionResetError:
                pass  # the server hung up on what it did not want to read; its answer came before
            writer.close()
        head, _, body = received.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), head.lower(), body

    yield asked
    stop.set()
    await serving


def request(project: TestProject, line: str, headers: str = "", body: str = "") -> bytes:
    credentials = "".join(f"{name}: {value}\r\n" for name, value in project.headers.items())
    text = f"{line} HTTP/1.1\r\nHost: troth\r\nConnection: close\r\n{credentials}{headers}\r\n{body}"
    return text.encode("latin-1")


CUSTOMER = "/v1/customers/"
LINES = [
    *(
        (f"GET {CUSTOMER}{end}", 404)
        for end in ("%00", "%01", "%1F", "%2F", "%FF", "%C0%AF", "%ZZ", "%", "a;b", "..", "a/b")
    ),
    *(
        (f"GET {path}", 404)
        for path in ("/v1", "/v1/", "/v2/", "//v1/customers", "/v1//customers", "/v1/customers//", "*")
    ),
    ("GET /v1/../v1/customers", 404),
    ("GET /v1/" + "a/" * 5_000, 404),
    ("GET /v1/customers", 200),
    ("GET /v1/customers/", 200),
    ("GET http://elsewhere/v1/customers", 200),
    ("GET /v1/customers?%", 400),
    ("GET /v1/customers?limit=%FF", 400),
    ("GET /v1/customers?limit=%00", 400),
    ("GET /v1/customers?limit=1&limit=2", 400),
    ("GET /v1/customers/\xe9", 400),
    ("GET /v1/customers?name=\xe9", 400),
    (f"GET {CUSTOMER}{'a' * 70_000}", 400),
    ("OPTIONS /v1/customers", 405),
    ("OPTIONS *", 404),
    ("CONNECT troth:443", 400),
    ("BREW /v1/customers", 400),
    ("", 400),
]


@pytest.mark.parametrize(("line", "status"), LINES, ids=[line[:40] for line, _ in LINES])
async def test_a_request_line(ask: Ask, project: TestProject, line: str, status: int) -> None:
    assert (await ask(request(project, line)))[0] == status


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/customers/none", "/healthz", "/v1/nothing"])
async def test_head_is_get_without_the_body(ask: Ask, project: TestProject, path: str) -> None:
    got_status, got_head, got_body = await ask(request(project, f"GET {path}"))
    status, head, body = await ask(request(project, f"HEAD {path}"))
    assert (status, body) == (got_status, b"")
    assert got_body
    assert b"content-length: %d" % len(got_body) in head
    assert b"content-length: %d" % len(got_body) in got_head


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("X-App-Id: x\r\n", 401),
        ("X-App-Token: \xff\r\n", 401),
        ("Authorization: Bearer \xff\r\n", 401),
        (f"Authorization: Bearer {'a' * 50_000}\r\n", 401),
        ("Accept: \xff\r\n", 406),
        ("If-Match: \xff\r\n", 200),
        ("No colon\r\n", 400),
        ("X-Nul: a\x00b\r\n", 400),
        ("X-Large: " + "a" * (LARGEST_HEAD // 2) + "\r\n", 200),
    ],
)
async def test_a_header(ask: Ask, project: TestProject, headers: str, status: int) -> None:
    assert (await ask(request(project, "GET /v1/customers", headers)))[0] == status


@pytest.mark.parametrize("header", ["X-Large: " + "a" * 2_000_000, "\r\n".join(f"X-{n}: 1" for n in range(200_000))])
async def test_a_head_without_end_is_cut_off(ask: Ask, project: TestProject, header: str) -> None:
    status, _, body = await ask(request(project, "GET /v1/customers", header + "\r\n"))
    assert status == 400
    assert b"65536 bytes" in body


FRAMES = [
    (f"{JSON}Content-Length: two\r\n", "{}", 400),
    (f"{JSON}Content-Length: -2\r\n", "{}", 400),
    (f"{JSON}Content-Length: {'9' * 40}\r\n", "{}", 400),
    (f"{JSON}Content-Length: 2\r\nContent-Length: 3\r\n", "{} ", 400),
    (f"{JSON}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "{}", 400),
    (f"{JSON}Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n", 400),
    (f"{JSON}Content-Length: {LARGEST_BODY + 1}\r\n", "{}", 413),
    ("Content-Length: 2\r\n", "{}", 415),
    (JSON, "", 400),
]


@pytest.mark.parametrize(("headers", "body", "status"), FRAMES)
async def test_a_body_that_is_framed_badly_writes_nothing(
    engine: Engine, ask: Ask, project: TestProject, headers: str, body: str, status: int
) -> None:
    before = await everything_stored(engine.database)
    assert (await ask(request(project, "POST /v1/customers", headers, body)))[0] == status
    assert await everything_stored(engine.database) == before


async def test_a_body_in_chunks(engine: Engine, ask: Ask, project: TestProject) -> None:
    start = request(project, "POST /v1/customers", f"{JSON}Transfer-Encoding: chunked\r\n")
    status, _, body = await ask(start + b'7\r\n{"name"\r\n8\r\n: "Eve"}\r\n0\r\n\r\n')
    assert (status, b'"name":"Eve"' in body) == (200, True)
    before = await everything_stored(engine.database)
    status, head, body = await ask(start + b"100000\r\n%b\r\n" % (b" " * 0x100000) * 10 + b"1\r\n \r\n0\r\n\r\n")
    assert (status, b"payload_too_large" in body, b"x-request-id" in head) == (413, True, True)
    assert await everything_stored(engine.database) == before


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\x00"])
async def test_what_is_no_http(ask: Ask, data: bytes) -> None:
    assert (await ask(data))[0] == 400
