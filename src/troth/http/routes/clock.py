"""The project's clock, which a sandbox lets be moved."""

from typing import cast

from troth.actions import clock
from troth.core.clock import shown
from troth.core.refusals import Reason
from troth.http.routing import Call, Routes
from troth.http.shapes.clock import Clock, ClockMoveRequest

routes = Routes(tag="Clock", scope="clock")


@routes.get("/v1/clock", operation_id="getClock")
async def get_clock(call: Call) -> Clock:
    """Get clock.

    What time it is in the project. A live project's clock follows the wall's; a sandbox's does so until it is first
    moved, and stands still between moves.
    """
    return cast("Clock", shown(*await clock.get_clock(call.engine, call.caller.project_id)))


@routes.put("/v1/clock", operation_id="moveClock", statuses=(202,), reasons=(Reason.RESOURCE_LOCKED,))
async def move_clock(call: Call, body: ClockMoveRequest) -> Clock:
    """Move clock.

    Moves a sandbox's clock forward, and does on the way, midnight by midnight of the project's time zone, all that is
    due, and what still waits in the background: imports and batches, triggers, purchases and grants. The answer comes
    when the clock has come there. What takes longer than ten seconds, and a request with an
    idempotency key, is answered 202 and goes on in the background. The async action tells when it is done; meanwhile
    the clock cannot be moved again.
    """
    moved, wall = await clock.move_clock(call.engine, call.caller.project_id, body.now, call.request_id)
    if moved.moving_to is not None:
        call.answer_status = 202
    return cast("Clock", shown(moved, wall))
