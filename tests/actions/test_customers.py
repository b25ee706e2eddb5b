"""What customers must be in any race, and what deletion leaves behind (domain 6, 9)."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from tests.conftest import TestProject

from troth.actions.customers import delete_customer, get_customer, upsert_customers
from troth.actions.engine import Engine
from troth.actions.members import enrol, get_members
from troth.core.customers import Customer, Upsert
from troth.core.members import Enrol, MemberWithCards
from troth.core.refusals import Reason, Refusal

pytestmark = pytest.mark.anyio

FULL = {
    "name": "Ada Lovelace",
    "description": "Writes",
    "email": "ada@example.com",
    "phone": "1",
    "birthday": date(1815, 12, 10),
    "address": {"city": "London"},
    "metadata": {"vip": True},
}


async def upserted(engine: Engine, project: TestProject, changes: Mapping[str, Any], **named: str) -> Customer:
    (answer,) = await upsert_customers(engine, project.id, [Upsert(changes, **named)])
    assert not isinstance(answer, Refusal)
    return answer.customer


async def enrolled(
    engine: Engine, project: TestProject, program_id: str, customer_id: str
) -> MemberWithCards | Refusal:
    command = Enrol(program_id, customer_id, None, "ACTIVE", {}, project.caller.source)
    (answer,) = await enrol(engine, project.id, [command])
    return answer


async def test_one_source_id_makes_one_customer_in_any_race(engine: Engine, project: TestProject) -> None:
    """Batches of several processes: each merges what it brings into the one customer of its source id."""

    async def batch(number: int) -> list[Customer]:
        commands = [Upsert({"metadata": {str(number): place}}, source_id=f"s{place}") for place in range(8)]
        commands = commands[number:] + commands[:number]
        answers = await upsert_customers(engine, project.id, commands)
        return [one.customer for one in answers if not isinstance(one, Refusal)]

    answers = [one for answers in await asyncio.gather(*map(batch, range(8))) for one in answers]
    assert len(answers) == 64
    assert len({one.id for one in answers}) == 8
    for place in range(8):
        merged = await get_customer(engine, project.id, f"s{place}")
        assert merged.customer.metadata == {str(number): place for number in range(8)}


async def active_program(engine: Engine, project: TestProject) -> str:
    """Put an ACTIVE program with one wallet into a project."""
    program_id, wallet_id = engine.identifiers.fresh("lprg"), engine.identifiers.fresh("lcdef")
    now = engine.clock.now()
    async with engine.database.connection() as connection:
        await connection.execute(
            "INSERT INTO definitions (id, project_id, kind, name, status, configuration, metadata, created_at)"
            " VALUES ($1, $2, 'card_definition', 'Points', 'ACTIVE',"
            """ '{"code_config": {"length": 10, "charset": "0123456789"}}', '{}', $3)""",
            wallet_id,
            project.id,
            now,
        )
        await connection.execute(
            "INSERT INTO programs (id, project_id, name, status, configuration, metadata, created_at)"
            " VALUES ($1, $2, 'Club', 'ACTIVE', '{}', '{}', $3)",
            program_id,
            project.id,
            now,
        )
        await connection.execute(
            "INSERT INTO program_assignments (program_id, definition_id, kind, created_at)"
            " VALUES ($1, $2, 'card_definition', $3)",
            program_id,
            wallet_id,
            now,
        )
    return program_id


async def test_deletion_erases_the_person_and_keeps_the_history(engine: Engine, project: TestProject) -> None:
    program_id = await active_program(engine, project)
    customer = await upserted(engine, project, FULL, source_id="ada")
    joined = await enrolled(engine, project, program_id, customer.id)
    assert isinstance(joined, MemberWithCards)
    await delete_customer(engine, project.caller, "ada")
    with pytest.raises(Refusal, match=f"Cannot find customer with id {customer.id}"):
        await get_customer(engine, project.id, customer.id)
    for gone in (
        *(await get_members(engine, project.id, [(program_id, joined.member.id)])),
        await enrolled(engine, project, program_id, customer.id),
    ):
        assert isinstance(gone, Refusal)
        assert gone.reason is Reason.NOT_FOUND
    async with engine.database.connection() as connection:
        kept = dict(await connection.fetchrow("SELECT * FROM customers WHERE id = $1", customer.id))
        facts = await connection.fetchrow(
            "SELECT member.status, member.updated_at, card.id AS card_id,"
            " (SELECT count(*) FROM enrolments WHERE customer_id = $2) AS enrolments,"
            " activity.type, activity.source ->> 'channel' AS channel,"
            " activity.data -> 'member' ->> 'status' AS told,"
            " EXISTS (SELECT FROM outbox WHERE member_id = $1 AND id = activity.group_id) AS sent"
            " FROM members AS member JOIN cards AS card ON card.member_id = member.id"
            " JOIN member_activities AS activity ON activity.member_id = member.id"
            " WHERE member.id = $1 ORDER BY activity.id DESC LIMIT 1",
            joined.member.id,
            customer.id,
        )
    personal = {name: value for name, value in kept.items() if value not in (None, "{}")}
    assert personal.keys() == {"id", "project_id", "created_at", "updated_at", "deleted_at"}
    assert (facts["status"], facts["updated_at"], facts["enrolments"]) == ("DELETED", kept["deleted_at"], 0)
    assert facts["card_id"] == joined.cards[0].id
    assert (facts["type"], facts["told"], facts["channel"]) == ("vl.member.deleted", "DELETED", "API")
    assert facts["sent"] is True


async def test_no_member_outlives_its_customer(engine: Engine, project: TestProject) -> None:
    program_id = await active_program(engine, project)
    answers = await upsert_customers(engine, project.id, [Upsert({}) for _ in range(40)])
    ids = [one.id for one in answers if isinstance(one, Customer)]

    async def joined(customer_id: str) -> None:
        answer = await enrolled(engine, project, program_id, customer_id)
        assert isinstance(answer, MemberWithCards) or answer.reason is Reason.NOT_FOUND

    pairs = [work for one in ids for work in (joined(one), delete_customer(engine, project.caller, one))]
    await asyncio.gather(*pairs)
    async with engine.database.connection() as connection:
        for query in (
            "SELECT count(*) FROM members WHERE customer_id = ANY ($1) AND status <> 'DELETED'",
            "SELECT count(*) FROM enrolments WHERE customer_id = ANY ($1)",
            "SELECT count(*) FROM customers WHERE id = ANY ($1) AND deleted_at IS NULL",
        ):
            assert await connection.fetchval(query, ids) == 0


async def test_deletion_and_upserts_in_a_race_leave_one_customer_or_none(engine: Engine, project: TestProject) -> None:
    async def upsert(number: int) -> None:
        await upserted(engine, project, {"metadata": {str(number): 1}}, source_id="ada")

    async def delete() -> None:
        with suppress(Refusal):
            await delete_customer(engine, project.caller, "ada")

    await asyncio.gather(*(work for number in range(20) for work in (upsert(number), delete())))
    await upsert(20)
    async with engine.database.connection() as connection:
        alive = await connection.fetch(
            "SELECT id FROM customers WHERE project_id = $1 AND deleted_at IS NULL", project.id
        )
        keys = await connection.fetch("SELECT customer_id FROM customer_source_ids WHERE project_id = $1", project.id)
    assert len(alive) == 1
    assert [row["customer_id"] for row in keys] == [row["id"] for row in alive]
