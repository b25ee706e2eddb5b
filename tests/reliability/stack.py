"""What the tests of races and crashes share: their size, a program to enrol in, what must be stored."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
import httpx
from tests.http.programs import active_wallet, program, rule
from tests.polling import until_async

FULL_SIZE = os.environ.get("TROTH_TEST_FULL_SIZE") == "1"
REQUEST_SECONDS = 120.0


def size(small: int, full: int) -> int:
    """Return how much of something there is to be: enough to find a race, or enough to trust there is none."""
    return full if FULL_SIZE else small


@asynccontextmanager
async def requests_to(url: str, headers: dict[str, str], *, connections: int = 100) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a real server."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=REQUEST_SECONDS, limits=limits) as client:
        yield client


class Club(NamedTuple):
    """An ACTIVE program and its wallets."""

    program_id: str
    wallet_ids: Sequence[str]

    @property
    def members(self) -> str:
        return f"/v2/loyalties/programs/{self.program_id}/members"


async def make_club(client: httpx.AsyncClient, *wallets: dict[str, Any]) -> Club:
    """Make an ACTIVE program with these wallets, two ordinary ones if none are given."""
    ids = [await active_wallet(client, **given) for given in wallets or ({}, {})]
    made = await program(
        client,
        status="ACTIVE",
        card_definitions=[{"id": one} for one in ids],
        earning_rules=[{"id": await rule(client, *ids)}],
    )
    return Club(made["id"], ids)


async def make_customers(connection: asyncpg.Connection, project_id: str, count: int) -> list[str]:
    """Store customers and return their ids."""
    rows = await connection.fetch(
        "INSERT INTO customers (id, project_id, metadata, created_at)"
        " SELECT 'cust_' || replace(gen_random_uuid()::text, '-', ''), $1, '{}', now() FROM generate_series(1, $2::int)"
        " RETURNING id",
        project_id,
        count,
    )
    return [row[0] for row in rows]


# One row for each member of a project, made of everything that one transaction stored for it.
_ENROLMENTS = """
SELECT
    member.id,
    member.customer_id,
    (SELECT array_agg(id ORDER BY id) FROM cards WHERE member_id = member.id AND project_id = $1) AS cards,
    (SELECT count(*) FROM enrolments AS enrolment
     WHERE (enrolment.program_id, enrolment.customer_id, enrolment.member_id)
         = (member.program_id, member.customer_id, member.id)) AS enrolments,
    (SELECT array_agg(type ORDER BY type) FROM member_activities
     WHERE member_id = member.id AND group_id = created.group_id) AS activities,
    (SELECT count(*) FROM outbox
     WHERE member_id = member.id AND id = created.group_id AND project_id = $1) AS outbox_rows
FROM members AS member
LEFT JOIN member_activities AS created ON created.member_id = member.id AND created.type = 'vl.member.created'
WHERE member.project_id = $1
"""
_ACTIVITIES = sorted(["vl.member.created", *["vl.card.created", "vl.card.assigned", "vl.member.card.assigned"] * 2])

# Whatever belongs to a member or a card, and the member or card that it belongs to.
_HALVES = """
SELECT 'enrolment', member_id FROM enrolments WHERE member_id NOT IN (SELECT id FROM members)
UNION ALL SELECT 'card', id FROM cards WHERE member_id NOT IN (SELECT id FROM members)
UNION ALL SELECT 'activity', id FROM member_activities WHERE member_id NOT IN (SELECT id FROM members)
UNION ALL SELECT 'outbox', id FROM outbox WHERE member_id NOT IN (SELECT id FROM members)
UNION ALL SELECT 'code', code FROM card_codes WHERE card_id NOT IN (SELECT id FROM cards)
UNION ALL SELECT 'group', group_id FROM member_activities WHERE (member_id, group_id) NOT IN
    (SELECT member_id, id FROM outbox)
"""


async def enrolled(connection: asyncpg.Connection, project_id: str) -> dict[str, tuple[str, list[str]]]:
    """Return each enrolled customer's member and cards, having checked that all of each enrolment is stored, once."""
    assert [tuple(row) for row in await connection.fetch(_HALVES)] == []
    rows = await connection.fetch(_ENROLMENTS, project_id)
    for row in rows:
        assert (row["enrolments"], row["outbox_rows"], len(row["cards"])) == (1, 1, 2), dict(row)
        assert row["activities"] == _ACTIVITIES, dict(row)
    found = {row["customer_id"]: (row["id"], row["cards"]) for row in rows}
    assert len(found) == len(rows), "a customer is enrolled twice"
    return found


async def until_coded(connection: asyncpg.Connection, project_id: str) -> int:
    """Wait until no card waits for its code, and return how many there are, all of them checked."""

    async def is_done() -> bool:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM cards WHERE code_due_at IS NOT NULL)")

    await until_async(is_done, within_seconds=REQUEST_SECONDS)
    return await check_codes(connection, project_id)


async def check_codes(connection: asyncpg.Connection, project_id: str) -> int:
    """Return how many cards there are, having checked that each has its one code and told of it once."""
    wrong = await connection.fetch(
        "SELECT card.id, card.code, card.code_due_at, code.code AS taken,"
        " (SELECT count(*) FROM member_activities WHERE member_id = card.member_id AND subject_id = card.id"
        "  AND type = 'vl.card.code_generation.succeeded'"
        "  AND data #>> '{card,code}' = card.code) AS successes,"
        " (SELECT count(*) FROM member_activities WHERE member_id = card.member_id AND subject_id = card.id"
        "  AND type LIKE 'vl.card.code_generation.%') AS tries"
        " FROM cards AS card FULL JOIN card_codes AS code"
        " ON (code.card_id, code.member_id, code.project_id) = (card.id, card.member_id, card.project_id)"
        " WHERE coalesce(card.project_id, code.project_id) = $1",
        project_id,
    )
    codes = set()
    for row in wrong:
        assert row["code"] is not None, dict(row)
        assert (row["taken"], row["code_due_at"], row["successes"]) == (row["code"], None, 1), dict(row)
        codes.add(row["code"])
    assert len(codes) == len(wrong), "a code is on two cards"
    return len(wrong)
