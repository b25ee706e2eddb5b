"""Whether the process lives, and whether it can serve."""

from typing import Literal

from typing_extensions import TypedDict

from troth.actions.health import check_ready
from troth.core.refusals import Reason
from troth.http.routing import Call, Routes

routes = Routes(tag="Health", scope="")


class Health(TypedDict):
    """A process that can do what was asked about."""

    status: Literal["ok"]


@routes.get("/healthz", operation_id="getHealth", public=True)
async def get_health(_: Call) -> Health:
    """Is the process alive."""
    return {"status": "ok"}


@routes.get("/readyz", operation_id="getReadiness", public=True, reasons=(Reason.OVERLOADED,))
async def get_readiness(call: Call) -> Health:
    """Is the database reachable and migrated."""
    await check_ready(call.engine)
    return {"status": "ok"}
