"""What is assigned to programs, over the API: batches, lists, a reward's stock (domain 5, Programs)."""

import re
from typing import Any

import httpx
import pytest
from tests.http.definitions import points, refused
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

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

UNLIMITED = {"type": "UNLIMITED"}
PATHS = {"lcdef": "card-definitions", "lern": "earning-rules", "lts": "tier-structures", "lrew": "rewards"}


def limited(quantity: int) -> dict[str, Any]:
    return {"type": "LIMITED", "limited": {"quantity": quantity}}


async def test_a_batch_answers_with_what_it_did(client: httpx.AsyncClient) -> None:
    made = await program(client)
    first, second = [await active_wallet(client) for _ in range(2)]
    answer = (await batch(client, made["id"], "card-definitions", [first, second])).json()
    assert [one.pop("created_at")[-1] for one in answer["assigned"]] == ["Z", "Z"]
    shape = {"card_type": "INDIVIDUAL", "object": "program_card_definition"}
    assert answer == {"assigned": [{**shape, "card_definition_id": one} for one in (first, second)], "unassigned": []}
    answer = (await batch(client, made["id"], "card-definitions", [], [first])).json()
    assert [one["card_definition_id"] for one in answer["unassigned"]] == [first]
    assert answer["assigned"] == []
    assert await assigned(client, made["id"], "card-definitions") == [second]


async def test_a_batch_is_all_or_nothing(client: httpx.AsyncClient) -> None:
    made, wallet_id, rule_id = await ready(client)
    other_id = await active_wallet(client)
    entries = await history(client, f"programs/{made['id']}")
    for assign, unassign, status, key in (
        ([other_id, wallet_id], [], 409, "duplicate_resource_key"),
        ([other_id, "lcdef_0"], [], 404, "not_found"),
        ([other_id], ["lcdef_0"], 404, "not_found"),
        ([other_id], [wallet_id], 409, "resource_in_use"),
    ):
        body = refused(await batch(client, made["id"], "card-definitions", assign, unassign), status, key)
    assert (body["resource_id"], body["related_object_ids"]) == (wallet_id, [rule_id])
    assert body["related_object_type"] == "earning_rule"
    assert await assigned(client, made["id"], "card-definitions") == [wallet_id]
    assert await history(client, f"programs/{made['id']}") == entries


async def test_a_batch_of_nothing(client: httpx.AsyncClient) -> None:
    made, *_ = await ready(client, status="ACTIVE")
    entries = await history(client, f"programs/{made['id']}")
    for path in PATHS.values():
        for body in ({}, {"assign": None, "unassign": None}, {"assign": [], "unassign": []}):
            answer = await client.post(f"{PROGRAMS}/{made['id']}/{path}/batch", json=body)
            assert (answer.status_code, answer.json()) == (200, {"assigned": [], "unassigned": []})
    assert await history(client, f"programs/{made['id']}") == entries
    refused(await batch(client, NO_PROGRAM, "rewards"), 404, "not_found")


@pytest.mark.parametrize(
    ("prefix", "body", "words"),
    [
        ("lcdef", {"assign": [{"id": "lcdef_1"}, {"id": "lcdef_1"}]}, "assign[1].id: must not be named twice"),
        ("lern", {"unassign": [{"id": "lern_1"}, {"id": "lern_1"}]}, "unassign[1].id: must not be named twice"),
        ("lts", {"assign": [{"id": f"lts_{one}"} for one in range(11)]}, "assign: must hold"),
        ("lrew", {"unassign": [{"id": f"lrew_{one}"} for one in range(11)]}, "unassign: must hold"),
        ("lrew", {"assign": [{"id": "lrew_1"}]}, "assign[0].stock: is required"),
        ("lrew", {"assign": [{"id": "lrew_1", "stock": {"type": "LIMITED"}}]}, "assign[0].stock.limited: is required"),
        ("lrew", {"assign": [{"id": "lrew_1", "stock": limited(-1)}]}, "assign[0].stock.limited.quantity: must be"),
        ("lrew", {"unassign": [{"id": "lrew_1", "stock": UNLIMITED}]}, "unassign[0].stock: is not a known property"),
        ("lcdef", {"assign": [{"id": "lern_1"}]}, "assign[0].id: must match"),
        ("lcdef", {"remove": []}, "remove: is not a known property"),
    ],
)
async def test_bodies_that_do_not_fit(client: httpx.AsyncClient, prefix: str, body: Any, words: str) -> None:
    answer = await client.post(f"{PROGRAMS}/{NO_PROGRAM}/{PATHS[prefix]}/batch", json=body)
    assert words in refused(answer, 400, "invalid_payload")["details"]


async def test_wallets_and_structures_come_and_go_in_draft(client: httpx.AsyncClient) -> None:
    made, wallet_id, _ = await ready(client, status="ACTIVE")
    structure_id = await structure(client, wallet_id)
    for _ in range(2):
        for kind, some in (("card-definitions", [await active_wallet(client)]), ("tier-structures", [structure_id])):
            body = refused(await batch(client, made["id"], kind, some), 423, "non_draft_program")
            assert (body["resource_id"], body["resource_type"]) == (made["id"], "program")
        refused(await batch(client, made["id"], "card-definitions", [], [wallet_id]), 423, "non_draft_program")
        await client.post(f"{PROGRAMS}/{made['id']}/deactivate")


async def test_wallets_and_structures_are_active_when_they_are_assigned(client: httpx.AsyncClient) -> None:
    made, wallet_id, _ = await ready(client)
    draft = (await client.post("/v2/loyalties/card-definitions", json={"name": "P", "type": "INDIVIDUAL"})).json()["id"]
    refused(await batch(client, made["id"], "card-definitions", [draft]), 423, "non_active_card_definition")
    for status in ("DRAFT", "INACTIVE"):
        inactive = await structure(client, wallet_id, status=status)
        refused(await batch(client, made["id"], "tier-structures", [inactive]), 423, "non_active_tier_structure")


async def test_an_assigned_wallet_stays_active(client: httpx.AsyncClient) -> None:
    made, wallet_id, _ = await ready(client)
    path = f"/v2/loyalties/card-definitions/{wallet_id}"
    held = refused(await client.post(f"{path}/draft"), 409, "invalid_state_transition")
    assert held["related_object_ids"] == [made["id"]]
    refused(await client.delete(path), 409, "resource_in_use")


async def test_a_tier_structure_sits_on_an_assigned_wallet(client: httpx.AsyncClient) -> None:
    made = await program(client)
    wallet_id = await active_wallet(client)
    first, second = [await structure(client, wallet_id) for _ in range(2)]
    refused(await batch(client, made["id"], "tier-structures", [first]), 409, "card_definition_not_assigned")
    await batch(client, made["id"], "card-definitions", [wallet_id])
    assert (await batch(client, made["id"], "tier-structures", [first])).status_code == 200
    used = refused(await batch(client, made["id"], "card-definitions", [], [wallet_id]), 409, "resource_in_use")
    assert (used["related_object_ids"], used["related_object_type"]) == ([first], "tier_structure")
    refused(await batch(client, made["id"], "tier-structures", [second]), 400, "invalid_payload")
    assert (await batch(client, made["id"], "tier-structures", [second], [first])).status_code == 200
    assert await assigned(client, made["id"], "tier-structures") == [second]


async def test_rules_come_and_go_at_any_time(client: httpx.AsyncClient) -> None:
    made, wallet_id, rule_id = await ready(client, status="ACTIVE")
    other_wallet = await active_wallet(client)
    either, foreign = await rule(client, wallet_id, other_wallet), await rule(client, other_wallet)
    body = refused(await batch(client, made["id"], "earning-rules", [foreign]), 409, "card_definition_not_assigned")
    assert (body["resource_id"], body["related_object_ids"]) == (foreign, [other_wallet])
    assert (await batch(client, made["id"], "earning-rules", [either], [rule_id])).status_code == 200
    refused(await batch(client, made["id"], "earning-rules", [], [either]), 423, "missing_active_earning_rule")
    sleeping = await rule(client, wallet_id, status="DRAFT")
    assert (await batch(client, made["id"], "earning-rules", [sleeping])).status_code == 200
    refused(await batch(client, made["id"], "earning-rules", [], [either]), 423, "missing_active_earning_rule")
    await client.post(f"{PROGRAMS}/{made['id']}/deactivate")
    assert (await batch(client, made["id"], "earning-rules", [], [either, sleeping])).status_code == 200
    refused(await client.post(f"{PROGRAMS}/{made['id']}/activate"), 423, "missing_active_earning_rule")


async def test_the_last_rule_itself_can_be_switched_off(client: httpx.AsyncClient) -> None:
    made, wallet_id, rule_id = await ready(client, status="ACTIVE")
    assert (await client.post(f"/v2/loyalties/earning-rules/{rule_id}/deactivate")).status_code == 200
    assert (await client.get(f"{PROGRAMS}/{made['id']}")).json()["status"] == "ACTIVE"
    item = {"id": await reward(client, wallet_id), "stock": UNLIMITED}
    assert (await batch(client, made["id"], "rewards", [item])).status_code == 200
    sleeping = await rule(client, wallet_id, status="DRAFT")
    refused(await batch(client, made["id"], "earning-rules", [sleeping]), 423, "missing_active_earning_rule")
    assert (await batch(client, made["id"], "earning-rules", [await rule(client, wallet_id)])).status_code == 200


async def test_rewards_come_with_their_stock(client: httpx.AsyncClient) -> None:
    made, wallet_id, _ = await ready(client, status="ACTIVE")
    foreign = await reward(client, await active_wallet(client))
    item = {"id": foreign, "stock": UNLIMITED}
    refused(await batch(client, made["id"], "rewards", [item]), 409, "card_definition_not_assigned")
    some, all_of = [await reward(client, wallet_id, status=status) for status in ("DRAFT", "INACTIVE")]
    items = [{"id": some, "stock": limited(2**53 - 1)}, {"id": all_of, "stock": UNLIMITED}]
    answer = (await batch(client, made["id"], "rewards", items)).json()
    assert [one["stock"] for one in answer["assigned"]] == [limited(2**53 - 1), UNLIMITED]
    assert [(one["redeemed"], one["updated_at"]) for one in answer["assigned"]] == [(0, None)] * 2
    listed = (await client.get(f"{PROGRAMS}/{made['id']}/rewards?order=created_at")).json()["data"]
    assert listed == answer["assigned"]
    gone = (await batch(client, made["id"], "rewards", [], [some])).json()
    assert gone["unassigned"] == [answer["assigned"][0]]


async def test_a_reward_holds_its_wallets(client: httpx.AsyncClient) -> None:
    made, wallet_id, rule_id = await ready(client)
    reward_id = await reward(client, wallet_id, await active_wallet(client))
    await batch(client, made["id"], "rewards", [{"id": reward_id, "stock": UNLIMITED}])
    await batch(client, made["id"], "earning-rules", [], [rule_id])
    used = refused(await batch(client, made["id"], "card-definitions", [], [wallet_id]), 409, "resource_in_use")
    assert (used["related_object_ids"], used["related_object_type"]) == ([reward_id], "reward")


async def test_the_stock_of_a_reward_is_set(client: httpx.AsyncClient, engine: Engine) -> None:
    made, wallet_id, _ = await ready(client, status="ACTIVE")
    reward_id, other_id = [await reward(client, wallet_id) for _ in range(2)]
    await batch(client, made["id"], "rewards", [{"id": reward_id, "stock": limited(5)}])
    async with engine.database.connection() as connection:
        await connection.execute(
            "UPDATE program_assignments SET redeemed_count = 4 WHERE definition_id = $1", reward_id
        )
    path = f"{PROGRAMS}/{made['id']}/rewards/{reward_id}"
    for stock in (limited(0), UNLIMITED, limited(7)):
        answer = (await client.put(path, json={"stock": stock})).json()
        assert (answer["stock"], answer["redeemed"], answer["reward_id"]) == (stock, 4, reward_id)
        assert answer["updated_at"] >= answer["created_at"]
    entry = (await history(client, f"programs/{made['id']}"))[-1]
    assert (entry["type"], entry["data"]["program_reward"]) == ("vl.program.reward.updated", answer)
    for body in ({}, {"stock": None}, {"stock": {"type": "UNLIMITED", "limited": {"quantity": 1}}}):
        refused(await client.put(path, json=body), 400, "invalid_payload")
    body = refused(
        await client.put(f"{PROGRAMS}/{made['id']}/rewards/{other_id}", json={"stock": UNLIMITED}), 404, "not_found"
    )
    assert (body["resource_id"], body["resource_type"]) == (other_id, "program_reward")
    missing = await client.put(f"{PROGRAMS}/{NO_PROGRAM}/rewards/{reward_id}", json={"stock": UNLIMITED})
    assert refused(missing, 404, "not_found")["resource_type"] == "program"


async def test_a_reward_starts_anew_when_it_is_assigned_anew(client: httpx.AsyncClient) -> None:
    made, wallet_id, _ = await ready(client)
    reward_id = await reward(client, wallet_id)
    await batch(client, made["id"], "rewards", [{"id": reward_id, "stock": limited(5)}])
    answer = (await batch(client, made["id"], "rewards", [{"id": reward_id, "stock": limited(9)}], [reward_id])).json()
    assert [one["stock"] for one in answer["assigned"] + answer["unassigned"]] == [limited(9), limited(5)]
    assert await assigned(client, made["id"], "rewards") == [reward_id]
    assert [one["type"] for one in await history(client, f"programs/{made['id']}")][-2:] == [
        "vl.program.reward.unassigned",
        "vl.program.reward.assigned",
    ]


async def test_both_sides_remember_a_batch(client: httpx.AsyncClient) -> None:
    made = await program(client)
    wallet_id = await active_wallet(client)
    await batch(client, made["id"], "card-definitions", [wallet_id])
    await batch(client, made["id"], "card-definitions", [], [wallet_id])
    ours = (await history(client, f"programs/{made['id']}"))[1:]
    theirs = (await history(client, f"card-definitions/{wallet_id}"))[1:]
    for own, other, past in zip(ours, theirs, ("assigned", "unassigned"), strict=True):
        assert own["type"] == f"vl.program.card_definition.{past}"
        assert other["type"] == f"vl.card_definition.{past}"
        assert own["group_id"] == other["group_id"]
        assert other["data"]["card_definition"]["id"] == wallet_id
        assert own["data"]["program_card_definition"]["card_definition_id"] == wallet_id


async def test_a_new_member_gets_a_card_of_each_wallet_in_their_order(client: httpx.AsyncClient) -> None:
    made = await program(client)
    wallets = [await active_wallet(client) for _ in range(3)]
    order = [wallets[2], wallets[0], wallets[1]]
    await batch(client, made["id"], "card-definitions", order)
    await batch(client, made["id"], "earning-rules", [await rule(client, wallets[0])])
    customer = (await client.post("/v1/customers", json={"source_id": "ann"})).json()["id"]
    path = f"{PROGRAMS}/{made['id']}/members"
    refused(await client.post(path, json={"customer_id": customer}), 423, "non_active_program")
    await client.post(f"{PROGRAMS}/{made['id']}/activate")
    member = (await client.post(path, json={"customer_id": customer})).json()
    assert [one["card"]["card_definition_id"] for one in member["cards"]] == order
    await client.post(f"{PROGRAMS}/{made['id']}/deactivate")
    other = (await client.post("/v1/customers", json={"source_id": "bob"})).json()["id"]
    refused(await client.post(path, json={"customer_id": other}), 423, "non_active_program")
    await client.delete(f"{PROGRAMS}/{made['id']}")
    refused(await client.post(path, json={"customer_id": other}), 404, "not_found")


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        ("card-definitions", "lcrscdefa"),
        ("earning-rules", "lcrserna"),
        ("rewards", "lcrsrewa"),
        ("tier-structures", "lcrstsa"),
    ],
)
async def test_the_lists_of_assignments(client: httpx.AsyncClient, kind: str, prefix: str) -> None:
    made, wallet_id, rule_id = await ready(client)
    match kind:
        case "card-definitions":
            more: list[Any] = [await active_wallet(client) for _ in range(2)]
            present = [wallet_id]
        case "earning-rules":
            more, present = [await rule(client, wallet_id) for _ in range(2)], [rule_id]
        case "rewards":
            ids = [await reward(client, wallet_id) for _ in range(3)]
            more, present = [{"id": one, "stock": UNLIMITED} for one in ids], []
        case _:
            more, present = [await structure(client, wallet_id)], []
    for one in more:
        assert (await batch(client, made["id"], kind, [one])).status_code == 200
    wanted = present + [one if isinstance(one, str) else one["id"] for one in more]
    path = f"{PROGRAMS}/{made['id']}/{kind}"
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={"limit": "1", **cursor})).json()
        found += [value for one in page["data"] for name, value in one.items() if name.endswith("_id")]
        if page["cursor"] is None:
            break
        assert re.fullmatch(f"{prefix}_[a-f0-9]+", page["cursor"]["next"])
        cursor = {"cursor": page["cursor"]["next"]}
    assert found == wanted[::-1]
    assert await assigned(client, made["id"], kind) == wanted
    document = (await client.get("/openapi.json")).json()["paths"][f"{PROGRAMS}/{{programId}}/{kind}"]["get"]
    (documented,) = [one["schema"]["pattern"] for one in document["parameters"] if one["name"] == "cursor"]
    assert documented == f"^{prefix}_[a-f0-9]+$"
    for params in ({"order": "name"}, {"filters[created_at][conditions][$is_unknown]": ""}):
        refused(await client.get(path, params=params), 400, "invalid_query_params")
    refused(await client.get(f"{PROGRAMS}/{NO_PROGRAM}/{kind}"), 404, "not_found")


@pytest.mark.parametrize("kind", ["earning-rules", "activities"])
async def test_a_cursor_is_of_one_program(client: httpx.AsyncClient, kind: str) -> None:
    made, wallet_id, _ = await ready(client)
    other, *_ = await ready(client)
    await batch(client, made["id"], "earning-rules", [await rule(client, wallet_id)])
    cursor = (await client.get(f"{PROGRAMS}/{made['id']}/{kind}?limit=1")).json()["cursor"]["next"]
    assert (await client.get(f"{PROGRAMS}/{made['id']}/{kind}?cursor={cursor}")).status_code == 200
    foreign = await client.get(f"{PROGRAMS}/{other['id']}/{kind}?cursor={cursor}")
    refused(foreign, 400, "invalid_or_expired_cursor")


async def test_a_program_holds_ten_wallets(client: httpx.AsyncClient) -> None:
    made = await program(client)
    wallets = [await active_wallet(client) for _ in range(11)]
    assert (await batch(client, made["id"], "card-definitions", wallets[:10])).status_code == 200
    body = refused(await batch(client, made["id"], "card-definitions", wallets[10:]), 400, "invalid_payload")
    assert body["details"] == "assign: the program would have 11; at most 10 can be assigned"
    assert (await batch(client, made["id"], "card-definitions", wallets[10:], wallets[:1])).status_code == 200


async def test_a_rule_holds_the_structure_whose_tiers_it_asks_for(client: httpx.AsyncClient) -> None:
    made, wallet_id, _ = await ready(client)
    structure_id = await structure(client, wallet_id, status="DRAFT")
    path = f"/v2/loyalties/tier-structures/{structure_id}"
    tier = {"name": "Gold", "qualification_rules": {"type": "POINTS", "points": {"min_value": 1}}}
    tier_id = (await client.post(f"{path}/tiers", json=tier)).json()["id"]
    await client.post(f"{path}/activate")
    asked = {"type": "ANY_OF", "any_of": [{"tier_structure_id": structure_id, "tier_ids": [tier_id]}]}
    rule_id = await rule(client, earnings=[{**points(wallet_id), "tier_rules": asked}])
    await batch(client, made["id"], "tier-structures", [structure_id])
    await batch(client, made["id"], "earning-rules", [rule_id])
    used = refused(await batch(client, made["id"], "tier-structures", [], [structure_id]), 409, "resource_in_use")
    assert (used["resource_id"], used["related_object_ids"]) == (structure_id, [rule_id])
    await batch(client, made["id"], "earning-rules", [], [rule_id])
    assert (await batch(client, made["id"], "tier-structures", [], [structure_id])).status_code == 200
