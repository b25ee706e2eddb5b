"""A clock that tests move."""

from datetime import datetime, timedelta

from troth.clocks import Clock


class MovingClock:
    """Stands still at the instant when it was made, until it is moved."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now()
        self._seconds = clock.seconds()

    def now(self) -> datetime:
        return self._now

    def milliseconds(self) -> int:
        return round(self._now.timestamp() * 1000)

    def seconds(self) -> float:
        return self._seconds

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds
