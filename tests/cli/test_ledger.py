"""`troth ledger verify`: status 0 only if every card is the sum of its postings."""

import json

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.http.cards import new_card
from tests.processes import troth

pytestmark = pytest.mark.anyio


async def test_the_status_says_whether_the_ledger_is_its_postings(
    client: httpx.AsyncClient, project: TestProject, database_url: str
) -> None:
    card = await new_card(client)
    await card.adjust(10)
    words = ("ledger", "verify", "--project", project.id)
    clean = troth(*words, database_url=database_url)
    assert (clean.returncode, clean.stdout) == (0, "1 members verified, 0 differences\n"), clean.stderr
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE cards SET added = 9, total = 9 WHERE id = $1", card.id)
    await connection.close()
    spoiled = troth(*words, database_url=database_url)
    assert spoiled.returncode == 1
    *lines, summary = spoiled.stdout.splitlines()
    assert summary == "1 members verified, 3 differences"
    shown = [json.loads(line) for line in lines]
    common = {"project_id": project.id, "member_id": card.member_id, "card_id": card.id}
    assert shown == [
        {**common, "name": "added", "stored": 9, "posted": 10},
        {**common, "name": "balance", "stored": 9, "posted": 10},
        {**common, "name": "total", "stored": 9, "posted": 10},
    ]
    repaired = troth(*words, "--repair", database_url=database_url)
    assert repaired.returncode == 0, repaired.stderr
    assert repaired.stdout.splitlines()[-1] == "1 members verified, 0 differences, 1 members repaired"
    assert troth(*words, database_url=database_url).returncode == 0
    assert (await card.balance())[0] == 10
