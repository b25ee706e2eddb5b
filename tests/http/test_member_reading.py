"""Members in lists, what their histories and those of their cards tell, and the codes that come later (domain 3, 6)."""

import re
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject
from tests.http.clubs import Club, new_club
from tests.http.definitions import refused
from tests.http.everything import everything_stored

from troth.actions.card_codes import make_card_codes
from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio


@pytest.fixture
async def club(client: httpx.AsyncClient) -> Club:
    return await new_club(client)


async def enrolled(club: Club, *statuses: str) -> list[dict[str, Any]]:
    """Enrol members and return them as lists show them."""
    members = [await club.enrolled(status=status) for status in statuses]
    return [{name: value for name, value in member.items() if name != "cards"} for member in members]


async def listed(club: Club, **query: Any) -> list[str]:
    answer = await club.client.get(club.members, params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


async def test_an_empty_list(club: Club) -> None:
    assert await club.read("") == {"object": "list", "data": [], "cursor": None}


async def test_members_are_listed_without_their_cards(client: httpx.AsyncClient, club: Club) -> None:
    members = await enrolled(club, "ACTIVE", "INACTIVE", "ACTIVE")
    await (await new_club(client)).enrolled()
    assert await club.read("?order=created_at") == {"object": "list", "data": members, "cursor": None}
    assert (await club.read(""))["data"] == members[::-1]


async def test_members_are_ordered_and_filtered(club: Club) -> None:
    members = await enrolled(club, "INACTIVE", "ACTIVE", "INACTIVE")
    first, second, third = (one["id"] for one in members)
    customers = [one["customer_id"] for one in members]
    assert await listed(club, order="-created_at") == [third, second, first]
    assert await listed(club, order="status,created_at") == [second, first, third]
    assert await listed(club, order=["-status", "-created_at"]) == [third, first, second]
    by_customer = [one["id"] for one in sorted(members, key=lambda one: str(one["customer_id"]))]
    assert await listed(club, order="customer_id") == by_customer
    assert await listed(club, order="created_at", **{"filters[status][conditions][$is]": "INACTIVE"}) == [first, third]
    assert await listed(club, **{"filters[customer_id][conditions][$in]": ",".join(customers[:2])}) == [second, first]
    assert await listed(club, **{"filters[id][conditions][$not_in]": f"{first},{third}"}) == [second]
    after = {"filters[created_at][conditions][$after]": members[0]["created_at"]}
    assert first not in await listed(club, **after)
    either = {
        "filters[junction]": "OR",
        "filters[status][conditions][$is]": "ACTIVE",
        "filters[id][conditions][$is]": third,
    }
    assert await listed(club, **either) == [third, second]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "page=1",
        "order=name",
        "order=created_at&order=-created_at",
        "filters[status][conditions][$is]=GONE",
        "filters[name][conditions][$is]=x",
        "filters[status][conditions][$has]=ACTIVE",
        "filters[id][conditions][$is]=lprg_1",
        "unknown=1",
    ],
)
async def test_a_list_refuses_what_it_does_not_know(club: Club, query: str) -> None:
    refused(await club.client.get(f"{club.members}?{query}"), 400, "invalid_query_params")


async def test_pages_follow_each_other_by_their_cursor(client: httpx.AsyncClient, club: Club) -> None:
    ids = [one["id"] for one in await enrolled(club, *["ACTIVE"] * 5)]
    seen, query = [], "?order=created_at&limit=2"
    while query:
        page = await club.read(query)
        seen.append([one["id"] for one in page["data"]])
        cursor = page["cursor"]
        if cursor:
            assert re.fullmatch("lcrsmbr_[a-f0-9]+", cursor["next"])
            refused(
                await client.get(f"{(await new_club(client)).members}?cursor={cursor['next']}"),
                400,
                "invalid_or_expired_cursor",
            )
        query = f"?limit=2&cursor={cursor['next']}" if cursor else ""
    assert seen == [ids[:2], ids[2:4], ids[4:]]


async def entries(club: Club, path: str) -> list[dict[str, Any]]:
    """Return a history, oldest first."""
    body = await club.read(f"{path}/activities?order=created_at&limit=100")
    assert (body["object"], body["cursor"]) == ("list", None)
    return list(body["data"])


async def test_a_member_has_a_history(club: Club, project: TestProject) -> None:
    member = await club.enrolled(status="INACTIVE", metadata={"x": 1})
    alone = {name: value for name, value in member.items() if name != "cards"}
    history = await entries(club, f"/{member['id']}")
    assert [(one["type"], one["data"]) for one in history] == [
        ("vl.member.created", {"member": alone}),
        *(("vl.member.card.assigned", {"member_card": card}) for card in member["cards"]),
    ]
    for one in history:
        assert set(one) == {"id", "member_id", "type", "data", "created_at", "group_id", "source"}
        assert (one["member_id"], one["created_at"]) == (member["id"], member["created_at"])
        assert re.fullmatch("lambr_[a-f0-9]+", one["id"])
        assert one["source"]["channel"] == "API"
        assert project.app_token not in str(one["source"])
    assert len({one["id"] for one in history}) == 3


async def test_a_card_has_a_history_of_its_own(club: Club) -> None:
    member = await club.enrolled()
    (group_id,) = {one["group_id"] for one in await entries(club, f"/{member['id']}")}
    for one in member["cards"]:
        card = one["card"]
        history = await entries(club, f"/{member['id']}/cards/{card['id']}")
        assert [(entry["type"], entry["data"]) for entry in history] == [
            ("vl.card.created", {"card": card}),
            ("vl.card.assigned", {"member_id": member["id"], "role": "OWNER"}),
        ]
        assert {(entry["card_id"], entry["group_id"]) for entry in history} == {(card["id"], group_id)}
        assert all(re.fullmatch("lacrd_[a-f0-9]+", entry["id"]) for entry in history)


async def test_what_is_done_together_is_one_group(club: Club) -> None:
    members = [await club.enrolled() for _ in range(2)]
    groups = [{one["group_id"] for one in await entries(club, f"/{member['id']}")} for member in members]
    assert [len(group) for group in groups] == [1, 1]
    assert groups[0] != groups[1]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("", "filters[type][conditions][$is]=vl.card.created"),
        ("", "order=type"),
        ("/cards/{card}", "filters[type][conditions][$is]=vl.member.created"),
        ("/cards/{card}", "filters[id][conditions][$is]=lambr_1"),
    ],
)
async def test_a_history_refuses_what_it_does_not_know(club: Club, path: str, query: str) -> None:
    member = await club.enrolled()
    path = f"{club.members}/{member['id']}{path.format(card=member['cards'][0]['card']['id'])}/activities"
    refused(await club.client.get(f"{path}?{query}"), 400, "invalid_query_params")


async def test_a_history_is_filtered_by_type(club: Club) -> None:
    member = await club.enrolled()
    query = "?filters[type][conditions][$is]=vl.member.created"
    (entry,) = (await club.read(f"/{member['id']}/activities{query}"))["data"]
    assert entry["type"] == "vl.member.created"


async def test_a_card_belongs_to_its_member(club: Club) -> None:
    one, other = await club.enrolled(), await club.enrolled()
    card_id = other["cards"][0]["card"]["id"]
    answer = await club.client.get(f"{club.members}/{one['id']}/cards/{card_id}/activities")
    body = refused(answer, 404, "not_found")
    assert (body["resource_type"], body["resource_id"]) == ("card", card_id)
    refused(await club.client.get(f"{club.members}/{card_id}/activities"), 404, "not_found")


async def test_codes_come_after_the_answer(engine: Engine, club: Club) -> None:
    """The worker's job makes them; until then the code is null, afterwards it never changes."""
    while (await make_card_codes(engine)).more:
        pass
    members = [await club.enrolled() for _ in range(2)]
    assert {one["card"]["code"] for member in members for one in member["cards"]} == {None}
    await make_card_codes(engine)
    codes = set()
    for member in members:
        read = await club.read(f"/{member['id']}")
        for before, after in zip(member["cards"], read["cards"], strict=True):
            code = after["card"]["code"]
            assert re.fullmatch("[0-9a-zA-Z]{10}", code)
            assert after == {**before, "card": {**before["card"], "code": code}}
            made = (await entries(club, f"/{member['id']}/cards/{after['card']['id']}"))[-1]
            assert (made["type"], made["data"]) == ("vl.card.code_generation.succeeded", {"card": after["card"]})
            assert made["source"] == {"channel": "INTERNAL"}
            codes.add(code)
    assert len(codes) == 4
    stored = await everything_stored(engine.database)
    await make_card_codes(engine)
    assert await everything_stored(engine.database) == stored
