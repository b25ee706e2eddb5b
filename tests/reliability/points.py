"""Cards for the tests of races and crashes: many at once, and what the database says of them in the end."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg
import httpx
from tests.reliability.stack import make_club, make_customers


class Card(NamedTuple):
    """The only card of a member, as paths name it."""

    member_path: str
    member_id: str
    id: str

    @property
    def path(self) -> str:
        return f"{self.member_path}/cards/{self.id}"


async def make_cards(
    client: httpx.AsyncClient, connection: asyncpg.Connection, project_id: str, count: int, **wallet: Any
) -> list[Card]:
    """Make a program with one wallet, and members of it."""
    club = await make_club(client, wallet)
    customers = await make_customers(connection, project_id, count)
    answers = await asyncio.gather(*(client.post(club.members, json={"customer_id": one}) for one in customers))
    members = [answer.json() for answer in answers]
    return [Card(f"{club.members}/{one['id']}", one["id"], one["cards"][0]["card"]["id"]) for one in members]


async def adjust(client: httpx.AsyncClient, card: Card, points: int) -> dict[str, Any]:
    """Adjust a card and return the transaction."""
    answer = await client.post(f"{card.path}/points", json={"points": points})
    assert answer.status_code == 200, answer.text
    transaction: dict[str, Any] = answer.json()["transaction"]
    return transaction


async def stored_transactions(connection: asyncpg.Connection, cards: Sequence[Card]) -> list[str]:
    """Return the ids of all transactions of some cards."""
    rows = await connection.fetch(
        "SELECT id FROM card_transactions WHERE member_id = ANY ($1::text[])", [one.member_id for one in cards]
    )
    return [row[0] for row in rows]


async def balances(connection: asyncpg.Connection, project_id: str) -> dict[str, int]:
    """Return the balance of each card, which the tests' own sums have been checked to make."""
    rows = await connection.fetch(
        "SELECT id, total - subtracted - expired - spent - refunded + returned - locked + unlocked - purchased_reversed"
        " FROM cards WHERE project_id = $1",
        project_id,
    )
    return {row[0]: row[1] for row in rows}


async def deadlocks(connection: asyncpg.Connection) -> int:
    """Return how many deadlocks the database has met; processes that run still may keep some to themselves."""
    count: int = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return count
