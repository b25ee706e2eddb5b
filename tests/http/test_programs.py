"""Programs over the API: their lifecycle, what may change when, their lists and history (domain 5)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import refused
from tests.http.programs import (
    NO_PROGRAM,
    PROGRAMS,
    active_wallet,
    assigned,
    batch,
    history,
    program,
    ready,
    reward,
    rule,
    structure,
)

from troth.actions.access import create_key
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door

pytestmark = pytest.mark.anyio

LATER = "2027-01-01T00:00:00.000Z"
HOURS = {"type": "DAILY", "daily": [{"days_of_week": [1, 2], "start_time": "08:00", "end_time": "18:00"}]}


async def test_a_program_is_a_draft_at_any_time(client: httpx.AsyncClient) -> None:
    made = await program(client)
    assert made.pop("id").startswith("lprg_")
    assert made.pop("created_at").endswith("Z")
    assert made == {
        "name": "Club",
        "status": "DRAFT",
        "start_date": None,
        "end_date": None,
        "validity_hours": {"type": "ANY_TIME"},
        "metadata": {},
        "updated_at": None,
        "object": "program",
        "card_definitions": None,
        "earning_rules": None,
        "rewards": None,
        "tier_structures": None,
    }


async def test_a_program_is_made_with_all_that_it_connects(client: httpx.AsyncClient) -> None:
    wallet_id = await active_wallet(client)
    rule_id = await rule(client, wallet_id)
    structure_id = await structure(client, wallet_id)
    limited, unlimited = [await reward(client, wallet_id) for _ in range(2)]
    stock = {"type": "LIMITED", "limited": {"quantity": 3}}
    made = await program(
        client,
        status="ACTIVE",
        start_date="2026-01-01T01:00:00+01:00",
        end_date=LATER,
        validity_hours=HOURS,
        metadata={"tone": 1.50},
        card_definitions=[{"id": wallet_id}],
        earning_rules=[{"id": rule_id}],
        tier_structures=[{"id": structure_id}],
        rewards=[{"id": limited, "stock": stock}, {"id": unlimited, "stock": {"type": "UNLIMITED"}}],
    )
    assert (made["status"], made["start_date"], made["end_date"]) == ("ACTIVE", "2026-01-01T00:00:00.000Z", LATER)
    assert (made["validity_hours"], made["metadata"]) == (HOURS, {"tone": 1.5})
    assert made["card_definitions"] == [{"id": wallet_id}]
    assert made["earning_rules"] == [{"id": rule_id}]
    assert made["tier_structures"] == [{"id": structure_id}]
    assert made["rewards"] == [{"id": limited, "stock": stock}, {"id": unlimited, "stock": {"type": "UNLIMITED"}}]
    for kind, ids in {
        "card-definitions": [wallet_id],
        "earning-rules": [rule_id],
        "tier-structures": [structure_id],
        "rewards": [limited, unlimited],
    }.items():
        assert await assigned(client, made["id"], kind) == ids
    got = (await client.get(f"{PROGRAMS}/{made['id']}")).json()
    assert {**got, "card_definitions": 0, "earning_rules": 0, "rewards": 0, "tier_structures": 0} == {
        **made,
        **dict.fromkeys(("card_definitions", "earning_rules", "rewards", "tier_structures"), 0),
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "name: is required"),
        ({"name": ""}, "name: must have at least 1 characters"),
        ({"name": "x" * 201}, "name: must have at most 200 characters"),
        ({"name": "Club", "status": "INACTIVE"}, "status: must be one of"),
        ({"name": "Club", "colour": "red"}, "colour: is not a known property"),
        ({"name": "Club", "card_definitions": []}, "card_definitions: must hold 1 to 10 entries"),
        ({"name": "Club", "card_definitions": [{"id": "lern_1"}]}, "card_definitions[0].id: must match"),
        ({"name": "Club", "rewards": [{"id": "lrew_1"}]}, "rewards[0].stock: is required"),
        ({"name": "Club", "start_date": LATER, "end_date": LATER}, "end_date: must be after start_date"),
        (
            {"name": "Club", "earning_rules": [{"id": "lern_1"}, {"id": "lern_1"}]},
            "earning_rules[1].id: must not be named twice",
        ),
    ],
)
async def test_bodies_that_do_not_fit(client: httpx.AsyncClient, body: dict[str, Any], words: str) -> None:
    assert words in refused(await client.post(PROGRAMS, json=body), 400, "invalid_payload")["details"]


async def test_nothing_is_made_of_a_refused_creation(client: httpx.AsyncClient) -> None:
    wallet_id, other_id = await active_wallet(client), await active_wallet(client)
    rule_id = await rule(client, wallet_id)
    sleeping = await rule(client, wallet_id, status="DRAFT")
    draft = (await client.post("/v2/loyalties/card-definitions", json={"name": "P", "type": "INDIVIDUAL"})).json()["id"]
    structures = [await structure(client, wallet_id) for _ in range(2)]
    inactive = await structure(client, wallet_id, status="INACTIVE")

    async def creation(code: int, key: str, **body: Any) -> dict[str, Any]:
        listed = {name: [{"id": one} for one in ids] for name, ids in body.items() if isinstance(ids, list)}
        return refused(await client.post(PROGRAMS, json={"name": "Club", **body, **listed}), code, key)

    absent = await creation(404, "not_found", card_definitions=[draft], earning_rules=["lern_0"])
    assert absent["details"] == "Cannot find earning_rule with id lern_0"
    locked = await creation(423, "non_active_card_definition", card_definitions=[draft], earning_rules=[rule_id])
    assert (locked["resource_id"], locked["resource_type"]) == (draft, "card_definition")
    await creation(423, "non_active_tier_structure", card_definitions=[wallet_id], tier_structures=[inactive])
    await creation(409, "card_definition_not_assigned", card_definitions=[other_id], earning_rules=[rule_id])
    await creation(409, "card_definition_not_assigned", card_definitions=[other_id], tier_structures=structures[:1])
    many = await creation(400, "invalid_payload", card_definitions=[wallet_id], tier_structures=structures)
    assert many["details"] == "tier_structures: the program would have 2; at most 1 can be assigned"
    missing = await creation(423, "missing_active_card_definition", status="ACTIVE")
    assert "resource_id" not in missing
    await creation(423, "missing_active_earning_rule", status="ACTIVE", card_definitions=[wallet_id])
    asked = {"card_definitions": [wallet_id], "earning_rules": [sleeping]}
    await creation(423, "missing_active_earning_rule", status="ACTIVE", **asked)
    assert (await client.get(PROGRAMS)).json()["data"] == []


async def test_the_life_of_a_program(client: httpx.AsyncClient) -> None:
    made, *_ = await ready(client)
    path = f"{PROGRAMS}/{made['id']}"
    refused(await client.post(f"{path}/deactivate"), 400, "invalid_state_transition")
    for verb, status in (("activate", "ACTIVE"), ("deactivate", "INACTIVE"), ("activate", "ACTIVE")):
        moved = await client.post(f"{path}/{verb}")
        assert (moved.status_code, moved.json()["status"]) == (200, status)
        assert moved.json()["updated_at"] is not None
        again = refused(await client.post(f"{path}/{verb}"), 400, "invalid_state_transition")
        assert (again["resource_id"], again["resource_type"]) == (made["id"], "program")
    deleted = await client.delete(path)
    assert (deleted.status_code, deleted.json()["status"]) == (200, "DELETED")
    for answer in (
        await client.get(path),
        await client.delete(path),
        await client.post(f"{path}/activate"),
        await client.put(path, json={"name": "x"}),
        await client.get(f"{path}/activities"),
        await client.get(f"{path}/card-definitions"),
        await batch(client, made["id"], "earning-rules"),
    ):
        assert refused(answer, 404, "not_found")["details"] == f"Cannot find program with id {made['id']}"
    assert (await client.get(PROGRAMS)).json()["data"] == []


async def test_an_activation_needs_a_wallet_and_a_rule(client: httpx.AsyncClient) -> None:
    made = await program(client)
    path = f"{PROGRAMS}/{made['id']}"
    locked = refused(await client.post(f"{path}/activate"), 423, "missing_active_card_definition")
    assert (locked["resource_id"], locked["resource_type"]) == (made["id"], "program")
    wallet_id = await active_wallet(client)
    await batch(client, made["id"], "card-definitions", [wallet_id])
    refused(await client.post(f"{path}/activate"), 423, "missing_active_earning_rule")
    rule_id = await rule(client, wallet_id, status="DRAFT")
    await batch(client, made["id"], "earning-rules", [rule_id])
    refused(await client.post(f"{path}/activate"), 423, "missing_active_earning_rule")
    await client.post(f"/v2/loyalties/earning-rules/{rule_id}/activate")
    assert (await client.post(f"{path}/activate")).json()["status"] == "ACTIVE"


async def test_deletion_frees_what_was_assigned(client: httpx.AsyncClient) -> None:
    made, wallet_id, rule_id = await ready(client, status="ACTIVE")
    refused(await client.delete(f"/v2/loyalties/earning-rules/{rule_id}"), 409, "resource_in_use")
    assert (await client.delete(f"{PROGRAMS}/{made['id']}")).status_code == 200
    for path, past in (
        (f"earning-rules/{rule_id}", "earning_rule"),
        (f"card-definitions/{wallet_id}", "card_definition"),
    ):
        last = (await history(client, path))[-1]
        assert last["type"] == f"vl.{past}.unassigned"
        assert last["data"]["program"]["status"] == "DELETED"
    assert (await client.delete(f"/v2/loyalties/earning-rules/{rule_id}")).status_code == 200


async def test_in_draft_everything_changes(client: httpx.AsyncClient) -> None:
    made = await program(client, start_date=LATER, metadata={"a": 1})
    path = f"{PROGRAMS}/{made['id']}"
    changed = (await client.put(path, json={"name": "New", "validity_hours": HOURS, "metadata": {"b": 2}})).json()
    assert (changed["name"], changed["validity_hours"], changed["metadata"]) == ("New", HOURS, {"b": 2})
    assert (changed["start_date"], changed["end_date"]) == (LATER, None)
    early = await client.put(path, json={"end_date": "2026-12-31T00:00:00Z"})
    assert "end_date: must be after start_date" in refused(early, 400, "invalid_payload")["details"]
    reset = (await client.put(path, json={"start_date": None, "validity_hours": None, "metadata": None})).json()
    assert (reset["start_date"], reset["validity_hours"], reset["metadata"]) == (None, {"type": "ANY_TIME"}, {})
    assert (await client.get(path)).json() == reset
    assert (
        "name: must not be null"
        in refused(await client.put(path, json={"name": None}), 400, "invalid_payload")["details"]
    )


async def test_after_draft_only_name_and_metadata_change(client: httpx.AsyncClient) -> None:
    made, *_ = await ready(client, status="ACTIVE", end_date=LATER, validity_hours=HOURS)
    path = f"{PROGRAMS}/{made['id']}"
    for _ in range(2):
        body = {"end_date": None, "start_date": LATER, "validity_hours": {"type": "ANY_TIME"}, "name": "No"}
        details = refused(await client.put(path, json=body), 400, "invalid_payload")["details"]
        assert [one.partition(":")[0] for one in details.split("; ")] == ["end_date", "start_date", "validity_hours"]
        same = {"end_date": "2027-01-01T01:00:00+01:00", "start_date": None, "validity_hours": HOURS}
        changed = await client.put(path, json={**same, "name": "Yes", "metadata": {"a": 1}})
        assert (changed.status_code, changed.json()["name"], changed.json()["metadata"]) == (200, "Yes", {"a": 1})
        await client.post(f"{path}/deactivate")


async def test_a_change_to_present_values_is_none(client: httpx.AsyncClient) -> None:
    made = await program(client, metadata={"a": 1})
    path = f"{PROGRAMS}/{made['id']}"
    for body in ({}, {"name": "Club", "metadata": {"a": 1}, "validity_hours": {"type": "ANY_TIME"}}):
        same = (await client.put(path, json=body)).json()
        assert (same["updated_at"], same["name"]) == (None, "Club")
    assert [one["type"] for one in await history(client, f"programs/{made['id']}")] == ["vl.program.created"]


async def test_two_editors(client: httpx.AsyncClient) -> None:
    made = await program(client)
    path = f"{PROGRAMS}/{made['id']}"
    first = (await client.get(path)).headers["etag"]
    changed = await client.put(path, json={"name": "A"}, headers={"If-Match": first})
    assert changed.status_code == 200
    assert changed.headers["etag"] == (await client.get(path)).headers["etag"] != first
    refused(await client.put(path, json={"name": "B"}, headers={"If-Match": first}), 412, "precondition_failed")
    assert (await client.get(path)).json()["name"] == "A"


async def test_the_history_of_a_program(client: httpx.AsyncClient, project: TestProject) -> None:
    made, wallet_id, rule_id = await ready(client, status="ACTIVE")
    path = f"{PROGRAMS}/{made['id']}"
    await client.put(path, json={"name": "New"})
    await client.post(f"{path}/deactivate")
    entries = await history(client, f"programs/{made['id']}")
    assert [one["type"].removeprefix("vl.program.") for one in entries] == [
        "created",
        "card_definition.assigned",
        "earning_rule.assigned",
        "updated",
        "deactivated",
    ]
    assert len({one["group_id"] for one in entries[:3]}) == 1
    assert len({one["group_id"] for one in entries}) == 3
    assert {one["program_id"] for one in entries} == {made["id"]}
    assert all(one["id"].startswith("laprg_") for one in entries)
    assert entries[0]["source"]["api_key"]["app_id"] == project.app_id
    assert entries[1]["data"]["program_card_definition"]["card_definition_id"] == wallet_id
    assert [one["data"]["program"]["name"] for one in entries] == ["Club", "Club", "Club", "New", "New"]
    assert entries[4]["data"]["program"] == (await client.get(path)).json()
    (own,) = [one for one in await history(client, f"earning-rules/{rule_id}") if one["type"].endswith(".assigned")]
    assert own["group_id"] == entries[2]["group_id"]
    assert (own["data"]["earning_rule"]["id"], own["data"]["program"]["id"]) == (rule_id, made["id"])


async def test_history_is_filtered_by_type(client: httpx.AsyncClient) -> None:
    made, *_ = await ready(client)
    path = f"{PROGRAMS}/{made['id']}/activities"
    name = "filters[type][conditions][$is]"
    found = await client.get(path, params={name: "vl.program.card_definition.assigned"})
    assert [one["type"] for one in found.json()["data"]] == ["vl.program.card_definition.assigned"]
    assert (await client.get(path, params={name: "vl.program.reward.updated"})).json()["data"] == []
    refused(await client.get(path, params={name: "vl.program.drafted"}), 400, "invalid_query_params")
    first = (await client.get(path, params={"limit": "2"})).json()
    assert first["cursor"]["next"].startswith("lcrsapr_")
    rest = (await client.get(path, params={"cursor": first["cursor"]["next"]})).json()
    assert [one["type"] for one in first["data"] + rest["data"]] == [
        "vl.program.earning_rule.assigned",
        "vl.program.card_definition.assigned",
        "vl.program.created",
    ]


async def test_the_list_of_programs(client: httpx.AsyncClient) -> None:
    names = ["Beta", "Alpha", "Gamma"]
    made = [await program(client, name=name) for name in names]
    await client.delete(f"{PROGRAMS}/{(await program(client, name='Gone'))['id']}")
    newest_first = (await client.get(PROGRAMS)).json()
    assert [one["name"] for one in newest_first["data"]] == ["Gamma", "Alpha", "Beta"]
    assert newest_first["cursor"] is None
    assert "card_definitions" not in newest_first["data"][0]
    first = (await client.get(PROGRAMS, params={"order": "name", "limit": "2"})).json()
    assert first["cursor"]["next"].startswith("lcrsprg_")
    rest = (await client.get(PROGRAMS, params={"cursor": first["cursor"]["next"]})).json()
    assert [one["name"] for one in first["data"] + rest["data"]] == sorted(names)
    for field, operator, value, found in (
        ("status", "$is", "ACTIVE", []),
        ("status", "$in", "DRAFT,INACTIVE", sorted(names)),
        ("id", "$is", made[0]["id"], ["Beta"]),
        ("name", "$starts_with", "gam", ["Gamma"]),
    ):
        params = {f"filters[{field}][conditions][{operator}]": value, "order": "name"}
        assert [one["name"] for one in (await client.get(PROGRAMS, params=params)).json()["data"]] == found
    refused(await client.get(PROGRAMS, params={"order": "status"}), 400, "invalid_query_params")
    refused(
        await client.get(PROGRAMS, params={"filters[status][conditions][$is]": "DELETED"}), 400, "invalid_query_params"
    )


async def test_whose_program_it_is(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    made, wallet_id, _ = await ready(client)
    path = f"{PROGRAMS}/{made['id']}"
    requests: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PUT", path, {"name": "Mine"}),
        ("DELETE", path, None),
        ("POST", f"{path}/activate", None),
        ("POST", f"{path}/deactivate", None),
        ("GET", f"{path}/activities", None),
        ("GET", f"{path}/card-definitions", None),
        ("POST", f"{path}/card-definitions/batch", {"unassign": [{"id": wallet_id}]}),
        ("PUT", f"{path}/rewards/lrew_0", {"stock": {"type": "UNLIMITED"}}),
    ]
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger, client_of(door, {}) as nobody:
        for method, target, body in requests:
            refused(await stranger.request(method, target, json=body), 404, "not_found")
            refused(await nobody.request(method, target, json=body), 401, "unauthorized")
        assert (await stranger.get(PROGRAMS)).json()["data"] == []
        theirs = {"name": "Club", "card_definitions": [{"id": wallet_id}]}
        refused(await stranger.post(PROGRAMS, json=theirs), 404, "not_found")
    assert (await client.get(path)).json()["status"] == "DRAFT"
    assert await assigned(client, made["id"], "card-definitions") == [wallet_id]
    refused(await client.get(f"{PROGRAMS}/{NO_PROGRAM}"), 404, "not_found")
    refused(await client.get(f"{PROGRAMS}/malformed"), 404, "not_found")


async def test_a_key_that_only_reads(
    door: Door, engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    made = await program(client)
    key = await create_key(engine, project.id, "Reports", Role.READ_ONLY)
    async with client_of(door, {"X-App-Id": key.key.app_id, "X-App-Token": key.token}) as reader:
        assert (await reader.get(f"{PROGRAMS}/{made['id']}")).status_code == 200
        refused(await reader.post(PROGRAMS, json={"name": "Club"}), 403, "forbidden")
        refused(await reader.delete(f"{PROGRAMS}/{made['id']}"), 403, "forbidden")
