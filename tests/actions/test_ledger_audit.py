"""The audit of the ledger: what differs from its postings is found, told, and repaired from them (domain 7)."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import TestCard, earn, new_card, set_clock
from tests.http.members import activities

from troth.actions import ledger_audit
from troth.actions.engine import Engine
from troth.core.ledger.audit import Difference
from troth.db.ledger_audit import AuditedMember
from troth.http.door import Door

pytestmark = pytest.mark.anyio

MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
WEEK = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 7, "unit": "DAY"}}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, sandbox=True)
    await set_clock(engine, project, "2026-01-31T10:00:00Z")
    return project


@pytest.fixture
async def shop(door: Door, sandbox: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, sandbox.headers) as opened:
        yield opened


@pytest.fixture
async def card(engine: Engine, sandbox: TestProject, shop: httpx.AsyncClient) -> TestCard:
    """A card with 70 points that expire, in two buckets' worth of history, and 30 pending."""
    made = await new_card(shop, points_expiration=MONTH, pending_points=WEEK)
    await made.adjust(100)
    await made.adjust(-30)
    await earn(engine, sandbox, made, 30)
    return made


async def found(engine: Engine, project: TestProject) -> list[tuple[str, int, int]]:
    differences = [
        (one.name, one.stored, one.posted)
        async for _, some in ledger_audit.verify(engine, project.id)
        for _, of_member in some
        for one in of_member
    ]
    return sorted(differences)


async def spoil(engine: Engine, card: TestCard, statement: str) -> None:
    async with engine.database.connection() as connection:
        assert await connection.execute(statement, card.member_id) == "UPDATE 1"


async def test_a_ledger_that_was_left_alone_is_its_postings(
    engine: Engine, sandbox: TestProject, card: TestCard
) -> None:
    assert await found(engine, sandbox) == []
    await set_clock(engine, sandbox, "2026-04-01T00:00:00Z")
    assert await card.balance() == (0, 0)
    await card.listed("transactions")
    assert await found(engine, sandbox) == []
    assert (await card.client.delete(card.member_path)).status_code == 200
    assert await found(engine, sandbox) == []


@pytest.mark.parametrize(
    ("statement", "differences"),
    [
        (
            "UPDATE cards SET added = added + 5, total = total + 5 WHERE member_id = $1",
            [("added", 105, 100), ("balance", 75, 70), ("total", 105, 100)],
        ),
        (
            "UPDATE points_buckets SET points = points - 1 WHERE member_id = $1",
            [("balance", 70, 69), ("lcpeb", 69, 70)],
        ),
        ("UPDATE pending_buckets SET points = points + 1 WHERE member_id = $1", [("lcppb", 31, 30)]),
        (
            "UPDATE card_transactions SET status = 'REJECTED' WHERE member_id = $1 AND type = 'ADMIN_DEBIT'",
            [("lctx", 0, 30)],
        ),
        (
            "UPDATE postings SET points = 31 WHERE member_id = $1 AND kind = 'SUBTRACTED'",
            [("subtracted", 30, 31)],
        ),
    ],
)
async def test_every_difference_is_found(
    engine: Engine, sandbox: TestProject, card: TestCard, statement: str, differences: list[tuple[str, int, int]]
) -> None:
    await spoil(engine, card, statement)
    told = [
        (name.partition("_")[0] if "_0" in name else name, *points) for name, *points in await found(engine, sandbox)
    ]
    assert told == differences


async def test_a_card_is_repaired_from_its_postings_and_tells_of_it(
    engine: Engine, sandbox: TestProject, card: TestCard
) -> None:
    before = await card.shown()
    await spoil(engine, card, "UPDATE cards SET added = added + 5, total = total + 5 WHERE member_id = $1")
    await spoil(engine, card, "UPDATE points_buckets SET points = 1 WHERE member_id = $1")
    await spoil(engine, card, "UPDATE cards SET next_expiration_points = 1 WHERE member_id = $1")
    member = AuditedMember(card.member_id, sandbox.id)
    assert await ledger_audit.repair(engine, member) == []
    assert await card.shown() == before
    assert await found(engine, sandbox) == []
    last = (await activities(card.client, card.path))[-1]
    assert (last["type"], last["source"]) == ("vl.card.ledger.repaired", {"channel": "INTERNAL"})
    assert Difference(card.member_id, card.id, "added", 105, 100)._asdict() in last["data"]["differences"]
    assert await ledger_audit.repair(engine, member) == []
    assert (await activities(card.client, card.path))[-1] == last


async def test_what_has_no_postings_to_be_made_from_stays_different(
    engine: Engine, sandbox: TestProject, card: TestCard
) -> None:
    async with engine.database.connection() as connection:
        await connection.execute("DELETE FROM points_buckets WHERE member_id = $1", card.member_id)
    left = await ledger_audit.repair(engine, AuditedMember(card.member_id, sandbox.id))
    assert [(one.stored, one.posted) for one in left] == [(70, 0), (0, 70)]


async def test_other_projects_are_not_looked_at(engine: Engine, sandbox: TestProject, card: TestCard) -> None:
    await spoil(engine, card, "UPDATE cards SET added = added + 5, total = total + 5 WHERE member_id = $1")
    assert await found(engine, await make_project(engine)) == []
