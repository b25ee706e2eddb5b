"""A project's clock as the API reads and shows it."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Instant
from troth.http.shapes.members import DateTime


class ClockMoveRequest(Configuration):
    """Where to move the clock: not before the project's now, at most ten years ahead of the present."""

    now: Instant


class Clock(TypedDict):
    """What time it is in the project.

    Where `follows_wall` is false, the clock stands still until it is moved. `moving_to` is where it is on its way to,
    midnight by midnight; `async_action_id` tells of that where it takes long.
    """

    now: DateTime
    follows_wall: bool
    time_zone: str
    sandbox: bool
    moving_to: DateTime | None
    async_action_id: Annotated[str, Field(pattern=r"^aa_[a-zA-Z0-9]+$")] | None
    object: Literal["clock"]
