"""Customers enter and leave segments with every change of theirs, and those who enter set off earning (domain 8, 9)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.clubs import Club, new_club
from tests.http.definitions import refused
from tests.http.platform import created, listed
from tests.http.segments import VIP, asking, entered, people, segment, segments_of

from troth.actions import customer_imports, customers
from troth.actions.engine import Engine
from troth.core.customers import Upsert
from troth.http.door import Door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def club(client: httpx.AsyncClient) -> Club:
    return await new_club(client)


async def member(club: Club, **given: Any) -> str:
    """Enrol a new customer and return its id."""
    customer_id = await club.customer(**given)
    answer = await club.client.post(club.members, json={"customer_id": customer_id})
    assert answer.status_code == 200, answer.text
    return customer_id


async def flip(client: httpx.AsyncClient, reference: str, vip: bool | None) -> None:
    answer = await client.put(f"/v1/customers/{reference}", json={"metadata": {"vip": vip}})
    assert answer.status_code == 200, answer.text


async def test_who_flips_a_hundred_times_enters_as_often_as_it_does(
    engine: Engine, project: TestProject, club: Club
) -> None:
    vip, quiet = await segment(club.client), await segment(club.client, kind="passive")
    ada = await member(club)
    for turn in range(100):
        await flip(club.client, ada, vip=turn % 2 == 0)
        assert (await segments_of(club.client, ada)) == ([vip, quiet] if turn % 2 == 0 else [])
    assert await entered(engine, project.id) == [vip] * 50


async def test_flips_that_meet_in_one_batch_are_all_there(engine: Engine, project: TestProject, club: Club) -> None:
    vip = await segment(club.client)
    ada = await member(club, metadata={"vip": True})
    assert await entered(engine, project.id) == [], "it was no member yet"
    commands = [Upsert({"metadata": {"vip": turn % 2 == 1}}, existing=ada) for turn in range(100)]
    await customers.upsert_customers(engine, project.id, commands)
    assert await entered(engine, project.id) == [vip] * 50
    await asyncio.gather(*(flip(club.client, ada, None) for _ in range(20)))
    assert await people(club.client, vip) == set()
    await asyncio.gather(*(flip(club.client, ada, True) for _ in range(20)))
    assert await entered(engine, project.id) == [vip] * 51


async def test_each_membership_has_its_trigger(engine: Engine, project: TestProject, club: Club) -> None:
    other = await new_club(club.client)
    vip = await segment(club.client)
    ada = await member(club)
    await club.client.post(other.members, json={"customer_id": ada})
    inactive = await new_club(club.client)
    await club.client.post(inactive.members, json={"customer_id": ada, "status": "INACTIVE"})
    await flip(club.client, ada, vip=True)
    assert await entered(engine, project.id) == [vip, vip]


async def test_every_way_to_change_a_customer_counts(engine: Engine, project: TestProject, club: Club) -> None:
    vip = await segment(club.client, {**VIP, **asking("address.city", "$is", "Oslo"), "junction": "or"})
    ids = [await member(club, source_id=f"crm/{number}") for number in range(4)]
    await flip(club.client, ids[0], vip=True)
    await created(club.client, "customers", source_id="crm/1", metadata={"vip": True})
    bulk = await club.client.post("/v1/customers/bulk/async", json=[{"source_id": "crm/2", "metadata": {"vip": True}}])
    file = {"file": b"source_id,city\ncrm/3,Oslo\ncrm/4,Oslo\ncrm/5,Rome\n"}
    csv = await club.client.post("/v1/customers/importCSV", files=file)
    assert (bulk.status_code, csv.status_code) == (202, 202)
    importer = customer_imports.Importer()
    while (await importer.work_off(engine)).more:
        pass
    imported = (await club.client.get("/v1/customers/crm%2F4")).json()["id"]
    assert await people(club.client, vip) == {*ids, imported}
    assert await entered(engine, project.id) == [vip] * 4
    assert (await club.client.delete(f"/v1/customers/{ids[3]}")).status_code == 204
    assert await people(club.client, vip) == {*ids[:3], imported}
    async with engine.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM segment_customers WHERE customer_id = $1", ids[3]) == 0


async def test_building_a_segment_or_giving_it_a_filter_fires_nothing(
    engine: Engine, project: TestProject, club: Club
) -> None:
    ada, eve = await member(club, metadata={"vip": True}), await member(club, name="Eve")
    vip = await segment(club.client)
    assert await people(club.client, vip) == {ada}
    await flip(club.client, ada, vip=True)
    await club.client.put(f"/v1/customers/{ada}", json={"name": "Ada"})
    answer = await club.client.put(f"/v1/segments/{vip}", json={"filter": asking("name", "$is", "Eve"), "name": "E"})
    shown = answer.json()
    assert (shown["name"], shown["filter"]) == ("E", asking("name", "$is", "Eve"))
    assert shown["updated_at"] > shown["created_at"]
    assert await people(club.client, vip) == {eve}
    assert (await club.client.put(f"/v1/segments/{vip}", json={"type": "auto-update", "filter": None})).json() == shown
    assert await entered(engine, project.id) == []
    await club.client.put(f"/v1/customers/{ada}", json={"name": "Eve"})
    assert await entered(engine, project.id) == [vip]
    await club.client.put(f"/v1/segments/{vip}", json={"type": "passive"})
    for name in ("Ada", "Eve"):
        await club.client.put(f"/v1/customers/{ada}", json={"name": name})
    assert await entered(engine, project.id) == [vip]


async def test_a_static_segment_is_entered_by_being_added(engine: Engine, project: TestProject, club: Club) -> None:
    ada, eve = await member(club), await member(club)
    made = await created(club.client, "segments", name="Friends", customers=[ada])
    path = f"/v1/segments/{made['id']}/customers"
    for _ in range(2):
        answer = await club.client.post(path, json={"customers": [eve, ada, eve]})
        assert (answer.status_code, answer.json()) == (200, made)
    assert await people(club.client, made["id"]) == {ada, eve}
    assert await entered(engine, project.id) == [made["id"]]
    for _ in range(2):
        answer = await club.client.request("DELETE", path, json={"customers": [eve]})
        assert (answer.status_code, answer.content) == (204, b"")
    await flip(club.client, ada, vip=True)
    assert await people(club.client, made["id"]) == {ada}
    await asyncio.gather(*(club.client.post(path, json={"customers": [eve]}) for _ in range(10)))
    assert await entered(engine, project.id) == [made["id"]] * 2


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_only_customers_of_the_project_are_listed_and_only_by_a_static_segment(
    engine: Engine, door: Door, client: httpx.AsyncClient, method: str
) -> None:
    ada = (await created(client, "customers"))["id"]
    static, vip = (await created(client, "segments", name="A"))["id"], await segment(client)
    body: dict[str, Any] = {"customers": [ada]}
    answer = await client.request(method, f"/v1/segments/{vip}/customers", json=body)
    words = "customers: are found by the filter of a segment whose type is auto-update"
    assert refused(answer, 400, "invalid_payload")["details"] == words
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        theirs = (await created(stranger, "customers"))["id"]
        refused(await stranger.request(method, f"/v1/segments/{static}/customers", json=body), 404, "not_found")
    for absent in (theirs, "cust_00"):
        body = {"customers": [ada, absent]}
        answer = await client.request(method, f"/v1/segments/{static}/customers", json=body)
        assert refused(answer, 404, "not_found")["resource_id"] == absent
    for body in ({}, {"customers": []}, {"customers": [ada], "x": 1}):
        refused(await client.request(method, f"/v1/segments/{static}/customers", json=body), 400, "invalid_payload")
    assert await people(client, static) == set()


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("static", {"type": "passive"}, "type: must be static, since the segment is static"),
        ("static", {"filter": VIP}, "filter: must be left out or null when type is static"),
        ("passive", {"type": "static"}, "type: must be auto-update or passive, since the segment is passive"),
        ("passive", {"filter": {"junction": "and"}}, "filter: must name 1 to 50 fields"),
        ("passive", {"customers": []}, "customers: is not a known property"),
    ],
)
async def test_a_wrong_change_is_refused_in_words(client: httpx.AsyncClient, kind: str, body: Any, words: str) -> None:
    given = {} if kind == "static" else {"filter": VIP}
    made = await created(client, "segments", name="A", type=kind, **given)
    answer = await client.put(f"/v1/segments/{made['id']}", json=body)
    assert refused(answer, 400, "invalid_payload")["details"] == words
    assert (await client.get(f"/v1/segments/{made['id']}")).json() == made


async def test_customers_of_a_segment_are_listed_like_all_others(
    engine: Engine, door: Door, client: httpx.AsyncClient
) -> None:
    made = [await created(client, "customers", name=name, metadata={"vip": True}) for name in ("Ada", "Eve", "Ada")]
    await created(client, "customers", name="Ada")
    vip = await segment(client)
    answer = (await client.get(f"/v1/customers?segment_id={vip}&name=Ada&order=created_at&limit=1")).json()
    assert (answer["customers"], answer["total"], answer["has_more"]) == ([made[0]], 2, True)
    assert await listed(client, f"customers?segment_id={vip}&order=-created_at&limit=2&page=2") == [made[0]]
    refused(await client.get("/v1/customers?segment_id=seg_00"), 404, "not_found")
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        refused(await stranger.get(f"/v1/customers?segment_id={vip}"), 404, "not_found")
    assert (await client.delete(f"/v1/segments/{vip}")).status_code == 204
    refused(await client.get(f"/v1/customers?segment_id={vip}"), 404, "not_found")
    assert await segments_of(client, made[0]["id"]) == []


async def test_segments_made_while_customers_change_miss_nobody(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    """Whatever the race, whoever passes a filter in the end is in its segment, and nobody else."""
    ids = [(await created(client, "customers", metadata={"n": 0}))["id"] for _ in range(6)]

    async def change(number: int) -> None:
        for turn in range(8):
            body = {"metadata": {"n": (number + turn) % 4}}
            await client.put(f"/v1/customers/{ids[number]}", json=body)

    async def make(number: int) -> str:
        made = await segment(client, asking("metadata.n", "$is", number % 4))
        if number % 2:
            await client.put(f"/v1/segments/{made}", json={"filter": asking("metadata.n", "$is", (number + 1) % 4)})
        return made

    made = (await asyncio.gather(*map(make, range(8)), *map(change, range(6))))[:8]
    values = {one["id"]: one["metadata"]["n"] for one in await listed(client, "customers?limit=100")}
    for number, segment_id in enumerate(made):
        wanted = (number + number % 2) % 4
        assert await people(client, str(segment_id)) == {one for one, n in values.items() if n == wanted}
