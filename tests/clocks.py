"""Sandboxes whose clock stands where a test wants it."""

from datetime import datetime

from troth.actions.clock import move_clock
from troth.actions.engine import Engine


async def set_clock(engine: Engine, project_id: str, moment: datetime) -> None:
    """Move a sandbox's clock to an instant."""
    clock, _ = await move_clock(engine, project_id, moment, "v-test")
    assert clock.stands_at == moment
