"""Benefits and incentives over the API: one resource, two faces (domain 1 and 5)."""

from typing import Any

import httpx
import pytest
from tests.http.definitions import BASE, earning_rule, made, refused, wallet

pytestmark = pytest.mark.anyio


async def benefit(client: httpx.AsyncClient, card_definition_id: str, **given: Any) -> dict[str, Any]:
    grant = {"type": "POINTS", "points": {"value": 5, "card_definition_id": card_definition_id}}
    return await made(client, "benefits", {"name": "Gift", **grant, **given})


def granting(benefit_id: str, face: str = "BENEFIT") -> dict[str, Any]:
    return {"effects": [{"type": face, face.lower(): {"id": benefit_id}}]}


async def test_the_two_faces_show_one_resource(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await benefit(client, card_definition_id)
    digits = shown["id"].removeprefix("lben_")
    assert shown == {
        "id": f"lben_{digits}",
        "name": "Gift",
        "status": "DRAFT",
        "type": "POINTS",
        "points": {"value": 5, "card_definition_id": card_definition_id},
        "stock": {"type": "UNLIMITED"},
        "created_at": shown["created_at"],
        "updated_at": None,
        "object": "benefit",
    }
    incentive = {**shown, "id": f"linc_{digits}", "stock": 2147483647, "object": "incentive"}
    for id_ in (f"linc_{digits}", f"lben_{digits}"):
        assert (await client.get(f"{BASE}/incentives/{id_}")).json() == incentive
        assert (await client.get(f"{BASE}/benefits/{id_}")).json() == shown
    assert (await client.get(f"{BASE}/incentives")).json()["data"] == [incentive]
    for prefix in ("lben", "linc"):
        query = {"filters[id][conditions][$is]": f"{prefix}_{digits}"}
        assert (await client.get(f"{BASE}/benefits", params=query)).json()["data"] == [shown]


@pytest.mark.parametrize(
    ("number", "stock", "shown"),
    [
        (0, {"type": "LIMITED", "limited": {"quantity": 0}}, 0),
        (2147483646, {"type": "LIMITED", "limited": {"quantity": 2147483646}}, 2147483646),
        (2147483647, {"type": "UNLIMITED"}, 2147483647),
    ],
)
async def test_the_stock_of_an_incentive_is_a_number(
    client: httpx.AsyncClient, number: int, stock: dict[str, Any], shown: int
) -> None:
    card_definition_id = (await wallet(client))["id"]
    body = {"name": "Gift", "type": "POINTS", "points": {"value": 5, "card_definition_id": card_definition_id}}
    refused(await client.post(f"{BASE}/incentives", json=body), 400, "invalid_payload")
    incentive = await made(client, "incentives", {**body, "stock": number})
    assert incentive["stock"] == shown
    path = f"benefits/{incentive['id'].replace('linc', 'lben')}"
    assert (await client.get(f"{BASE}/{path}")).json()["stock"] == stock
    large = {"type": "LIMITED", "limited": {"quantity": 2**40}}
    assert (await client.put(f"{BASE}/{path}", json={"stock": large})).json()["stock"] == large
    assert (await client.get(f"{BASE}/incentives/{incentive['id']}")).json()["stock"] == 2147483647
    assert (await client.put(f"{BASE}/incentives/{incentive['id']}", json={"stock": 7})).json()["stock"] == 7


async def test_histories_are_told_under_each_name(client: httpx.AsyncClient) -> None:
    shown = await benefit(client, (await wallet(client, status="ACTIVE"))["id"])
    digits = shown["id"].removeprefix("lben_")
    active = (await client.post(f"{BASE}/incentives/linc_{digits}/activate")).json()
    assert (active["id"], active["status"]) == (f"linc_{digits}", "ACTIVE")
    told = (await client.get(f"{BASE}/benefits/lben_{digits}/activities?order=created_at")).json()["data"]
    assert [(one["type"], one["benefit_id"]) for one in told] == [
        ("vl.benefit.created", shown["id"]),
        ("vl.benefit.activated", shown["id"]),
    ]
    assert told[0]["data"] == {"benefit": shown}
    query = {"order": "created_at", "filters[type][conditions][$is]": "vl.incentive.activated"}
    (other,) = (await client.get(f"{BASE}/incentives/linc_{digits}/activities", params=query)).json()["data"]
    assert other == {
        **{name: told[1][name] for name in ("created_at", "group_id", "source")},
        "id": told[1]["id"].replace("laben_", "lainc_"),
        "incentive_id": f"linc_{digits}",
        "type": "vl.incentive.activated",
        "data": {"incentive": active},
    }
    assert other["id"].startswith("lainc_")


async def test_only_an_active_wallet_makes_it_active(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await benefit(client, card_definition_id)
    grant = {"type": "POINTS", "points": shown["points"], "name": "Gift", "status": "ACTIVE"}
    for answer in (
        await client.post(f"{BASE}/benefits/{shown['id']}/activate"),
        await client.post(f"{BASE}/benefits", json=grant),
        await client.post(f"{BASE}/incentives", json={**grant, "stock": 1}),
    ):
        assert refused(answer, 423, "non_active_card_definition")["resource_id"] == card_definition_id
    await client.post(f"{BASE}/card-definitions/{card_definition_id}/activate")
    assert (await client.post(f"{BASE}/benefits/{shown['id']}/activate")).json()["status"] == "ACTIVE"


@pytest.mark.parametrize("face", ["BENEFIT", "INCENTIVE"])
async def test_one_that_rules_use_stays(client: httpx.AsyncClient, face: str) -> None:
    shown = await benefit(client, (await wallet(client, status="ACTIVE"))["id"], status="ACTIVE")
    digits = shown["id"].removeprefix("lben_")
    id_ = {"BENEFIT": f"lben_{digits}", "INCENTIVE": f"linc_{digits}"}[face]
    rule = await earning_rule(client, granting(id_, face), status="ACTIVE")
    assert rule["earnings"][0]["effects"] == granting(id_, face)["effects"]
    lben, linc = f"{BASE}/benefits/lben_{digits}", f"{BASE}/incentives/linc_{digits}"
    for answer, status, key, type_ in (
        (await client.post(f"{lben}/draft"), 423, "connected_active_earning_rule", "benefit"),
        (await client.post(f"{linc}/draft"), 409, "resource_locked", "incentive"),
        (await client.delete(lben), 400, "resource_in_use", "benefit"),
        (await client.delete(linc), 409, "resource_in_use", "incentive"),
    ):
        refusal = refused(answer, status, key)
        assert refusal["resource_type"] == type_
        assert (refusal["related_object_type"], refusal["related_object_ids"]) == ("earning_rule", [rule["id"]])
    await client.post(f"{BASE}/earning-rules/{rule['id']}/deactivate")
    assert (await client.post(f"{linc}/draft")).json()["status"] == "DRAFT"
    refused(await client.delete(lben), 400, "resource_in_use")
    await client.delete(f"{BASE}/earning-rules/{rule['id']}")
    assert (await client.delete(linc)).json()["status"] == "DELETED"
    refused(await client.get(lben), 404, "not_found")
    refusal = refused(await client.get(linc), 404, "not_found")
    assert refusal["details"] == f"Cannot find incentive with id linc_{digits}"


async def test_after_draft_only_name_and_stock_change(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client, status="ACTIVE"))["id"]
    shown = await benefit(client, card_definition_id, status="ACTIVE")
    path = f"{BASE}/benefits/{shown['id']}"
    limited = {"type": "LIMITED", "limited": {"quantity": 3}}
    changed = (await client.put(path, json={"name": "Present", "stock": limited, "type": "POINTS"})).json()
    assert (changed["name"], changed["stock"]) == ("Present", limited)
    frozen = {"points": {"value": 6, "card_definition_id": card_definition_id}}
    for face in (path, path.replace("/benefits/lben", "/incentives/linc")):
        assert refused(await client.put(face, json=frozen), 400, "invalid_payload")["details"].startswith("points: ")
    for verb in ("activate", "draft"):
        await client.post(f"{path}/{verb}")
    assert refused(await client.post(f"{path}/draft"), 400, "invalid_state_transition")["resource_type"] == "benefit"
    assert (await client.put(path, json=frozen)).json()["points"] == frozen["points"]
