"""The segments of a customer: those that list it, and those whose filter finds it (domain 9)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.platform import created

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

ADA = {
    "source_id": "ada",
    "name": "Ada",
    "email": "ada@example.com",
    "birthday": "1990-05-01",
    "address": {"city": "London"},
    "metadata": {"vip": True, "level": 3, "tags": ["a", "b"]},
}


def asking(field: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"junction": "and", field: {"conditions": {operator: list(values)}}}


async def segments_of(client: httpx.AsyncClient, reference: str) -> list[str]:
    answer = await client.get(f"/v1/customers/{reference}/segments")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["object"], body["data_ref"], body["total"]) == ("list", "data", len(body["data"]))
    assert all(one["object"] == "segment" for one in body["data"])
    return [one["name"] for one in body["data"]]


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (asking("name", "$is", "Ada"), True),
        (asking("name", "$is", "Eve"), False),
        (asking("description", "$has_value"), False),
        (asking("description", "$is_unknown"), True),
        (asking("address.city", "$starts_with", "Lon"), True),
        (asking("address.country", "$is", "UK"), False),
        (asking("metadata.level", "$more_than", 2), True),
        (asking("metadata.vip", "$is", False), False),
        (asking("metadata.tags", "$in", "b"), True),
        (asking("created_at", "$less_than", 1), True),
        (asking("created_at", "$more_than", 1), False),
        (asking("birthday", "$is", "1990-05-01"), True),
        (asking("birthday", "$before", "1990-05-01"), False),
        (asking("birthday", "$after", "1990-04-30T21:59:59Z"), True),
        (asking("birthday", "$after", "1990-04-30T22:00:00Z"), False),
        ({**asking("name", "$is", "Eve"), **asking("email", "$ends_with", ".com")}, False),
        ({**asking("name", "$is", "Eve"), **asking("email", "$ends_with", ".com"), "junction": "or"}, True),
    ],
)
async def test_a_filter_is_asked_now(engine: Engine, door: Door, asked: dict[str, Any], passes: bool) -> None:
    project = await make_project(engine, time_zone="Europe/Warsaw")
    async with client_of(door, project.headers) as client:
        await created(client, "customers", **ADA)
        await created(client, "segments", name="It", type="passive", filter=asked)
        assert await segments_of(client, "ada") == (["It"] if passes else [])


async def test_lists_and_filters_come_together_the_oldest_first(client: httpx.AsyncClient) -> None:
    ada = await created(client, "customers", **ADA)
    eve = await created(client, "customers", source_id="eve")
    await created(client, "segments", name="Both", customers=[ada["id"], eve["id"]])
    for number in range(45):  # more than are asked at once
        level = {"type": "auto-update", "filter": asking("metadata.level", "$is", number % 5)}
        await created(client, "segments", name=f"Level {number}", **level)
    await created(client, "segments", name="Ada's", customers=[ada["id"]])
    await created(client, "segments", name="Nobody's", customers=[])
    levels = [f"Level {number}" for number in range(3, 45, 5)]
    assert await segments_of(client, ada["id"]) == await segments_of(client, "ada") == ["Both", *levels, "Ada's"]
    assert await segments_of(client, "eve") == ["Both"]
    await client.put("/v1/customers/eve", json={"metadata": {"level": 4}})
    assert len(await segments_of(client, "eve")) == 10


async def test_who_is_not_there_has_no_segments(
    engine: Engine, door: Door, client: httpx.AsyncClient, project: TestProject
) -> None:
    ada = await created(client, "customers", **ADA)
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        assert (await stranger.get(f"/v1/customers/{ada['id']}/segments")).status_code == 404
    await client.delete("/v1/customers/ada")
    answer = await client.get(f"/v1/customers/{ada['id']}/segments")
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")
