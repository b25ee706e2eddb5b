"""Batches of enrolments over HTTP: taken on, worked off, reported (domain 6)."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import refused
from tests.http.members import activities, club, customer, enrolled

from troth.actions import member_batches
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.core.member_batches import ENTRIES_IN_A_CHUNK
from troth.http.door import Door

pytestmark = pytest.mark.anyio

NOBODY = "cust_00000000000000000000000000000000"


async def taken_on(client: httpx.AsyncClient, members: str, entries: list[Any]) -> str:
    answer = await client.post(f"{members}/batch", json=entries)
    assert answer.status_code == 202, answer.text
    assert list(answer.json()) == ["async_action_id"]
    return str(answer.json()["async_action_id"])


async def worked_off(engine: Engine) -> None:
    while (await member_batches.work_off(engine)).more:
        pass


async def action(client: httpx.AsyncClient, action_id: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/async-actions/{action_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def report(client: httpx.AsyncClient, action_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/async-actions/{action_id}/report")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def line(index: int, customer_id: str | None, key: str | None = None, details: str | None = None) -> dict[str, Any]:
    status = "FAILED" if key else "DONE"
    return {"index": index, "customer_id": customer_id, "status": status, "key": key, "details": details}


@dataclass
class Mixed:
    """A batch of which three entries are good, and the customers that it names."""

    members: str
    member: dict[str, Any]
    plain: str
    full: str
    sourced: str

    @property
    def entries(self) -> list[Any]:
        by_source = {"type": "customer_source_id", "customer_source_id": "crm/7"}
        return [
            {"customer_id": self.plain},
            {"customer_id": self.full, "status": "INACTIVE", "metadata": {"a": 1.10}},
            {"customer_identification": by_source, "status": None},
            {"customer_id": NOBODY},
            {"customer_id": self.member["customer_id"]},
            {"customer_id": self.plain},
            {"customer_id": self.plain, "colour": "red", "status": "GONE"},
            {"customer_id": 7},
            {},
            {"customer_identification": by_source | {"customer_source_id": "nobody"}},
        ]

    @property
    def lines(self) -> list[dict[str, Any]]:
        def again(customer_id: str) -> tuple[str, str, str]:
            words = f"Customer {customer_id} is already a member of program {self.member['program_id']}"
            return customer_id, "member_already_exists", words

        unknown = "status: must be one of 'ACTIVE' or 'INACTIVE'; colour: is not a known property"
        nobody = "body: customer_id is required, or customer_identification in its place"
        return [
            line(0, self.plain),
            line(1, self.full),
            line(2, self.sourced),
            line(3, NOBODY, "not_found", f"Cannot find customer with id {NOBODY}"),
            line(4, *again(self.member["customer_id"])),
            line(5, *again(self.plain)),
            line(6, self.plain, "invalid_payload", unknown),
            line(7, None, "invalid_payload", "customer_id: must be a string"),
            line(8, None, "invalid_payload", nobody),
            line(9, None, "not_found", "Cannot find customer with id nobody"),
        ]


@pytest.fixture
async def mixed(client: httpx.AsyncClient) -> Mixed:
    members = await club(client)
    member = await enrolled(client, members)
    plain, full, sourced = await customer(client), await customer(client), await customer(client, source_id="crm/7")
    return Mixed(members, member, plain, full, sourced)


async def test_each_entry_succeeds_or_fails_for_itself(client: httpx.AsyncClient, engine: Engine, mixed: Mixed) -> None:
    action_id = await taken_on(client, mixed.members, mixed.entries)
    waiting = await action(client, action_id)
    assert (waiting["type"], waiting["status"], waiting["progress"]) == ("LOYALTIES.MEMBERS_CREATE", "ENQUEUED", 0)
    assert waiting["operation_status"] == "UNKNOWN"
    assert "result" not in waiting
    assert {one["status"] for one in await report(client, action_id)} == {"ENQUEUED"}
    await worked_off(engine)
    assert await report(client, action_id) == mixed.lines
    done = await action(client, action_id)
    assert (done["status"], done["operation_status"], done["progress"]) == ("DONE", "SUCCESS", 100)
    failures = [
        {"index": one["index"], "customer_id": one["customer_id"], "key": one["key"], "reason": one["details"]}
        for one in mixed.lines[3:]
    ]
    assert done["result"] == {
        "message": "3 members were created, 7 entries failed",
        "done_count": 3,
        "failed_count": 7,
        "failed": failures,
    }
    assert [one["id"] for one in (await client.get("/v1/async-actions")).json()["async_actions"]] == [action_id]


async def test_members_of_a_batch_are_as_if_enrolled_one_by_one(
    client: httpx.AsyncClient, engine: Engine, project: TestProject, mixed: Mixed
) -> None:
    members = mixed.members
    await taken_on(client, members, mixed.entries)
    await worked_off(engine)
    found = (await client.get(f"{members}?order=created_at&limit=100")).json()["data"]
    by_customer = {one["customer_id"]: one for one in found}
    assert by_customer.keys() == {mixed.member["customer_id"], mixed.plain, mixed.full, mixed.sourced}
    full = by_customer[mixed.full]
    assert (full["status"], full["metadata"]) == ("INACTIVE", {"a": 1.10})
    single = (await client.get(f"{members}/{by_customer[mixed.sourced]['id']}")).json()
    assert (single["status"], len(single["cards"])) == ("ACTIVE", 1)
    told = await activities(client, f"{members}/{single['id']}")
    assert [one["type"] for one in told] == ["vl.member.created", "vl.member.card.assigned"]
    assert told[0]["source"] == {"channel": "API", "api_key": {"name": "Admin", "app_id": project.app_id}}


async def test_large_batches_are_worked_off_in_chunks_and_take_turns(client: httpx.AsyncClient, engine: Engine) -> None:
    """The second chunk of a large batch waits for the first of a later one; what failed is shown up to a number."""
    await worked_off(engine)  # what other tests have left
    members = await club(client)
    count = 2 * ENTRIES_IN_A_CHUNK + 1
    large = await taken_on(client, members, [{"customer_id": f"cust_{number}"} for number in range(count)])
    small = await taken_on(client, members, [{"customer_id": await customer(client)}])
    progress = []
    for _ in range(4):
        worked = await member_batches.work_off(engine)
        progress.append(
            (worked.done, (await action(client, large))["progress"], (await action(client, small))["progress"])
        )
    assert progress == [(100, 49, 0), (1, 49, 100), (100, 99, 100), (1, 100, 100)]
    assert await member_batches.work_off(engine) == Progress(0, more=False)
    lines = await report(client, large)
    assert lines == [
        line(number, f"cust_{number}", "not_found", f"Cannot find customer with id cust_{number}")
        for number in range(count)
    ]
    result = (await action(client, large))["result"]
    assert (result["done_count"], result["failed_count"]) == (0, count)
    assert [one["index"] for one in result["failed"]] == list(range(100))


async def test_an_empty_batch_is_done_at_once(client: httpx.AsyncClient) -> None:
    action_id = await taken_on(client, await club(client), [])
    done = await action(client, action_id)
    assert (done["status"], done["progress"], done["result"]["done_count"]) == ("DONE", 100, 0)
    assert await report(client, action_id) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "body: must be an array of objects"),
        ([{}, 1], "body: must be an array of objects; entry 1 is none"),
        ([[]], "body: must be an array of objects; entry 0 is none"),
        (None, "body: must be an array of objects"),
        ("x", "body: must be an array of objects"),
    ],
)
async def test_a_body_that_is_no_array_of_objects_is_refused(client: httpx.AsyncClient, body: Any, words: str) -> None:
    answer = await client.post(
        f"{await club(client)}/batch", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert refused(answer, 400, "invalid_payload")["details"] == words
    assert (await client.get("/v1/async-actions")).json()["async_actions"] == []


async def test_a_body_over_10_mib_is_refused(client: httpx.AsyncClient) -> None:
    entry = {"customer_id": NOBODY, "metadata": {"a": "x" * 60_000}}
    body = refused(await client.post(f"{await club(client)}/batch", json=[entry] * 180), 413, "payload_too_large")
    assert (body["statusCode"], body["error"]) == (413, "Payload too large")


async def test_the_program_is_checked_at_once_and_again_for_each_entry(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    members = await club(client)
    program = members.removesuffix("/members")
    entries = [{"customer_id": await customer(client)}]
    missing = members.replace(program.rpartition("/")[2], "lprg_0")
    assert refused(await client.post(f"{missing}/batch", json=entries), 404, "not_found")["resource_type"] == "program"
    action_id = await taken_on(client, members, entries)
    assert (await client.post(f"{program}/deactivate")).status_code == 200
    assert (await client.get("/v1/async-actions")).json()["total"] == 1
    refused(await client.post(f"{members}/batch", json=entries), 423, "non_active_program")
    await worked_off(engine)
    (only,) = await report(client, action_id)
    assert (only["status"], only["key"]) == ("FAILED", "non_active_program")
    assert (await client.delete(program)).status_code == 200
    refused(await client.post(f"{members}/batch", json=entries), 404, "not_found")


async def test_customers_of_another_project_are_not_found(
    client: httpx.AsyncClient, engine: Engine, door: Door
) -> None:
    members = await club(client)
    stranger = await make_project(engine)
    async with client_of(door, stranger.headers) as foreign:
        theirs = await customer(foreign, source_id="theirs")
        by_source = {"type": "customer_source_id", "customer_source_id": "theirs"}
        action_id = await taken_on(client, members, [{"customer_id": theirs}, {"customer_identification": by_source}])
        await worked_off(engine)
        assert [one["key"] for one in await report(client, action_id)] == ["not_found", "not_found"]
        for path in (f"/v1/async-actions/{action_id}", f"/v1/async-actions/{action_id}/report"):
            refused(await foreign.get(path), 404, "not_found")


async def test_an_async_action_that_is_no_batch_has_no_report(client: httpx.AsyncClient) -> None:
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    body = {"name": "Coupons", "campaign_type": "DISCOUNT_COUPONS", "voucher": voucher}
    campaign_id = (await client.post("/v1/campaigns", json=body)).json()["id"]
    action_id = (await client.delete(f"/v1/campaigns/{campaign_id}")).json()["async_action_id"]
    details = refused(await client.get(f"/v1/async-actions/{action_id}/report"), 404, "not_found")["details"]
    assert details == f"Cannot find report with id {action_id}"


async def test_a_report_is_no_json_document(client: httpx.AsyncClient) -> None:
    action_id = await taken_on(client, await club(client), [{"customer_id": NOBODY}])
    path = f"/v1/async-actions/{action_id}/report"
    refused(await client.get(path, headers={"Accept": "application/json"}), 406, "not_acceptable")
    assert (await client.get(path, headers={"Accept": "application/x-ndjson"})).status_code == 200


@pytest.fixture
async def breaking(engine: Engine) -> AsyncIterator[str]:
    """Yield the customer id of an entry that breaks in the database."""
    customer_id = "cust_breaks"
    async with engine.database.connection() as connection:
        await connection.execute(
            "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF new.customer_id = '{customer_id}' THEN RAISE EXCEPTION 'breaks'; END IF; RETURN new; END $$;"
            " CREATE TRIGGER breaks BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION breaks()"
        )
        yield customer_id
        await connection.execute("DROP TRIGGER breaks ON members; DROP FUNCTION breaks")


async def test_an_entry_that_breaks_harms_no_other(
    client: httpx.AsyncClient, engine: Engine, project: TestProject, breaking: str
) -> None:
    members = await club(client)
    async with engine.database.connection() as connection:
        await stored_customer(connection, project.id, breaking)
    others = [await customer(client) for _ in range(5)]
    entries = [{"customer_id": one} for one in [*others[:2], breaking, *others[2:]]]
    action_id = await taken_on(client, members, entries)
    await worked_off(engine)
    lines = await report(client, action_id)
    assert lines[2] == line(2, breaking, "internal_error", "The log has the details")
    assert [one["status"] for one in lines] == ["DONE", "DONE", "FAILED", "DONE", "DONE", "DONE"]
    assert len((await client.get(f"{members}?limit=100")).json()["data"]) == 5


async def stored_customer(connection: asyncpg.Connection, project_id: str, customer_id: str) -> None:
    await connection.execute(
        "INSERT INTO customers (id, project_id, metadata, created_at) VALUES ($1, $2, '{}', now())"
        " ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id",
        customer_id,
        project_id,
    )
