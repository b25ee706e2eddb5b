"""PostgreSQL, servers and workers killed while points move and a clock goes on: what was answered is stored, once."""

import asyncio
import itertools
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.polling import until_async
from tests.postings import check_postings
from tests.processes import Server, TrothProcess, children, command_of, data_folder, free_port, postmaster, troth
from tests.reliability.points import Card, make_cards
from tests.reliability.stack import requests_to, size

from troth.core.configuration import timestamp
from troth.db.embedded import running_url

pytestmark = pytest.mark.anyio

CONNECTIONS = 16
CARDS = size(100, 1000)
ROUNDS = size(6, 24)
BETWEEN_KILLS = size(100, 1500)
RECOVERY_SECONDS = 120.0
START = datetime(2027, 3, 20, 12, tzinfo=UTC)
THREE_DAYS = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 3, "unit": "DAY"}}}
EXPECTED_ERRORS = {"embedded_postgres_died", "database.unreachable", "job.failed", "daily_work.failed"}


class Stack:
    """A server that runs PostgreSQL, two more processes that serve, and a worker, all on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"first": free_port(), "second": free_port()}
        self._running: dict[str, TrothProcess] = {}
        self._all: list[TrothProcess] = []
        self._ended = ExitStack()

    def start(self, name: str) -> None:
        url = running_url(self.folder) if name != "first" else ""
        makers: dict[str, Callable[[], TrothProcess]] = {
            "first": lambda: Server("--data", str(self.folder), port=self.ports["first"]),
            "second": lambda: Server("--workers", "2", port=self.ports["second"], database_url=url),
            "worker": lambda: TrothProcess("worker", database_url=url),
        }
        process = self._running[name] = self._ended.enter_context(makers[name]())
        self._all.append(process)
        if isinstance(process, Server):
            process.until_ready()

    def kill(self, name: str) -> None:
        """End a process of Troth as a power cut would, and start it again."""
        self._running[name].kill()
        self.start(name)

    def kill_child(self) -> None:
        """Kill one of the processes that share a port; their parent starts it again."""
        os.kill(children(self._running["second"].pid)[0], signal.SIGKILL)

    def kill_postgresql(self) -> None:
        os.kill(postmaster(self.folder), signal.SIGKILL)

    def kill_backend(self) -> None:
        backends = (
            pid for pid in children(postmaster(self.folder)) if command_of(pid).startswith("postgres: troth troth")
        )
        os.kill(next(backends), signal.SIGKILL)

    def stop(self) -> None:
        """Stop all in good order, and check that none has complained of anything but what was killed."""
        for name in ("worker", "second", "first"):
            assert self._running[name].stop() == 0, self._running[name].log
        for process in self._all:
            lines = [json.loads(line) for line in process.log.splitlines() if '"level":"error"' in line]
            assert {line["event"] for line in lines} <= EXPECTED_ERRORS, lines

    def __enter__(self) -> "Stack":
        for name in ("first", "second", "worker"):
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.close()


class Traffic:
    """Adjustments, expirations and reads of random cards; every write has a reason of its own, most a key."""

    def __init__(self, clients: list[httpx.AsyncClient], cards: list[Card]) -> None:
        self.clients, self.cards = clients, cards
        self.is_over = False
        self.now = START
        self.answered: dict[str, str] = {}
        self.unkeyed_without_answer: set[str] = set()
        self._chance = random.Random(7)
        self._numbers = itertools.count(1)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._work())
            group.create_task(self._move_on())

    async def until_more(self, work: "asyncio.Task[None]") -> None:
        """Wait for more answers, however slowly they come; if the work has ended for an error, that is the error."""
        wanted = len(self.answered) + BETWEEN_KILLS
        while (before := len(self.answered)) < wanted:

            async def are_more(seen: int = before) -> bool:
                if work.done():
                    work.result()
                return len(self.answered) > seen

            await until_async(are_more, within_seconds=RECOVERY_SECONDS)

    async def _work(self) -> None:
        while not self.is_over:
            card, deed = self._chance.choice(self.cards), self._chance.random()
            if deed < 0.8:
                await self._adjust(card, has_key=deed < 0.6)
            elif deed < 0.9:
                await self._expire(card)
            else:
                answer = await self.answer("GET", card.member_path)
                assert answer.status_code == 200, answer.text

    async def _adjust(self, card: Card, *, has_key: bool) -> None:
        reason = f"adjustment {next(self._numbers)}"
        body = {"points": self._chance.randint(-20, 30), "reason": reason}
        if not body["points"]:
            return
        path = f"{card.path}/points"
        if has_key:
            answer = await self.answer("POST", path, body, {"Idempotency-Key": reason})
        else:
            found = await self._try(self._chance.choice(self.clients), "POST", path, body, {})
            if found is None:
                self.unkeyed_without_answer.add(reason)
                await self.answer("GET", "/readyz")
                return
            answer = found
        assert answer.status_code == 200, answer.text
        self.answered[answer.json()["transaction"]["id"]] = reason

    async def _expire(self, card: Card) -> None:
        listed = await self.answer("GET", f"{card.path}/expiring-points")
        for bucket in listed.json()["data"][:1]:
            key = f"expiration {next(self._numbers)}"
            path = f"{card.path}/expiring-points/{bucket['id']}/expire"
            answer = await self.answer("POST", path, None, {"Idempotency-Key": key})
            if answer.status_code == 423:  # it has ended meanwhile
                assert answer.json()["key"] == "invalid_points_bucket_status"
            elif answer.json()["transaction"] is not None:
                self.answered[answer.json()["transaction"]["id"]] = ""

    async def _move_on(self) -> None:
        while not self.is_over:
            await self.move(self.now + timedelta(hours=7))

    async def move(self, to: datetime) -> None:
        """Move the clock, and return when it has come there."""

        async def has_come() -> bool:
            answer = await self.answer("PUT", "/v1/clock", {"now": timestamp(to)})
            assert answer.status_code in {200, 202, 423}, answer.text
            return answer.status_code == 200

        await until_async(has_come, within_seconds=RECOVERY_SECONDS)
        self.now = to

    async def answer(self, method: str, path: str, body: Any = None, headers: Any = None) -> httpx.Response:
        """Ask one server or another until one answers."""
        answers: list[httpx.Response] = []

        async def is_answered() -> bool:
            found = await self._try(self._chance.choice(self.clients), method, path, body, headers)
            if found is not None:
                answers.append(found)
            return found is not None

        await until_async(is_answered, within_seconds=RECOVERY_SECONDS)
        return answers[0]

    async def _try(
        self, client: httpx.AsyncClient, method: str, path: str, body: Any, headers: Any
    ) -> httpx.Response | None:
        """Return an answer; None where there is none, or none that says what was done."""
        try:
            answer = await client.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            assert (answer.json()["key"], answer.headers["retry-after"]) == ("overloaded", "1")
            return None
        return answer


@contextmanager
def running(folder: Path) -> Iterator[tuple[Stack, dict[str, str]]]:
    with Stack(folder) as stack:
        made = troth("project", "create", "Crash", "--sandbox", "--json", data_dir=str(folder))
        assert made.returncode == 0, made.stderr
        yield stack, json.loads(made.stdout)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(running_url(folder))
    try:
        yield connection
    finally:
        await connection.close()


async def test_whatever_moved_points_is_stored_once_after_kills_of_everything() -> None:
    with data_folder() as folder, running(folder) as (stack, key):
        headers = {"X-App-Id": key["app_id"], "X-App-Token": key["app_token"]}
        async with AsyncExitStack() as opened_clients:
            clients = [
                await opened_clients.enter_async_context(requests_to(f"http://127.0.0.1:{port}", headers))
                for port in stack.ports.values()
            ]
            async with opened(folder) as connection:
                cards = await make_cards(clients[0], connection, key["project_id"], CARDS, points_expiration=THREE_DAYS)
            traffic = Traffic(clients, cards)
            await traffic.move(START)
            work = asyncio.create_task(traffic.run())
            kills: list[Callable[[], None]] = [
                stack.kill_postgresql, stack.kill_child, lambda: stack.kill("worker"), stack.kill_backend,
                lambda: stack.kill("second"), lambda: stack.kill("first"),
            ]  # fmt: skip
            for kill in itertools.islice(itertools.cycle(kills), ROUNDS):
                await traffic.until_more(work)
                await asyncio.to_thread(kill)
            await traffic.until_more(work)
            traffic.is_over = True
            await work
            async with opened(folder) as connection:
                await check(connection, key["project_id"], traffic)
                await traffic.move(traffic.now + timedelta(days=5))
                assert await check_postings(connection, key["project_id"]) == CARDS
                assert not await connection.fetchval("SELECT sum(points) FROM points_buckets")
        audited = troth("ledger", "verify", data_dir=str(folder))
        assert (audited.returncode, audited.stdout) == (0, f"{CARDS} members verified, 0 differences\n")
        stack.stop()


async def check(connection: asyncpg.Connection, project_id: str, traffic: Traffic) -> None:
    """Check that each card is its postings, that what was answered is there, and that nothing is there twice."""
    assert await check_postings(connection, project_id) == CARDS
    rows = await connection.fetch("SELECT id, coalesce(details ->> 'reason', '') AS reason FROM card_transactions")
    stored = {row["id"]: row["reason"] for row in rows}
    assert traffic.answered.items() <= stored.items()
    reasons = [reason for reason in stored.values() if reason]
    assert len(reasons) == len(set(reasons))
    unexpected = set(reasons) - set(traffic.answered.values()) - traffic.unkeyed_without_answer
    assert unexpected == set()
    assert traffic.now > START + timedelta(days=4), "too few midnights came"
