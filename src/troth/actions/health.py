"""Whether Troth can serve."""

from typing import Final

from troth.actions.engine import Engine
from troth.db.migrate import assert_migrated

PATIENCE_SECONDS: Final = 1.0


async def check_ready(engine: Engine) -> None:
    """Raise a refusal with `OVERLOADED` unless the database answers within a second and has the present schema."""
    await assert_migrated(engine.database, patience_seconds=PATIENCE_SECONDS)
