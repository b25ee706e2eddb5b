"""How an application is handed a request and how its answer is framed, broken answers included."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs
from tests.http.site import GET, POST, SOON_SECONDS, TEXT, body_of, deaf, echo, reply, site

pytestmark = pytest.mark.anyio


async def test_continue_is_said_only_where_the_body_is_read() -> None:
    expecting = POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    async with site(echo) as at, at.client() as client:
        client.send(expecting)
        assert await client.head() == (100, {})
        client.send(b"hi")
        assert (await client.answer())[1] == b"POST / ? : hi"
        client.send(expecting + b"yo")  # whoever does not wait is not told
        assert (await client.answer())[1] == b"POST / ? : yo"
    async with site(deaf) as at, at.client() as client:
        client.send(expecting)
        status, _, headers = await client.answer()
        assert (status, headers[b"connection"]) == (401, b"close")


async def test_head_and_some_statuses_have_no_body() -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": TEXT})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await reply(send, b"" if scope["path"] == "/204" else b"text", int(scope["path"][1:]))

    async with site(app) as at, at.client() as client:
        for path, framing in ((b"/200", (b"4", None)), (b"/stream", (None, b"chunked")), (b"/204", (None, None))):
            client.send(b"HEAD %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
            _, headers = await client.head()
            assert (headers.get(b"content-length"), headers.get(b"transfer-encoding")) == framing
        client.send(b"GET /204 HTTP/1.1\r\nHost: x\r\n\r\nGET /200 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [(await client.head())[0], (await client.answer())[1]] == [204, b"text"]


async def streamed(scope: Scope, _: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": TEXT})
    for piece in (b"one", b"", b"three"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if scope["path"] == "/broken":
        raise ZeroDivisionError
    await send({"type": "http.response.body"})


async def test_an_answer_of_unknown_length_is_chunked_or_ends_with_the_connection() -> None:
    async with site(streamed) as at:
        async with at.client() as client:
            client.send(GET + GET)
            for _ in range(2):
                assert (await client.head())[1][b"transfer-encoding"] == b"chunked"
                assert await client.reader.readexactly(23) == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"[:23]
        async with at.client() as client:
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            assert b"transfer-encoding" not in (await client.head())[1]
            assert await client.rest() == b"onethree"


async def test_what_breaks_within_an_answer_breaks_the_connection() -> None:
    """So that nobody takes a part for the whole."""
    with capture_logs() as logs:
        async with site(streamed) as at, at.client() as client:
            client.send(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
            assert not (await client.rest()).endswith(b"0\r\n\r\n")
    assert [one["event"] for one in logs] == ["request.broke"]


@pytest.mark.parametrize("headers", [[(b"x", b"a\r\nb: c")], [(b"content-length", b"3")], [(b"content-length", b"5")]])
async def test_what_an_application_may_not_say_is_never_said(headers: list[tuple[bytes, bytes]]) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"four"})

    with capture_logs():
        async with site(app) as at, at.client() as client:
            client.send(GET)
            received = await client.rest()
    assert b"four" not in received
    assert b"b: c" not in received


async def test_an_application_that_fails_is_answered_for() -> None:
    async def app(*_: Any) -> None:
        raise ZeroDivisionError

    with capture_logs():
        async with site(app) as at, at.client() as client:
            client.send(GET)
            status, _, headers = await client.answer()
            assert (status, headers[b"connection"]) == (500, b"close")


async def test_a_body_that_nobody_reads_yet_is_left_to_its_sender() -> None:
    gate = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await reply(send, b"%d" % len(await body_of(receive) or b""))

    async with site(app) as at, at.client() as client:
        client.send(POST + b"Content-Length: 30000000\r\n\r\n" + b"x" * 30_000_000)
        await at.until(lambda: bool(at.shared.connections))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.writer.drain(), 0.5)
        gate.set()
        assert (await client.answer())[1] == b"30000000"


async def test_an_answer_waits_for_its_reader() -> None:
    sent = 0

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100000000")]})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": sent < 99_900_000})
            sent += 100_000

    async with site(app) as at, at.client() as client:
        client.send(GET)
        await client.head()
        await at.until(lambda: any(one._room for one in at.shared.connections))
        assert sent < 50_000_000
        client.reader._limit = 1 << 30  # type: ignore[attr-defined]
        assert len(await asyncio.wait_for(client.reader.readexactly(100_000_000), SOON_SECONDS)) == 100_000_000
        await at.until(lambda: sent == 100_000_000)
