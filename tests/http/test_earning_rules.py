"""Earning rules over the API: what they refer to, the ids of their earnings, and their lifecycle (domain 5)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import BASE, NO_WALLET, assign, earning_rule, points, refused, wallet

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio
PATH = f"{BASE}/earning-rules"


async def test_a_new_one_has_every_section(client: httpx.AsyncClient) -> None:
    card_definition = await wallet(client)
    shown = await earning_rule(client, points(card_definition["id"]), status="ACTIVE", metadata={"a": 1})
    (earning,) = shown["earnings"]
    assert earning.pop("id").startswith("lernei_")
    assert shown["id"].startswith("lern_")
    assert {name: shown[name] for name in shown if name not in ("id", "created_at")} == {
        "name": "Rule",
        "status": "ACTIVE",
        "trigger": {"event": "customer.order.paid"},
        "earnings": [{"tier_rules": {"type": "NO_REQUIREMENTS"}, **points(card_definition["id"])}],
        "error": None,
        "validity_hours": {"type": "ANY_TIME"},
        "start_date": None,
        "end_date": None,
        "trigger_limits": {
            "cooldown": {"type": "NO_COOLDOWN"},
            "frequency": {"type": "NO_LIMIT", "limits": []},
        },
        "metadata": {"a": 1},
        "updated_at": None,
        "object": "earning_rule",
    }


async def test_what_is_created_is_what_is_found(client: httpx.AsyncClient) -> None:
    card_definition = await wallet(client)
    proportional = {
        "type": "POINTS_PROPORTIONAL",
        "points_proportional": {
            "calculation_type": "PRE_DISCOUNT_ORDER_AMOUNT",
            "card_definition_id": card_definition["id"],
            "order": {"amount": {"every": 100, "value": 0.25}},
        },
    }
    rules = {"logic": "1", "1": {"name": "order.amount", "conditions": {"$more_than": [10.50]}}}
    shown = await earning_rule(
        client,
        {"effects": [proportional], "rules": rules, "name": "Quarter"},
        start_date="2026-01-01T10:00:00.1239+02:00",
        error={"message": "Not today"},
    )
    assert shown["start_date"] == "2026-01-01T08:00:00.123Z"
    assert (await client.get(f"{PATH}/{shown['id']}")).json() == shown


@pytest.mark.parametrize(
    ("change", "type_", "missing"),
    [
        ({"earnings": [points(NO_WALLET)]}, "card_definition", NO_WALLET),
        (
            {"earnings": [{"effects": [{"type": "INCENTIVE", "incentive": {"id": "linc_00"}}]}]},
            "benefit",
            "lben_00",
        ),
        (
            {"trigger": {"event": "customer.custom_event", "custom_event": {"schema_id": "ms_none"}}},
            "event_schema",
            "ms_none",
        ),
        ({"trigger": {"event": "customer.segment.entered", "segment": {"id": "seg_none"}}}, "segment", "seg_none"),
    ],
)
async def test_what_it_refers_to_must_exist(
    client: httpx.AsyncClient, change: dict[str, Any], type_: str, missing: str
) -> None:
    card_definition = await wallet(client)
    rule = await earning_rule(client, points(card_definition["id"]))
    body = {key: rule[key] for key in ("name", "trigger")} | {"earnings": [points(card_definition["id"])]} | change
    for answer in (await client.post(PATH, json=body), await client.put(f"{PATH}/{rule['id']}", json=change)):
        refusal = refused(answer, 404, "not_found")
        assert refusal["details"] == f"Cannot find {type_} with id {missing}"
        assert (refusal["resource_type"], refusal["resource_id"]) == (type_, missing)
    assert [one["id"] for one in (await client.get(PATH)).json()["data"]] == [rule["id"]]


async def test_what_another_project_has_does_not_exist(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    async with client_of(door, (await make_project(engine)).headers) as other:
        foreign = (await wallet(other))["id"]
    body = {"name": "A", "trigger": {"event": "customer.order.paid"}, "earnings": [points(foreign)]}
    assert refused(await client.post(PATH, json=body), 404, "not_found")["resource_id"] == foreign


async def test_earnings_keep_their_ids(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await earning_rule(client, points(card_definition_id, 1), points(card_definition_id, 2))
    path = f"{PATH}/{shown['id']}"
    first, second = shown["earnings"]
    new = points(card_definition_id, 3)
    answer = await client.put(path, json={"earnings": [{**second, "name": "Second"}, new]})
    kept, added = answer.json()["earnings"]
    assert kept == {**second, "name": "Second"}
    assert added["id"] not in (first["id"], second["id"])
    refusal = refused(await client.put(path, json={"earnings": [first]}), 404, "not_found")
    assert refusal["details"] == f"Cannot find earning_item with id {first['id']}"


async def test_an_effects_expiration_must_suit_the_wallet(client: httpx.AsyncClient) -> None:
    rolling = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
    calendar = {"type": "CALENDAR_EXPIRATION", "calendar_expiration": {"expiration_dates": [{"day": 1, "month": 1}]}}
    card_definition_id = (await wallet(client, points_expiration=rolling))["id"]
    suitable = points(card_definition_id, points_expiration=rolling)
    shown = await earning_rule(client, suitable)
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{shown['id']}")):
        earnings = [suitable, points(card_definition_id, points_expiration=calendar)]
        body = {"name": "A", "trigger": {"event": "customer.order.paid"}, "earnings": earnings}
        refusal = refused(await client.request(method, path, json=body), 400, "invalid_payload")
        assert refusal["details"].startswith("earnings[1].effects[0].points.points_expiration.type: must be")


async def test_after_draft_the_trigger_stays(client: httpx.AsyncClient) -> None:
    card_definition_id = (await wallet(client))["id"]
    shown = await earning_rule(client, points(card_definition_id), status="ACTIVE", end_date="2030-01-01T00:00:00Z")
    path = f"{PATH}/{shown['id']}"
    other = {"trigger": {"event": "customer.custom_event", "custom_event": {"schema_id": "ms_none"}}}
    assert refused(await client.put(path, json=other), 400, "invalid_payload")["details"].startswith("trigger: ")
    changed = await client.put(path, json={"trigger": shown["trigger"], "error": {"message": "No"}, "end_date": None})
    assert changed.status_code == 200
    assert (changed.json()["error"], changed.json()["end_date"]) == ({"message": "No"}, None)
    late = {"start_date": "2030-01-02T00:00:00Z", "end_date": "2030-01-01T00:00:00Z"}
    assert "end_date: " in refused(await client.put(path, json=late), 400, "invalid_payload")["details"]


async def test_moves_and_their_history(client: httpx.AsyncClient, engine: Engine, project: TestProject) -> None:
    shown = await earning_rule(client, points((await wallet(client))["id"]))
    path = f"{PATH}/{shown['id']}"
    steps = [
        ("activate", "ACTIVE"),
        ("deactivate", "INACTIVE"),
        ("draft", None),
        ("activate", "ACTIVE"),
        ("activate", None),
        ("draft", "DRAFT"),
        ("deactivate", None),
    ]
    for verb, status in steps:
        answer = await client.post(f"{path}/{verb}")
        if status is None:
            refused(answer, 409, "invalid_state_transition")
        else:
            assert answer.json()["status"] == status
    program_id = await assign(engine, project.id, "earning_rule", shown["id"])
    assert refused(await client.delete(path), 409, "resource_in_use")["related_object_ids"] == [program_id]
    history = (await client.get(f"{path}/activities")).json()["data"]
    assert [one["type"] for one in history] == [
        f"vl.earning_rule.{past}" for past in ("drafted", "activated", "deactivated", "activated", "created")
    ]
    assert [one["data"]["earning_rule"]["status"] for one in history] == [
        "DRAFT",
        "ACTIVE",
        "INACTIVE",
        "ACTIVE",
        "DRAFT",
    ]
    assert {one["earning_rule_id"] for one in history} == {shown["id"]}


async def test_a_deleted_one_is_shown_once_more(client: httpx.AsyncClient) -> None:
    shown = await earning_rule(client, points((await wallet(client))["id"]), status="ACTIVE")
    path = f"{PATH}/{shown['id']}"
    deleted = (await client.delete(path)).json()
    assert deleted == {**shown, "updated_at": deleted["updated_at"]}
    refused(await client.get(path), 404, "not_found")


async def test_a_wallet_cannot_go_while_a_rule_comes(client: httpx.AsyncClient) -> None:
    for _ in range(10):
        card_definition_id = (await wallet(client))["id"]
        body = {"name": "A", "trigger": {"event": "customer.order.paid"}, "earnings": [points(card_definition_id)]}
        created, deleted = await asyncio.gather(
            client.post(PATH, json=body), client.delete(f"{BASE}/card-definitions/{card_definition_id}")
        )
        assert (created.status_code, deleted.status_code) in ((200, 409), (404, 200))
