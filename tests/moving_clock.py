"""Clocks that tests move, and one that hurries by itself."""

from datetime import datetime, timedelta
from itertools import count

from troth.clocks import Clock, WallClock


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

    def move_to(self, moment: datetime) -> None:
        self.move((moment - self._now).total_seconds())

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds


class HastyClock(WallClock):
    """A clock that is read only to find that another four seconds have gone by."""

    __slots__ = ("_readings",)

    def __init__(self) -> None:
        super().__init__()
        self._readings = count()

    def seconds(self) -> float:
        return 4.0 * next(self._readings)
