"""The database itself refuses a card that cannot be, whatever the code does (domain 7)."""

import asyncpg
import httpx
import pytest
from tests.http.cards import TestCard, new_card

from troth.db.database import Database

pytestmark = pytest.mark.anyio

LARGEST = 2**53 - 1
CARD = "WHERE member_id = $1 AND id = $2"
BUCKET = "WHERE member_id = $1 AND card_id = $2 AND points > 0"
NEW_POSTING = "INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)"
NEW_PENDING = (
    "INSERT INTO pending_buckets"
    " (member_id, card_id, id, project_id, type, date, expiration, points, status, created_at)"
)
NEW_SLIDING = (
    "INSERT INTO sliding_expirations"
    " (member_id, card_id, key, project_id, expiration, last_activity_on, expires_on, check_on)"
)
AGAIN = "INSERT INTO card_transactions"
TRANSACTION = "FROM card_transactions AS one WHERE member_id = $1 AND card_id = $2"
NOW = "'2027-01-01T00:00Z'"


def counters(assignments: str) -> str:
    return f"UPDATE cards SET {assignments} {CARD}"


def posting(kind: str, points: int, place: int = 0) -> str:
    return f"{NEW_POSTING} VALUES ($1, $2, 'lctx_1', {place}, '{kind}', {points}, '{{}}', {NOW})"


def pending(points: int, status: str, kind: str = "PERIOD_BASED") -> str:
    return f"{NEW_PENDING} VALUES ($1, $2, 'lcppb_1', 'p', '{kind}', '2027-01-01', '{{}}', {points}, '{status}', {NOW})"


def sliding(check_on: str) -> str:
    return f"{NEW_SLIDING} VALUES ($1, $2, 'key', 'p', '{{}}', '2027-01-01', '2027-02-01', '{check_on}')"


# The card has 100 points, which were added.
IMPOSSIBLE: list[tuple[str, str]] = [
    (counters("subtracted = 101"), "cards_balance_allowed"),
    (counters("spent = 60, locked = 41"), "cards_balance_allowed"),
    (counters("expired = 40, refunded = 40, purchased_reversed = 21"), "cards_balance_allowed"),
    (counters("total = 101"), "cards_total_is_its_parts"),
    (counters("earned = 1"), "cards_total_is_its_parts"),
    (counters("pending_activated = 1, pending_total = 1"), "cards_total_is_its_parts"),
    (counters("pending_total = 5, pending_activated = 3, pending_canceled = 3, total = 103"), "cards_pending_covered"),
    (counters("subtracted = -1"), "cards_counters_bounded"),
    (counters("total = 0, added = 101, purchased = -101"), "cards_counters_bounded"),
    (counters(f"added = {LARGEST + 1}, total = {LARGEST + 1}"), "cards_counters_bounded"),
    (counters(f"returned = {LARGEST + 1}"), "cards_counters_bounded"),
    (counters("next_expiration_on = '2027-01-01'"), "cards_next_whole"),
    (counters("next_activation_on = '2027-01-01', next_activation_points = 5"), "cards_next_whole"),
    (f"UPDATE points_buckets SET points = -1 {BUCKET}", "points_buckets_points_check"),
    (f"UPDATE points_buckets SET status = 'EXPIRED' {BUCKET}", "points_buckets_check"),
    (f"UPDATE points_buckets SET status = 'SPENT' {BUCKET}", "points_buckets_status_check"),
    (f"UPDATE points_buckets SET month = '2027-01-02' {BUCKET}", "points_buckets_month_check"),
    (pending(-1, "DELETED"), "pending_buckets_points_check"),
    (pending(0, "PENDING"), "pending_buckets_check"),
    (pending(5, "ACTIVATED"), "pending_buckets_check"),
    (pending(5, "CANCELED"), "pending_buckets_check"),
    (pending(5, "PENDING", "IMMEDIATE"), "pending_buckets_type_check"),
    (sliding("2027-02-02"), "sliding_expirations_check"),
    (posting("ADDED", 0), "postings_points_check"),
    (posting("ADDED", -5), "postings_points_check"),
    (posting("GIVEN", 5), "postings_kind_check"),
    (f"{posting('ADDED', 5)}, ($1, $2, 'lctx_1', 0, 'ADDED', 5, '{{}}', {NOW})", "postings_pkey"),
    (
        f'{AGAIN} (SELECT (jsonb_populate_record(one, \'{{"status": "DONE"}}\')).* {TRANSACTION})',
        "card_transactions_status_check",
    ),
    (f"{AGAIN} (SELECT * {TRANSACTION})", "card_transactions_pkey"),
]
POSSIBLE = [
    counters("subtracted = 100"),
    counters("earned = 5, purchased = 3, pending_total = 9, pending_activated = 2, pending_canceled = 7, total = 110"),
    counters(f"returned = {LARGEST}, locked = {LARGEST}"),
    f"UPDATE points_buckets SET points = 0, status = 'EXPIRED' {BUCKET}",
    pending(5, "PENDING"),
    pending(0, "CANCELED"),
    pending(5, "DELETED"),
    sliding("2027-02-01"),
    f"{posting('LOCKED', 5)}, ($1, $2, 'lctx_1', 1, 'UNLOCKED', 5, '{{}}', {NOW})",
]


@pytest.fixture
async def card(client: httpx.AsyncClient) -> TestCard:
    made = await new_card(client)
    await made.adjust(100)
    return made


async def attempted(database: Database, statement: str, card: TestCard) -> str | None:
    """Try a statement, take it back, and return the constraint that refused it."""
    async with database.connection() as connection:
        trial = connection.transaction()
        await trial.start()
        try:
            assert await connection.execute(statement, card.member_id, card.id) not in {"UPDATE 0", "INSERT 0 0"}
        except asyncpg.IntegrityConstraintViolationError as error:
            return error.constraint_name
        finally:
            await trial.rollback()
    return None


@pytest.mark.parametrize(("statement", "constraint"), IMPOSSIBLE)
async def test_what_cannot_be_is_refused(database: Database, card: TestCard, statement: str, constraint: str) -> None:
    assert await attempted(database, statement, card) == constraint


@pytest.mark.parametrize("statement", POSSIBLE)
async def test_what_can_be_is_not(database: Database, card: TestCard, statement: str) -> None:
    assert await attempted(database, statement, card) is None


async def test_only_a_wallet_that_allows_it_goes_below_zero(database: Database, client: httpx.AsyncClient) -> None:
    card = await new_card(client, balance_settings={"allow_negative": True})
    assert await attempted(database, counters("subtracted = 101"), card) is None
