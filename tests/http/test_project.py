"""The project over HTTP: read, renamed, and moved to another zone before its first member (domain 2, 9)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.clubs import new_club
from tests.http.definitions import refused

from troth.actions.access import create_key
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door

pytestmark = pytest.mark.anyio

PROJECT = "/v1/project"


async def test_a_project_is_shown_and_changed(client: httpx.AsyncClient, project: TestProject) -> None:
    present = (await client.get(PROJECT)).json()
    assert present == {
        "id": project.id,
        "name": "Test",
        "time_zone": "UTC",
        "sandbox": False,
        "created_at": present["created_at"],
        "updated_at": None,
        "object": "project",
    }
    for body in ({}, {"name": "Test", "time_zone": "UTC"}, {"name": None, "time_zone": None}):
        assert (await client.put(PROJECT, json=body)).json() == present
    answer = await client.put(PROJECT, json={"name": "Café", "time_zone": "Europe/Warsaw"})
    changed = answer.json()
    expected = {"name": "Café", "time_zone": "Europe/Warsaw", "updated_at": changed["updated_at"]}
    assert changed == present | expected
    assert changed["updated_at"] is not None
    assert (await client.get(PROJECT)).json() == changed


async def test_its_zone_stays_once_it_has_members(client: httpx.AsyncClient) -> None:
    club = await new_club(client)
    assert (await client.put(PROJECT, json={"time_zone": "Asia/Tokyo"})).status_code == 200
    member = await club.enrolled()
    for _ in range(2):
        answer = await client.put(PROJECT, json={"time_zone": "UTC", "name": "Other"})
        words = "time_zone: must stay Asia/Tokyo, since the project has members"
        assert refused(answer, 400, "invalid_payload")["details"] == words
        await client.delete(f"{club.members}/{member['id']}")
    answer = await client.put(PROJECT, json={"time_zone": "Asia/Tokyo", "name": "Other"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Other")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone: must be an IANA time zone such as Europe/Warsaw"),
        ({"time_zone": "Factory"}, "time_zone: must be an IANA time zone such as Europe/Warsaw"),
        ({"time_zone": 1}, "time_zone: must be a string"),
        ({"name": "  "}, "name: must have 1 to 200 printable characters, not all of them spaces"),
        ({"name": "a" * 201}, "name: must have at most 200 characters"),
        ({"sandbox": True}, "sandbox: is not a known property"),
    ],
)
async def test_a_wrong_change_is_refused_in_words(client: httpx.AsyncClient, body: Any, words: str) -> None:
    present = (await client.get(PROJECT)).json()
    assert refused(await client.put(PROJECT, json=body), 400, "invalid_payload")["details"] == words
    assert (await client.get(PROJECT)).json() == present


async def test_credentials_decide_which_project_it_is(
    client: httpx.AsyncClient, door: Door, engine: Engine, project: TestProject
) -> None:
    key = await create_key(engine, project.id, "Till", Role.READ_ONLY)
    async with client_of(door, {"X-App-Id": key.key.app_id, "X-App-Token": key.token}) as reader:
        assert (await reader.get(PROJECT)).json()["id"] == project.id
        refused(await reader.put(PROJECT, json={"name": "Mine"}), 403, "forbidden")
    async with client_of(door, {}) as nobody:
        refused(await nobody.get(PROJECT), 401, "unauthorized")
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        assert (await stranger.put(PROJECT, json={"name": "Theirs"})).json()["id"] == other.id
    assert (await client.get(PROJECT)).json()["name"] == "Test"
