"""Tiers under any structure and any history: what holds always (domain 10 and 16)."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.core.tier_stories import Event, Story, check_gap_free, structure

from troth.core.tiering.evaluation import deciding_points
from troth.core.tiering.progress import Coming, next_loss
from troth.core.tiering.state import TierTransaction
from troth.core.tiering.structure import Structure

LOSSES = {"DOWNGRADED", "LEFT"}
FOLLOWS = ("balance", "10 DAY now", "2 WEEK next", "1 MONTH now", "3 MONTH next", "1 YEAR now")
RETENTIONS = ("none", "1 DAY", "30 DAY", "1 MONTH", "dates 01-31 02-29 08-01", "sliding 20 DAY")
GRACES = ("", " grace 1 DAY", " grace 10 DAY", " grace 1 MONTH up")
LADDERS = ("B0 S100 G500", "S100 G500 P1000", "B0! S100 V100@vip G500! P1000", "B0 S100! V200!@vip G500 W500@vip")
TEXTS = st.tuples(
    st.sampled_from(FOLLOWS),
    st.sampled_from(RETENTIONS),
    st.one_of(st.just("never"), st.builds(str.__add__, st.sampled_from(["single", "multi"]), st.sampled_from(GRACES))),
    st.sampled_from(LADDERS),
)


def structured(parts: tuple[str, str, str, str]) -> Structure:
    return structure(" / ".join(parts[:3]), parts[3])


STRUCTURES = TEXTS.map(structured)
AMOUNTS = st.sampled_from([1, 50, 99, 100, 400, 500, 1000])
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 2, 9, 30, 45]),
        st.sampled_from(["+", "+", "-", "spend", "refund", "add", "in", "out", "expire", "activate"]),
        AMOUNTS,
    ),
    max_size=12,
)
FIRST_DAYS = st.dates(date(2027, 12, 25), date(2028, 3, 5))


def story_of(first: date, happenings: list[tuple[int, str, int]]) -> list[Event]:
    """Return events of which none lies before another; midnights have their own days."""
    events, day = [Event(first, "made")], first
    for gap, verb, amount in happenings:
        day += timedelta(days=max(gap, 1) if verb in {"expire", "activate"} or _at_midnight(events[-1], day) else gap)
        events.append(Event(day, verb, amount, "vip"))
    return events


def _at_midnight(event: Event, day: date) -> bool:
    return event.verb in {"expire", "activate"} and event.day == day


def losses_in(story: Story) -> list[date]:
    return [one.start_at.astimezone(story.facts.zone).date() for one in story.booked if one.type in LOSSES]


@given(STRUCTURES, FIRST_DAYS, HAPPENINGS)
def test_any_split_of_the_nights_and_any_repetition_gives_the_same(
    of: Structure, first: date, happenings: list[tuple[int, str, int]]
) -> None:
    events = [*story_of(first, happenings), Event(first + timedelta(days=700), "end")]
    due_only = Story(of, "Europe/Warsaw").live(events)
    check_gap_free(due_only)
    for other in (Story(of, "Europe/Warsaw", every_night=True), Story(of, "Europe/Warsaw", twice=True)):
        other.live(events)
        assert (other.booked, other.state) == (due_only.booked, due_only.state)


@given(STRUCTURES, FIRST_DAYS, HAPPENINGS)
def test_nobody_is_below_what_is_deserved_or_never_lost(
    of: Structure, first: date, happenings: list[tuple[int, str, int]]
) -> None:
    story, reached = Story(of), -1
    for event in story_of(first, happenings):
        story.live([event])
        level = of.levels[story.state.tier_id]
        deserved = of.deserved(deciding_points(of, story.state, story.facts), story.facts.segment_ids)
        assert level >= of.levels[deserved]
        assert level >= reached
        if story.state.tier_id and of.never_loses(story.state.tier_id):
            reached = max(reached, level)


@given(STRUCTURES, FIRST_DAYS, HAPPENINGS)
def test_single_levels_are_lost_one_a_day(of: Structure, first: date, happenings: list[tuple[int, str, int]]) -> None:
    story = Story(of).live([*story_of(first, happenings), Event(first + timedelta(days=700), "end")])
    if of.configuration.downgrade.type == "SINGLE_LEVEL":
        assert set(Counter(losses_in(story)).values()) <= {1}
    if of.configuration.downgrade.type == "NO_DOWNGRADE":
        assert losses_in(story) == []


@given(STRUCTURES, FIRST_DAYS, HAPPENINGS, st.lists(st.tuples(st.integers(1, 60), st.booleans(), AMOUNTS), max_size=4))
def test_the_risk_is_what_comes_true_if_nothing_else_happens(
    of: Structure, first: date, happenings: list[tuple[int, str, int]], ahead: list[tuple[int, bool, int]]
) -> None:
    story = Story(of).live(story_of(first, happenings))
    assume(story.state.tier_id)
    day, coming = story.day, []
    for gap, expires, amount in ahead:
        day += timedelta(days=gap)
        coming.append(Coming(day, 0, amount) if expires else Coming(day, amount, 0))
    risk, before = next_loss(of, story.state, story.facts, coming), len(story.booked)
    held = of.levels[story.state.tier_id]
    nights = [Event(one.day, "expire" if one.expired else "activate", one.activated + one.expired) for one in coming]
    story.live([*nights, Event(day + timedelta(days=1500), "end")])
    come_true = next(
        (one for one in story.booked[before:] if one.type in LOSSES and of.levels[one.tier_to] < held), None
    )
    assert _without_id(risk) == _without_id(come_true)


def _without_id(one: TierTransaction | None) -> TierTransaction | None:
    return one and one._replace(id="")
