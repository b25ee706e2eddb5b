"""For how long it is kept why triggers earned is for the operator to say (domain 8, Why)."""

import asyncpg
import pytest
from tests.conftest import migrated_database
from tests.polling import until_async
from tests.processes import TrothProcess

pytestmark = pytest.mark.anyio

SOON_SECONDS = 60.0
_STORED = """
INSERT INTO earning_evaluations (member_id, id, project_id, trigger, subject_id, occurred_at, rules, earned, created_at)
SELECT 'lmbr_1', 'leev_' || days || earned, 'proj_1', 'customer.order.paid', 'ord_1', now(), '[]', earned,
    now() - days * interval '1 day'
FROM unnest(ARRAY[1, 3, 9]) AS days, unnest(ARRAY[true, false]) AS earned
"""


async def test_a_worker_forgets_evaluations_after_the_days_that_are_set(server_url: str) -> None:
    async with migrated_database(server_url) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(_STORED)

        async def are_left() -> bool:
            rows = await connection.fetch("SELECT id FROM earning_evaluations ORDER BY id")
            return [row[0] for row in rows] == ["leev_1false", "leev_1true", "leev_3true"]

        with TrothProcess("worker", database_url=url, evaluations_kept_days="5", refusals_kept_days="2") as worker:
            await until_async(are_left, within_seconds=SOON_SECONDS)
            assert worker.stop() == 0
        await connection.close()
