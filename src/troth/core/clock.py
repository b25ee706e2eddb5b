"""A project's clock and its midnights: what may be done to the clock, and in which steps it goes (domain 16)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from troth.core.calendar import ONE_DAY, day_of, midnight
from troth.core.configuration import timestamp
from troth.core.refusals import Reason, Refusal

MOST_AHEAD: Final = timedelta(days=3653)
"""How far ahead of the wall clock a project's may be moved: ten years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectClock:
    """A project's clock, and how far the work of its midnights is.

    `stands_at` is None where the clock follows the wall. `night_at` is the first midnight whose work is not done yet;
    `moving_to` where the clock is on its way to, `async_action_id` what tells of that where no request waits for it.
    """

    time_zone: str
    sandbox: bool
    night_at: datetime
    stands_at: datetime | None = None
    moving_to: datetime | None = None
    async_action_id: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that the project's midnights are meant in."""
        return ZoneInfo(self.time_zone)

    def now(self, wall: datetime) -> datetime:
        """Return the project's present instant."""
        return self.stands_at or wall

    def work_until(self, wall: datetime) -> datetime | None:
        """Return until when all that is due must be done before the clock, or the night, goes on; None to stay.

        Nights that have come are done one by one; a clock that moves leaves nothing behind.
        """
        now = self.now(wall)
        if self.night_at <= now:
            return self.night_at
        return now if self.moving_to else None


def next_midnight(moment: datetime, zone: tzinfo) -> datetime:
    """Return the first midnight after an instant."""
    return midnight(day_of(moment, zone) + ONE_DAY, zone)


def midnight_from(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first midnight that is not before an instant."""
    today = midnight(day_of(moment, zone), zone)
    return today if today == moment else next_midnight(moment, zone)


def move(clock: ProjectClock, to: datetime, wall: datetime) -> ProjectClock:
    """Return a clock that stands and is to go to an instant.

    Raises a refusal with `FORBIDDEN` for a live project, `RESOURCE_LOCKED` while the clock is on its way already, and
    `INVALID_PAYLOAD` for an instant in the project's past or more than `MOST_AHEAD` from the present.
    """
    if not clock.sandbox:
        raise Refusal(Reason.FORBIDDEN, "A live project's clock follows the wall; only a sandbox's can be moved")
    if clock.moving_to is not None:
        raise Refusal(
            Reason.RESOURCE_LOCKED,
            f"The clock is on its way to {timestamp(clock.moving_to)}; move it again when it has come there",
        )
    now, latest = clock.now(wall), wall + MOST_AHEAD
    if not now <= to <= latest:
        present = "where it stands" if clock.stands_at else "the present"
        allowed = f"from {timestamp(now)}, {present}, to {timestamp(latest)}"
        raise Refusal(Reason.INVALID_PAYLOAD, f"now: must be {allowed}; a clock goes forward, ten years ahead at most")
    return replace(clock, stands_at=now, moving_to=to)


def advanced(clock: ProjectClock, next_due: datetime | None, wall: datetime) -> ProjectClock:
    """Return the clock as it is once everything before `next_due` is done: up to the midnight that brings that.

    `next_due` is when the first work is due that is not done, None if there is none. Midnights on which nothing is due
    are passed over. A clock that still has to wait for that work is returned as it is.
    """
    while (until := clock.work_until(wall)) is not None and (next_due is None or next_due > until):
        brought = midnight_from(next_due, clock.zone) if next_due else None
        now = clock.now(wall)
        if clock.night_at <= now:
            tomorrow = next_midnight(now, clock.zone)
            clock = replace(clock, night_at=min(tomorrow, brought or tomorrow))
        elif clock.moving_to is None or now == clock.moving_to:
            clock = replace(clock, moving_to=None, async_action_id=None)
        else:
            stands_at = min(clock.moving_to, brought or clock.moving_to)
            clock = replace(clock, stands_at=stands_at, night_at=midnight_from(stands_at, clock.zone))
    return clock


def shown(clock: ProjectClock, wall: datetime) -> dict[str, Any]:
    """Return the clock as answers show it."""
    return {
        "now": timestamp(clock.now(wall)),
        "follows_wall": clock.stands_at is None,
        "time_zone": clock.time_zone,
        "sandbox": clock.sandbox,
        "moving_to": timestamp(clock.moving_to) if clock.moving_to else None,
        "async_action_id": clock.async_action_id,
        "object": "clock",
    }
