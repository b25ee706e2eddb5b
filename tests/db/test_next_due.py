"""The first day that brings something to points: what decides which midnights a clock passes over (domain 16)."""

from datetime import date

import pytest
from tests.conftest import TestProject

from troth.db import ledger
from troth.db.database import Database

pytestmark = pytest.mark.anyio

_PENDING = (
    "INSERT INTO pending_buckets (member_id, card_id, id, project_id, type, date, expiration, points, status,"
    " created_at) VALUES ('lmbr_1', 'lcrd_1', $1 || $2, $1, $3, $4, '{}', 1, 'PENDING', '2026-01-01Z')"
)
_DATED = (
    "INSERT INTO points_buckets (member_id, card_id, id, project_id, expiration_type, expiration_key, expires_on,"
    " month, points, status, created_at)"
    " VALUES ('lmbr_1', 'lcrd_1', $1 || $2, $1, $3, '', $4, '2026-01-01', 1, 'ACTIVE', '2026-01-01Z')"
)
_SLIDING = (
    "INSERT INTO sliding_expirations (member_id, card_id, key, project_id, expiration, last_activity_on, expires_on,"
    " check_on) VALUES ('lmbr_1', 'lcrd_1', $1 || $2, $1, to_json($3::text), $4, $4, $4)"
)
_STORED = {
    "PERIOD_BASED": _PENDING,
    "FIXED_DATES": _PENDING,
    "EVENT_BASED": _PENDING,
    "ROLLING_EXPIRATION": _DATED,
    "SLIDING_EXPIRATION": _SLIDING,
}


@pytest.mark.parametrize(
    ("waiting", "day"),
    [
        ([], None),
        ([("PERIOD_BASED", 5)], 5),
        ([("FIXED_DATES", 5), ("PERIOD_BASED", 6)], 5),
        ([("EVENT_BASED", 5)], 6),
        ([("EVENT_BASED", 5), ("PERIOD_BASED", 5)], 5),
        ([("EVENT_BASED", 5), ("PERIOD_BASED", 6)], 6),
        ([("EVENT_BASED", 5), ("PERIOD_BASED", 7)], 6),
        ([("ROLLING_EXPIRATION", 5)], 6),
        ([("ROLLING_EXPIRATION", 5), ("PERIOD_BASED", 6), ("EVENT_BASED", 7)], 6),
        ([("SLIDING_EXPIRATION", 5), ("ROLLING_EXPIRATION", 6)], 6),
        ([("EVENT_BASED", 5), ("SLIDING_EXPIRATION", 4)], 5),
    ],
)
async def test_the_first_day_that_brings_something(
    database: Database, project: TestProject, waiting: list[tuple[str, int]], day: int | None
) -> None:
    async with database.connection() as connection:
        for place, (kind, at) in enumerate(waiting):
            await connection.execute(_STORED[kind], project.id, str(place), kind, date(2026, 5, at))
        found = await ledger.next_due(connection, project.id)
    assert found == (date(2026, 5, day) if day else None)
