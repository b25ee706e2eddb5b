"""Memberships of a customer, whatever names the customer (domain 6)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import BASE, refused
from tests.http.members import club, customer, enrolled

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

NO_TIERS = {
    "current": None,
    "tier_structure": None,
    "deferred": [],
    "risks": [],
    "opportunities": [],
    "object": "member_tier_progress",
}


def membership(member: dict[str, Any], of_each_card: dict[str, Any], **program: Any) -> dict[str, Any]:
    shown = {"id": member["program_id"], "name": "Club", "status": "ACTIVE", "metadata": {}, "object": "program"}
    return {
        "member": {name: value for name, value in member.items() if name != "cards"},
        "program": shown | program,
        "cards": [card | of_each_card for card in member["cards"]],
        "object": "membership",
    }


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "customer_id"),
        ("?identification_type=customer_id", "customer_id"),
        ("?identification_type=", "customer_id"),
        ("?identification_type=customer_source_id", "source_id"),
        ("?identification_type=member_id", "id"),
    ],
)
async def test_all_memberships_and_one_by_each_kind_of_name(client: httpx.AsyncClient, query: str, named: str) -> None:
    clubs = [await club(client) for _ in range(3)]
    customer_id = await customer(client, source_id="crm/7")
    await enrolled(client, clubs[2])
    ours = [await enrolled(client, one, customer_id=customer_id) for one in clubs[:2]]
    for member in ours:
        reference = {**member, "source_id": "crm%2F7"}[named]
        every = await client.get(f"{BASE}/memberships/{reference}{query}")
        assert every.status_code == 200, every.text
        assert every.json() == {
            "customer": {"id": customer_id, "source_id": "crm/7", "object": "customer"},
            "memberships": [membership(one, {}) for one in ours],
            "object": "memberships_result",
        }
        one = await client.get(f"{BASE}/programs/{member['program_id']}/memberships/{reference}{query}")
        assert one.status_code == 200, one.text
        assert one.json() == membership(member, {"tier_progress": NO_TIERS})


async def test_a_customer_without_memberships_has_none(client: httpx.AsyncClient) -> None:
    members = await club(client)
    customer_id = await customer(client)
    body = (await client.get(f"{BASE}/memberships/{customer_id}")).json()
    assert body["memberships"] == []
    assert body["customer"] == {"id": customer_id, "source_id": None, "object": "customer"}
    program = members.removesuffix("/members")
    details = refused(await client.get(f"{program}/memberships/{customer_id}"), 404, "not_found")["details"]
    assert details == f"Cannot find membership with id {customer_id}"


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    members, other = await club(client), await club(client)
    made = await enrolled(client, members)
    program, other_program = members.removesuffix("/members"), other.removesuffix("/members")
    nobody = "cust_00000000000000000000000000000000"
    for path, kind, reference in (
        (f"{BASE}/memberships/{nobody}", "customer", nobody),
        (f"{BASE}/memberships/{made['id']}", "customer", made["id"]),
        (f"{BASE}/memberships/x?identification_type=customer_source_id", "customer", "x"),
        (f"{BASE}/memberships/{made['customer_id']}?identification_type=member_id", "member", made["customer_id"]),
        (f"{program}/memberships/{nobody}", "customer", nobody),
        (f"{BASE}/programs/lprg_0/memberships/{made['customer_id']}", "program", "lprg_0"),
        (f"{other_program}/memberships/{made['customer_id']}", "membership", made["customer_id"]),
        (f"{other_program}/memberships/{made['id']}?identification_type=member_id", "member", made["id"]),
    ):
        assert refused(await client.get(path), 404, "not_found")["details"] == f"Cannot find {kind} with id {reference}"


async def test_a_member_names_its_own_program_only(client: httpx.AsyncClient) -> None:
    members, other = await club(client), await club(client)
    made = await enrolled(client, members)
    await enrolled(client, other, customer_id=made["customer_id"])
    path = f"{other.removesuffix('/members')}/memberships/{made['id']}?identification_type=member_id"
    refused(await client.get(path), 404, "not_found")
    every = (await client.get(f"{BASE}/memberships/{made['id']}?identification_type=member_id")).json()
    assert len(every["memberships"]) == 2


async def test_a_deleted_member_or_customer_has_no_memberships(client: httpx.AsyncClient) -> None:
    members = await club(client)
    one, other = await enrolled(client, members), await enrolled(client, members)
    await client.delete(f"{members}/{one['id']}")
    assert (await client.get(f"{BASE}/memberships/{one['customer_id']}")).json()["memberships"] == []
    await client.delete(f"/v1/customers/{other['customer_id']}")
    refused(await client.get(f"{BASE}/memberships/{other['customer_id']}"), 404, "not_found")
    refused(await client.get(f"{BASE}/memberships/{other['id']}?identification_type=member_id"), 404, "not_found")


async def test_members_outlive_their_program(client: httpx.AsyncClient) -> None:
    members = await club(client)
    made = await enrolled(client, members)
    program = members.removesuffix("/members")
    assert (await client.delete(program)).status_code == 200
    body = (await client.get(f"{BASE}/memberships/{made['customer_id']}")).json()
    assert body["memberships"] == [membership(made, {}, status="DELETED")]
    one = (await client.get(f"{program}/memberships/{made['customer_id']}")).json()
    assert one["program"]["status"] == "DELETED"


async def test_an_unknown_identification_type_is_refused(client: httpx.AsyncClient) -> None:
    for path in (f"{BASE}/memberships/x", f"{BASE}/programs/lprg_0/memberships/x"):
        body = refused(await client.get(f"{path}?identification_type=email"), 400, "invalid_query_params")
        assert "identification_type must be one of customer_id, customer_source_id, member_id" in body["details"]
        refused(
            await client.get(f"{path}?identification_type=member_id&identification_type=customer_id"),
            400,
            "invalid_query_params",
        )


async def test_another_project_sees_nothing(
    client: httpx.AsyncClient, engine: Engine, door: Door, project: TestProject
) -> None:
    members = await club(client)
    customer_id = await customer(client, source_id="crm")
    made = await enrolled(client, members, customer_id=customer_id)
    program = members.removesuffix("/members")
    stranger = await make_project(engine)
    assert stranger.id != project.id
    async with client_of(door, stranger.headers) as foreign:
        for named, kind in ((customer_id, "customer_id"), ("crm", "customer_source_id"), (made["id"], "member_id")):
            for path in (f"{BASE}/memberships", f"{program}/memberships"):
                refused(await foreign.get(f"{path}/{named}?identification_type={kind}"), 404, "not_found")
