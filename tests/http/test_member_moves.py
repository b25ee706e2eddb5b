"""Members over HTTP: updated, moved, deleted, and enrolled again (domain 6)."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject
from tests.http.definitions import refused
from tests.http.members import activities, club, customer, enrolled

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

BARE = ("id", "customer_id", "program_id", "status", "metadata", "created_at", "updated_at", "object")


def bare(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a member without its cards."""
    return {name: shown[name] for name in BARE}


async def test_metadata_are_merged_and_null_clears(client: httpx.AsyncClient) -> None:
    members = await club(client)
    made = await enrolled(client, members, metadata={"a": 1, "b": {"c": [1.10]}, "d": "x"})
    path = f"{members}/{made['id']}"
    answer = await client.put(path, json={"metadata": {"a": None, "b": 2, "e": True}})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed == bare(made) | {"metadata": {"b": 2, "d": "x", "e": True}, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] >= made["created_at"]
    assert bare((await client.get(path)).json()) == changed
    assert (await client.put(path, json={"metadata": None})).json()["metadata"] == {}
    told = [(one["type"], one["data"]["member"]["metadata"]) for one in (await activities(client, path))[-2:]]
    assert told == [("vl.member.updated", {"b": 2, "d": "x", "e": True}), ("vl.member.updated", {})]


async def test_an_update_that_changes_nothing_writes_nothing(client: httpx.AsyncClient) -> None:
    members = await club(client)
    made = await enrolled(client, members, metadata={"a": 1})
    path = f"{members}/{made['id']}"
    before = await activities(client, path)
    for same in ({}, {"a": 1}, {"b": None}):
        assert (await client.put(path, json={"metadata": same})).json() == bare(made)
    assert await activities(client, path) == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "metadata: is required"),
        ({"metadata": []}, "metadata: must be an object"),
        ({"metadata": {}, "status": "INACTIVE"}, "status: is not a known property"),
        ([], "body: must be an object"),
        ({"metadata": {"b": "x" * 40_000}}, "metadata: must have at most 65536 bytes as JSON once merged"),
    ],
)
async def test_an_invalid_update_is_refused(client: httpx.AsyncClient, body: Any, words: str) -> None:
    members = await club(client)
    made = await enrolled(client, members, metadata={"a": "x" * 40_000})
    answer = await client.put(f"{members}/{made['id']}", json=body)
    assert words in refused(answer, 400, "invalid_payload")["details"]


async def test_metadata_obey_their_schema(client: httpx.AsyncClient) -> None:
    members = await club(client)
    made = await enrolled(client, members, metadata={"level": 3})
    schema = {"properties": {"level": {"type": "number", "lt": 10}}}
    assert (await client.put("/v1/metadata-schemas/vl_member", json=schema)).status_code == 200
    path = f"{members}/{made['id']}"
    details = refused(await client.put(path, json={"metadata": {"level": 10}}), 400, "invalid_payload")["details"]
    assert details == "metadata.level: must be less than 10"
    assert (await client.put(path, json={"metadata": {"level": 9}})).status_code == 200


async def test_moves_and_refused_moves(client: httpx.AsyncClient) -> None:
    members = await club(client)
    made = await enrolled(client, members)
    path = f"{members}/{made['id']}"
    before = made
    for verb, status, other in (
        ("deactivate", "INACTIVE", "ACTIVE"),
        ("activate", "ACTIVE", "INACTIVE"),
    ):
        answer = await client.post(f"{path}/{verb}")
        assert answer.status_code == 200, answer.text
        moved = answer.json()
        assert moved == bare(before) | {"status": status, "updated_at": moved["updated_at"]}
        assert moved["updated_at"] >= made["created_at"]
        body = refused(await client.post(f"{path}/{verb}"), 400, "invalid_state_transition")
        assert body["details"] == f"Cannot {verb} member with id {made['id']}: its status is {status}, not {other}"
        assert (body["resource_id"], body["resource_type"]) == (made["id"], "member")
        before = moved
    last = (await activities(client, path))[-2:]
    assert [one["type"] for one in last] == ["vl.member.deactivated", "vl.member.activated"]
    assert last[1]["data"] == {"member": before}
    assert last[1]["source"]["channel"] == "API"


async def test_a_deleted_member_is_gone_and_its_history_stays(
    client: httpx.AsyncClient, engine: Engine, project: TestProject
) -> None:
    members = await club(client)
    made = await enrolled(client, members, metadata={"a": 1})
    path = f"{members}/{made['id']}"
    (card_id,) = (one["card"]["id"] for one in made["cards"])
    answer = await client.delete(path)
    assert answer.status_code == 200, answer.text
    gone = answer.json()
    assert gone == bare(made) | {"status": "DELETED", "updated_at": gone["updated_at"]}
    for method, url, body in (
        ("GET", path, None),
        ("PUT", path, {"metadata": {}}),
        ("DELETE", path, None),
        ("POST", f"{path}/activate", None),
        ("POST", f"{path}/deactivate", None),
        ("GET", f"{path}/activities", None),
        ("GET", f"{path}/cards/{card_id}/activities", None),
        ("GET", f"/v2/loyalties/memberships/{made['id']}?identification_type=member_id", None),
    ):
        details = refused(await client.request(method, url, json=body), 404, "not_found")["details"]
        assert details == f"Cannot find member with id {made['id']}", (method, url)
    assert (await client.get(members)).json()["data"] == []
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT type, subject_id, group_id FROM member_activities WHERE member_id = $1"
            " ORDER BY split_part(id, '_', 2)",
            made["id"],
        )
        card = await connection.fetchrow("SELECT * FROM cards WHERE member_id = $1", made["id"])
        sent = await connection.fetch("SELECT id FROM outbox WHERE member_id = $1 ORDER BY id", made["id"])
    assert [(row["type"], row["subject_id"]) for row in rows[-3:]] == [
        ("vl.card.unassigned", card_id),
        ("vl.member.card.unassigned", made["id"]),
        ("vl.member.deleted", made["id"]),
    ]
    assert [row["id"] for row in sent] == [rows[0]["group_id"], rows[-1]["group_id"]]
    assert len({row["group_id"] for row in rows[-3:]}) == 1
    assert (card["code"], card["code_due_at"]) == (None, None), "no code is made for it any more"
    assert card["deleted_at"].isoformat(timespec="milliseconds")[:-6] + "Z" == gone["updated_at"]


async def test_deletion_of_the_customer_writes_what_deletion_of_the_member_does(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    members = await club(client)
    one, other = await enrolled(client, members), await enrolled(client, members)
    assert (await client.delete(f"{members}/{one['id']}")).status_code == 200
    assert (await client.delete(f"/v1/customers/{other['customer_id']}")).status_code == 204

    async def stored(made: dict[str, Any]) -> list[Any]:
        async with engine.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT type, replace(replace(subject_id, $1, 'member'), $2, 'card') AS subject, card.code_due_at,"
                " card.deleted_at = member.updated_at AS at_once, member.status, source::text,"
                " (SELECT count(*) FROM outbox WHERE member_id = $1 AND id = activity.group_id) AS sent,"
                " (SELECT count(*) FROM enrolments WHERE member_id = $1) AS enrolments"
                " FROM member_activities AS activity JOIN members AS member ON member.id = activity.member_id"
                " JOIN cards AS card ON card.member_id = member.id WHERE member.id = $1"
                " ORDER BY split_part(activity.id, '_', 2)",
                made["id"],
                made["cards"][0]["card"]["id"],
            )
        return [tuple(row) for row in rows]

    assert await stored(one) == await stored(other)
    assert [row[:1] for row in await stored(one)][-1] == ("vl.member.deleted",)


async def test_a_customer_whose_member_is_deleted_enrols_again_as_a_new_member(client: httpx.AsyncClient) -> None:
    members = await club(client)
    first = await enrolled(client, members)
    for _ in range(3):
        assert (await client.delete(f"{members}/{first['id']}")).status_code == 200
        again = await enrolled(client, members, customer_id=first["customer_id"])
        assert again["id"] != first["id"]
        assert again["cards"][0]["card"]["id"] != first["cards"][0]["card"]["id"]
        assert (await client.get(f"{members}/{first['id']}")).status_code == 404
        body = refused(
            await client.post(members, json={"customer_id": first["customer_id"]}), 409, "member_already_exists"
        )
        assert body["resource_id"] == again["id"]
        first = again
    assert [one["id"] for one in (await client.get(members)).json()["data"]] == [first["id"]]


async def test_a_member_is_found_in_its_own_program_only(client: httpx.AsyncClient) -> None:
    members, others = await club(client), await club(client)
    made = await enrolled(client, members)
    for method, suffix, body in (
        ("PUT", "", {"metadata": {}}),
        ("DELETE", "", None),
        ("POST", "/activate", None),
        ("POST", "/deactivate", None),
    ):
        refused(await client.request(method, f"{others}/{made['id']}{suffix}", json=body), 404, "not_found")
    assert bare((await client.get(f"{members}/{made['id']}")).json()) == bare(made)


async def test_of_concurrent_deletions_one_wins(client: httpx.AsyncClient) -> None:
    members = await club(client)
    for _ in range(5):
        made = await enrolled(client, members)
        answers = await asyncio.gather(*(client.delete(f"{members}/{made['id']}") for _ in range(6)))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 404: 5}


async def test_deletions_of_member_and_customer_delete_once(client: httpx.AsyncClient, engine: Engine) -> None:
    members = await club(client)
    for _ in range(10):
        made = await enrolled(client, members)
        one, other = await asyncio.gather(
            client.delete(f"{members}/{made['id']}"), client.delete(f"/v1/customers/{made['customer_id']}")
        )
        assert (one.status_code, other.status_code) in {(200, 204), (404, 204)}
        async with engine.database.connection() as connection:
            types = await connection.fetch(
                "SELECT type FROM member_activities WHERE member_id = $1 AND type LIKE '%deleted'", made["id"]
            )
        assert len(types) == 1


async def test_a_move_that_meets_a_deletion_comes_before_it_or_never(client: httpx.AsyncClient, engine: Engine) -> None:
    members = await club(client)
    for _ in range(10):
        made = await enrolled(client, members, status="INACTIVE")
        path = f"{members}/{made['id']}"
        moved, gone = await asyncio.gather(client.post(f"{path}/activate"), client.delete(path))
        assert gone.status_code == 200
        assert moved.status_code in {200, 404}
        async with engine.database.connection() as connection:
            types = [
                row[0]
                for row in await connection.fetch(
                    "SELECT type FROM member_activities WHERE member_id = $1 ORDER BY split_part(id, '_', 2)",
                    made["id"],
                )
            ]
            status = await connection.fetchval("SELECT status FROM members WHERE id = $1", made["id"])
        assert (status, types[-1]) == ("DELETED", "vl.member.deleted")
        assert ("vl.member.activated" in types) == (moved.status_code == 200)


async def test_an_enrolment_that_meets_a_deletion_is_a_new_member_or_refused(client: httpx.AsyncClient) -> None:
    members = await club(client)
    for _ in range(10):
        made = await enrolled(client, members, customer_id=await customer(client))
        gone, again = await asyncio.gather(
            client.delete(f"{members}/{made['id']}"), client.post(members, json={"customer_id": made["customer_id"]})
        )
        assert gone.status_code == 200
        assert again.status_code in {200, 409}
        left = (await client.get(f"{members}?filters[customer_id][conditions][$is]={made['customer_id']}")).json()
        assert [one["id"] for one in left["data"]] == ([again.json()["id"]] if again.status_code == 200 else [])
        assert made["id"] not in [one["id"] for one in left["data"]]
