"""Enrolment over HTTP, the seeds' operation, and how members, their cards and both histories are read (domain 6)."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of
from tests.http.clubs import Club, new_club
from tests.http.definitions import refused
from tests.http.everything import everything_stored
from tests.http.programs import NO_PROGRAM, PROGRAMS, program

from troth.actions.engine import Engine
from troth.core.configuration import LARGEST_METADATA, instant
from troth.http.door import Door

pytestmark = pytest.mark.anyio

POINTS = (
    *("total", "earned", "added", "purchased", "purchased_reversed", "subtracted"),
    *("expired", "spent", "refunded", "returned", "locked", "unlocked"),
)
PENDING = ("total", "activated", "canceled")


@pytest.fixture
async def club(client: httpx.AsyncClient) -> Club:
    return await new_club(client)


def shown(member_id: str, customer_id: str, club: Club, created_at: str, card_ids: list[str]) -> dict[str, Any]:
    """A member as the contract shows it the moment after its enrolment."""
    cards = [
        {
            "id": card_id,
            "card_definition_id": wallet_id,
            "card_type": "INDIVIDUAL",
            "code": None,
            "lifetime_bucket": {"points": dict.fromkeys(POINTS, 0), "pending_points": dict.fromkeys(PENDING, 0)},
            "balance": {"points": 0, "pending_points": 0},
            "next_expiration": None,
            "next_activation": None,
            "object": "card",
        }
        for card_id, wallet_id in zip(card_ids, club.wallet_ids, strict=True)
    ]
    return {
        "id": member_id,
        "customer_id": customer_id,
        "program_id": club.id,
        "status": "ACTIVE",
        "metadata": {},
        "created_at": created_at,
        "updated_at": None,
        "object": "member",
        "cards": [
            {"member_role": "OWNER", "created_at": created_at, "card": card, "object": "member_card"} for card in cards
        ],
    }


def card_ids(member: dict[str, Any]) -> list[str]:
    return [one["card"]["id"] for one in member["cards"]]


async def test_the_seeds_request_is_answered_as_the_seeds_say(
    engine: Engine, door: Door, club: Club, project: TestProject
) -> None:
    """All three headers of the seeds' curl, the token got as they say, and every property of the body."""
    form = {"grant_type": "client_credentials", "scope": "api"}
    token = (await club.client.post("/v1/oauth/token", data=form)).json()["access_token"]
    customer_id = await club.customer()
    before = engine.clock.now()
    async with client_of(door, {**project.headers, "Authorization": f"Bearer {token}"}) as caller:
        body = {"customer_id": customer_id, "status": "ACTIVE", "metadata": {}}
        answer = await caller.post(club.members, json=body)
        after = engine.clock.now()
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        member = answer.json()
        assert member == shown(member["id"], customer_id, club, member["created_at"], card_ids(member))
        assert list(member)[:8] == list(shown("", "", club, "", ["", ""]))[:8]
        assert (await caller.get(f"{club.members}/{member['id']}")).json() == member
    assert before - timedelta(milliseconds=1) < instant(member["created_at"]) <= after
    assert datetime.strptime(member["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert len({member["id"], *card_ids(member)}) == 3


UNKNOWN = "is not a known property"
OBJECT = "must be an object"
STRING = "must be a string"
PATTERN = "must match ^cust_[A-Za-z0-9]+$"
STATUS = "must be one of 'ACTIVE' or 'INACTIVE'"
CONTROL = r"must match ^[^\x00-\x1f\x7f]+$"
TYPE = "customer_identification.type: must be one of 'customer_id' or 'customer_source_id'"
BY_ID = {"type": "customer_id", "customer_id": "cust_1"}
WRONG: list[tuple[Any, str]] = [
    ({}, "customer_id is required, or customer_identification in its place"),
    ({"customer_id": None}, "customer_id is required"),
    ({"customer_id": 5}, f"customer_id: {STRING}"),
    ({"customer_id": True}, f"customer_id: {STRING}"),
    ({"customer_id": ["cust_1"]}, f"customer_id: {STRING}"),
    ({"customer_id": ""}, f"customer_id: {PATTERN}"),
    ({"customer_id": "cust_"}, f"customer_id: {PATTERN}"),
    ({"customer_id": "cust_1\n"}, f"customer_id: {PATTERN}"),
    ({"customer_id": " cust_1"}, f"customer_id: {PATTERN}"),
    ({"customer_id": "lmbr_1"}, f"customer_id: {PATTERN}"),
    ({"customer_id": "cust_é"}, f"customer_id: {PATTERN}"),
    ({"customer_id": "cust_" + "1" * 100}, "customer_id: must have at most 100 characters"),
    ({"customer_id": "cust_1", "customer_identification": BY_ID}, "must not both be given"),
    ({"customer_identification": "cust_1"}, f"customer_identification: {OBJECT}"),
    ({"customer_identification": []}, f"customer_identification: {OBJECT}"),
    ({"customer_identification": {}}, "customer_identification.type: is required"),
    ({"customer_identification": {"type": "email"}}, TYPE),
    ({"customer_identification": {"type": 1}}, TYPE),
    ({"customer_identification": {"type": "customer_id"}}, "customer_identification: customer_id is required"),
    ({"customer_identification": {**BY_ID, "customer_id": 1}}, f"customer_identification.customer_id: {STRING}"),
    ({"customer_identification": {**BY_ID, "customer_id": "x"}}, f"customer_identification.customer_id: {PATTERN}"),
    ({"customer_identification": {**BY_ID, "customer_source_id": "x"}}, "customer_source_id must be absent"),
    ({"customer_identification": {**BY_ID, "type": "customer_source_id"}}, "customer_source_id is required"),
    (
        {"customer_identification": {"type": "customer_source_id", "customer_source_id": ""}},
        "customer_identification.customer_source_id: must have at least 1 characters",
    ),
    (
        {"customer_identification": {"type": "customer_source_id", "customer_source_id": "a\x1fb"}},
        f"customer_identification.customer_source_id: {CONTROL}",
    ),
    (
        {"customer_identification": {"type": "customer_source_id", "customer_source_id": "a" * 501}},
        "customer_identification.customer_source_id: must have at most 500 characters",
    ),
    ({"customer_identification": {**BY_ID, "email": "a@b"}}, f"customer_identification.email: {UNKNOWN}"),
    ({"customer_id": "cust_1", "status": "DELETED"}, f"status: {STATUS}"),
    ({"customer_id": "cust_1", "status": "active"}, f"status: {STATUS}"),
    ({"customer_id": "cust_1", "status": ""}, f"status: {STATUS}"),
    ({"customer_id": "cust_1", "status": 1}, f"status: {STATUS}"),
    ({"customer_id": "cust_1", "metadata": []}, f"metadata: {OBJECT}"),
    ({"customer_id": "cust_1", "metadata": "{}"}, f"metadata: {OBJECT}"),
    ({"customer_id": "cust_1", "metadata": 0}, f"metadata: {OBJECT}"),
    (
        {"customer_id": "cust_1", "metadata": {"x": "a" * (LARGEST_METADATA - 7)}},
        f"metadata: must have at most {LARGEST_METADATA} bytes as JSON",
    ),
    ({"customer_id": "cust_1", "id": "lmbr_1"}, f"id: {UNKNOWN}"),
    ({"customer_id": "cust_1", "cards": []}, f"cards: {UNKNOWN}"),
    ({"customer_id": "cust_1", "": 1}, f": {UNKNOWN}"),
    ([{"customer_id": "cust_1"}], f"body: {OBJECT}"),
]


@pytest.mark.parametrize(("body", "words"), WRONG, ids=[str(number) for number in range(len(WRONG))])
async def test_a_wrong_body_names_what_is_wrong(engine: Engine, club: Club, body: Any, words: str) -> None:
    before = await everything_stored(engine.database)
    for path in (club.members, f"{PROGRAMS}/{NO_PROGRAM}/members"):
        answer = await club.client.post(path, json=body)
        assert words in refused(answer, 400, "invalid_payload")["details"]
    assert await everything_stored(engine.database) == before


async def test_every_fault_is_named(club: Club) -> None:
    body = {"customer_id": 5, "status": "GONE", "metadata": [], "extra": 1, "other": 2}
    details = refused(await club.client.post(club.members, json=body), 400, "invalid_payload")["details"]
    for path in ("customer_id: ", "status: ", "metadata: ", "extra: ", "other: "):
        assert path in details


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, "ACTIVE"),
        ({"status": None}, "ACTIVE"),
        ({"status": "ACTIVE"}, "ACTIVE"),
        ({"status": "INACTIVE"}, "INACTIVE"),
    ],
)
async def test_the_status_is_active_unless_told(club: Club, given: dict[str, Any], status: str) -> None:
    member = await club.enrolled(**given)
    assert (member["status"], len(member["cards"])) == (status, 2)
    assert (await club.read(f"/{member['id']}"))["status"] == status


@pytest.mark.parametrize("given", [None, {}])
async def test_no_metadata_are_an_empty_object(club: Club, given: Any) -> None:
    assert (await club.enrolled(metadata=given))["metadata"] == {}


async def test_metadata_keep_every_digit(club: Club) -> None:
    """To the last zero, in the answer, in the member as it is read, in lists and in the history."""
    numbers = b'{"a":1.10,"b":0.1,"c":12345678901234.5678,"d":-0.5,"e":100,"f":0.30000000000000004}'
    customer_id = await club.customer()
    body = b'{"customer_id":"%b","metadata":%b}' % (customer_id.encode(), numbers)
    answer = await club.client.post(club.members, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    member_id = answer.json()["id"]
    read = [
        await club.client.get(f"{club.members}{path}") for path in ("", f"/{member_id}", f"/{member_id}/activities")
    ]
    for one in (answer, *read):
        assert b'"metadata":' + numbers in one.content


async def test_the_largest_metadata_are_kept(club: Club) -> None:
    metadata = {"x": "é" * ((LARGEST_METADATA - 8) // 2), "nested": None}
    metadata["x"] = metadata["x"][: -len('"nested":null,') // 2]
    member = await club.enrolled(metadata=metadata)
    assert (await club.read(f"/{member['id']}"))["metadata"] == metadata


@pytest.mark.parametrize("source_id", ["crm/7", "ü 🦄", "cust_1", "x" * 500, "a,b", "'; --"])
async def test_a_customer_is_named_by_its_source_id(club: Club, source_id: str) -> None:
    customer_id = await club.customer(source_id=source_id)
    named = {"type": "customer_source_id", "customer_source_id": source_id}
    answer = await club.client.post(club.members, json={"customer_identification": named})
    assert (answer.status_code, answer.json()["customer_id"]) == (200, customer_id)


async def test_a_customer_is_named_by_an_identification_with_its_id(club: Club) -> None:
    customer_id = await club.customer(source_id="crm/8")
    for named in ({"type": "customer_id", "customer_id": customer_id, "customer_source_id": None},):
        answer = await club.client.post(club.members, json={"customer_id": None, "customer_identification": named})
        assert (answer.status_code, answer.json()["customer_id"]) == (200, customer_id)
    again = {"type": "customer_source_id", "customer_source_id": "crm/8"}
    refused(await club.client.post(club.members, json={"customer_identification": again}), 409, "member_already_exists")


async def test_refusals_name_the_resource_they_are_about(club: Club) -> None:
    customer_id = await club.customer()
    body = {"customer_id": customer_id}
    unknown = refused(await club.client.post(f"{PROGRAMS}/{NO_PROGRAM}/members", json=body), 404, "not_found")
    assert (unknown["message"], unknown["details"]) == (
        "Resource not found",
        f"Cannot find program with id {NO_PROGRAM}",
    )
    assert (unknown["resource_type"], unknown["resource_id"]) == ("program", NO_PROGRAM)
    nobody = refused(await club.client.post(club.members, json={"customer_id": "cust_0"}), 404, "not_found")
    assert (nobody["resource_type"], nobody["resource_id"]) == ("customer", "cust_0")
    member = (await club.client.post(club.members, json=body)).json()
    twice = refused(await club.client.post(club.members, json=body), 409, "member_already_exists")
    assert (twice["resource_type"], twice["resource_id"]) == ("member", member["id"])


async def test_customers_join_while_the_program_is_active(club: Club) -> None:
    body = {"customer_id": await club.customer()}
    draft = await program(club.client)
    for program_id, move in ((draft["id"], None), (club.id, "deactivate")):
        if move:
            assert (await club.client.post(f"{PROGRAMS}/{program_id}/{move}")).status_code == 200
        answer = refused(
            await club.client.post(f"{PROGRAMS}/{program_id}/members", json=body), 423, "non_active_program"
        )
        assert (answer["resource_type"], answer["resource_id"]) == ("program", program_id)
    assert (await club.client.post(f"{PROGRAMS}/{club.id}/activate")).status_code == 200
    assert (await club.client.post(club.members, json=body)).status_code == 200
    assert (await club.client.delete(f"{PROGRAMS}/{club.id}")).status_code == 200
    refused(await club.client.post(club.members, json={"customer_id": await club.customer()}), 404, "not_found")


async def test_a_deleted_customer_cannot_join(club: Club) -> None:
    customer_id = await club.customer(source_id="crm/9")
    assert (await club.client.delete(f"/v1/customers/{customer_id}")).status_code == 204
    refused(await club.client.post(club.members, json={"customer_id": customer_id}), 404, "not_found")
    named = {"type": "customer_source_id", "customer_source_id": "crm/9"}
    refused(await club.client.post(club.members, json={"customer_identification": named}), 404, "not_found")


async def test_one_customer_joins_many_programs(client: httpx.AsyncClient, club: Club) -> None:
    other = await new_club(client)
    body = {"customer_id": await club.customer()}
    members = [(await client.post(one.members, json=body)).json() for one in (club, other)]
    assert members[0]["id"] != members[1]["id"]
    assert [one["program_id"] for one in members] == [club.id, other.id]
    for own, foreign in ((club, members[1]), (other, members[0])):
        refused(await client.get(f"{own.members}/{foreign['id']}"), 404, "not_found")
        refused(await client.get(f"{own.members}/{foreign['id']}/activities"), 404, "not_found")
