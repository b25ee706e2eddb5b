"""Points on a card over HTTP: adjusted, pending, expiring, and never behind time (domain 7, 16)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import TestCard, earn, new_card, set_clock
from tests.http.definitions import refused
from tests.http.programs import PROGRAMS

from troth.actions.engine import Engine
from troth.actions.settling import settle_due
from troth.http.door import Door

pytestmark = pytest.mark.anyio

LARGEST = 2**53 - 1
MONTH = {
    "type": "ROLLING_EXPIRATION",
    "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}},
}
THREE_DAYS = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 3, "unit": "DAY"}}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2026-01-31T10:00:00Z")
    return project


@pytest.fixture
async def shop(door: Door, sandbox: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, sandbox.headers) as opened:
        yield opened


async def test_points_are_added_and_taken(client: httpx.AsyncClient) -> None:
    card = await new_card(client)
    added = await card.adjust(100, reason="Welcome")
    transaction = added["transaction"]
    assert added == {"transaction": transaction, "status": "TRANSACTION_CREATED", "message": "Transaction approved"}
    assert transaction | {"id": "", "card_definition_id": "", "created_at": ""} == {
        "id": "",
        "card_id": card.id,
        "program_id": card.program_id,
        "member_id": card.member_id,
        "card_definition_id": "",
        "card_type": "INDIVIDUAL",
        "type": "ADMIN_CREDIT",
        "details": {
            "reason": "Welcome",
            "points": {"total": 100, "expiration_date": None, "expiration_type": "NO_EXPIRATION"},
            "metadata": {},
        },
        "status": "APPROVED",
        "created_at": "",
        "updated_at": None,
        "object": "card_transaction",
    }
    taken = (await card.adjust(-30))["transaction"]
    assert (taken["type"], taken["details"]) == (
        "ADMIN_DEBIT",
        {"reason": None, "points": {"total": -30}, "metadata": {}},
    )
    shown = await card.shown()
    assert shown["balance"] == {"points": 70, "pending_points": 0}
    points = shown["lifetime_bucket"]["points"]
    assert {name: count for name, count in points.items() if count} == {"total": 100, "added": 100, "subtracted": 30}
    assert (shown["next_expiration"], shown["next_activation"]) == (None, None)
    assert await card.listed("transactions") == [taken, transaction]
    assert await card.listed("expiring-points") == []


async def test_no_points_change_nothing(client: httpx.AsyncClient) -> None:
    card = await new_card(client)
    answer = await card.adjust(0)
    assert answer == {"transaction": None, "status": "NO_CHANGE", "message": "The balance stays as it is"}
    assert await card.listed("transactions") == []


async def test_a_debit_that_the_balance_does_not_cover_is_rejected(client: httpx.AsyncClient) -> None:
    card = await new_card(client)
    await card.adjust(10)
    rejected = (await card.adjust(-11))["transaction"]
    assert rejected["status"] == "REJECTED"
    assert rejected["details"]["rejection"] == {
        "reason": "NOT_ENOUGH_BALANCE",
        "details": "The balance is 10, 11 are needed",
    }
    assert await card.balance() == (10, 0)
    assert [one["status"] for one in await card.listed("transactions")] == ["REJECTED", "APPROVED"]


async def test_a_balance_below_zero_swallows_what_comes_first(client: httpx.AsyncClient) -> None:
    card = await new_card(client, balance_settings={"allow_negative": True})
    assert (await card.adjust(-30))["transaction"]["status"] == "APPROVED"
    assert await card.balance() == (-30, 0)
    await card.adjust(20)
    await card.adjust(50)
    assert await card.balance() == (40, 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "points: is required"),
        ({"points": 1.5}, "points: must be an integer"),
        ({"points": 5.0}, "points: must be an integer"),
        ({"points": "5"}, "points: must be an integer"),
        ({"points": None}, "points: must be an integer"),
        ({"points": True}, "points: must be an integer"),
        ({"points": 2**53}, f"points: must be an integer between -{LARGEST} and {LARGEST}"),
        ({"points": -(2**53)}, f"points: must be an integer between -{LARGEST} and {LARGEST}"),
        ({"points": 1, "reason": "x" * 256}, "reason: must have at most 255 characters"),
        ({"points": 1, "card": "x"}, "card: is not a known property"),
    ],
)
async def test_an_invalid_adjustment_is_refused(client: httpx.AsyncClient, body: Any, words: str) -> None:
    card = await new_card(client)
    answer = await client.post(f"{card.path}/points", json=body)
    assert refused(answer, 400, "invalid_payload")["details"].startswith(words)
    assert await card.listed("transactions") == []


async def test_no_counter_grows_beyond_what_json_keeps(client: httpx.AsyncClient) -> None:
    card = await new_card(client)
    await card.adjust(LARGEST)
    answer = await client.post(f"{card.path}/points", json={"points": 1})
    assert refused(answer, 400, "invalid_payload")["details"].startswith("points: must be at most 0: ")
    await card.adjust(-LARGEST)
    answer = await client.post(f"{card.path}/points", json={"points": -1})
    assert refused(answer, 400, "invalid_payload")["details"].startswith("points: must be at least 0: ")
    assert await card.balance() == (0, 0)


async def test_points_that_are_pending_have_their_room_kept(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await new_card(shop, pending_points=THREE_DAYS)
    await earn(engine, sandbox, card, 5)
    answer = await shop.post(f"{card.path}/points", json={"points": LARGEST - 4})
    assert refused(answer, 400, "invalid_payload")["details"].startswith(f"points: must be at most {LARGEST - 5}: ")
    await card.adjust(LARGEST - 5)
    await set_clock(engine, sandbox, "2026-02-10T00:00:00Z")
    assert await card.balance() == (LARGEST, 0)


async def test_refusals_come_along_the_path(client: httpx.AsyncClient) -> None:
    card, other = await new_card(client), await new_card(client)

    async def adjusted(program_id: str, member_id: str, card_id: str) -> httpx.Response:
        path = f"{PROGRAMS}/{program_id}/members/{member_id}/cards/{card_id}/points"
        return await client.post(path, json={"points": 1})

    refused(await adjusted("lprg_0", card.member_id, card.id), 404, "not_found")
    refused(await adjusted(other.program_id, card.member_id, card.id), 404, "not_found")
    refused(await adjusted(card.program_id, card.member_id, other.id), 404, "not_found")
    await client.post(f"{card.member_path}/deactivate")
    refused(await adjusted(card.program_id, card.member_id, other.id), 423, "non_active_member")
    await client.post(f"{PROGRAMS}/{card.program_id}/deactivate")
    refused(await adjusted(card.program_id, other.member_id, other.id), 423, "non_active_program")
    await client.delete(other.member_path)
    refused(await adjusted(other.program_id, other.member_id, other.id), 404, "not_found")


async def test_outside_the_programs_window_nothing_is_adjusted(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await new_card(shop)
    await shop.post(f"{PROGRAMS}/{card.program_id}/deactivate")
    made = await shop.post(PROGRAMS, json={"name": "Late", "start_date": "2026-03-01T00:00:00Z"})
    assert made.status_code == 200, made.text
    listed = (await shop.get(f"{PROGRAMS}/{card.program_id}/card-definitions")).json()["data"][0]["card_definition_id"]
    rules = (await shop.get(f"{PROGRAMS}/{card.program_id}/earning-rules")).json()["data"][0]["earning_rule_id"]
    path = f"{PROGRAMS}/{made.json()['id']}"
    await shop.post(f"{path}/card-definitions/batch", json={"assign": [{"id": listed}]})
    await shop.post(f"{path}/earning-rules/batch", json={"assign": [{"id": rules}]})
    assert (await shop.post(f"{path}/activate")).status_code == 200
    customer_id = (await shop.post("/v1/customers", json={})).json()["id"]
    member = (await shop.post(f"{path}/members", json={"customer_id": customer_id})).json()
    late = TestCard(shop, made.json()["id"], member["id"], member["cards"][0]["card"]["id"])
    answer = await shop.post(f"{late.path}/points", json={"points": 1})
    refused(answer, 423, "program_outside_validity_window")
    await set_clock(engine, sandbox, "2026-03-01T00:00:00Z")
    assert (await late.adjust(1))["transaction"]["created_at"] == "2026-03-01T00:00:00.000Z"


async def test_points_expire_at_the_midnight_that_ends_their_last_day(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await new_card(shop, points_expiration=MONTH)
    await card.adjust(100)
    (bucket,) = await card.listed("expiring-points")
    assert (bucket["points"], bucket["expiration_date"], bucket["status"]) == ({"total": 100}, "2026-02-28", "ACTIVE")
    assert (await card.shown())["next_expiration"] == {"points": 100, "date": "2026-02-28"}
    await set_clock(engine, sandbox, "2026-02-28T22:59:59.999Z")
    assert await card.balance() == (100, 0)
    await set_clock(engine, sandbox, "2026-02-28T23:00:00Z")
    assert await card.balance() == (0, 0)
    shown = await card.shown()
    assert shown["next_expiration"] is None
    (expired, _) = await card.listed("transactions")
    assert (expired["type"], expired["created_at"]) == ("POINTS_EXPIRED", "2026-02-28T23:00:00.000Z")
    assert expired["details"] == {
        "reason": None,
        "points": {"total": 100},
        "date": "2026-02-28",
        "buckets": [
            {
                "id": bucket["id"],
                "points": {"total": 100},
                "expiration_date": "2026-02-28",
                "expiration_type": "ROLLING_EXPIRATION",
            }
        ],
        "metadata": {},
    }
    assert await card.shown() == shown


async def test_what_is_read_before_the_nights_work_is_what_it_books(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await new_card(shop, points_expiration=MONTH, pending_points=THREE_DAYS)
    await card.adjust(7)
    await earn(engine, sandbox, card, 40)
    assert await card.balance() == (7, 40)
    assert (await card.shown())["next_activation"] == {"points": 40, "type": "PERIOD_BASED", "date": "2026-02-03"}
    await set_clock(engine, sandbox, "2026-03-20T00:00:00Z")
    before = await card.shown()
    assert before["balance"] == {"points": 0, "pending_points": 0}
    done = await settle_due(engine, sandbox.id, await now_of(engine, sandbox))
    assert done.done == 1
    assert await card.shown() == before
    assert (await settle_due(engine, sandbox.id, await now_of(engine, sandbox))).done == 0
    assert await card.history() == [
        ("ADMIN_CREDIT", 7, "2026-01-31T10:00:00.000Z"),
        ("PENDING_POINTS_ADDED", 40, "2026-01-31T10:00:00.000Z"),
        ("PENDING_POINTS_ACTIVATED", 40, "2026-02-02T23:00:00.000Z"),
        ("POINTS_EXPIRED", 7, "2026-02-28T23:00:00.000Z"),
        ("POINTS_EXPIRED", 40, "2026-03-03T23:00:00.000Z"),
    ]


async def now_of(engine: Engine, project: TestProject) -> Any:
    async with engine.database.connection() as connection:
        return await connection.fetchval("SELECT clock_at FROM projects WHERE id = $1", project.id)


async def test_pending_points_are_activated_and_cancelled_by_hand(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await new_card(shop, pending_points=THREE_DAYS)
    await earn(engine, sandbox, card, 5)
    await earn(engine, sandbox, card, 6)
    first, second = await card.listed("pending-points")
    assert [one["points"]["total"] for one in (first, second)] == [5, 6]
    path = f"{card.path}/pending-points"
    answer = await shop.post(f"{path}/{first['id']}/activate")
    assert answer.status_code == 200, answer.text
    assert answer.json()["transaction"]["type"] == "PENDING_POINTS_ACTIVATED"
    assert await card.balance() == (5, 6)
    answer = await shop.post(f"{path}/{second['id']}/cancel")
    assert answer.json()["transaction"]["type"] == "PENDING_POINTS_CANCELED"
    assert await card.balance() == (5, 0)
    for used in (first, second):
        for verb in ("activate", "cancel"):
            answer = await shop.post(f"{path}/{used['id']}/{verb}")
            refused(answer, 423, "invalid_pending_points_bucket_status")
    unknown = refused(await shop.post(f"{path}/lcppb_0/cancel"), 404, "not_found")
    assert unknown["details"] == "Cannot find card_pending_points_bucket with id lcppb_0"
    other = await new_card(shop, pending_points=THREE_DAYS)
    await earn(engine, sandbox, other, 1)
    (foreign,) = await other.listed("pending-points")
    refused(await shop.post(f"{path}/{foreign['id']}/cancel"), 404, "not_found")
    assert await card.listed("pending-points") == []


async def test_points_are_expired_by_hand(shop: httpx.AsyncClient) -> None:
    card = await new_card(shop, points_expiration=MONTH)
    await card.adjust(5)
    (bucket,) = await card.listed("expiring-points")
    path = f"{card.path}/expiring-points/{bucket['id']}/expire"
    answer = (await shop.post(path)).json()
    assert answer["transaction"]["type"] == "ADMIN_POINTS_EXPIRATION"
    assert answer["transaction"]["details"]["bucket"]["id"] == bucket["id"]
    assert await card.balance() == (0, 0)
    refused(await shop.post(path), 423, "invalid_points_bucket_status")
    unknown = refused(await shop.post(f"{card.path}/expiring-points/lcpeb_0/expire"), 404, "not_found")
    assert (unknown["resource_type"], unknown["resource_id"]) == ("card_points_bucket", "lcpeb_0")
    await card.adjust(6)
    await card.adjust(-6)
    assert await card.listed("expiring-points") == []


async def test_debits_race_for_a_balance(client: httpx.AsyncClient) -> None:
    card = await new_card(client)
    await card.adjust(100)
    answers = await asyncio.gather(*(card.adjust(-10) for _ in range(32)))
    assert Counter(one["transaction"]["status"] for one in answers) == {"APPROVED": 10, "REJECTED": 22}
    assert await card.balance() == (0, 0)


async def test_a_deleted_members_points_stay_in_its_history(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await new_card(shop, points_expiration=MONTH)
    await card.adjust(5)
    await set_clock(engine, sandbox, "2026-02-10T00:00:00Z")
    assert (await shop.delete(card.member_path)).status_code == 200
    await set_clock(engine, sandbox, "2026-05-10T00:00:00Z")
    assert (await settle_due(engine, sandbox.id, await now_of(engine, sandbox))).done == 0
    refused(await shop.get(f"{card.path}/transactions"), 404, "not_found")


async def test_lists_of_what_is_not_there_are_not_found(client: httpx.AsyncClient) -> None:
    card = await new_card(client)
    stranger = f"{PROGRAMS}/{card.program_id}/members/lmbr_0/cards/{card.id}"
    for what in ("transactions", "pending-points", "expiring-points"):
        refused(await client.get(f"{card.member_path}/cards/lcrd_0/{what}"), 404, "not_found")
        refused(await client.get(f"{stranger}/{what}"), 404, "not_found")
        refused(await client.get(f"{card.path}/{what}?order=points"), 400, "invalid_query_params")
