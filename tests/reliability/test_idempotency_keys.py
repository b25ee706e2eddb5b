"""Keys over two processes, lost connections and killed servers: one change, and its answer for whoever asks again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject, client_of
from tests.db.proxy import COMMIT, SOON_SECONDS, Fate, Link, Proxy, answer_is_lost, arrives_late, never_arrives, proxied
from tests.moving_clock import HastyClock
from tests.processes import Server
from tests.reliability.stack import Club, enrolled, make_club, make_customers, requests_to, size

from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.db.database import Database
from troth.http.app import application, document
from troth.hub.app import pages
from troth.identifiers import Identifiers

pytestmark = pytest.mark.anyio

TWINS = 20
CUSTOMERS = size(300, 20_000)
KILLS = size(2, 10)


def key(number: int) -> dict[str, str]:
    return {"Idempotency-Key": f"request {number}"}


def replays(answers: list[httpx.Response]) -> Counter[bool]:
    return Counter("Idempotent-Replayed" in answer.headers for answer in answers)


async def of_twins(
    clients: Sequence[httpx.AsyncClient], path: str, body: dict[str, Any], number: int
) -> dict[str, Any]:
    """Send a request many times at once, check that there is one answer, and return it."""
    each = TWINS // len(clients)
    answers = await asyncio.gather(
        *(client.post(path, json=body, headers=key(number)) for client in clients for _ in range(each))
    )
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert len({answer.content for answer in answers}) == 1
    assert replays(answers) == {False: 1, True: TWINS - 1}
    answer: dict[str, Any] = answers[0].json()
    return answer


async def test_twins_over_two_processes_do_one_change(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    with Server(database_url=own_url) as one, Server(database_url=own_url) as other:
        one.until_ready()
        other.until_ready()
        async with (
            requests_to(one.url, own_project.headers) as first,
            requests_to(other.url, own_project.headers) as second,
        ):
            club = await make_club(first)
            customers = await make_customers(connection, own_project.id, size(5, 50))
            for number, customer_id in enumerate(customers):
                enrolment = await of_twins((first, second), club.members, {"customer_id": customer_id}, number)
                stored = await enrolled(connection, own_project.id)
                assert stored[customer_id][0] == enrolment["id"]
                card = f"{club.members}/{enrolment['id']}/cards/{enrolment['cards'][0]['card']['id']}"
                for points in (7, -4):
                    await of_twins((first, second), f"{card}/points", {"points": points}, number + points * 1000)
                history = (await first.get(f"{card}/transactions")).json()["data"]
                member = (await second.get(f"{club.members}/{enrolment['id']}")).json()
                assert (len(history), member["cards"][0]["card"]["balance"]["points"]) == (2, 3), history
            assert len(stored) == len(customers)


async def test_who_asks_again_after_a_kill_gets_the_answer(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection, client_of_own: httpx.AsyncClient
) -> None:
    """One of two servers is killed among its requests; all are sent again, to the other one."""
    club = await make_club(client_of_own)
    customers = await make_customers(connection, own_project.id, CUSTOMERS)
    with Server(database_url=own_url) as survivor:
        survivor.until_ready()
        for kill in range(KILLS):
            part = list(enumerate(customers))[kill::KILLS]
            answers: dict[int, bytes] = {}
            with Server(database_url=own_url) as victim:
                async with requests_to(victim.until_ready().url, own_project.headers) as first:
                    await gather_until_killed(first, victim, club, part, answers)
            async with requests_to(survivor.url, own_project.headers) as second:
                again = await asyncio.gather(
                    *(second.post(club.members, json={"customer_id": one}, headers=key(number)) for number, one in part)
                )
            assert {answer.status_code for answer in again} == {200}
            for (number, _), answer in zip(part, again, strict=True):
                assert number not in answers or answer.content == answers[number]
            assert 0 < len(answers) < len(part), "the kill was too late or too early to prove anything"
            assert replays(again)[True] >= len(answers)
        stored = await enrolled(connection, own_project.id)
    assert set(stored) == set(customers)


async def gather_until_killed(
    client: httpx.AsyncClient,
    victim: Server,
    club: Club,
    part: list[tuple[int, str]],
    answers: dict[int, bytes],
) -> None:
    """Enrol customers side by side, and kill the server when a third of them is answered."""

    async def enrol(number: int, customer_id: str) -> None:
        try:
            answer = await client.post(club.members, json={"customer_id": customer_id}, headers=key(number))
        except httpx.TransportError:
            return
        answers[number] = answer.content
        if len(answers) == len(part) // 3:
            victim.kill()

    await asyncio.gather(*(enrol(*one) for one in part))


@pytest.fixture
async def proxy(own_url: str) -> AsyncIterator[Proxy]:
    async with proxied(own_url) as opened:
        yield opened
        opened.is_open = True


async def behind(proxy: Proxy, clock: WallClock) -> Engine:
    return Engine(await Database.open(proxy.url, clock, connections=2), clock, Identifiers(clock))


def api(engine: Engine, project: TestProject) -> httpx.AsyncClient:
    return client_of(application(engine, pages(document)), project.headers)


@pytest.mark.parametrize("fate", [answer_is_lost, never_arrives, arrives_late])
async def test_a_connection_cut_at_the_commit_is_seen_by_nobody(
    proxy: Proxy, own_project: TestProject, connection: asyncpg.Connection, client_of_own: httpx.AsyncClient, fate: Fate
) -> None:
    club = await make_club(client_of_own)
    (customer_id,) = await make_customers(connection, own_project.id, 1)
    engine = await behind(proxy, WallClock())
    async with api(engine, own_project) as client:
        proxy.next_at(COMMIT, fate)
        answers = [
            await asyncio.wait_for(
                client.post(club.members, json={"customer_id": customer_id}, headers=key(1)), SOON_SECONDS
            )
            for _ in range(2)
        ]
    await engine.database.close()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert replays(answers) == {False: 1, True: 1}
    stored = await enrolled(connection, own_project.id)
    assert {customer: row[0] for customer, row in stored.items()} == {customer_id: answers[0].json()["id"]}


async def test_a_twin_that_is_done_while_a_commit_is_looked_into_has_the_answer(
    proxy: Proxy, own_project: TestProject, connection: asyncpg.Connection, client_of_own: httpx.AsyncClient
) -> None:
    """The key is there then, but it was kept by the twin: what the first one had in mind was never done."""
    club = await make_club(client_of_own)
    (customer_id,) = await make_customers(connection, own_project.id, 1)
    body = {"customer_id": customer_id}
    twins: list[asyncio.Task[httpx.Response]] = []

    async def the_twin_begins(link: Link, _: bytes) -> None:
        twins.append(asyncio.create_task(client_of_own.post(club.members, json=body, headers=key(1))))
        link.end()

    async def the_twin_is_done(link: Link, message: bytes) -> None:
        await asyncio.wait(twins)
        link.send(message)

    proxy.next_at(COMMIT, the_twin_begins)
    proxy.next_at(b"pg_stat_activity", the_twin_is_done)
    engine = await behind(proxy, WallClock())
    async with api(engine, own_project) as client:
        first = await asyncio.wait_for(client.post(club.members, json=body, headers=key(1)), SOON_SECONDS)
    await engine.database.close()
    (second,) = [await twin for twin in twins]
    assert first.content == second.content
    assert (replays([first]), replays([second])) == ({True: 1}, {False: 1})
    stored = await enrolled(connection, own_project.id)
    assert {customer: row[0] for customer, row in stored.items()} == {customer_id: second.json()["id"]}


@pytest.mark.parametrize("is_committed", [True, False])
async def test_after_a_503_the_same_key_finds_out(
    proxy: Proxy,
    own_project: TestProject,
    connection: asyncpg.Connection,
    client_of_own: httpx.AsyncClient,
    is_committed: bool,
) -> None:
    """The database goes away at the commit and stays away: whether it was done is open until it is asked again."""
    club = await make_club(client_of_own)
    (customer_id,) = await make_customers(connection, own_project.id, 1)

    async def leave(link: Link, message: bytes) -> None:
        if is_committed:
            await link.tell(message)
        proxy.is_open = False
        link.end()

    engine = await behind(proxy, HastyClock())
    async with api(engine, own_project) as client:
        proxy.next_at(COMMIT, leave)
        first = await client.post(club.members, json={"customer_id": customer_id}, headers=key(1))
        assert first.status_code == 503, first.text
        proxy.is_open = True
        again = await client.post(club.members, json={"customer_id": customer_id}, headers=key(1))
    await engine.database.close()
    assert (again.status_code, replays([again])[True]) == (200, is_committed), again.text
    stored = await enrolled(connection, own_project.id)
    assert {customer: row[0] for customer, row in stored.items()} == {customer_id: again.json()["id"]}
