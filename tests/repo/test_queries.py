"""Every named query fits the migrated schema, and is used."""

import re
from pathlib import Path

import pytest

from troth.db.database import Database
from troth.db.queries import every_query

pytestmark = pytest.mark.anyio
DB = Path(__file__).parents[2] / "src" / "troth" / "db"


async def test_every_query_can_be_prepared(database: Database) -> None:
    wrong = []
    async with database.connection() as connection:
        for noun, name, sql in every_query():
            try:
                await connection.prepare(sql)
            except Exception as error:
                wrong.append(f"{noun}.{name}: {error}")
    assert not wrong


def test_every_query_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for suffix in ("py", "sql") for path in DB.rglob(f"*.{suffix}"))
    unused = [f"{noun}.{name}" for noun, name, _ in every_query() if not re.search(rf"\.{name}\b", code)]
    assert not unused
