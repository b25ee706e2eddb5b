"""The only place that reads a clock: wall time for infrastructure, and the time that durations are measured with.

Whoever needs the time is handed a clock or an instant, so that tests and sandbox projects can move it (domain 2).
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of Troth knows of time."""

    def now(self) -> datetime:
        """Return the present instant: UTC, cut to milliseconds, never before an instant given out earlier."""

    def milliseconds(self) -> int:
        """Return the present instant as milliseconds since 1970."""

    def seconds(self) -> float:
        """Return seconds that only differences of mean anything; they never go backwards."""


class WallClock:
    """The machine's own clock, kept from going backwards."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest = 0

    def milliseconds(self) -> int:
        self._latest = max(self._latest, time.time_ns() // 1_000_000)
        return self._latest

    def now(self) -> datetime:
        seconds, milliseconds = divmod(self.milliseconds(), 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)

    def seconds(self) -> float:
        return time.monotonic()
