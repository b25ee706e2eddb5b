"""A journey whose every request is sent up to five times, over two processes: the same ledger as once (domain 17)."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import asyncpg
import httpx
import pytest
from tests.conftest import make_project
from tests.http.definitions import points
from tests.polling import until_async
from tests.postings import check_postings
from tests.processes import Server
from tests.reliability.stack import REQUEST_SECONDS, requests_to, size, until_coded

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

BASE = "/v2/loyalties"
MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}

Request: TypeAlias = tuple[str, str, Any]
Names: TypeAlias = dict[str, Any]


def member_path(of: Names, what: str = "") -> str:
    return f"{BASE}/programs/{of['program']['id']}/members/{of['member']['id']}{what}"


def card_path(of: Names, what: str) -> str:
    return member_path(of, f"/cards/{of['member']['cards'][0]['card']['id']}/{what}")


def journey() -> Iterator[tuple[str, Callable[[Names], Request]]]:
    """Yield each request with the name that its answer is known by; later ones are made of earlier answers."""

    def adjusted(amount: int) -> Callable[[Names], Request]:
        return lambda of: ("POST", card_path(of, "points"), {"points": amount, "reason": f"adjusted by {amount}"})

    def moved(to: str) -> Callable[[Names], Request]:
        return lambda of: ("PUT", "/v1/clock", {"now": to})

    def member(verb: str) -> Callable[[Names], Request]:
        return lambda of: ("POST", member_path(of, f"/{verb}"), None)

    yield "start", moved("2027-01-31T12:00:00.000Z")
    yield "customer", lambda of: ("POST", "/v1/customers", {"source_id": "ada", "name": "Ada"})
    yield "wallet", lambda of: ("POST", f"{BASE}/card-definitions", {
        "name": "Points", "type": "INDIVIDUAL", "status": "ACTIVE", "points_expiration": MONTH,
    })  # fmt: skip
    yield "rule", lambda of: ("POST", f"{BASE}/earning-rules", {
        "name": "Rule", "status": "ACTIVE", "trigger": {"event": "customer.order.paid"},
        "earnings": [points(of["wallet"]["id"])],
    })  # fmt: skip
    yield "program", lambda of: ("POST", f"{BASE}/programs", {
        "name": "Club", "card_definitions": [{"id": of["wallet"]["id"]}], "earning_rules": [{"id": of["rule"]["id"]}],
    })  # fmt: skip
    yield "active", lambda of: ("POST", f"{BASE}/programs/{of['program']['id']}/activate", None)
    yield "member", lambda of: ("POST", f"{BASE}/programs/{of['program']['id']}/members", {
        "customer_id": of["customer"]["id"],
    })  # fmt: skip
    yield "changed", lambda of: ("PUT", member_path(of), {
        "metadata": {"colour": "red"},
    })  # fmt: skip
    yield "credit", adjusted(100)
    yield "debit", adjusted(-30)
    yield "too much", adjusted(-71)
    yield "nothing", adjusted(0)
    yield "asleep", member("deactivate")
    yield "refused", adjusted(5)
    yield "awake", member("activate")
    yield "next day", moved("2027-02-01T12:00:00.000Z")
    yield "second credit", adjusted(40)
    yield "expired by hand", lambda of: ("POST", card_path(of, f"expiring-points/{of['second bucket']}/expire"), None)
    yield "third credit", adjusted(7)
    yield "a month later", moved("2027-03-01T12:00:00.000Z")
    yield "order", lambda of: ("POST", "/v1/orders", {
        "source_id": "first", "status": "PAID", "amount": 5000, "customer": {"source_id": "ada"},
    })  # fmt: skip
    yield "last credit", adjusted(1)


async def travel(clients: Sequence[httpx.AsyncClient], copies: Callable[[int], int]) -> list[Any]:
    """Go on the journey, sending each request as often as it is said, and return its answers."""
    answers: Names = {}
    for number, (name, make) in enumerate(journey()):
        if name == "expired by hand":
            answers["second bucket"] = await latest_bucket(clients[0], answers)
        method, path, body = make(answers)
        headers = {"Idempotency-Key": f"{number}: {name}"}
        sent = [
            clients[copy % len(clients)].request(method, path, json=body, headers=headers)
            for copy in range(copies(number))
        ]
        given = await asyncio.gather(*sent)
        assert len({one.status_code for one in given}) == 1, [one.text for one in given]
        if given[0].is_success:
            assert len({one.content for one in given}) == 1
        expected = 423 if name == "refused" else 202 if path == "/v1/clock" else 200
        assert given[0].status_code == expected, given[0].text
        if path == "/v1/clock":
            await until_there(clients[0], body["now"])
        else:
            answers[name] = given[0].json()
        if name == "order":
            await until_earned(clients[0], answers)
    return [answers, await looked_at(clients[1 % len(clients)], answers)]


async def until_there(client: httpx.AsyncClient, moment: str) -> None:
    """Wait until the clock, which goes on in the background, has come to an instant."""

    async def is_there() -> bool:
        shown = (await client.get("/v1/clock")).json()
        return (shown["now"], shown["moving_to"]) == (moment, None)

    await until_async(is_there, within_seconds=REQUEST_SECONDS)


async def until_earned(client: httpx.AsyncClient, answers: Names) -> None:
    """Wait until the order has earned, in the background."""

    async def is_earned() -> bool:
        listed = await client.get(card_path(answers, "transactions"))
        return bool(listed.json()["data"][0]["type"] == "POINTS_EARNED")

    await until_async(is_earned, within_seconds=REQUEST_SECONDS)


async def latest_bucket(client: httpx.AsyncClient, answers: Names) -> str:
    listed = (await client.get(card_path(answers, "expiring-points"))).json()["data"]
    assert [one["points"]["total"] for one in listed] == [70, 40]
    return str(listed[1]["id"])


TABLES = ("customers", "members", "cards", "activities", "outbox", "definitions", "programs", "orders")
ID = re.compile(r"\b([a-z]{2,8})_[0-9A-Za-z]{16,}\b")


async def looked_at(client: httpx.AsyncClient, answers: Names) -> dict[str, Any]:
    """Return all that there is to see of a journey."""
    paths = [
        member_path(answers), member_path(answers, "/activities?limit=100"),
        card_path(answers, "transactions?limit=100"), card_path(answers, "expiring-points"),
        card_path(answers, "activities?limit=100"), f"{BASE}/programs", f"{BASE}/card-definitions",
        f"{BASE}/programs/{answers['program']['id']}/activities?limit=100", f"{BASE}/earning-rules", "/v1/customers",
        "/v1/orders",
    ]  # fmt: skip
    seen = {}
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        seen[path] = answer.json()
    return seen


def plain(value: Any) -> Any:
    """Return what was seen without what is made by chance or by the wall clock; ids are named in order."""
    names: dict[str, str] = {}
    text = ID.sub(lambda found: names.setdefault(found[0], f"{found[1]} {len(names)}"), json.dumps(_told(value)))
    return json.loads(text)


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _told(one) for name, one in value.items() if name not in {"code", "request_id", "cursor", "app_id"}
        }
    if isinstance(value, list):
        return [_told(one) for one in value if not (isinstance(one, dict) and "code_gen" in str(one.get("type")))]
    return value


async def counted(connection: asyncpg.Connection, project_id: str) -> dict[str, int]:
    """Return how many rows a project has in each table, once every card has its code."""
    await until_coded(connection, project_id)
    return {
        name: await connection.fetchval(f"SELECT count(*) FROM {name} WHERE project_id = $1", project_id)
        for name in TABLES
    }


async def test_sent_up_to_five_times_a_journey_is_the_same(
    own_url: str, own_engine: Engine, connection: asyncpg.Connection
) -> None:
    chance = random.Random(5)
    copies: list[Callable[[int], int]] = [lambda _: 1, lambda number: 1 + number % 5, lambda number: 5 - number % 5]
    copies += [lambda _: chance.randint(1, 5)] * size(0, 30)
    seen = []
    with Server(database_url=own_url) as one, Server(database_url=own_url) as other:
        for server in (one, other):
            server.until_ready()
        for count in copies:
            project = await make_project(own_engine, sandbox=True, time_zone="Europe/Warsaw")
            async with (
                requests_to(one.url, project.headers) as first,
                requests_to(other.url, project.headers) as second,
            ):
                travelled = await travel((first, second), count)
            assert await check_postings(connection, project.id) == 1
            seen.append((plain(travelled), await counted(connection, project.id)))
    for again in seen[1:]:
        assert again == seen[0]
    assert [one["type"] for one in transactions_of(seen[0])] == [
        "ADMIN_CREDIT", "ADMIN_DEBIT", "ADMIN_DEBIT", "ADMIN_CREDIT", "ADMIN_POINTS_EXPIRATION", "ADMIN_CREDIT",
        "POINTS_EXPIRED", "POINTS_EARNED", "ADMIN_CREDIT",
    ]  # fmt: skip


def transactions_of(seen: Any) -> list[dict[str, Any]]:
    """Return the card's transactions, oldest first."""
    lists = seen[0][1]
    (found,) = (one["data"] for path, one in lists.items() if "/transactions" in path)
    return list(reversed(found))
