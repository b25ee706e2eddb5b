"""Stories of one card in a tier structure, written as text: what happens on which day, and what is booked of it.

A structure is `follows / retention / downgrade`, such as `balance / 30 DAY / multi grace 1 MONTH up` or
`12 MONTH next / dates 06-30 12-31 / never`. Tiers are a letter, the points, `!` if never lost, `@` and a segment.
An event happens at noon, but `expire` and `activate` at the midnight that begins the day; `end` lets time pass.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from troth.core.tiering.evaluation import (
    Cause,
    Evaluated,
    Facts,
    Step,
    after_change,
    at_midnight,
    departure,
    next_due,
)
from troth.core.tiering.state import Origin, TierState, TierTransaction, before_the_first, counted
from troth.core.tiering.structure import Structure, Tier
from troth.core.tiers import TierConfiguration, TierStructureConfiguration

LADDER = "B0 S100 G500"
ONE_DAY = timedelta(days=1)


class Row(NamedTuple):
    """A story and the chain of transactions that comes of it."""

    structure: str
    tiers: str
    story: str
    chain: str


def rows(text: str) -> list[Row]:
    """Return the rows of a text, a block each: `structure | tiers`, the story, `-> chain`; # begins a comment."""
    blocks = [[line for line in block.splitlines() if line[:1] != "#"] for block in text.strip().split("\n\n")]
    return [_row(head, " ".join(rest)) for head, *rest in blocks]


def _row(head: str, rest: str) -> Row:
    of, _, tiers = head.partition(" | ")
    story, _, chain = rest.partition(" ->")
    return Row(of, tiers or LADDER, story, chain.strip())


def structure(text: str, tiers: str = LADDER) -> Structure:
    follows, retention, downgrade = (part.split() for part in text.split(" / "))
    configuration: dict[str, Any] = {
        **_followed(follows),
        "expiration": _expiration(retention),
        "downgrade": _downgrade(downgrade),
    }
    return Structure.of("lts_1", TierStructureConfiguration.model_validate(configuration), map(_tier, tiers.split()))


def _period(value: str, unit: str) -> dict[str, Any]:
    return {"value": int(value), "unit": unit}


def _followed(words: list[str]) -> dict[str, Any]:
    wallet = {"card_definition_id": "lcdef_1"}
    if words == ["balance"]:
        return {"type": "POINT_BALANCE", "point_balance": wallet}
    moment = {"now": "IMMEDIATELY", "next": "NEXT_TRACKING_PERIOD"}[words[2]]
    return {"type": "POINT_EARNED", "point_earned": {**wallet, "period": _period(*words[:2]), "type": moment}}


def _expiration(words: list[str]) -> dict[str, Any]:
    if words == ["none"]:
        return {"type": "NO_RETENTION"}
    if words[0] == "dates":
        dates = [{"month": int(one[:2]), "day": int(one[3:])} for one in words[1:]]
        return {"type": "CALENDAR_EXPIRATION", "calendar_expiration": {"calendar_dates": dates}}
    if words[0] == "sliding":
        return {"type": "SLIDING_EXPIRATION", "sliding_expiration": {"period": _period(*words[1:])}}
    return {"type": "FIXED_DURATION", "fixed_duration": {"period": _period(*words)}}


def _downgrade(words: list[str]) -> dict[str, Any]:
    kind = {"never": "NO_DOWNGRADE", "single": "SINGLE_LEVEL", "multi": "MULTI_LEVEL"}[words[0]]
    if len(words) == 1:
        return {"type": kind}
    return {"type": kind, "grace_period": {**_period(*words[2:4]), "round_up": words[-1] == "up"}}


def _tier(text: str) -> Tier:
    letter, rest = text[0], text[1:]
    points, _, segment = rest.partition("@")
    rules: dict[str, Any] = {"type": "POINTS", "points": {"min_value": int(points.rstrip("!"))}}
    if segment:
        rules = {**rules, "type": "POINTS_AND_SEGMENT", "segment": {"id": segment}}
    downgrade = {"type": "NO_DOWNGRADE" if points.endswith("!") else "INHERIT"}
    configuration = TierConfiguration.model_validate({"qualification_rules": rules, "downgrade": downgrade})
    return Tier(letter, f"Tier {letter}", configuration)


class Event(NamedTuple):
    """What happens on a day: a verb, and how many points or which segment."""

    day: date
    verb: str
    amount: int = 0
    segment: str = ""


def events(text: str) -> list[Event]:
    """Return the events of a story, such as `26-01-10 made, 26-01-20 +600, 26-02-01 in vip, 26-03-05 spend 20`."""
    return [_event(one.split()) for one in text.split(", ")]


def _event(words: list[str]) -> Event:
    day = date.fromisoformat(f"20{words[0]}")
    if words[1][0] in "+-":
        return Event(day, words[1][0], int(words[1][1:]))
    if words[1] in {"in", "out"}:
        return Event(day, words[1], segment=words[2])
    return Event(day, words[1], int(words[2]) if len(words) > 2 else 0)


class Story:
    """A card as it is lived: every event is evaluated, and the nights before it are worked off.

    `every_night` also works off nights on which nothing is due; `twice` evaluates everything once more.
    """

    def __init__(self, of: Structure, zone: str = "UTC", *, every_night: bool = False, twice: bool = False) -> None:
        self.structure, self.every_night, self.times = of, every_night, 2 if twice else 1
        self.facts = Facts("lcrd_1", 0, frozenset(), ZoneInfo(zone))
        self.state = TierState()
        self.day = date.min
        self.booked: list[TierTransaction] = []

    def live(self, story: Sequence[Event]) -> "Story":
        for event in story:
            if event.verb == "made":
                self.day = event.day
                self.state = before_the_first(self.structure, event.day)
                self._evaluate(event, Origin("member_card_created"))
            elif event.verb in {"expire", "activate"}:
                self.pass_until(event.day - ONE_DAY)
                self._night(event.day, event)
            else:
                self.pass_until(event.day)
                self._happen(event)
        return self

    def pass_until(self, day: date) -> None:
        """Work off the nights up to the midnight that begins the day."""
        for night in self._nights(day):
            self._night(night)

    def _nights(self, last: date) -> Iterator[date]:
        if self.every_night:
            for ordinal in range(self.day.toordinal() + 1, last.toordinal() + 1):
                yield date.fromordinal(ordinal)
            return
        while (due := next_due(self.structure, self.state)) and due <= last:
            assert due > self.day, "what was due has been worked off"
            yield due

    def _night(self, day: date, event: Event | None = None) -> None:
        self.day = day
        if event and event.verb == "activate":
            self._change(event.amount, counts=event.amount)
        self._take(lambda: at_midnight(self.structure, self.state, self.facts, day, Step.TIERS_EXPIRE))
        if event and event.verb == "expire":
            self._change(-event.amount)
        self._take(lambda: at_midnight(self.structure, self.state, self.facts, day, Step.BALANCE_TIERS))

    def _change(self, points: int, counts: int = 0) -> None:
        self.facts = self.facts._replace(balance=self.facts.balance + points)
        if counts:
            self.state = counted(self.structure, self.state, self.day, counts)

    def _happen(self, event: Event) -> None:
        self.day = max(self.day, event.day)
        sign = 1 if event.verb in {"+", "add"} else -1
        self._change(sign * event.amount, counts=sign * event.amount if event.verb in {"+", "refund"} else 0)
        segments = set(self.facts.segment_ids)
        if event.verb in {"in", "out"}:
            (segments.add if event.verb == "in" else segments.discard)(event.segment)
            self.facts = self.facts._replace(segment_ids=frozenset(segments))
        if event.verb == "gone":
            self._take(lambda: departure(self.structure, self.state, self.facts, self._cause(event, None)))
        elif event.verb != "end":
            self._evaluate(event, Origin("card_operations", ("lctx_1",)))

    def _evaluate(self, event: Event, origin: Origin) -> None:
        cause = self._cause(event, origin)
        self._take(lambda: after_change(self.structure, self.state, self.facts, cause))

    def _cause(self, event: Event, origin: Origin | None) -> Cause:
        noon = datetime.combine(event.day, time(12), self.facts.zone).astimezone(UTC)
        return Cause(noon, origin, event.day if event.verb in {"+", "spend"} else None)

    def _take(self, evaluate: Any) -> None:
        for _ in range(self.times):
            evaluated: Evaluated = evaluate()
            self.state = evaluated.state
            self.booked += evaluated.booked

    @property
    def chain(self) -> list[str]:
        """What was booked, as `26-01-20 UPGRADED B>G until 26-02-19`."""
        return [self._line(one) for one in self.booked]

    def _line(self, one: TierTransaction) -> str:
        told = one.type if one.status == "APPROVED" and one.updated_at is None else one.status
        moved = one.tier_to if one.tier_from == one.tier_to else f"{one.tier_from or ''}>{one.tier_to or ''}"
        line = f"{self._shown(one.updated_at or one.created_at)} {told} {moved}"
        if told in {"APPROVED", "REJECTED"}:
            return line
        if told == "PENDING":
            line += f" from {self._shown(one.start_at)}"
        return f"{line} until {self._shown(one.expires_at - ONE_DAY)}" if one.expires_at else line

    def _shown(self, moment: datetime) -> str:
        return moment.astimezone(self.facts.zone).date().isoformat()[2:]


def told(of: Structure, text: str, zone: str = "UTC") -> str:
    """Return what is booked in a story, the same whichever nights are worked off and however often; and gap-free."""
    story = events(text)
    stories = [
        Story(of, zone, every_night=every_night, twice=twice).live(story)
        for every_night in (False, True)
        for twice in (False, True)
    ]
    one = stories[0]
    for other in stories[1:]:
        assert (other.booked, other.state) == (one.booked, one.state)
    check_gap_free(one)
    return ", ".join(one.chain)


def check_gap_free(story: Story) -> None:
    """The approved transactions lead from no tier to the present one, one after the other; none is both old and new."""
    held: str | None = None
    since: datetime | None = None
    for one in story.booked:
        if one.status == "APPROVED":
            assert one.tier_from == held
            assert since is None or one.start_at >= since
            held, since = one.tier_to, one.start_at
    assert held == story.state.tier_id
    new = [one.id for one in story.booked if one.updated_at is None]
    assert new == sorted(set(new))
    pending = {one.id: one for one in story.booked if one.status == "PENDING"}
    done = {one.id for one in story.booked if one.updated_at}
    assert set(pending) - done == ({story.state.deferred.id} if story.state.deferred else set())
