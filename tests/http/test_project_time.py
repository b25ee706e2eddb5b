"""Everything of loyalty carries its project's time; infrastructure goes by the wall clock (domain 2)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.clocks import set_clock
from tests.conftest import client_of, make_project, migrated_database
from tests.http.everything import one_of_everything
from tests.http.members import activities, customer

from troth.actions import customer_imports, member_batches
from troth.actions.card_codes import make_card_codes
from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.core.configuration import timestamp
from troth.db.database import Database
from troth.http.app import application, document
from troth.hub.app import pages
from troth.identifiers import Identifiers

pytestmark = pytest.mark.anyio

THEN = datetime(2033, 3, 27, 0, 30, tzinfo=UTC)
INFRASTRUCTURE = {"projects", "api_keys", "secrets", "async_actions"}


@pytest.fixture
async def alone(server_url: str) -> AsyncIterator[Engine]:
    """An engine on a database that nothing else uses."""
    async with migrated_database(server_url) as url:
        clock = WallClock()
        database = await Database.open(url, clock, connections=4)
        yield Engine(database, clock, Identifiers(clock))
        await database.close()


@pytest.fixture
async def sandbox(alone: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a sandbox whose clock stands."""
    project = await make_project(alone, sandbox=True)
    await set_clock(alone, project.id, THEN)
    async with client_of(application(alone, pages(document)), project.headers) as client:
        yield client


async def times(engine: Engine) -> dict[str, set[datetime]]:
    """Return the instants that each table has in its `created_at` and `updated_at`."""
    async with engine.database.connection() as connection:
        columns = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name IN ('created_at', 'updated_at')"
        )
        found: dict[str, set[datetime]] = {}
        for table, column in columns:
            rows = await connection.fetch(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
            found.setdefault(table, set()).update(row[0] for row in rows)
        return found


async def test_everything_made_or_changed_carries_the_projects_time(alone: Engine, sandbox: httpx.AsyncClient) -> None:
    ids = await one_of_everything(sandbox, alone)
    base = f"/v2/loyalties/programs/{ids['programId']}"
    imported = (await sandbox.post("/v1/customers/bulk/async", json=[{"source_id": "crm/1"}])).json()
    while (await customer_imports.Importer().work_off(alone)).more or (await member_batches.work_off(alone)).more:
        pass
    for path, body in (
        (f"/v1/customers/{ids['customerId']}", {"name": "Ada"}),
        (f"/v1/products/{ids['productId']}", {"name": "Mug"}),
        (f"/v1/products/{ids['productId']}/skus/{ids['skuId']}", {"sku": "Blue"}),
        (f"{base}/members/{ids['memberId']}", {"metadata": {"a": 1}}),
        (f"{base}/rewards/{ids['rewardId']}", {"stock": {"type": "LIMITED", "limited": {"quantity": 2}}}),
        (base, {"name": "Other"}),
        (f"/v2/loyalties/card-definitions/{ids['cardDefinitionId']}", {"name": "Other"}),
        (f"/v2/loyalties/tier-structures/{ids['tierStructureId']}/tiers/{ids['tierId']}", {"name": "Other"}),
    ):
        answer = await sandbox.put(path, json=body)
        assert answer.is_success, answer.text
    for path in (
        f"{base}/deactivate",
        f"{base}/members/{ids['memberId']}/deactivate",
        f"/v2/loyalties/rewards/{ids['rewardId']}/deactivate",
    ):
        answer = await sandbox.post(path)
        assert answer.is_success, answer.text
    assert (await sandbox.delete(f"/v1/customers/{ids['customerId']}")).status_code == 204
    found = await times(alone)
    infrastructure = {table: found.pop(table) for table in INFRASTRUCTURE}
    assert {table: moments for table, moments in found.items() if moments and moments != {THEN}} == {}
    assert {"members", "cards", "customers", "definitions", "programs", "outbox"} <= {
        one for one in found if found[one]
    }
    assert all(moment < THEN for moments in infrastructure.values() for moment in moments)
    assert (await sandbox.get(f"/v1/async-actions/{imported['async_action_id']}")).json()["status"] == "DONE"


async def test_codes_are_made_at_once_however_far_the_clock_was_moved(
    alone: Engine, sandbox: httpx.AsyncClient
) -> None:
    ids = await one_of_everything(sandbox, alone)
    path = f"/v2/loyalties/programs/{ids['programId']}/members/{ids['memberId']}"
    await make_card_codes(alone)
    member = (await sandbox.get(path)).json()
    assert member["cards"][0]["card"]["code"]
    told = await activities(sandbox, f"{path}/cards/{ids['cardId']}")
    assert "vl.card.code_generation.succeeded" in [one["type"] for one in told]
    assert {one["created_at"] for one in told} == {member["created_at"]} == {timestamp(THEN)}


async def test_filters_count_days_from_the_projects_now(alone: Engine, sandbox: httpx.AsyncClient) -> None:
    ids = await one_of_everything(sandbox, alone)
    members = f"/v2/loyalties/programs/{ids['programId']}/members"
    recent = f"{members}?filters[created_at][conditions][$less_than]=30"
    older = f"{members}?filters[created_at][conditions][$more_than]=30"
    assert [len((await sandbox.get(path)).json()["data"]) for path in (recent, older)] == [1, 0]
    filter_ = {"junction": "and", "created_at": {"conditions": {"$less_than": [30]}}}
    segment = (await sandbox.post("/v1/segments", json={"name": "New", "type": "passive", "filter": filter_})).json()
    segments = f"/v1/customers/{ids['customerId']}/segments"
    assert segment["id"] in [one["id"] for one in (await sandbox.get(segments)).json()["data"]]
    await set_clock(alone, (await sandbox_of(alone)), THEN + timedelta(days=31))
    assert [len((await sandbox.get(path)).json()["data"]) for path in (recent, older)] == [0, 1]
    assert segment["id"] not in [one["id"] for one in (await sandbox.get(segments)).json()["data"]]


async def test_cursors_expire_by_the_wall_clock(alone: Engine, sandbox: httpx.AsyncClient) -> None:
    await one_of_everything(sandbox, alone)
    for _ in range(2):
        await customer(sandbox)
    await sandbox.post("/v2/loyalties/card-definitions", json={"name": "Stars", "type": "INDIVIDUAL"})
    first = (await sandbox.get("/v2/loyalties/card-definitions?limit=1")).json()
    await set_clock(alone, (await sandbox_of(alone)), THEN + timedelta(days=1))
    assert first["cursor"]["expires_at"] < timestamp(alone.clock.now() + timedelta(hours=1, seconds=1))
    second = await sandbox.get(f"/v2/loyalties/card-definitions?limit=1&cursor={first['cursor']['next']}")
    assert second.status_code == 200


async def sandbox_of(engine: Engine) -> str:
    async with engine.database.connection() as connection:
        return str(await connection.fetchval("SELECT id FROM projects WHERE sandbox"))
