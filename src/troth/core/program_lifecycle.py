"""A program's row of the lifecycle table, and how a program is shown (domain 5, Programs)."""

from typing import Any, Final

from troth.core.definitions import Definition
from troth.core.lifecycle import BY_NOTHING, Lifecycle, Move, Status, Verb
from troth.core.refusals import Reason

PROGRAM: Final = Lifecycle(
    kind="program",
    noun="program",
    id_prefix="lprg",
    activity_prefix="laprg",
    moves={
        Verb.ACTIVATE: Move((Status.DRAFT, Status.INACTIVE), Status.ACTIVE, "activated"),
        Verb.DEACTIVATE: Move((Status.ACTIVE,), Status.INACTIVE, "deactivated"),
    },
    editable=frozenset({"name", "metadata"}),
    deletion=BY_NOTHING,
    refused_move=Reason.INVALID_MOVE,
)


def shown(program: Definition) -> dict[str, Any]:
    """Return a program as answers and activities show it (contract: Program); a missing date is null."""
    return {"start_date": None, "end_date": None, **program.shown()}
