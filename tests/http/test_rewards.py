"""Rewards over the API: their costs, references and lifecycle (domain 5 and 11)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject
from tests.http.definitions import BASE, NO_WALLET, assign, made, refused, wallet

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio
PATH = f"{BASE}/rewards"


def cost(card_definition_id: str, points: int = 100) -> dict[str, Any]:
    return {"spending": [{"points": points, "card_definition_id": card_definition_id}]}


def transfer(card_definition_id: str) -> dict[str, Any]:
    """What is handed out: points on another card."""
    points = {"points": 10, "card_definition_id": card_definition_id}
    return {"type": "DIGITAL", "digital": {"type": "LOYALTY_CARD_POINTS", "loyalty_card_points": points}}


async def reward(client: httpx.AsyncClient, *costs: dict[str, Any], **given: Any) -> dict[str, Any]:
    target = (await wallet(client))["id"]
    return await made(client, "rewards", {"name": "Prize", "costs": list(costs), **transfer(target), **given})


async def test_a_new_one_has_every_section(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await reward(client, cost(card_definition_id))
    (priced,) = shown["costs"]
    (spending,) = priced["spending"]
    assert priced.pop("id").startswith("lrcst_")
    assert spending.pop("id").startswith("lrspn_")
    assert priced == cost(card_definition_id)
    for name, value in {
        "status": "DRAFT",
        "refunds": {"type": "NONE"},
        "validity_hours": {"type": "ANY_TIME"},
        "start_date": None,
        "end_date": None,
        "metadata": {},
        "updated_at": None,
        "object": "reward",
    }.items():
        assert shown[name] == value, name
    again = (await client.get(f"{PATH}/{shown['id']}")).json()
    assert again["costs"][0].keys() == {"id", "spending"}


async def test_what_it_refers_to_must_exist(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    body = {"name": "Prize", **transfer(card_definition_id)}
    refusal = refused(await client.post(PATH, json={**body, "costs": [cost(NO_WALLET)]}), 404, "not_found")
    assert refusal["resource_id"] == NO_WALLET
    product = {"type": "MATERIAL", "material": {"type": "PRODUCT", "product": {"id": "prod_00"}}}
    answer = await client.post(PATH, json={"name": "Prize", **product, "costs": [cost(card_definition_id)]})
    assert refused(answer, 404, "not_found")["details"] == "Cannot find product with id prod_00"


async def test_costs_keep_their_ids(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await reward(client, cost(card_definition_id, 1), cost(card_definition_id, 2), status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    first, second = shown["costs"]
    dearer = {"id": second["id"], **cost(card_definition_id, 20)}
    answer = await client.put(path, json={"costs": [dearer, cost(card_definition_id, 3)]})
    kept, added = answer.json()["costs"]
    assert kept["id"] == second["id"]
    assert kept["spending"] == [{**second["spending"][0], "points": 20}]
    assert added["id"] not in (first["id"], second["id"])
    refusal = refused(await client.put(path, json={"costs": [first]}), 404, "not_found")
    assert refusal["details"] == f"Cannot find cost with id {first['id']}"


async def test_after_draft_what_is_handed_out_stays(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await reward(client, cost(card_definition_id), status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    frozen = transfer(card_definition_id)
    assert refused(await client.put(path, json=frozen), 400, "invalid_payload")["details"].startswith("digital: ")
    changed = await client.put(path, json={"refunds": {"type": "REFUNDABLE"}, "digital": shown["digital"]})
    assert changed.json()["refunds"] == {"type": "REFUNDABLE"}
    await client.post(f"{path}/draft")
    assert (await client.put(path, json=frozen)).status_code == 200


async def test_an_assigned_one_is_no_draft_but_can_go(
    client: httpx.AsyncClient, engine: Engine, project: TestProject
) -> None:
    shown = await reward(client, cost((await wallet(client))["id"]), status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    program_id = await assign(engine, project.id, "reward", shown["id"])
    refusal = refused(await client.post(f"{path}/draft"), 409, "invalid_state_transition")
    assert refusal["related_object_ids"] == [program_id]
    assert (await client.post(f"{path}/deactivate")).json()["status"] == "INACTIVE"
    assert (await client.post(f"{path}/activate")).json()["status"] == "ACTIVE"
    history = (await client.get(f"{path}/activities")).json()["data"]
    assert [one["type"] for one in history] == [f"vl.reward.{past}" for past in ("activated", "deactivated", "created")]
    assert (await client.delete(path)).json()["status"] == "DELETED"
    refused(await client.get(path), 404, "not_found")
    async with engine.database.connection() as connection:
        left = await connection.fetchval(
            "SELECT count(*) FROM program_assignments WHERE definition_id = $1", shown["id"]
        )
    assert left == 0


async def test_lists_are_filtered_and_ordered(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    for name in ("B", "A", "C"):
        await reward(client, cost(card_definition_id), name=name)
    answer = await client.get(f"{PATH}?order=-name&filters[type][conditions][$is]=DIGITAL&limit=2")
    assert [one["name"] for one in answer.json()["data"]] == ["C", "B"]
    assert answer.json()["cursor"]["next"].startswith("lcrsrew_")
    rest = await client.get(PATH, params={"cursor": answer.json()["cursor"]["next"]})
    assert [one["name"] for one in rest.json()["data"]] == ["A"]
    assert (await client.get(f"{PATH}?filters[type][conditions][$is]=MATERIAL")).json()["data"] == []
