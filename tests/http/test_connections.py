"""HTTP/1.1 as it goes over the wire: where a request ends, in which order answers come, when a connection is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from tests.http.site import GET, HOST, POST, SOON_SECONDS, Client, Site, body_of, deaf, echo, reply, site

from troth.clocks import WallClock
from troth.http.connections import HEAD_SECONDS, IDLE_SECONDS, LARGEST_HEAD, LINGER_SECONDS, Connection
from troth.http.server import listen, serve
from troth.http.wire import BODY_SECONDS, WRITE_SECONDS

pytestmark = pytest.mark.anyio


async def test_requests_follow_each_other_on_one_connection() -> None:
    async with site(echo) as at, at.client() as client:
        for number in range(3):
            client.send(b"POST /%d?a=%d#z HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" % (number, number))
            status, body, headers = await client.answer()
            assert (status, body) == (200, b"POST /%d ? a=%d: hi" % (number, number))
            assert headers[b"date"].endswith(b" GMT")
            assert b"connection" not in headers


async def test_requests_that_come_at_once_are_answered_in_their_order() -> None:
    gates = {path: asyncio.Event() for path in ("/1", "/2", "/3")}
    begun: list[str] = []

    async def gated(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])
        await gates[scope["path"]].wait()
        await echo(scope, receive, send)

    async with site(gated) as at, at.client() as client:
        client.send(
            b"".join(b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d" % (n, n) for n in (1, 2, 3))
        )
        gates["/3"].set()
        gates["/2"].set()
        await at.until(lambda: bool(begun))
        assert begun == ["/1"]
        gates["/1"].set()
        assert [(await client.answer())[1] for _ in range(3)] == [b"POST /%d ? : %d" % (n, n) for n in (1, 2, 3)]
        client.send(GET)
        gates["/"] = gates["/1"]
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_request_may_come_in_any_pieces(size: int) -> None:
    data = POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    async with site(echo) as at, at.client() as client:
        for begin in range(0, len(data), size):
            client.send(data[begin : begin + size])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.answer())[1] == b"POST / ? : abcde"
        client.send(GET)
        assert (await client.answer())[1] == b"GET / ? : "


@pytest.mark.parametrize(
    ("data", "last"),
    [
        (GET, False),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /more HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00", True),
    ],
)
async def test_a_connection_ends_when_it_is_asked_to_or_has_to(data: bytes, last: bool) -> None:
    async with site(echo) as at, at.client() as client:
        client.send(data)
        status, body, headers = await client.answer()
        assert (status, body) == (200, b"GET / ? : ")
        assert headers.get(b"connection") == (b"close" if last else None)
        if last:
            assert await client.rest() == b""


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/0.9\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: +1\r\n\r\nx",
        POST + b"Content-Length: 1, 1\r\n\r\nx",
        b"GET /" + b"a" * LARGEST_HEAD + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        GET[:-2] + b"X-A: b\r\n" * (LARGEST_HEAD // 8) + b"\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_never_reaches_the_application(data: bytes) -> None:
    """What two readers could take for two different things is refused by the first of them."""
    reached: list[str] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await echo(scope, receive, send)

    async with site(noting) as at, at.client() as client:
        client.send(data)
        status, body, headers = await client.answer()
        assert (status, headers[b"connection"], body[:11]) == (400, b"close", b"The request")
        assert await client.rest() == b""
    assert reached == []


async def test_the_largest_head_is_read() -> None:
    async with site(echo) as at, at.client() as client:
        client.send(GET[:-2] + b"X-A: " + b"b" * (LARGEST_HEAD - len(GET) - 6) + b"\r\n\r\n")
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    "rest",
    [
        b"0\r\n" + b"X-Trailer: y\r\n" * 100_000,
        b"0\r\nX-Trailer: " + b"y" * 1_000_000,
        b"1;" + b"x" * 1_000_000,
    ],
)
async def test_what_is_no_body_has_a_bound_after_the_head_too(rest: bytes) -> None:
    async with site(echo) as at, at.client() as client:
        client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + rest)
        assert (await client.answer())[:2] == (400, b"cut")
        assert await client.rest() == b""


async def test_a_refusal_waits_for_the_answers_before_it() -> None:
    gate = asyncio.Event()

    async def gated(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await echo(scope, receive, send)

    async with site(gated) as at, at.client() as client:
        client.send(GET + GET + b"nonsense\r\n\r\n")
        await at.until(lambda: bool(at.shared.connections))
        gate.set()
        assert [(await client.answer())[0] for _ in range(3)] == [200, 200, 400]


async def test_who_is_answered_before_the_end_of_its_request_can_read_the_answer() -> None:
    """The rest of the body is neither taken for a request nor met with a reset, which would take the answer along."""
    async with site(deaf) as at, at.client() as client:
        client.send(POST + b"Content-Length: 5000000\r\n\r\n")
        status, body, headers = await client.answer()
        assert (status, body, headers[b"connection"]) == (401, b"no", b"close")
        for _ in range(50):
            client.send(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 50_000)
            await client.writer.drain()
        assert await client.rest() == b""
        at.pass_seconds(LINGER_SECONDS)
        await at.until(lambda: not at.shared.connections)


async def test_who_sends_no_more_still_gets_its_answers() -> None:
    async with site(echo) as at, at.client() as client:
        client.send(GET + GET)
        client.writer.write_eof()
        assert [(await client.answer())[0] for _ in range(2)] == [200, 200]
        assert await client.rest() == b""
        await at.until(lambda: not at.shared.connections)
    async with site(echo) as at, at.client() as client:
        client.send(POST + b"Content-Length: 3\r\n\r\nhi")
        client.writer.write_eof()
        assert (await client.answer())[:2] == (400, b"cut")


async def test_a_client_that_goes_away_is_told_of() -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        told.set_result((await receive())["type"])
        await reply(send, b"nobody hears it")

    async with site(app) as at:
        async with at.client() as client:
            client.send(GET)
            await at.until(lambda: bool(at.shared.connections))
            client.writer.transport.abort()
        assert await asyncio.wait_for(told, SOON_SECONDS) == "http.disconnect"
        await at.until(lambda: not at.shared.connections)


async def test_connections_end_that_wait_for_too_long() -> None:
    arrived = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        arrived.set()
        if scope["method"] == "POST":
            await body_of(receive)
        await reply(send, b"x" * (50_000_000 if scope["path"] == "/large" else 1))

    async def ended(data: bytes, seconds: int, ready: Callable[[Site, Client], Awaitable[Any]]) -> bytes:
        async with site(app) as at, at.client() as client:
            client.send(data)
            await ready(at, client)
            at.pass_seconds(seconds - 1)
            assert not next(iter(at.shared.connections)).transport.is_closing()
            at.pass_seconds(1)
            received = await client.rest()
            at.pass_seconds(LINGER_SECONDS)
            await at.until(lambda: not at.shared.connections)
            return received

    async def connected(at: Site, _: Client) -> None:
        await at.until(lambda: bool(at.shared.connections))

    async def begun(at: Site, _: Client) -> None:
        await at.until(lambda: any(one._in_head for one in at.shared.connections if isinstance(one, Connection)))

    async def answered(at: Site, client: Client) -> None:
        await client.answer()
        await at.until(lambda: not any(one.task for one in at.shared.connections if isinstance(one, Connection)))

    async def in_body(at: Site, _: Client) -> None:
        await at.until(lambda: any(one._news for one in at.shared.connections))

    async def full(at: Site, client: Client) -> None:
        await at.until(lambda: any(one._room for one in at.shared.connections))

    assert await ended(b"", HEAD_SECONDS, connected) == b""
    assert (await ended(GET[:-2], HEAD_SECONDS, begun)).startswith(b"HTTP/1.1 408 ")
    assert await ended(GET, IDLE_SECONDS, answered) == b""
    assert await ended(POST + b"Content-Length: 2\r\n\r\nx", BODY_SECONDS, in_body) == b""
    assert len(await ended(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n", WRITE_SECONDS, full)) < 50_000_000


async def test_a_server_that_stops_finishes_what_it_has_begun() -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await gate.wait()
        await echo(scope, receive, send)

    listener, stop = listen(HOST, 0), asyncio.Event()
    port = listener.getsockname()[1]
    serving = asyncio.create_task(serve(app, WallClock(), listener, stop))
    idle = Client(*await asyncio.open_connection(HOST, port))
    busy = Client(*await asyncio.open_connection(HOST, port))
    busy.send(GET + GET)
    await asyncio.wait_for(begun.wait(), SOON_SECONDS)
    stop.set()
    assert await idle.rest() == b""
    with pytest.raises(OSError, match=r"refused|reset"):
        await asyncio.open_connection(HOST, port)
    assert not serving.done()
    gate.set()
    status, _, headers = await busy.answer()
    assert (status, headers[b"connection"]) == (200, b"close")
    assert await busy.rest() == b""
    await asyncio.wait_for(serving, SOON_SECONDS)
    for client in (idle, busy):
        client.writer.close()
