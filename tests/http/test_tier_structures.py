"""Tier structures and their tiers over the API (domain 5 and 10)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import BASE, NO_WALLET, assign, earning_rule, made, points, refused, wallet
from tests.http.platform import created

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio
PATH = f"{BASE}/tier-structures"


async def structure(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    if "point_balance" not in given:
        given["point_balance"] = {"card_definition_id": (await wallet(client))["id"]}
    return await made(client, "tier-structures", {"name": "Levels", "type": "POINT_BALANCE", **given})


def level(name: str, least: int, most: int | None = None, **given: Any) -> dict[str, Any]:
    ends = {"min_value": least} | ({} if most is None else {"max_value": most})
    return {"name": name, "qualification_rules": {"type": "POINTS", "points": ends}, **given}


async def tier(client: httpx.AsyncClient, structure_id: str, *what: Any, **given: Any) -> dict[str, Any]:
    return await made(client, f"tier-structures/{structure_id}/tiers", level(*what, **given))


async def test_a_new_one_has_every_section(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await structure(client, point_balance={"card_definition_id": card_definition_id})
    assert shown == {
        "id": shown["id"],
        "name": "Levels",
        "type": "POINT_BALANCE",
        "point_balance": {"card_definition_id": card_definition_id},
        "expiration": {"type": "NO_RETENTION"},
        "downgrade": {"type": "NO_DOWNGRADE"},
        "status": "DRAFT",
        "metadata": {},
        "created_at": shown["created_at"],
        "updated_at": None,
        "object": "tier_structure",
    }
    assert (await client.get(f"{PATH}/{shown['id']}")).json() == shown
    refused(await client.delete(f"{BASE}/card-definitions/{card_definition_id}"), 409, "resource_in_use")
    missing = {"name": "A", "type": "POINT_BALANCE", "point_balance": {"card_definition_id": NO_WALLET}}
    refused(await client.post(PATH, json=missing), 404, "not_found")


async def test_tiers_come_change_and_go_in_draft(client: httpx.AsyncClient) -> None:
    shown = await structure(client)
    path = f"{PATH}/{shown['id']}"
    silver = await tier(client, shown["id"], "Silver", 0, 100, metadata={"a": 1})
    assert silver == {
        "id": silver["id"],
        "tier_structure_id": shown["id"],
        **level("Silver", 0, 100),
        "downgrade": {"type": "INHERIT"},
        "metadata": {"a": 1},
        "created_at": silver["created_at"],
        "updated_at": None,
        "object": "tier",
    }
    gold = await tier(client, shown["id"], "Gold", 100)
    assert (await client.get(f"{path}/tiers?order=name")).json()["data"] == [gold, silver]
    changed = await client.put(f"{path}/tiers/{gold['id']}", json=level("Gold", 200, metadata=None))
    assert changed.json() == {**gold, **level("Gold", 200), "updated_at": changed.json()["updated_at"]}
    same = await client.put(f"{path}/tiers/{gold['id']}", json={"name": "Gold"})
    assert same.json() == changed.json()
    assert (await client.delete(f"{path}/tiers/{silver['id']}")).json() == silver
    assert (await client.get(f"{path}/tiers")).json()["data"] == [changed.json()]
    refused(await client.put(f"{path}/tiers/{silver['id']}", json={"name": "A"}), 404, "not_found")
    history = (await client.get(f"{path}/activities?order=created_at")).json()["data"]
    assert [(one["type"], one["data"].get("tier")) for one in history] == [
        ("vl.tier_structure.created", None),
        ("vl.tier_structure.tier.created", silver),
        ("vl.tier_structure.tier.created", gold),
        ("vl.tier_structure.tier.updated", changed.json()),
        ("vl.tier_structure.tier.deleted", silver),
    ]
    assert {one["data"]["tier_structure"]["id"] for one in history} == {shown["id"]}


async def test_tiers_must_fit_each_other_and_the_wallet(client: httpx.AsyncClient) -> None:
    rolling = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
    calendar = {"type": "CALENDAR_EXPIRATION", "calendar_expiration": {"expiration_dates": [{"day": 1, "month": 1}]}}
    card_definition_id = (await wallet(client, points_expiration=rolling))["id"]
    shown = await structure(client, point_balance={"card_definition_id": card_definition_id})
    path = f"{PATH}/{shown['id']}/tiers"
    await tier(client, shown["id"], "Silver", 0, 100)
    gold = await tier(client, shown["id"], "Gold", 100, points_expiration=rolling)
    for method, at in (("POST", path), ("PUT", f"{path}/{gold['id']}")):
        answer = await client.request(method, at, json=level("Bronze", 50, 60))
        assert "qualification_rules.points: " in refused(answer, 400, "invalid_payload")["details"]
        answer = await client.request(method, at, json=level("Platinum", 1000, 1001, points_expiration=calendar))
        assert "points_expiration.type: " in refused(answer, 400, "invalid_payload")["details"]
    segment = {"type": "POINTS_AND_SEGMENT", "points": {"min_value": 1}, "segment": {"id": "seg_none"}}
    refusal = refused(await client.post(path, json={"name": "A", "qualification_rules": segment}), 404, "not_found")
    assert refusal["resource_id"] == "seg_none"


async def test_a_wallet_allows_what_its_tiers_and_effects_have_of_their_own(client: httpx.AsyncClient) -> None:
    rolling = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
    calendar = {"type": "CALENDAR_EXPIRATION", "calendar_expiration": {"expiration_dates": [{"day": 1, "month": 1}]}}
    tiered, earned, other = [
        (await wallet(client, points_expiration=one))["id"] for one in (rolling, rolling, calendar)
    ]
    shown = await structure(client, point_balance={"card_definition_id": tiered})
    await tier(client, shown["id"], "Gold", 0, points_expiration=rolling)
    await earning_rule(client, points(earned, points_expiration=rolling))
    path = f"{PATH}/{shown['id']}"
    moved = await client.put(path, json={"point_balance": {"card_definition_id": other}})
    assert "point_balance.card_definition_id: " in refused(moved, 400, "invalid_payload")["details"]
    assert (await client.get(path)).json() == shown
    for wallet_id in (tiered, earned):
        at = f"{BASE}/card-definitions/{wallet_id}"
        changed = await client.put(at, json={"points_expiration": calendar})
        assert "points_expiration.type: " in refused(changed, 400, "invalid_payload")["details"]
        assert (await client.put(at, json={"points_expiration": None})).status_code == 200
    free = {"point_balance": {"card_definition_id": earned}}
    assert (await client.put(path, json=free)).json()["point_balance"] == free["point_balance"]


async def test_there_are_100_tiers_at_most(engine: Engine, client: httpx.AsyncClient) -> None:
    shown = await structure(client)
    at = f"{PATH}/{shown['id']}/tiers"
    lowest = await tier(client, shown["id"], "Level 0", 0, 0)
    async with engine.database.connection() as connection:
        await connection.execute(
            "INSERT INTO tiers (id, tier_structure_id, name, configuration, metadata, created_at)"
            " SELECT id || n, tier_structure_id, name, jsonb_set(configuration, '{qualification_rules,points}',"
            " jsonb_build_object('min_value', n, 'max_value', n)), metadata, created_at"
            " FROM tiers, generate_series(1, 98) AS n WHERE id = $1",
            lowest["id"],
        )
    highest = await tier(client, shown["id"], "Level 99", 99)
    answer = await client.post(at, json=level("Level 100", 1000))
    assert "100 tiers" in refused(answer, 400, "invalid_payload")["details"]
    assert (await client.delete(f"{at}/{highest['id']}")).status_code == 200
    assert (await client.post(at, json=level("Level 99", 99))).status_code == 200


async def test_tiers_are_paged_within_their_structure(client: httpx.AsyncClient) -> None:
    structures = [(await structure(client))["id"] for _ in range(2)]
    for structure_id in structures:
        await tier(client, structure_id, "Silver", 0, 100)
        await tier(client, structure_id, "Gold", 100)
    at, other = (f"{PATH}/{structure_id}/tiers" for structure_id in structures)
    first = (await client.get(at, params={"limit": 1, "order": "name"})).json()
    cursor = first["cursor"]["next"]
    assert cursor.startswith("lcrst_")
    second = (await client.get(at, params={"cursor": cursor})).json()
    assert [one["name"] for one in first["data"] + second["data"]] == ["Gold", "Silver"]
    assert second["cursor"] is None
    refused(await client.get(other, params={"cursor": cursor}), 400, "invalid_or_expired_cursor")
    filtered = await client.get(at, params={"filters[name][conditions][$is]": "Gold"})
    refused(filtered, 400, "invalid_query_params")


async def test_after_draft_only_names_and_metadata_change(client: httpx.AsyncClient) -> None:
    shown = await structure(client)
    path = f"{PATH}/{shown['id']}"
    silver = await tier(client, shown["id"], "Silver", 0)
    await client.post(f"{path}/activate")
    at = f"{path}/tiers/{silver['id']}"
    refused(await client.post(f"{path}/tiers", json=level("Gold", 100)), 409, "invalid_state_transition")
    refused(await client.delete(at), 409, "invalid_state_transition")
    answer = await client.put(at, json=level("Silver", 1))
    assert refused(answer, 400, "invalid_payload")["details"].startswith("qualification_rules: ")
    changed = await client.put(at, json=level("Argent", 0, metadata={"a": 1}))
    assert (changed.json()["name"], changed.json()["metadata"]) == ("Argent", {"a": 1})
    answer = await client.put(path, json={"downgrade": {"type": "MULTI_LEVEL"}})
    assert refused(answer, 400, "invalid_payload")["details"].startswith("downgrade: ")
    assert (await client.put(path, json={"name": "Ranks", "expiration": None})).json()["name"] == "Ranks"


async def test_an_assigned_one_stays_active(client: httpx.AsyncClient, engine: Engine, project: TestProject) -> None:
    shown = await structure(client, status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    program_id = await assign(engine, project.id, "tier_structure", shown["id"])
    for verb in ("deactivate", "draft"):
        refusal = refused(await client.post(f"{path}/{verb}"), 409, "invalid_state_transition")
        assert refusal["related_object_ids"] == [program_id]
    assert refused(await client.delete(path), 409, "resource_in_use")["related_object_ids"] == [program_id]


async def test_a_tier_that_a_rule_asks_for_stays(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await structure(client, point_balance={"card_definition_id": card_definition_id})
    silver = await tier(client, shown["id"], "Silver", 0)
    asked = {"type": "ANY_OF", "any_of": [{"tier_structure_id": shown["id"], "tier_ids": [silver["id"]]}]}
    rule = await earning_rule(client, {**points(card_definition_id), "tier_rules": asked})
    at = f"{PATH}/{shown['id']}/tiers/{silver['id']}"
    assert refused(await client.delete(at), 409, "resource_in_use")["related_object_ids"] == [rule["id"]]
    await client.delete(f"{BASE}/earning-rules/{rule['id']}")
    assert (await client.delete(at)).status_code == 200
    body = {"earnings": [{**points(card_definition_id), "tier_rules": asked}], "name": "A"}
    answer = await client.post(f"{BASE}/earning-rules", json={**body, "trigger": {"event": "customer.order.paid"}})
    assert refused(answer, 404, "not_found")["resource_id"] == silver["id"]


async def test_a_rule_asks_for_tiers_of_the_structures_that_it_names(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    of_wallet = {"point_balance": {"card_definition_id": card_definition_id}}
    one, other = [(await structure(client, **of_wallet))["id"] for _ in range(2)]
    stray = (await tier(client, other, "Silver", 0))["id"]
    own = (await tier(client, one, "Silver", 0))["id"]

    def asking(*tier_ids: str) -> list[dict[str, Any]]:
        asked = {"type": "ANY_OF", "any_of": [{"tier_structure_id": one, "tier_ids": list(tier_ids)}]}
        return [{**points(card_definition_id), "tier_rules": asked}]

    rule = await earning_rule(client, *asking(own))
    body = {"name": "A", "trigger": {"event": "customer.order.paid"}, "earnings": asking(own, stray)}
    for answer in (
        await client.post(f"{BASE}/earning-rules", json=body),
        await client.put(f"{BASE}/earning-rules/{rule['id']}", json={"earnings": asking(own, stray)}),
    ):
        assert refused(answer, 404, "not_found")["resource_id"] == stray


async def test_a_rule_outlives_the_tiers_that_it_asks_for(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await structure(client, point_balance={"card_definition_id": card_definition_id})
    silver = await tier(client, shown["id"], "Silver", 0)
    asked = {"type": "ANY_OF", "any_of": [{"tier_structure_id": shown["id"], "tier_ids": [silver["id"]]}]}
    rule = await earning_rule(client, {**points(card_definition_id), "tier_rules": asked})
    assert (await client.delete(f"{PATH}/{shown['id']}")).json()["status"] == "DELETED"
    renamed = await client.put(f"{BASE}/earning-rules/{rule['id']}", json={"name": "Kept"})
    assert renamed.json()["name"] == "Kept"


async def test_what_tiers_refer_to_stays_as_long_as_they_do(client: httpx.AsyncClient) -> None:
    shown = await structure(client)
    path = f"{PATH}/{shown['id']}"
    segments = [await created(client, "segments", name=name, type="static", customers=[]) for name in ("A", "B")]
    rules = [
        {"type": "POINTS_AND_SEGMENT", "points": {"min_value": 1}, "segment": {"id": one["id"]}} for one in segments
    ]
    made_tier = await made(
        client, f"tier-structures/{shown['id']}/tiers", {"name": "A", "qualification_rules": rules[0]}
    )
    first, second = (f"/v1/segments/{one['id']}" for one in segments)
    refused(await client.delete(first), 409, "resource_in_use")
    await client.put(path, json={"downgrade": {"type": "MULTI_LEVEL"}})
    assert refused(await client.delete(first), 409, "resource_in_use")["related_object_ids"] == [shown["id"]]
    await client.put(f"{path}/tiers/{made_tier['id']}", json={"qualification_rules": rules[1]})
    assert (await client.delete(first)).status_code == 204
    refused(await client.delete(second), 409, "resource_in_use")
    await client.delete(f"{path}/tiers/{made_tier['id']}")
    assert (await client.delete(second)).status_code == 204


async def test_metadata_follow_their_schema(client: httpx.AsyncClient) -> None:
    for resource in ("vl_tier", "vl_tier_structure"):
        schema = {"properties": {"rank": {"type": "number", "optional": True}}, "allow_defined_only": True}
        answer = await client.put(f"/v1/metadata-schemas/{resource}", json=schema)
        assert answer.status_code == 200, answer.text
    shown = await structure(client, metadata={"rank": 1})
    path = f"{PATH}/{shown['id']}"
    silver = await tier(client, shown["id"], "Silver", 0, metadata={"rank": 2})
    wrong = {"metadata": {"rank": "high"}}
    body = {"name": "A", "type": "POINT_BALANCE", "point_balance": shown["point_balance"], **wrong}
    for answer in (
        await client.post(PATH, json=body),
        await client.put(path, json=wrong),
        await client.post(f"{path}/tiers", json=level("Gold", 10, **wrong)),
        await client.put(f"{path}/tiers/{silver['id']}", json=wrong),
    ):
        assert "metadata.rank" in refused(answer, 400, "invalid_payload")["details"]
    assert (await client.put(path, json={"metadata": {}})).status_code == 200


async def test_nobody_elses_tiers_are_found(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    shown = await structure(client)
    silver = await tier(client, shown["id"], "Silver", 0)
    other_structure = await structure(client)
    body = {"name": "Mine"}
    at = f"{PATH}/{other_structure['id']}/tiers/{silver['id']}"
    refused(await client.put(at, json=body), 404, "not_found")
    refused(await client.delete(at), 404, "not_found")
    at = f"{PATH}/{shown['id']}/tiers"
    async with client_of(door, (await make_project(engine)).headers) as other:
        refused(await other.post(at, json=level("Gold", 5)), 404, "not_found")
        refused(await other.get(at), 404, "not_found")
        refused(await other.put(f"{at}/{silver['id']}", json=body), 404, "not_found")
        refused(await other.delete(f"{at}/{silver['id']}"), 404, "not_found")
    assert (await client.get(at)).json()["data"] == [silver]
