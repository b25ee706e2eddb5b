"""Codes of cards, made by workers that are killed, and for wallets that have too few of them (domain 6)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.polling import until_async
from tests.processes import Server, TrothProcess
from tests.reliability.stack import Club, make_club, make_customers, requests_to, size, until_coded

from troth.actions.card_codes import CARDS_AT_ONCE
from troth.actions.engine import Engine
from troth.actions.members import enrol
from troth.core.members import Enrol

pytestmark = pytest.mark.anyio

SOON_SECONDS = 120.0
ENROLMENTS_AT_ONCE = 100


@pytest.fixture
async def waiting_cards(
    own_engine: Engine, own_project: TestProject, connection: asyncpg.Connection, client_of_own: httpx.AsyncClient
) -> int:
    """Enrol so many customers that this number of cards waits for codes, and no worker is there."""
    cards = size(800, 10_000)
    club = await make_club(client_of_own)
    customers = await make_customers(connection, own_project.id, cards // 2)
    for first in range(0, len(customers), ENROLMENTS_AT_ONCE):
        commands = [
            Enrol(club.program_id, one, None, "ACTIVE", {}, "{}")
            for one in customers[first : first + ENROLMENTS_AT_ONCE]
        ]
        await enrol(own_engine, own_project.id, commands)
    return cards


async def test_killed_workers_lose_no_code_and_double_none(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection, waiting_cards: int
) -> None:
    """Two workers at once, killed between what they did and its commit.

    Whoever holds the lock on the outbox stops every worker there: one is killed, the other let go for one batch and
    then killed in the middle of the next.
    """

    async def count(condition: str) -> int:
        return int(await connection.fetchval(f"SELECT count(*) FROM {condition}"))

    def counted(number: int, condition: str) -> Callable[[], Awaitable[bool]]:
        async def is_so() -> bool:
            return await count(condition) == number

        return is_so

    stopped = "pg_locks WHERE relation = 'outbox'::regclass AND NOT granted"
    at_work = "pg_stat_activity WHERE application_name = 'troth' AND xact_start IS NOT NULL"
    rounds = size(2, 10)
    first_gate, second_gate = await asyncpg.connect(own_url), await asyncpg.connect(own_url)
    for done in range(rounds):
        await close(first_gate)
        with TrothProcess("worker", database_url=own_url) as one, TrothProcess("worker", database_url=own_url) as other:
            await until_async(counted(2, stopped), within_seconds=SOON_SECONDS)
            closing = asyncio.create_task(close(second_gate))
            await until_async(counted(3, stopped), within_seconds=SOON_SECONDS)
            one.kill()
            await first_gate.execute("ROLLBACK")
            await closing
            assert await count("cards WHERE code IS NOT NULL") == (done + 1) * CARDS_AT_ONCE
            await until_async(counted(1, stopped), within_seconds=SOON_SECONDS)
            other.kill()
        await second_gate.execute("ROLLBACK")
        await until_async(counted(0, at_work), within_seconds=SOON_SECONDS)
        assert await count("cards WHERE code IS NOT NULL") == (done + 1) * CARDS_AT_ONCE
        assert await count("card_codes") == (done + 1) * CARDS_AT_ONCE
    await close(first_gate)
    with TrothProcess("worker", database_url=own_url), TrothProcess("worker", database_url=own_url):
        await until_async(counted(2, stopped), within_seconds=SOON_SECONDS)  # the last cards are claimed by both
        await first_gate.execute("ROLLBACK")
        assert await until_coded(connection, own_project.id) == waiting_cards
    for gate in (first_gate, second_gate):
        await gate.close()


async def close(gate: asyncpg.Connection) -> None:
    """Keep every transaction that would write to the outbox from doing so, until this one ends."""
    await gate.execute("BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")


async def test_a_wallet_with_too_few_codes_fails_visibly_and_recovers_when_widened(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    with Server(database_url=own_url) as server:
        server.until_ready()
        async with requests_to(server.url, own_project.headers) as client:
            narrow, ordinary = {"code_config": {"pattern": "#", "charset": "ab"}}, {}
            club = await make_club(client, narrow, ordinary)
            members = await enrol_over_http(client, club, await make_customers(connection, own_project.id, 5))
            wallet_id = club.wallet_ids[0]

            async def states() -> list[asyncpg.Record]:
                return await connection.fetch(_STATES, wallet_id)

            async def have_failed_twice() -> bool:
                return sum(state["code_failures"] >= 2 for state in await states()) == 3

            await until_async(have_failed_twice, within_seconds=SOON_SECONDS)
            found = await states()
            assert sorted(state["code"] for state in found if state["code"]) == ["a", "b"]
            failed = [state for state in found if not state["code"]]
            for state in failed:  # no more tries than the pauses between them allow
                assert state["tries"] == state["code_failures"]
                pause = timedelta(seconds=2 ** state["code_failures"])
                assert timedelta() <= state["tried_at"] + pause - state["code_due_at"] < timedelta(seconds=1)
            await fails_visibly(client, club, server, failed)
            others = await connection.fetchval(
                "SELECT count(*) FROM cards WHERE card_definition_id = $1 AND code IS NOT NULL", club.wallet_ids[1]
            )
            assert others == len(members)

            # An hour from now nothing would have happened by itself.
            await connection.execute(
                "UPDATE cards SET code_due_at = code_due_at + interval '1 hour' WHERE code_due_at IS NOT NULL"
            )
            widened = await client.put(
                f"/v2/loyalties/card-definitions/{wallet_id}", json={"code_config": {"pattern": "C-####", "length": 6}}
            )
            assert widened.status_code == 200, widened.text

            async def are_coded() -> bool:
                return all(state["code"] for state in await states())

            await until_async(are_coded, within_seconds=SOON_SECONDS)
            codes = [state["code"] for state in await states()]
            assert sorted(codes)[-2:] == ["a", "b"]
            assert all(re.fullmatch(r"C-[0-9a-zA-Z]{4}", code) for code in sorted(codes)[:-2])


# Each card of a wallet, with how often its code could not be made and when that happened last.
_STATES = """
SELECT card.id, card.member_id, card.code, card.code_failures, card.code_due_at,
    count(activity.id) AS tries, max(activity.created_at) AS tried_at
FROM cards AS card
LEFT JOIN member_activities AS activity ON activity.member_id = card.member_id AND activity.subject_id = card.id
    AND activity.type = 'vl.card.code_generation.failed'
WHERE card.card_definition_id = $1
GROUP BY card.member_id, card.id
"""


async def enrol_over_http(client: httpx.AsyncClient, club: Club, customers: list[str]) -> list[str]:
    answers = [await client.post(club.members, json={"customer_id": one}) for one in customers]
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    return [answer.json()["id"] for answer in answers]


async def fails_visibly(client: httpx.AsyncClient, club: Club, server: Server, failed: list[asyncpg.Record]) -> None:
    """Check that activities, log and metric tell of each failure; those of a few moments later may have come since."""
    for state in failed:
        path = f"{club.members}/{state['member_id']}/cards/{state['id']}/activities?limit=100"
        shown = [one for one in (await client.get(path)).json()["data"] if one["type"].endswith("generation.failed")]
        assert len(shown) >= state["tries"]
        assert {one["data"]["card"]["code"] for one in shown} == {None}
        logged = [line for line in server.log.splitlines() if "card_code.failed" in line and state["id"] in line]
        assert len(logged) >= state["tries"]
    (measured,) = re.findall(
        r"^troth_card_code_failures_total (\S+)$", (await client.get("/metrics")).text, re.MULTILINE
    )
    assert float(measured) >= sum(state["tries"] for state in failed)
