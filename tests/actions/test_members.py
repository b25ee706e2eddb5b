"""Enrolment in batches: what is refused in which order, and that a batch answers as its commands would alone."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import TestProject, client_of, make_project
from tests.http.programs import NO_PROGRAM, PROGRAMS, active_wallet, program, rule
from tests.polling import until_async

from troth.actions.customers import upsert_customers
from troth.actions.engine import Engine
from troth.actions.members import enrol
from troth.core.customers import Customer, Upsert
from troth.core.members import Enrol, MemberWithCards
from troth.core.refusals import Reason, Refusal
from troth.db.database import Database
from troth.http.door import Door

pytestmark = pytest.mark.anyio

NO_CUSTOMER = "cust_00000000000000000000000000000000"
CUSTOMERS = 3
SOURCE = '{"channel":"INTERNAL"}'


class Setting(NamedTuple):
    """A project with programs of every kind, by name, and customers who are nobody's or everybody's members."""

    project: TestProject
    programs: dict[str, str]
    member: Customer
    deleted: str
    stranger: str


@pytest.fixture(scope="module")
async def setting(engine: Engine, door: Door) -> Setting:
    project, other = await make_project(engine), await make_project(engine)
    async with client_of(door, project.headers) as client, client_of(door, other.headers) as foreign:
        wallets = [await active_wallet(client, name=f"Wallet {number}") for number in range(2)]
        rules = {"earning_rules": [{"id": await rule(client, *wallets)}]}
        both = {**rules, "card_definitions": [{"id": one} for one in wallets]}
        reverse = {**rules, "card_definitions": [{"id": one} for one in reversed(wallets)]}
        made = {
            name: str((await program(client, **given))["id"])
            for name, given in {
                "two wallets": {**both, "status": "ACTIVE"},
                "two wallets, reversed": {**reverse, "status": "ACTIVE"},
                "inactive": {**both, "status": "ACTIVE"},
                "deleted": {**both, "status": "ACTIVE"},
                "draft": both,
            }.items()
        }
        wallet = await active_wallet(foreign)
        given = {"card_definitions": [{"id": wallet}], "earning_rules": [{"id": await rule(foreign, wallet)}]}
        made["another project's"] = str((await program(foreign, status="ACTIVE", **given))["id"])
        made["unknown"] = NO_PROGRAM
        (member,) = await make_customers(engine, project, 1)
        for name in ("two wallets", "inactive", "deleted"):
            await enrolled(engine, project, [command(made[name], member.id)])
        assert (await client.post(f"{PROGRAMS}/{made['inactive']}/deactivate")).status_code == 200
        assert (await client.delete(f"{PROGRAMS}/{made['deleted']}")).status_code == 200
        (deleted,) = await make_customers(engine, project, 1)
        assert (await client.delete(f"/v1/customers/{deleted.id}")).status_code == 204
        (stranger,) = await make_customers(engine, other, 1)
    return Setting(project, made, member, deleted.id, stranger.id)


async def make_customers(engine: Engine, project: TestProject, count: int) -> list[Customer]:
    """Make customers with source ids of their own."""
    commands = [Upsert({}, source_id=engine.identifiers.fresh("source")) for _ in range(count)]
    made = await upsert_customers(engine, project.id, commands)
    return [one.customer for one in made if not isinstance(one, Refusal)]


def command(
    program_id: str, customer_id: str | None, source_id: str | None = None, status: Any = "ACTIVE", metadata: Any = None
) -> Enrol:
    return Enrol(program_id, customer_id, source_id, status, metadata or {}, SOURCE)


async def enrolled(engine: Engine, project: TestProject, commands: Sequence[Enrol]) -> list[MemberWithCards]:
    """Enrol, and fail where anyone is refused."""
    answers = await enrol(engine, project.id, commands)
    assert not [answer for answer in answers if isinstance(answer, Refusal)]
    return [answer for answer in answers if isinstance(answer, MemberWithCards)]


async def counted(database: Database) -> list[int]:
    tables = ("enrolments", "members", "cards", "member_activities", "outbox")
    async with database.connection() as connection:
        return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]


NOT_FOUND, NON_ACTIVE, EXISTS = Reason.NOT_FOUND, Reason.NON_ACTIVE_PROGRAM, Reason.MEMBER_EXISTS


@pytest.mark.parametrize(
    ("program_name", "customer", "reason", "kind"),
    [
        ("unknown", "unknown", NOT_FOUND, "program"),
        ("unknown", "member", NOT_FOUND, "program"),
        ("another project's", "member", NOT_FOUND, "program"),
        ("another project's", "stranger", NOT_FOUND, "program"),
        ("deleted", "unknown", NOT_FOUND, "program"),
        ("deleted", "member", NOT_FOUND, "program"),
        ("draft", "unknown", NON_ACTIVE, "program"),
        ("draft", "member", NON_ACTIVE, "program"),
        ("inactive", "unknown", NON_ACTIVE, "program"),
        ("inactive", "member", NON_ACTIVE, "program"),
        ("two wallets", "unknown", NOT_FOUND, "customer"),
        ("two wallets", "unknown source", NOT_FOUND, "customer"),
        ("two wallets", "deleted", NOT_FOUND, "customer"),
        ("two wallets", "stranger", NOT_FOUND, "customer"),
        ("two wallets", "member", EXISTS, "member"),
        ("two wallets", "member's source", EXISTS, "member"),
    ],
)
async def test_refusals_come_in_the_order_of_domain_4(
    engine: Engine, setting: Setting, program_name: str, customer: str, reason: Reason, kind: str
) -> None:
    ids: dict[str, tuple[str | None, str | None]] = {
        "unknown": (NO_CUSTOMER, None),
        "unknown source": (None, "nobody"),
        "deleted": (setting.deleted, None),
        "stranger": (setting.stranger, None),
        "member": (setting.member.id, None),
        "member's source": (None, setting.member.source_id),
    }
    before = await counted(engine.database)
    program_id = setting.programs[program_name]
    (refusal,) = await enrol(engine, setting.project.id, [command(program_id, *ids[customer])])
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.resource_type) == (reason, kind)
    if kind == "program":
        assert refusal.resource_id == program_id
    elif kind == "member":
        async with engine.database.connection() as connection:
            query = "SELECT member_id FROM enrolments WHERE program_id = $1 AND customer_id = $2"
            assert refusal.resource_id == await connection.fetchval(query, program_id, setting.member.id)
    else:
        assert refusal.resource_id == (ids[customer][0] or ids[customer][1])
    assert await counted(engine.database) == before


class Asked(NamedTuple):
    """A command before its customers are made: `who` counts them, or names somebody who cannot be enrolled."""

    program_name: str
    who: int | str
    by_source_id: bool
    status: str
    metadata: dict[str, Any]

    def of(self, setting: Setting, customers: Sequence[Customer]) -> Enrol:
        others = {"unknown": NO_CUSTOMER, "deleted": setting.deleted, "stranger": setting.stranger}
        customer_id: str | None
        source_id: str | None = None
        if isinstance(self.who, str):
            customer_id = others[self.who]
        else:
            customer_id = customers[self.who].id
            if self.by_source_id:
                customer_id, source_id = None, customers[self.who].source_id
        return command(setting.programs[self.program_name], customer_id, source_id, self.status, self.metadata)


asked = st.builds(
    Asked,
    st.sampled_from(["two wallets", "two wallets, reversed"] * 3 + ["inactive", "deleted", "draft", "unknown"]),
    st.sampled_from([*range(CUSTOMERS)] * 3 + ["unknown", "deleted", "stranger"]),
    st.booleans(),
    st.sampled_from(["ACTIVE", "INACTIVE"]),
    st.dictionaries(st.sampled_from(["a", "ł\u2028"]), st.sampled_from([1, "x", None, [True]]), max_size=2),
)


def split(commands: list[Asked]) -> st.SearchStrategy[tuple[list[Asked], set[int]]]:
    """Give commands the places at which they are cut into batches."""
    return st.tuples(st.just(commands), st.sets(st.integers(1, len(commands)), max_size=4))


# All is drawn before the test runs: a draw within a test that awaits ends the loop that all tests share.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_split=st.lists(asked, min_size=1, max_size=12).flatmap(split))
async def test_any_split_into_batches_answers_the_same_and_stores_the_same(
    engine: Engine, database_url: str, setting: Setting, given_split: tuple[list[Asked], set[int]]
) -> None:
    commands, cuts = given_split
    seen = []
    for split_at in ({*range(1, len(commands))}, cuts):
        customers = await make_customers(engine, setting.project, CUSTOMERS)
        given_ids = {one.id: f"customer {place}" for place, one in enumerate(customers)}
        given_ids |= {str(one.source_id): f"source {place}" for place, one in enumerate(customers)}
        places = [0, *sorted(split_at), len(commands)]
        answers: list[MemberWithCards | Refusal] = []
        for first, after in pairwise(places):
            if batch := [one.of(setting, customers) for one in commands[first:after]]:
                answers += await enrol(engine, setting.project.id, batch)
        given_ids |= {one.member.id: "member" for one in answers if isinstance(one, MemberWithCards)}
        rows = await stored(database_url, [one.id for one in customers], given_ids)
        seen.append(([plain(answer, given_ids) for answer in answers], rows))
    assert seen[0] == seen[1]


def plain(answer: MemberWithCards | Refusal, names: dict[str, str]) -> Any:
    """Return an answer without what differs from one time to the next."""
    if isinstance(answer, Refusal):
        details = answer.details
        for given_id, name in names.items():
            details = details.replace(given_id, name)
        return answer.reason, details, answer.resource_type, names.get(answer.resource_id or "", answer.resource_id)
    member = answer.member
    cards = [(card.card_definition_id, card.code, card.counters) for card in answer.cards]
    return names[member.customer_id], member.program_id, member.status, member.metadata, cards


async def stored(url: str, customers: list[str], names: dict[str, str]) -> list[Any]:
    """Return all that is stored of these customers' memberships, without what differs from one time to the next."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_STORED, customers)
    finally:
        await connection.close()
    return sorted((names[row[0]], *row[1:]) for row in rows)


_STORED = """
SELECT member.customer_id, member.program_id, member.status, member.metadata,
    ARRAY(SELECT ARRAY[card_definition_id, allow_negative::text, (code_due_at >= member.created_at)::text] FROM cards
          WHERE member_id = member.id ORDER BY id) AS cards,
    ARRAY(SELECT type || (group_id IN (SELECT id FROM outbox WHERE member_id = member.id)) FROM member_activities
          WHERE member_id = member.id ORDER BY id) AS activities,
    (SELECT count(*) FROM outbox WHERE member_id = member.id) AS outbox_rows,
    (SELECT count(*) FROM enrolments WHERE member_id = member.id AND customer_id = member.customer_id) AS enrolments
FROM members AS member WHERE member.customer_id = ANY ($1)
"""


async def test_batches_that_meet_enrol_each_customer_once(engine: Engine, setting: Setting, database_url: str) -> None:
    """All of them have found that nobody is enrolled before the first of them is let enrol anybody."""
    customers = [one.id for one in await make_customers(engine, setting.project, 30)]
    program_id = setting.programs["two wallets"]
    orders = (customers, customers[::-1], customers[10:] + customers[:10])
    gate = await asyncpg.connect(database_url)

    async def all_have_looked() -> bool:
        waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'enrolments'::regclass AND NOT granted"
        return bool(await gate.fetchval(waiting) == len(orders))

    async with gate.transaction():
        await gate.execute("LOCK TABLE enrolments IN SHARE MODE")
        enrolling = [
            asyncio.create_task(enrol(engine, setting.project.id, [command(program_id, one) for one in order]))
            for order in orders
        ]
        await until_async(all_have_looked, within_seconds=120)
    answers = await asyncio.gather(*enrolling)
    await gate.close()
    won = [one.member.customer_id for batch in answers for one in batch if isinstance(one, MemberWithCards)]
    assert sorted(won) == sorted(customers)
    lost = {one.reason for batch in answers for one in batch if isinstance(one, Refusal)}
    assert lost == {Reason.MEMBER_EXISTS}


async def test_a_change_of_the_program_holds_for_the_next_enrolment_in_every_process(
    engine: Engine, door: Door, setting: Setting
) -> None:
    other_process = Engine(engine.database, engine.clock, engine.identifiers)
    one, other = await make_customers(engine, setting.project, 2)
    program_id = setting.programs["two wallets, reversed"]
    await enrolled(other_process, setting.project, [command(program_id, one.id)])
    async with client_of(door, setting.project.headers) as client:
        assert (await client.post(f"{PROGRAMS}/{program_id}/deactivate")).status_code == 200
        (refusal,) = await enrol(other_process, setting.project.id, [command(program_id, other.id)])
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.NON_ACTIVE_PROGRAM
        assert (await client.post(f"{PROGRAMS}/{program_id}/activate")).status_code == 200
    await enrolled(other_process, setting.project, [command(program_id, other.id)])
