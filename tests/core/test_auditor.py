"""The auditor by hand: each rule of domain 7 and 16 in a story short enough to check in the head."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.auditor import AuditedCard, Auditor, Wallet
from tests.core.strategies import expirations

from troth.core.card_definitions import PendingPoints
from troth.core.expiration import EffectPointsExpiration, PointsExpiration

Row: TypeAlias = tuple[str, int, str, str | None]

WARSAW = ZoneInfo("Europe/Warsaw")


def rolling(value: int, unit: str) -> PointsExpiration:
    parts = {"period": {"value": value, "unit": unit}}
    return PointsExpiration.model_validate({"type": "ROLLING_EXPIRATION", "rolling_expiration": parts})


def sliding(value: int, unit: str, **activities: Any) -> PointsExpiration:
    parts = {"period": {"value": value, "unit": unit}, **activities}
    return PointsExpiration.model_validate({"type": "SLIDING_EXPIRATION", "sliding_expiration": parts})


def on_date(day: int, month: int) -> PointsExpiration:
    parts = {"expiration_dates": [{"day": day, "month": month}]}
    return PointsExpiration.model_validate({"type": "CALENDAR_EXPIRATION", "calendar_expiration": parts})


def pending(kind: str, days: int) -> PendingPoints:
    period = {"value": days, "unit": "DAY"}
    parts = {
        "PERIOD_BASED": {"period_based": {"period": period}},
        "EVENT_BASED": {"event_based": {"event_types": ["ms_1"], "cancel_period": period}},
    }
    return PendingPoints.model_validate({"type": kind, **parts[kind]})


NEVER = Wallet()
MONTHLY = Wallet(rolling(1, "MONTH"))
DAILY = Wallet(rolling(1, "DAY"))
NEGATIVE = Wallet(allow_negative=True)
SLIDING = Wallet(sliding(30, "DAY", earning_activity=True))
BY_SPENDING = Wallet(sliding(30, "DAY", spending_activity=True))
BY_EVENTS = Wallet(sliding(30, "DAY", custom_activity=True, custom_activity_types=["ms_2"]))
WAITING = Wallet(rolling(1, "MONTH"), pending("PERIOD_BASED", 14))
AWAITING = Wallet(rolling(1, "MONTH"), pending("EVENT_BASED", 14))


class Story:
    """One card of a member in Warsaw, from noon of 1 January 2026 on."""

    def __init__(self, wallet: Wallet) -> None:
        self.auditor = Auditor(WARSAW, datetime(2026, 1, 1, 11, tzinfo=UTC), card=wallet)

    @property
    def card(self) -> AuditedCard:
        return self.auditor.cards["card"]

    def on(self, day: str) -> "Story":
        """Wait for that day's noon."""
        noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=WARSAW)
        self.auditor.advance(noon.astimezone(UTC))
        return self

    def credit(self, points: int) -> "Story":
        self.auditor.credit("card", points)
        return self

    def debit(self, points: int) -> "Story":
        self.auditor.debit("card", points)
        return self

    def earn(self, points: int, expiration: PointsExpiration | None = None) -> "Story":
        self.auditor.earn("card", points, expiration)
        return self

    def spend(self, points: int) -> "Story":
        self.auditor.spend("card", points)
        return self

    def spend_and_return(self, points: int, day: str, owing: int = 0) -> "Story":
        parts = self.auditor.spend("card", points)
        if owing:
            self.debit(owing)
        self.on(day).auditor.give_back("card", parts)
        return self

    def refund(self, points: int) -> "Story":
        self.auditor.refund("card", points)
        return self

    def event(self, schema_id: str) -> "Story":
        self.auditor.custom_event(schema_id)
        return self

    def expire(self) -> "Story":
        self.auditor.expire("card", self.card.buckets[0])
        return self

    def activate(self) -> "Story":
        self.auditor.activate("card", self.card.pending[0])
        return self

    def cancel(self) -> "Story":
        self.auditor.cancel("card", self.card.pending[0])
        return self

    @property
    def buckets(self) -> list[str]:
        """`points until date, month earned`, in the order of consumption."""
        order = sorted(self.card.buckets, key=lambda one: (one.date or date.max, one.month, one.number))
        return [f"{one.points} until {one.date}, {one.month:%Y-%m}" for one in order]


BUCKETS: list[tuple[str, Story, list[str]]] = [
    ("one bucket a month", Story(NEVER).credit(1).on("2026-01-31").earn(2).on("2026-02-01").credit(4),
     ["3 until None, 2026-01", "4 until None, 2026-02"]),
    ("one bucket a date", Story(MONTHLY).credit(1).credit(2).on("2026-01-02").credit(4),
     ["3 until 2026-02-01, 2026-01", "4 until 2026-02-02, 2026-01"]),
    ("one bucket a configuration", Story(Wallet(rolling(31, "DAY"))).credit(1).earn(2, rolling(1, "MONTH")).earn(4),
     ["5 until 2026-02-01, 2026-01", "2 until 2026-02-01, 2026-01"]),
    ("soonest first, undated last",
     Story(NEVER).credit(1).earn(2, rolling(2, "DAY")).earn(4, rolling(1, "DAY")).debit(5),
     ["1 until 2026-01-03, 2026-01", "1 until None, 2026-01"]),
    ("then by month", Story(Wallet(on_date(1, 3))).credit(4).on("2026-02-01").credit(4).debit(5),
     ["3 until 2026-03-01, 2026-02"]),
    ("more than there is: rejected", Story(NEVER).credit(4).debit(5), ["4 until None, 2026-01"]),
    ("below zero", Story(NEGATIVE).credit(4).debit(10), []),
    ("a credit fills the hole first", Story(NEGATIVE).debit(10).credit(4).credit(7), ["1 until None, 2026-01"]),
    ("a refund too goes below zero", Story(NEGATIVE).earn(4).refund(6).earn(3), ["1 until None, 2026-01"]),
    ("a return fills the hole", Story(NEGATIVE).credit(9).spend(5).debit(6).credit(1), []),
    ("with what came first", Story(NEGATIVE).credit(3).on("2026-02-01").credit(3).spend_and_return(6, "2026-02-02"),
     ["3 until None, 2026-01", "3 until None, 2026-02"]),
    ("a hole is filled once", Story(NEGATIVE).credit(3).on("2026-02-01").credit(3)
     .spend_and_return(6, "2026-02-02", owing=4), ["2 until None, 2026-02"]),
    ("what came back goes by its month", Story(Wallet(on_date(1, 3))).credit(2).on("2026-02-01").credit(4)
     .spend_and_return(2, "2026-02-02").debit(1), ["1 until 2026-03-01, 2026-01", "4 until 2026-03-01, 2026-02"]),
    ("last day of use", Story(MONTHLY).credit(5).on("2026-02-01"), ["5 until 2026-02-01, 2026-01"]),
    ("gone at the midnight after", Story(MONTHLY).credit(5).on("2026-02-02"), []),
    ("expired by hand", Story(MONTHLY).credit(5).on("2026-01-02").credit(6).expire(), ["6 until 2026-02-02, 2026-01"]),
    ("returned", Story(MONTHLY).credit(5).on("2026-01-02").credit(5).spend_and_return(7, "2026-02-01"),
     ["5 until 2026-02-01, 2026-01", "5 until 2026-02-02, 2026-01"]),
    ("returned too late", Story(DAILY).credit(5).spend_and_return(5, "2026-02-03"), ["5 until 2026-02-04, 2026-01"]),
    ("a sliding date waits for earning", Story(SLIDING).credit(5).on("2026-01-05").credit(2),
     ["7 until 2026-01-31, 2026-01"]),
    ("and moves with it", Story(SLIDING).credit(5).on("2026-01-05").earn(2), ["7 until 2026-02-04, 2026-01"]),
    ("for all months", Story(SLIDING).earn(5).on("2026-01-30").earn(5).on("2026-02-02").earn(2),
     ["10 until 2026-03-04, 2026-01", "2 until 2026-03-04, 2026-02"]),
    ("it restarts when nothing is left", Story(SLIDING).earn(5).debit(5).on("2026-01-20").credit(3),
     ["3 until 2026-02-19, 2026-01"]),
    ("spending moves what is left", Story(BY_SPENDING).earn(5).on("2026-01-20").earn(1).spend(2),
     ["4 until 2026-02-19, 2026-01"]),
    ("a debit does not", Story(BY_SPENDING).earn(5).on("2026-01-20").debit(2), ["3 until 2026-01-31, 2026-01"]),
    ("a return does not", Story(BY_SPENDING).earn(5).spend_and_return(2, "2026-01-20"),
     ["5 until 2026-01-31, 2026-01"]),
    ("what comes back shares the date", Story(BY_SPENDING).earn(5).on("2026-01-10").spend_and_return(2, "2026-01-20"),
     ["5 until 2026-02-09, 2026-01"]),
    ("an event does", Story(BY_EVENTS).earn(5).on("2026-01-20").event("ms_2"), ["5 until 2026-02-19, 2026-01"]),
    ("another event does not", Story(BY_EVENTS).earn(5).on("2026-01-20").event("ms_1"),
     ["5 until 2026-01-31, 2026-01"]),
    ("pending", Story(WAITING).earn(5).on("2026-01-14"), []),
    ("activated at its midnight", Story(WAITING).earn(5).on("2026-01-15"), ["5 until 2026-02-15, 2026-01"]),
    ("credits are never pending", Story(WAITING).credit(5), ["5 until 2026-02-01, 2026-01"]),
    ("activated by hand", Story(WAITING).earn(5).on("2026-01-10").activate(), ["5 until 2026-02-10, 2026-01"]),
    ("activated by the event, on the last day", Story(AWAITING).earn(5).on("2026-01-15").event("ms_1"),
     ["5 until 2026-02-15, 2026-01"]),
    ("not by another", Story(AWAITING).earn(5).event("ms_2"), []),
    ("cancelled after it", Story(AWAITING).earn(5).on("2026-01-16").event("ms_1"), []),
]  # fmt: skip


@pytest.mark.parametrize(("story", "expected"), [row[1:] for row in BUCKETS], ids=[row[0] for row in BUCKETS])
def test_buckets(story: Story, expected: list[str]) -> None:
    assert story.buckets == expected
    assert sum(one.points for one in story.card.buckets) == max(story.card.balance, 0)


ENTRIES: list[tuple[Story, list[Row]]] = [
    (Story(MONTHLY).credit(5).debit(2).on("2026-02-02"), [
        ("ADMIN_CREDIT", 5, "2026-01-01T11:00", "2026-02-01"),
        ("ADMIN_DEBIT", -2, "2026-01-01T11:00", None),
        ("POINTS_EXPIRED", 3, "2026-02-01T23:00", "2026-02-01"),
    ]),
    (Story(NEVER).debit(1), [("ADMIN_DEBIT", -1, "2026-01-01T11:00", None)]),
    (Story(NEVER).earn(3, rolling(31, "DAY")).earn(4, rolling(1, "MONTH")).on("2026-04-01"), [
        ("POINTS_EARNED", 3, "2026-01-01T11:00", "2026-02-01"),
        ("POINTS_EARNED", 4, "2026-01-01T11:00", "2026-02-01"),
        ("POINTS_EXPIRED", 7, "2026-02-01T23:00", "2026-02-01"),
    ]),
    # Summer time begins in Warsaw on 29 March 2026: the midnight after it is an hour earlier in UTC.
    (Story(WAITING).on("2026-03-15").earn(5).on("2026-06-01"), [
        ("PENDING_POINTS_ADDED", 5, "2026-03-15T11:00", "2026-03-29"),
        ("PENDING_POINTS_ACTIVATED", 5, "2026-03-28T23:00", "2026-03-29"),
        ("POINTS_EXPIRED", 5, "2026-04-29T22:00", "2026-04-29"),
    ]),
    (Story(AWAITING).earn(5).earn(6).cancel().on("2026-03-01"), [
        ("PENDING_POINTS_ADDED", 5, "2026-01-01T11:00", "2026-01-15"),
        ("PENDING_POINTS_ADDED", 6, "2026-01-01T11:00", "2026-01-15"),
        ("PENDING_POINTS_CANCELED", 5, "2026-01-01T11:00", "2026-01-15"),
        ("PENDING_POINTS_CANCELED", 6, "2026-01-15T23:00", "2026-01-15"),
    ]),
    (Story(DAILY).earn(5).spend_and_return(2, "2026-01-02").expire(), [
        ("POINTS_EARNED", 5, "2026-01-01T11:00", "2026-01-02"),
        ("POINTS_SPENT_ON_ORDER", 2, "2026-01-01T11:00", None),
        ("POINTS_RETURNED", 2, "2026-01-02T11:00", None),
        ("ADMIN_POINTS_EXPIRATION", 5, "2026-01-02T11:00", "2026-01-02"),
    ]),
    (Story(NEVER).earn(5).refund(2), [
        ("POINTS_EARNED", 5, "2026-01-01T11:00", None),
        ("POINTS_REFUNDED", 2, "2026-01-01T11:00", None),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("story", "expected"), ENTRIES)
def test_transactions(story: Story, expected: list[Row]) -> None:
    rows = [
        (kind, points, f"{instant:%Y-%m-%dT%H:%M}", shown and shown.isoformat())
        for kind, points, instant, shown, _ in story.card.entries
    ]
    assert rows == expected


def test_only_what_is_rejected_moves_nothing() -> None:
    card = Story(NEVER).credit(4).debit(5).debit(4).card
    assert [one.status for one in card.entries] == ["APPROVED", "REJECTED", "APPROVED"]
    assert (card.balance, +card.counters) == (0, {"total": 4, "added": 4, "subtracted": 4})


def test_pending_points_are_counted_apart() -> None:
    card = Story(WAITING).earn(5).earn(3).activate().card
    assert card.counters == {"pending_total": 8, "pending_activated": 5, "total": 5}
    assert (card.balance, card.pending_balance) == (5, 3)
    assert Story(WAITING).earn(5).cancel().card.counters == {"pending_total": 5, "pending_canceled": 5}


def test_the_next_dates_are_the_nearest_with_their_sums() -> None:
    story = Story(Wallet(rolling(31, "DAY"), pending("PERIOD_BASED", 14))).earn(5).earn(3).credit(1)
    assert story.card.next_expiration == (date(2026, 2, 1), 1)
    assert story.on("2026-01-02").earn(4).card.next_activation == (date(2026, 1, 15), "PERIOD_BASED", 8)
    assert story.on("2026-01-15").card.next_activation == (date(2026, 1, 16), "PERIOD_BASED", 4)
    assert story.on("2026-02-02").card.next_expiration == (date(2026, 2, 15), 8)
    assert (Story(NEVER).credit(1).card.next_expiration, Story(NEVER).credit(1).card.next_activation) == (None, None)


def test_points_activated_where_sliding_ones_expire_begin_a_date_of_their_own() -> None:
    """The same midnight of 31 January to 1 February activates 3 and ends the last day of 5."""
    story = Story(Wallet(sliding(30, "DAY"), pending("PERIOD_BASED", 31))).credit(5).earn(3).on("2026-02-01")
    assert story.buckets == ["3 until 2026-03-03, 2026-02"]
    assert [one.type for one in story.card.entries[2:]] == ["PENDING_POINTS_ACTIVATED", "POINTS_EXPIRED"]


def test_a_wallets_expiration_and_the_same_of_an_effect_are_one_configuration() -> None:
    own = EffectPointsExpiration.model_validate(MONTHLY.expiration.stored())
    assert Story(MONTHLY).credit(1).earn(2, own).buckets == ["3 until 2026-02-01, 2026-01"]


DEEDS: dict[str, Callable[[Auditor, int], object]] = {
    "credit": lambda auditor, points: auditor.credit("card", points),
    "debit": lambda auditor, points: auditor.debit("card", points),
    "earn": lambda auditor, points: auditor.earn("card", points),
    "event": lambda auditor, points: auditor.custom_event("ms_1"),
    "wait": lambda auditor, points: auditor.advance(auditor.now + timedelta(hours=points)),
}
WALLETS = st.one_of(
    st.builds(
        Wallet,
        expirations().map(PointsExpiration.model_validate),
        st.sampled_from([WAITING.pending, AWAITING.pending, NEVER.pending]),
    ),
    st.just(NEGATIVE),
)


@given(WALLETS, st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(1, 2000)), max_size=20))
def test_the_books_balance_however_time_is_cut(wallet: Wallet, deeds: list[tuple[str, int]]) -> None:
    at_once, step_by_step = Story(wallet), Story(wallet)
    for deed, points in deeds:
        DEEDS[deed](at_once.auditor, points)
        if deed == "wait":
            for _ in range(points):
                DEEDS[deed](step_by_step.auditor, 1)
        else:
            DEEDS[deed](step_by_step.auditor, points)
        card = at_once.card
        assert card == step_by_step.card
        assert sum(one.points for one in card.buckets) == max(card.balance, 0)
        assert sum(one.points for one in card.pending) == card.pending_balance
        assert all(one.date is None or one.date >= at_once.auditor.today for one in card.buckets)
