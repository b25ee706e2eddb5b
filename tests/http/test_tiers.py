"""Tiers of members over HTTP: joined, changed and left with every change, and with time (domain 10 and 16)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import earn, set_clock
from tests.http.definitions import BASE, refused
from tests.http.members import customer, enrolled
from tests.http.platform import created
from tests.http.programs import PROGRAMS
from tests.http.tiers import LEVELS, PATH, earned, points, tiered_card

from troth.actions.engine import Engine
from troth.actions.settling import settle_due
from troth.actions.triggers import TRIGGERS
from troth.core.configuration import instant
from troth.core.tiering.progress import NO_PROGRESS
from troth.http.door import Door
from troth.worker.jobs import JOBS

pytestmark = pytest.mark.anyio

START = "2030-01-31T10:00:00Z"
MULTI = {"type": "MULTI_LEVEL"}
MONTH = {"value": 1, "unit": "MONTH"}
GRACE = {"type": "MULTI_LEVEL", "grace_period": {**MONTH, "round_up": True}}
YEAR_SAFE = {"type": "FIXED_DURATION", "fixed_duration": {"period": {"value": 1, "unit": "YEAR"}}}
ONE_MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": MONTH}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, START)
    return project


@pytest.fixture
async def shop(door: Door, sandbox: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, sandbox.headers) as opened:
        yield opened


async def clock_moved(client: httpx.AsyncClient, moment: str) -> None:
    answer = await client.put("/v1/clock", json={"now": moment})
    assert answer.status_code == 200, answer.text


async def test_a_new_card_joins_the_tier_for_its_points(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client)
    (joined,) = await card.tier_transactions()
    bronze = next(one for one, name in card.names.items() if name == "Bronze")
    assert joined == {
        "id": joined["id"],
        "card_id": card.id,
        "program_id": card.program_id,
        "member_id": card.member_id,
        "card_definition_id": (await card.shown())["card_definition_id"],
        "tier_structure_id": card.structure_id,
        "tier_id": bronze,
        "type": "JOINED",
        "details": {
            "points": 0,
            "tier_from": None,
            "tier_to": bronze,
            "origin": {"type": "member_card_created", "card_transaction_ids": []},
            "rejection": None,
            "start_at": joined["created_at"],
            "expires_at": None,
        },
        "status": "APPROVED",
        "created_at": joined["created_at"],
        "updated_at": None,
        "object": "tier_transaction",
    }
    assert (await card.progress())["current"] == {
        "tier": {"id": bronze, "name": "Bronze"},
        "start_at": joined["created_at"],
        "expires_at": None,
        "points": {"current": 0, "min": 0, "max": 100},
    }


async def test_each_change_of_the_card_is_evaluated_with_it(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client, downgrade=MULTI)
    told = []
    for change, tier in ((99, "Bronze"), (1, "Silver"), (399, "Silver"), (1, "Gold"), (-1, "Silver"), (-400, "Bronze")):
        transaction = (await card.adjust(change))["transaction"]
        assert await card.tier() == tier
        last = (await card.tier_transactions())[-1]
        if last["details"]["origin"]["card_transaction_ids"] == [transaction["id"]]:
            told.append((last["type"], last["details"]["points"], last["details"]["origin"]["type"]))
            assert last["created_at"] == transaction["created_at"]
    assert told == [
        ("UPGRADED", 100, "card_operations"),
        ("UPGRADED", 500, "card_operations"),
        ("DOWNGRADED", 499, "card_operations"),
        ("DOWNGRADED", 99, "card_operations"),
    ]
    assert (await card.adjust(-1000))["transaction"]["status"] == "REJECTED"
    assert len(await card.tier_transactions()) == 5


async def test_only_the_wallet_that_the_structure_sits_on_counts(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client, others=1)
    shown = (await client.get(f"{PROGRAMS}/{card.program_id}/memberships/{card.customer_id}")).json()
    other = next(one["card"]["id"] for one in shown["cards"] if one["card"]["id"] != card.id)
    answer = await client.post(f"{card.member_path}/cards/{other}/points", json={"points": 1000})
    assert answer.json()["transaction"]["status"] == "APPROVED"
    shown = (await client.get(f"{PROGRAMS}/{card.program_id}/memberships/{card.customer_id}")).json()
    progress = {one["card"]["id"]: one["tier_progress"] for one in shown["cards"]}
    assert progress[card.id]["current"]["tier"]["name"] == "Bronze"
    assert progress[other] == NO_PROGRESS
    assert [one["type"] for one in await card.tier_transactions()] == ["JOINED"]


async def test_only_earned_points_are_tracked(engine: Engine, client: httpx.AsyncClient, project: TestProject) -> None:
    card = await tiered_card(client, point_earned=earned(1, "YEAR"))
    await card.adjust(1000)
    assert await card.tier() == "Bronze"
    await earn(engine, project, card, 120)
    await card.adjust(-1000)
    progress = await card.progress()
    assert (progress["current"]["tier"]["name"], progress["current"]["points"]["current"]) == ("Silver", 120)
    assert [one["points"] for one in progress["opportunities"]] == [380]


async def test_no_answer_is_behind_time(engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject) -> None:
    card = await tiered_card(shop, wallet={"points_expiration": ONE_MONTH}, downgrade=MULTI)
    await card.adjust(100)
    assert (await card.progress())["risks"][0]["date"] == "2030-02-28T23:00:00.000Z"
    await set_clock(engine, sandbox, "2030-03-20T00:00:00Z")
    before = await card.progress()
    assert (before["current"]["tier"]["name"], before["current"]["start_at"]) == ("Bronze", "2030-02-28T23:00:00.000Z")
    assert (await settle_due(engine, sandbox.id, instant("2030-03-20T00:00:00Z"))).done == 1
    assert await card.progress() == before
    last = (await card.tier_transactions())[-1]
    assert (last["created_at"], last["details"]["origin"]["type"]) == (
        "2030-02-28T23:00:00.000Z",
        "daily_task_operations",
    )


async def test_the_list_saves_what_it_shows(engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject) -> None:
    card = await tiered_card(shop, wallet={"points_expiration": ONE_MONTH}, downgrade=MULTI)
    await card.adjust(100)
    await set_clock(engine, sandbox, "2030-03-20T00:00:00Z")
    listed = await card.tier_transactions()
    assert [one["type"] for one in listed] == ["JOINED", "UPGRADED", "DOWNGRADED"]
    assert (await settle_due(engine, sandbox.id, instant("2030-03-20T00:00:00Z"))).done == 0
    assert await card.tier_transactions() == listed


async def test_from_the_next_period_on(engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject) -> None:
    card = await tiered_card(
        shop, point_earned=earned(1, "MONTH", "NEXT_TRACKING_PERIOD"), expiration=YEAR_SAFE, downgrade=MULTI
    )
    await earn(engine, sandbox, card, 100)
    progress = await card.progress()
    assert progress["current"]["tier"]["name"] == "Bronze"
    assert [(one["tier"]["name"], one["start_at"], one["expires_at"]) for one in progress["deferred"]] == [
        ("Silver", "2030-02-27T23:00:00.000Z", "2031-02-28T23:00:00.000Z")
    ]
    assert [(one["tier"]["name"], one["points"], one["valid_until"]) for one in progress["opportunities"]] == [
        ("Gold", 400, "2030-02-27T23:00:00.000Z")
    ]
    await clock_moved(shop, "2030-02-10T12:00:00.000Z")
    await earn(engine, sandbox, card, 400)
    rejected = next(one for one in await card.tier_transactions() if one["status"] == "REJECTED")
    assert rejected["details"]["rejection"]["reason"] == "SUPERSEDED_BY_LATER_TRANSACTION"
    await clock_moved(shop, "2030-03-01T12:00:00.000Z")
    assert await card.chain() == [
        "2030-01-31T10:00 JOINED >Bronze",
        "2030-01-31T10:00 UPGRADED Bronze>Silver (REJECTED 2030-02-10T12:00)",
        "2030-02-10T12:00 UPGRADED Bronze>Gold (APPROVED 2030-02-27T23:00)",
    ]
    progress = await card.progress()
    assert (progress["current"]["tier"]["name"], progress["deferred"]) == ("Gold", [])


async def test_a_tier_with_a_segment(client: httpx.AsyncClient) -> None:
    friend, stranger = await customer(client), await customer(client)
    segment_id = (await created(client, "segments", name="Friends", customers=[friend]))["id"]
    card = await tiered_card(client, friends(segment_id), customer_id=friend)
    assert await card.tier() == "Friends"
    other = await enrolled(client, f"{PROGRAMS}/{card.program_id}/members", customer_id=stranger)
    answer = await client.get(f"{PROGRAMS}/{card.program_id}/memberships/{stranger}")
    assert answer.json()["cards"][0]["tier_progress"]["current"]["tier"]["name"] == "Bronze"
    assert other["customer_id"] == stranger


def friends(segment_id: str) -> dict[str, Any]:
    """Return the levels with one more, from 0 points on, for those in a segment."""
    rules = {"type": "POINTS_AND_SEGMENT", "points": {"min_value": 0}, "segment": {"id": segment_id}}
    return {**LEVELS, "Friends": {"qualification_rules": rules}}


async def worked_off(engine: Engine) -> None:
    while (await JOBS[TRIGGERS](engine)).more:
        pass


async def test_tiers_follow_a_list_of_customers(engine: Engine, client: httpx.AsyncClient) -> None:
    segment_id = (await created(client, "segments", name="Friends", customers=[await customer(client)]))["id"]
    card = await tiered_card(client, friends(segment_id), downgrade=MULTI)
    assert await card.tier() == "Bronze"
    path = f"/v1/segments/{segment_id}/customers"
    assert (await client.post(path, json={"customers": [card.customer_id]})).status_code == 200
    # The answer is as of now, whether or not a worker has come to it.
    assert await card.tier() == "Friends"
    await worked_off(engine)
    joined, upgraded = await card.tier_transactions()
    assert (joined["type"], upgraded["type"], upgraded["details"]["origin"]) == ("JOINED", "UPGRADED", None)
    answer = await client.request("DELETE", path, json={"customers": [card.customer_id]})
    assert answer.status_code == 204, answer.text
    await worked_off(engine)
    assert [one["type"] for one in await card.tier_transactions()] == ["JOINED", "UPGRADED", "DOWNGRADED"]


async def test_tiers_follow_a_filter(engine: Engine, client: httpx.AsyncClient) -> None:
    def named(name: str) -> dict[str, Any]:
        return {"junction": "and", "name": {"conditions": {"$is": [name]}}}

    segment_id = (await created(client, "segments", name="A", type="passive", filter=named("Ada")))["id"]
    card = await tiered_card(client, friends(segment_id), downgrade=MULTI)
    answer = await client.put(f"/v1/customers/{card.customer_id}", json={"name": "Ada"})
    assert answer.status_code == 200, answer.text
    await worked_off(engine)
    answer = await client.put(f"/v1/segments/{segment_id}", json={"filter": named("Bea")})
    assert answer.status_code == 200, answer.text
    await worked_off(engine)
    assert [one["type"] for one in await card.tier_transactions()] == ["JOINED", "UPGRADED", "DOWNGRADED"]


async def test_tiers_follow_a_filter_that_asks_for_the_time(engine: Engine, shop: httpx.AsyncClient) -> None:
    old = {"junction": "and", "created_at": {"conditions": {"$more_than": [5]}}}
    segment_id = (await created(shop, "segments", name="Old", type="auto-update", filter=old))["id"]
    card = await tiered_card(shop, friends(segment_id), downgrade=MULTI)
    await clock_moved(shop, "2030-02-05T10:00:00Z")
    assert await card.tier() == "Bronze"
    moving = asyncio.create_task(clock_moved(shop, "2030-02-08T10:00:00Z"))
    while not moving.done():
        await worked_off(engine)
    await moving
    assert await card.chain() == ["2030-01-31T10:00 JOINED >Bronze", "2030-02-05T23:00 UPGRADED Bronze>Friends"]


async def test_changes_race_for_a_tier(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client, downgrade=MULTI)
    await asyncio.gather(*(card.adjust(change) for change in [60, -60] * 16))
    held = ""
    for one in await card.tier_transactions():
        assert card.names[one["details"]["tier_from"]] == held
        held = card.names[one["details"]["tier_to"]] or ""
    assert held == await card.tier()


async def test_whoever_is_deleted_leaves(engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject) -> None:
    card = await tiered_card(shop, point_earned=earned(1, "MONTH", "NEXT_TRACKING_PERIOD"), expiration=YEAR_SAFE)
    other = await tiered_card(shop, expiration=YEAR_SAFE)
    await earn(engine, sandbox, card, 100)
    assert (await shop.delete(card.member_path)).status_code == 200
    assert (await shop.delete(f"/v1/customers/{other.customer_id}")).status_code == 204
    refused(await shop.get(f"{card.member_path}/tiers/transactions"), 404, "not_found")
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT member_id, type, status, origin ->> 'type' AS origin FROM tier_transactions"
            " WHERE member_id = ANY ($1) ORDER BY created_at, id",
            [card.member_id, other.member_id],
        )
        due = await connection.fetchval("SELECT count(due_on) FROM tier_states WHERE project_id = $1", sandbox.id)
    ends = [(row["type"], row["status"], row["origin"]) for row in rows if row["type"] != "JOINED"]
    assert sorted(ends) == [
        ("LEFT", "APPROVED", "member_card_deleted"),
        ("LEFT", "APPROVED", "member_card_deleted"),
        ("UPGRADED", "REJECTED", "card_operations"),
    ]
    assert due == 0


async def test_tiers_of_a_deleted_program_stand_still(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject
) -> None:
    card = await tiered_card(shop, point_earned=earned(1, "MONTH"), expiration=YEAR_SAFE)
    await earn(engine, sandbox, card, 100)
    assert (await shop.delete(f"{PROGRAMS}/{card.program_id}")).status_code == 200
    await clock_moved(shop, "2032-03-01T12:00:00.000Z")
    assert (await shop.get("/v1/clock")).json()["now"] == "2032-03-01T12:00:00.000Z"
    refused(await shop.get(f"{card.member_path}/tiers/transactions"), 404, "not_found")


async def test_a_new_name_is_shown_at_once(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client)
    (bronze,) = (one for one, name in card.names.items() if name == "Bronze")
    answer = await client.put(f"{PATH}/{card.structure_id}/tiers/{bronze}", json={"name": "Basic"})
    assert answer.status_code == 200, answer.text
    assert await card.tier() == "Basic"


async def test_the_list_is_filtered_and_paged(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client, downgrade=MULTI)
    for change in (100, -100, 500):
        await card.adjust(change)
    every = await card.tier_transactions("limit=100")
    assert [one["type"] for one in every] == ["UPGRADED", "DOWNGRADED", "UPGRADED", "JOINED"]
    path, found, cursor = f"{card.member_path}/tiers/transactions", [], ""
    while True:
        page = (await client.get(f"{path}?limit=2{cursor}")).json()
        found += page["data"]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']['next']}"
    assert found == every
    assert await card.tier_transactions(f"filters[card_id][conditions][$is]={card.id}") == every
    assert await card.tier_transactions("filters[card_id][conditions][$is]=lcrd_0") == []
    assert await card.tier_transactions("filters[created_at][conditions][$more_than]=1") == []
    for wrong in ("order=points", "filters[type][conditions][$is]=JOINED", "cursor=lcrsttx_00", "limit=0"):
        answer = await client.get(f"{path}?{wrong}")
        assert answer.status_code == 400, wrong
    refused(await client.get(path.replace(card.member_id, "lmbr_0")), 404, "not_found")
    refused(await client.get(path.replace(card.program_id, "lprg_0")), 404, "not_found")


async def test_a_structure_with_members_stays_as_it_is(client: httpx.AsyncClient) -> None:
    card = await tiered_card(client)
    level = {"name": "Platinum", "qualification_rules": points(900)}
    answer = await client.post(f"{PATH}/{card.structure_id}/tiers", json=level)
    refused(answer, 409, "invalid_state_transition")
    refused(await client.post(f"{BASE}/tier-structures/{card.structure_id}/draft"), 409, "invalid_state_transition")
