"""Card definitions over the API: shapes, lifecycle, two editors, lists and histories (domain 3 to 5)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import BASE, NO_WALLET, assign, earning_rule, points, refused, wallet

from troth.actions.engine import Engine
from troth.actions.members import CARD_CODES
from troth.http.door import Door

pytestmark = pytest.mark.anyio
PATH = f"{BASE}/card-definitions"


async def test_a_new_one_has_every_section(client: httpx.AsyncClient) -> None:
    shown = await wallet(client)
    assert {name: shown[name] for name in shown if name not in ("id", "created_at")} == {
        "name": "Points",
        "type": "INDIVIDUAL",
        "status": "DRAFT",
        "code_config": {
            "pattern": "##########",
            "length": 10,
            "charset": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "prefix": "",
            "postfix": "",
        },
        "points_expiration": {"type": "NO_EXPIRATION"},
        "pending_points": {"type": "IMMEDIATE"},
        "earning_limits": {
            "global": {"type": "NO_LIMIT", "limits": []},
            "transactions": {"type": "NO_LIMIT", "limits": []},
        },
        "spending_limits": {
            "global": {"type": "NO_LIMIT", "limits": []},
            "transactions": {"type": "NO_LIMIT", "limits": []},
        },
        "refunds": {
            "spent_points": {"type": "NONE", "methods": []},
            "earned_points": {"type": "NONE", "methods": []},
        },
        "balance_settings": {"allow_negative": False},
        "pay_with_points": {"type": "NO_PAYMENTS"},
        "metadata": {},
        "updated_at": None,
        "object": "card_definition",
    }
    assert shown["id"].startswith("lcdef_")


async def test_what_is_created_is_what_is_found(client: httpx.AsyncClient) -> None:
    shown = await wallet(
        client,
        status="ACTIVE",
        metadata={"exact": 0.1, "deep": {"list": [1, None, "ü"]}},
        points_expiration={
            "type": "ROLLING_EXPIRATION",
            "rolling_expiration": {"period": {"value": 2, "unit": "YEAR"}},
        },
    )
    assert shown["status"] == "ACTIVE"
    assert (await client.get(f"{PATH}/{shown['id']}")).json() == shown


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"type": "INDIVIDUAL"}, "name: is required"),
        ({"name": "A", "type": "INDIVIDUAL", "colour": 1}, "colour: is not a known property"),
        ({"name": "A", "type": "INDIVIDUAL", "status": "INACTIVE"}, "status: must be one of"),
        (
            {
                "name": "A",
                "type": "INDIVIDUAL",
                "balance_settings": {"allow_negative": True},
                "points_expiration": {
                    "type": "CALENDAR_EXPIRATION",
                    "calendar_expiration": {"expiration_dates": [{"day": 1, "month": 1}]},
                },
            },
            "balance_settings.allow_negative: ",
        ),
    ],
)
async def test_bad_bodies_are_refused_with_the_path(
    client: httpx.AsyncClient, body: dict[str, Any], details: str
) -> None:
    assert details in refused(await client.post(PATH, json=body), 400, "invalid_payload")["details"]
    assert (await client.get(PATH)).json()["data"] == []


async def test_what_is_referred_to_must_exist(client: httpx.AsyncClient) -> None:
    body = {
        "name": "A",
        "type": "INDIVIDUAL",
        "pending_points": {
            "type": "EVENT_BASED",
            "event_based": {"event_types": ["ms_none"], "cancel_period": {"value": 1, "unit": "DAY"}},
        },
    }
    refusal = refused(await client.post(PATH, json=body), 404, "not_found")
    assert refusal["message"] == "Resource not found"
    assert refusal["details"] == "Cannot find event_schema with id ms_none"
    assert (refusal["resource_type"], refusal["resource_id"]) == ("event_schema", "ms_none")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/activate"),
        ("POST", "/draft"),
        ("GET", "/activities"),
    ],
)
async def test_nobody_elses_are_found(
    client: httpx.AsyncClient, door: Door, engine: Engine, method: str, path: str
) -> None:
    body = {"name": "Mine now"} if method == "PUT" else None
    shown = await wallet(client)
    async with client_of(door, (await make_project(engine)).headers) as other:
        for id_ in (shown["id"], NO_WALLET, "lcdef_%20", "nonsense"):
            refused(await other.request(method, f"{PATH}/{id_}{path}", json=body), 404, "not_found")
        assert (await other.get(PATH)).json()["data"] == []
    async with client_of(door, {}) as stranger:
        refused(await stranger.request(method, f"{PATH}/{shown['id']}{path}", json=body), 401, "unauthorized")
    assert (await client.get(f"{PATH}/{shown['id']}")).json() == shown


async def test_an_update_replaces_what_it_gives(client: httpx.AsyncClient) -> None:
    code_config = {"length": 4, "prefix": "A-"}
    shown = await wallet(client, metadata={"a": 1}, code_config=code_config)
    path = f"{PATH}/{shown['id']}"
    changed = (await client.put(path, json={"name": "Stars", "metadata": {"b": 2}})).json()
    assert changed["updated_at"] >= shown["created_at"]
    assert changed == {**shown, "name": "Stars", "metadata": {"b": 2}, "updated_at": changed["updated_at"]}
    reset = (await client.put(path, json={"name": None, "metadata": None, "code_config": None})).json()
    assert (reset["name"], reset["metadata"], reset["code_config"]["prefix"]) == ("Stars", {}, "")


async def test_an_update_of_present_values_changes_nothing(client: httpx.AsyncClient) -> None:
    shown = await wallet(client, status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    sections = {name: shown[name] for name in shown if name not in UNWRITABLE}
    answer = await client.put(path, json=sections)
    assert answer.status_code == 200
    assert answer.json() == shown
    assert [one["type"] for one in (await client.get(f"{path}/activities")).json()["data"]] == [
        "vl.card_definition.created"
    ]


UNWRITABLE = ("id", "type", "status", "created_at", "updated_at", "object")


async def test_frozen_properties_keep_their_values(client: httpx.AsyncClient) -> None:
    shown = await wallet(client, status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    body = {"name": "Stars", "balance_settings": {"allow_negative": True}, "pending_points": None}
    refusal = refused(await client.put(path, json=body), 423, "resource_locked")
    assert refusal["details"].startswith("balance_settings: cannot change")
    assert "pending_points" not in refusal["details"]
    assert (await client.get(path)).json() == shown
    changed = await client.put(
        path, json={"pay_with_points": {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": 100}}}
    )
    assert changed.json()["pay_with_points"]["exchange_ratio"] == {"formula": "100"}


async def test_sections_that_do_not_fit_together_are_refused(client: httpx.AsyncClient) -> None:
    shown = await wallet(client, balance_settings={"allow_negative": True})
    expiration = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "DAY"}}}
    answer = await client.put(f"{PATH}/{shown['id']}", json={"points_expiration": expiration})
    assert "balance_settings.allow_negative: " in refused(answer, 400, "invalid_payload")["details"]


async def test_moves_and_their_history(client: httpx.AsyncClient, project: TestProject) -> None:
    shown = await wallet(client)
    path = f"{PATH}/{shown['id']}"
    active = (await client.post(f"{path}/activate")).json()
    assert active == {**shown, "status": "ACTIVE", "updated_at": active["updated_at"]}
    refused(await client.post(f"{path}/activate"), 409, "invalid_state_transition")
    assert (await client.post(f"{path}/draft")).json()["status"] == "DRAFT"
    deleted = (await client.delete(path)).json()
    assert deleted["status"] == "DELETED"
    for method, action in (("GET", ""), ("DELETE", ""), ("POST", "/activate"), ("GET", "/activities")):
        refused(await client.request(method, path + action), 404, "not_found")
    assert (await client.get(PATH)).json()["data"] == []


async def test_the_history_tells_what_who_and_how_it_was_then(client: httpx.AsyncClient, project: TestProject) -> None:
    shown = await wallet(client)
    path = f"{PATH}/{shown['id']}"
    active = (await client.post(f"{path}/activate")).json()
    renamed = (await client.put(path, json={"name": "Stars"})).json()
    history = (await client.get(f"{path}/activities", params={"order": "created_at"})).json()
    assert history["object"] == "list"
    assert history["cursor"] is None
    entries = history["data"]
    assert [(one["type"], one["data"]) for one in entries] == [
        ("vl.card_definition.created", {"card_definition": shown}),
        ("vl.card_definition.activated", {"card_definition": active}),
        ("vl.card_definition.updated", {"card_definition": renamed}),
    ]
    for entry in entries:
        assert entry["card_definition_id"] == shown["id"]
        assert entry["id"].startswith("lacd_")
        assert entry["group_id"].startswith("lgrp_")
        assert entry["source"] == {"channel": "API", "api_key": {"name": "Admin", "app_id": project.app_id}}
    latest = await client.get(
        f"{path}/activities", params={"filters[type][conditions][$is]": "vl.card_definition.activated"}
    )
    assert [one["id"] for one in latest.json()["data"]] == [entries[1]["id"]]


async def test_an_assigned_one_stays_active(client: httpx.AsyncClient, engine: Engine, project: TestProject) -> None:
    shown = await wallet(client, status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    program_id = await assign(engine, project.id, "card_definition", shown["id"])
    refusal = refused(await client.post(f"{path}/draft"), 409, "invalid_state_transition")
    assert (refusal["related_object_type"], refusal["related_object_ids"]) == ("program", [program_id])
    refusal = refused(await client.delete(path), 409, "resource_in_use")
    assert (refusal["related_object_type"], refusal["related_object_ids"]) == ("program", [program_id])
    assert (await client.get(path)).json() == shown


async def test_one_that_a_rule_refers_to_stays(client: httpx.AsyncClient) -> None:
    shown = await wallet(client)
    path = f"{PATH}/{shown['id']}"
    other = await wallet(client, name="Other")
    rule = await earning_rule(client, points(shown["id"]))
    refusal = refused(await client.delete(path), 409, "resource_in_use")
    assert (refusal["related_object_type"], refusal["related_object_ids"]) == ("earning_rule", [rule["id"]])
    moved = await client.put(f"{BASE}/earning-rules/{rule['id']}", json={"earnings": [points(other["id"])]})
    assert moved.status_code == 200
    assert (await client.delete(path)).status_code == 200
    refused(await client.delete(f"{PATH}/{other['id']}"), 409, "resource_in_use")
    assert (await client.delete(f"{BASE}/earning-rules/{rule['id']}")).status_code == 200
    assert (await client.delete(f"{PATH}/{other['id']}")).status_code == 200


async def test_the_second_of_two_editors_is_told(client: httpx.AsyncClient) -> None:
    shown = await wallet(client, code_config={"prefix": "P", "length": 3})
    path = f"{PATH}/{shown['id']}"

    async def put(name: str, expected: str) -> httpx.Response:
        return await client.put(path, json={"name": name}, headers={"If-Match": expected})

    tag = (await client.get(path)).headers["etag"]
    assert tag == (await client.get(path)).headers["etag"]
    assert (await put("First", tag)).status_code == 200
    newer = (await client.get(path)).headers["etag"]
    assert newer in refused(await put("Second", tag), 412, "precondition_failed")["details"]
    for expected in (f"W/{newer}", newer.strip('"'), '""'):
        refused(await put("Second", expected), 412, "precondition_failed")
    assert (await client.get(path)).json()["name"] == "First"
    assert (await put("Third", f'"nothing", {newer}')).status_code == 200
    assert (await put("Fourth", "*")).status_code == 200


async def test_of_concurrent_editors_with_one_tag_one_wins(client: httpx.AsyncClient) -> None:
    shown = await wallet(client)
    path = f"{PATH}/{shown['id']}"
    headers = {"If-Match": (await client.get(path)).headers["etag"]}
    answers = await asyncio.gather(
        *(client.put(path, json={"name": f"Name {number}"}, headers=headers) for number in range(8))
    )
    assert sorted(one.status_code for one in answers) == [200] + [412] * 7
    assert len((await client.get(f"{path}/activities")).json()["data"]) == 2


async def test_lists_are_filtered_ordered_and_paged(client: httpx.AsyncClient) -> None:
    made = [await wallet(client, name=name, status=status) for name, status in NAMES]
    newest_first = [one["id"] for one in reversed(made)]
    found: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = (await client.get(PATH, params=params)).json()
        found += [one["id"] for one in page["data"]]
        if page["cursor"] is None:
            break
        assert page["cursor"]["next"].startswith("lcrscdef_")
        params["cursor"] = page["cursor"]["next"]
    assert found == newest_first
    for query, names in LISTS:
        answer = await client.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        assert [one["name"] for one in answer.json()["data"]] == names, query
    refused(await client.get(PATH, params={"order": "colour"}), 400, "invalid_query_params")
    refused(await client.get(PATH, params={"cursor": "lcrscdef_00"}), 400, "invalid_or_expired_cursor")


NAMES = [("Bronze", "DRAFT"), ("Amber", "ACTIVE"), ("Coral", "DRAFT")]
LISTS = [
    ("order=name", ["Amber", "Bronze", "Coral"]),
    ("order=-status,name", ["Bronze", "Coral", "Amber"]),
    ("filters[status][conditions][$is]=ACTIVE", ["Amber"]),
    ("filters[type][conditions][$in]=INDIVIDUAL&order=-name", ["Coral", "Bronze", "Amber"]),
    ("filters[name][conditions][$contains]=o&order=name", ["Bronze", "Coral"]),
    ("filters[updated_at][conditions][$is_unknown]=&order=name", ["Amber", "Bronze", "Coral"]),
    ("filters[created_at][conditions][$less_than]=1&limit=1&order=name", ["Amber"]),
]


async def test_a_new_code_configuration_reaches_cards_that_wait(
    client: httpx.AsyncClient, engine: Engine, project: TestProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, other = await wallet(client), await wallet(client)
    for card_definition in (shown, other):
        await _wait_for_code(engine, project.id, card_definition["id"])
    woken: list[str] = []
    monkeypatch.setattr(engine, "wake", woken.append)
    await client.put(f"{PATH}/{shown['id']}", json={"name": "Only a name"})
    assert woken == []
    await client.put(f"{PATH}/{shown['id']}", json={"code_config": {"length": 12}})
    assert woken == [CARD_CODES]
    now = engine.clock.now()
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT card_definition_id, code_due_at <= $2 AS due, code_failures FROM cards WHERE project_id = $1",
            project.id,
            now,
        )
    assert {row["card_definition_id"]: (row["due"], row["code_failures"]) for row in rows} == {
        shown["id"]: (True, 0),
        other["id"]: (False, 5),
    }


async def _wait_for_code(engine: Engine, project_id: str, card_definition_id: str) -> None:
    fresh, now = engine.identifiers.fresh, engine.clock.now()
    async with engine.database.connection() as connection:
        await connection.execute(
            "INSERT INTO cards (member_id, id, project_id, card_definition_id, allow_negative, code_due_at,"
            " code_failures, created_at) VALUES ($1, $2, $3, $4, false, $5::timestamptz + interval '1 hour', 5, $5)",
            fresh("lmbr"),
            fresh("lcrd"),
            project_id,
            card_definition_id,
            now,
        )
