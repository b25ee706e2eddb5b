"""A change of definitions that one process makes is obeyed by the next request at another (architecture)."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.conftest import TestProject, client_of
from tests.http.programs import PROGRAMS, active_wallet, ready, rule
from tests.http.segments import VIP, asking, people, segment

from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.db.database import Database
from troth.http.app import application, document
from troth.hub.app import pages
from troth.identifiers import Identifiers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def other(database_url: str, project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second process: an engine with caches of its own on the same database."""
    clock = WallClock()
    database = await Database.open(database_url, clock, connections=2)
    door = application(Engine(database, clock, Identifiers(clock)), pages(document))
    async with client_of(door, project.headers) as opened:
        yield opened
    await database.close()


async def enrolled(client: httpx.AsyncClient, program_id: str) -> httpx.Response:
    customer = (await client.post("/v1/customers", json={"name": "Ada"})).json()
    return await client.post(f"{PROGRAMS}/{program_id}/members", json={"customer_id": customer["id"]})


async def test_a_change_at_one_process_is_obeyed_by_the_next_request_at_another(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    program, _, _ = await ready(client)
    path = f"{PROGRAMS}/{program['id']}"
    assert (await enrolled(other, program["id"])).status_code == 423  # and the draft is remembered there
    for move, status in (("activate", 200), ("deactivate", 423), ("activate", 200)):
        assert (await client.post(f"{path}/{move}")).status_code == 200
        assert (await enrolled(other, program["id"])).status_code == status
    assert (await client.delete(path)).status_code == 200
    assert (await enrolled(other, program["id"])).status_code == 404


async def test_a_wallet_assigned_at_one_process_makes_a_card_at_another(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    program, first, _ = await ready(client)
    path = f"{PROGRAMS}/{program['id']}"
    await enrolled(other, program["id"])
    second = await active_wallet(client)
    changed = await client.post(f"{path}/card-definitions/batch", json={"assign": [{"id": second}]})
    assert changed.status_code == 200, changed.text
    assert (await client.post(f"{path}/activate")).status_code == 200
    member = (await enrolled(other, program["id"])).json()
    assert [card["card"]["card_definition_id"] for card in member["cards"]] == [first, second]


async def test_a_rule_switched_off_at_one_process_bars_activation_at_another(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    program, wallet_id, rule_id = await ready(client)
    path = f"{PROGRAMS}/{program['id']}"
    assert (await client.post(f"/v2/loyalties/earning-rules/{rule_id}/deactivate")).status_code == 200
    refused = await other.post(f"{path}/activate")
    assert (refused.status_code, refused.json()["key"]) == (423, "missing_active_earning_rule")
    more = await rule(client, wallet_id)
    assert (await client.post(f"{path}/earning-rules/batch", json={"assign": [{"id": more}]})).status_code == 200
    assert (await other.post(f"{path}/activate")).status_code == 200


async def test_a_metadata_schema_of_one_process_binds_another(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    program, _, _ = await ready(client, status="ACTIVE")
    assert (await enrolled(other, program["id"])).status_code == 200
    schema = {"properties": {"shop": {"type": "string", "optional": False}}}
    assert (await client.put("/v1/metadata-schemas/vl_member", json=schema)).status_code == 200
    refused = await enrolled(other, program["id"])
    assert (refused.status_code, refused.json()["details"]) == (400, "metadata.shop: is required")
    assert (await client.put("/v1/metadata-schemas/vl_member", json={"properties": {}})).status_code == 200
    assert (await client.put("/v1/metadata-schemas/customer", json=schema)).status_code == 200
    refused = await other.post("/v1/customers", json={"name": "Ada"})
    assert (refused.status_code, refused.json()["details"]) == (400, "metadata.shop: is required")


async def test_a_segment_made_at_one_process_is_entered_at_another(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    ada = (await other.post("/v1/customers", json={"source_id": "ada", "metadata": {"vip": True}})).json()["id"]
    made = await segment(client)
    assert await people(other, made) == {ada}
    eve = (await other.post("/v1/customers", json={"source_id": "eve", "metadata": {"vip": True}})).json()["id"]
    assert await people(client, made) == {ada, eve}
    for asked, expected in ((asking("name", "$is", "Ada"), {ada}), (VIP, {ada, eve})):
        assert (await client.put(f"/v1/segments/{made}", json={"filter": asked})).status_code == 200
        assert (await other.put("/v1/customers/ada", json={"name": "Ada"})).status_code == 200
        assert await people(client, made) == expected
    assert (await client.delete(f"/v1/segments/{made}")).status_code == 204
    assert (await other.put("/v1/customers/ada", json={"metadata": {"vip": False}})).status_code == 200
