"""In which steps a clock goes, and which moves are refused (domain 16)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.calendar import midnight
from troth.core.clock import MOST_AHEAD, ProjectClock, advanced, midnight_from, move, next_midnight, shown
from troth.core.refusals import Reason, Refusal

WALL = datetime(2026, 3, 27, 12, tzinfo=UTC)
FOLLOWING = ProjectClock(time_zone="Europe/Warsaw", sandbox=True, night_at=datetime(2026, 3, 27, 23, tzinfo=UTC))
STANDING = replace(FOLLOWING, stands_at=WALL)
HOUR = timedelta(hours=1)
SPRING = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((27, 23), (28, 23), (29, 22), (30, 22))]
"""Midnights in Warsaw; the day between the second and the third has 23 hours."""

AUTUMN = [datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)]
"""Midnights in Warsaw; the day between them has 25 hours."""

ZONES = ("UTC", "Europe/Warsaw", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Africa/Cairo")


@pytest.mark.parametrize(
    ("moment", "at_or_after", "after"),
    [
        (SPRING[0], SPRING[0], SPRING[1]),
        (SPRING[0] + timedelta(milliseconds=1), SPRING[1], SPRING[1]),
        (SPRING[1], SPRING[1], SPRING[2]),
        (SPRING[2] - timedelta(milliseconds=1), SPRING[2], SPRING[2]),
        (AUTUMN[0], AUTUMN[0], AUTUMN[1]),
    ],
)
def test_midnights(moment: datetime, at_or_after: datetime, after: datetime) -> None:
    zone = ZoneInfo("Europe/Warsaw")
    assert (midnight_from(moment, zone), next_midnight(moment, zone)) == (at_or_after, after)


def test_a_clock_follows_the_wall_until_it_is_moved() -> None:
    assert FOLLOWING.now(WALL) == WALL
    moved = move(FOLLOWING, WALL + HOUR, WALL)
    assert (moved.stands_at, moved.moving_to, moved.night_at) == (WALL, WALL + HOUR, FOLLOWING.night_at)
    assert shown(moved, WALL + 5 * HOUR) == {
        "now": "2026-03-27T12:00:00.000Z",
        "follows_wall": False,
        "time_zone": "Europe/Warsaw",
        "sandbox": True,
        "moving_to": "2026-03-27T13:00:00.000Z",
        "async_action_id": None,
        "object": "clock",
    }


@pytest.mark.parametrize(
    ("clock", "to", "reason", "words"),
    [
        (replace(FOLLOWING, sandbox=False), WALL + HOUR, Reason.FORBIDDEN, "only a sandbox's can be moved"),
        (replace(STANDING, moving_to=WALL + HOUR), WALL + 2 * HOUR, Reason.RESOURCE_LOCKED, "2026-03-27T13:00:00.000Z"),
        (FOLLOWING, WALL - HOUR, Reason.INVALID_PAYLOAD, "from 2026-03-27T12:00:00.000Z, the present, to 2036-03-27T"),
        (replace(STANDING, stands_at=WALL + HOUR), WALL, Reason.INVALID_PAYLOAD, "T13:00:00.000Z, where it stands"),
        (FOLLOWING, WALL + MOST_AHEAD + HOUR, Reason.INVALID_PAYLOAD, "now: must be from"),
    ],
)
def test_moves_that_are_refused(clock: ProjectClock, to: datetime, reason: Reason, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        move(clock, to, WALL)
    assert caught.value.reason is reason
    assert words in caught.value.details


@pytest.mark.parametrize("to", [WALL, WALL + MOST_AHEAD])
def test_a_clock_may_stop_where_it_is_and_go_ten_years_ahead(to: datetime) -> None:
    assert move(FOLLOWING, to, WALL).moving_to == to
    assert move(STANDING, to, WALL).moving_to == to


def test_a_clock_with_nothing_on_its_way_goes_there_at_once() -> None:
    to = WALL + timedelta(days=1000)
    came = advanced(move(FOLLOWING, to, WALL), None, WALL)
    assert (came.stands_at, came.moving_to, came.night_at) == (to, None, next_midnight(to, came.zone))


def test_a_clock_stops_at_each_midnight_that_brings_work() -> None:
    clock = move(FOLLOWING, SPRING[3] + HOUR, WALL)
    for due, stop in ((SPRING[0], SPRING[0]), (SPRING[1] + HOUR, SPRING[2]), (SPRING[3], SPRING[3])):
        clock = advanced(clock, due, WALL)
        assert (clock.stands_at, clock.night_at, clock.work_until(WALL)) == (stop, stop, stop)
        assert advanced(clock, due, WALL) == clock, "it waits for the work"
    clock = advanced(clock, SPRING[3] + 30 * HOUR, WALL)
    assert (clock.stands_at, clock.moving_to) == (SPRING[3] + HOUR, None)


def test_work_that_is_due_where_the_clock_stands_comes_before_any_step() -> None:
    clock = move(STANDING, SPRING[0], WALL)
    assert (clock.work_until(WALL), advanced(clock, WALL, WALL)) == (WALL, clock)


def test_nights_that_were_missed_come_one_by_one_and_before_a_move() -> None:
    wall = SPRING[3] + HOUR
    for clock in (FOLLOWING, move(FOLLOWING, wall + 24 * HOUR, wall)):
        assert clock.work_until(wall) == SPRING[0]
        late = advanced(clock, SPRING[0] + HOUR, wall)
        assert (late.night_at, late.now(wall), late.work_until(wall)) == (SPRING[1], wall, SPRING[1])
        late = advanced(late, SPRING[3], wall)
        assert (late.night_at, late.now(wall)) == (SPRING[3], wall)
    assert advanced(late, None, wall).moving_to is None
    following = advanced(replace(FOLLOWING, night_at=SPRING[3]), None, wall)
    assert (following.night_at, following.work_until(wall)) == (next_midnight(wall, following.zone), None)


days = st.integers(0, 400)
instants = st.integers(0, 400 * 24 * 60).map(lambda minutes: WALL + timedelta(minutes=minutes))


@given(zone=st.sampled_from(ZONES), dues=st.lists(instants, max_size=12), to=instants, late=days)
def test_all_that_is_due_is_done_at_the_first_midnight_from_it(
    zone: str, dues: list[datetime], to: datetime, late: int
) -> None:
    """Work at each stop, whatever the zone: each thing once, in order, none of it early, the last stop the target."""
    first = midnight(date(2026, 3, 28) - timedelta(days=late), ZoneInfo(zone))
    clock = move(ProjectClock(time_zone=zone, sandbox=True, night_at=first), to, WALL)
    waiting, done = sorted(dues), []
    while (until := clock.work_until(WALL)) is not None:
        while waiting and waiting[0] <= until:
            done.append((waiting.pop(0), until))
        before, clock = clock, advanced(clock, waiting[0] if waiting else None, WALL)
        assert clock != before, "it goes on once nothing is left to do"
        assert clock.now(WALL) >= before.now(WALL)
    assert (clock.stands_at, clock.moving_to) == (to, None)
    expected = [(due, min(midnight_from(due, clock.zone), to)) for due in sorted(dues) if WALL < due <= to]
    assert done == [(due, WALL) for due in dues if due == WALL] + expected
