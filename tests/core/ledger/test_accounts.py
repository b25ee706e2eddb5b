"""How points come to a card and leave it: merged, consumed in order, below zero, sliding (domain 7)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.core.auditor import Wallet
from tests.core.ledger.clerk import new_account

from troth.core.cards import ZERO, NextActivation, NextExpiration
from troth.core.expiration import NO_EXPIRATION, PointsExpiration
from troth.core.ledger.accounts import (
    Account,
    drained,
    emptied,
    filled,
    next_activation,
    next_due,
    next_expiration,
    poured,
    restored,
    touched,
)
from troth.core.ledger.buckets import Bucket, PendingBucket, PendingType, expiration_key
from troth.core.ledger.postings import Kind

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
LATER = datetime(2027, 1, 15, 13, tzinfo=UTC)
EMPTY = new_account("lcrd_1", NOON, Wallet())


def rolling(days: int) -> PointsExpiration:
    parts = {"period": {"value": days, "unit": "DAY"}}
    return PointsExpiration.model_validate({"type": "ROLLING_EXPIRATION", "rolling_expiration": parts})


def sliding(days: int, **activities: Any) -> PointsExpiration:
    parts = {"period": {"value": days, "unit": "DAY"}, **activities}
    return PointsExpiration.model_validate({"type": "SLIDING_EXPIRATION", "sliding_expiration": parts})


def bucket(name: str, points: int, until: str | None = None, month: str = "2027-01") -> Bucket:
    day = date.fromisoformat(until) if until else None
    kind = "ROLLING_EXPIRATION" if day else "NO_EXPIRATION"
    return Bucket(name, kind, "key", day, date.fromisoformat(f"{month}-01"), points, "ACTIVE", NOON)


def holding(*buckets: Bucket, balance: int | None = None) -> Account:
    points = sum(one.points for one in buckets) if balance is None else balance
    counters = ZERO._replace(total=max(points, 0), added=max(points, 0), subtracted=max(-points, 0))
    return EMPTY._replace(counters=counters, buckets={one.id: one for one in buckets})


def credited(account: Account, points: int, expiration: PointsExpiration, day: str, bucket_id: str) -> Account:
    return filled(
        account, Kind.ADDED, points,
        expiration=expiration, day=date.fromisoformat(day), instant=LATER, bucket_id=bucket_id,
    ).account  # fmt: skip


MERGED: list[tuple[str, list[tuple[int, PointsExpiration, str]], dict[str, int]]] = [
    ("the same in all three", [(1, rolling(9), "2027-01-15"), (2, rolling(9), "2027-01-15")], {"1": 3}),
    ("another date", [(1, rolling(9), "2027-01-15"), (2, rolling(9), "2027-01-16")], {"1": 1, "2": 2}),
    ("another configuration", [(1, rolling(9), "2027-01-15"), (2, rolling(8), "2027-01-16")], {"1": 1, "2": 2}),
    ("undated, another day", [(1, NO_EXPIRATION, "2027-01-15"), (2, NO_EXPIRATION, "2027-01-31")], {"1": 3}),
    ("undated, another month", [(1, NO_EXPIRATION, "2027-01-15"), (2, NO_EXPIRATION, "2027-02-01")], {"1": 1, "2": 2}),
    ("sliding, another day", [(1, sliding(30), "2027-01-15"), (2, sliding(30), "2027-01-31")], {"1": 3}),
    ("sliding, another month", [(1, sliding(30), "2027-01-15"), (2, sliding(30), "2027-02-01")], {"1": 1, "2": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("added", "expected"), [row[1:] for row in MERGED], ids=[row[0] for row in MERGED])
def test_what_merges_and_what_does_not(
    added: list[tuple[int, PointsExpiration, str]], expected: dict[str, int]
) -> None:
    account = EMPTY
    for number, (points, expiration, day) in enumerate(added, 1):
        account = credited(account, points, expiration, day, str(number))
    assert {name: one.points for name, one in account.buckets.items()} == expected
    assert account.counters.balance == sum(expected.values())


def test_an_emptied_bucket_takes_credits_again_and_an_ended_one_does_not() -> None:
    account = credited(EMPTY, 5, rolling(9), "2027-01-15", "first")
    spent, _ = drained(account, Kind.SPENT, 5, LATER)
    assert credited(spent, 3, rolling(9), "2027-01-15", "second").buckets["first"].points == 3
    ended, changes = emptied(account, [account.buckets["first"]], LATER)
    assert (changes, ended.buckets["first"].status) == ({"first": -5}, "EXPIRED")
    again = credited(ended, 3, rolling(9), "2027-01-15", "second")
    assert {name: one.points for name, one in again.buckets.items()} == {"first": 0, "second": 3}


def test_a_bucket_is_updated_from_its_second_instant_on() -> None:
    account = filled(
        EMPTY, Kind.ADDED, 5,
        expiration=NO_EXPIRATION, day=NOON.date(), instant=NOON, bucket_id="1",
    ).account  # fmt: skip
    at_once, _ = drained(account, Kind.SPENT, 2, NOON)
    later, _ = drained(account, Kind.SPENT, 2, LATER)
    assert [one.buckets["1"].updated_at for one in (account, at_once, later)] == [None, None, LATER]


def test_a_credit_tells_its_last_day_of_use() -> None:
    day = date(2027, 1, 15)
    for expiration, expected in (
        (rolling(3), date(2027, 1, 18)),
        (sliding(5), date(2027, 1, 20)),
        (NO_EXPIRATION, None),
    ):
        made = filled(EMPTY, Kind.ADDED, 5, expiration=expiration, day=day, instant=NOON, bucket_id="1")
        assert (made.expires_on, made.account.date_of(made.account.buckets["1"])) == (expected, expected)


HELD = (
    bucket("d", 1), bucket("c", 1, month="2026-12"), bucket("b", 1, "2027-02-01"), bucket("a", 1, "2027-02-01"),
    bucket("z", 1, "2027-02-01", "2026-11"), bucket("y", 1, "2027-01-31"), bucket("x", 0, "2027-01-20"),
)  # fmt: skip


@pytest.mark.parametrize("points", range(8))
def test_points_are_consumed_soonest_date_first_then_by_month_then_by_id(points: int) -> None:
    account, changes = drained(holding(*HELD), Kind.SPENT, points, LATER)
    assert list(changes) == list("yzabcd")[:points]
    assert set(changes.values()) <= {-1}
    assert account.counters.balance == 6 - points
    assert sum(one.points for one in account.buckets.values()) == max(6 - points, 0)


def test_a_bucket_is_consumed_in_part() -> None:
    account, changes = drained(holding(bucket("a", 5, "2027-02-01"), bucket("b", 5)), Kind.SUBTRACTED, 7, LATER)
    assert changes == {"a": -5, "b": -2}
    assert {name: (one.points, one.status) for name, one in account.buckets.items()} == {
        "a": (0, "ACTIVE"),
        "b": (3, "ACTIVE"),
    }


HOLES: list[tuple[int, dict[str, int], dict[str, int]]] = [
    (0, {"a": 3}, {"a": 3}),
    (-2, {"a": 3}, {"a": 1}),
    (-3, {"a": 3}, {}),
    (-9, {"a": 3}, {}),
    (-2, {"a": 3, "b": 4}, {"a": 1, "b": 4}),
    (-3, {"a": 3, "b": 4}, {"b": 4}),
    (-5, {"a": 3, "b": 4}, {"b": 2}),
]


@pytest.mark.parametrize(("balance", "shares", "expected"), HOLES)
def test_a_balance_below_zero_swallows_what_comes_first(
    balance: int, shares: dict[str, int], expected: dict[str, int]
) -> None:
    buckets = {name: bucket(name, 0) for name in shares}
    points = sum(shares.values())
    account, changes = poured(holding(balance=balance), Kind.RETURNED, points, shares, LATER, buckets)
    assert changes == {name: one.points for name, one in account.buckets.items()} == expected
    assert account.counters.balance == balance + points
    assert sum(expected.values()) == max(balance + points, 0)


def dates(account: Account) -> list[str]:
    return [f"{one.points} until {account.date_of(one)}" for one in account.usable()]


def test_sliding_points_of_one_configuration_share_a_date_and_others_do_not() -> None:
    account = credited(EMPTY, 1, sliding(30), "2027-01-15", "1")
    account = credited(account, 2, sliding(30), "2027-01-20", "2")
    account = credited(account, 4, sliding(30, earning_activity=True), "2027-01-20", "3")
    assert dates(account) == ["3 until 2027-02-14", "4 until 2027-02-19"]


def test_a_sliding_date_starts_anew_when_nothing_shares_it() -> None:
    account = credited(EMPTY, 1, sliding(30), "2027-01-15", "1")
    account, _ = drained(account, Kind.SPENT, 1, LATER)
    account = credited(account, 2, sliding(30), "2027-01-20", "2")
    assert dates(account) == ["2 until 2027-02-19"]
    assert next_due(account) == date(2027, 2, 15), "the empty bucket's own date"


@pytest.mark.parametrize(("again", "expected"), [(2, ["3 until 2027-02-19"]), (0, ["1 until 2027-02-14"])])
def test_sliding_points_that_come_back_share_the_date_that_others_have_by_now(again: int, expected: list[str]) -> None:
    account = credited(EMPTY, 1, sliding(30), "2027-01-15", "1")
    account, consumed = drained(account, Kind.SPENT, 1, LATER)
    if again:
        account = credited(account, again, sliding(30), "2027-01-20", "2")
    account, _ = restored(
        account, Kind.RETURNED, consumed,
        expiration=sliding(30), day=date(2027, 1, 21), instant=LATER, fresh=lambda prefix: f"{prefix}_9",
    )  # fmt: skip
    assert dates(account) == expected
    assert sorted(one.points for one in account.usable()) == [1 + again]


def test_a_shared_date_is_shared_through_its_last_day() -> None:
    account = credited(EMPTY, 1, sliding(5), "2027-01-15", "1")
    assert dates(credited(account, 2, sliding(5), "2027-01-20", "2")) == ["3 until 2027-01-20"]


def test_a_credit_after_the_shared_date_is_over_leaves_the_others_theirs() -> None:
    account = credited(EMPTY, 1, sliding(5), "2027-01-15", "1")
    account = credited(account, 2, sliding(5), "2027-01-21", "2")
    assert dates(account) == ["1 until 2027-01-20", "2 until 2027-01-26"]


BOTH = {"earning_activity": True, "spending_activity": True}
CUSTOM = {"custom_activity": True, "custom_activity_types": ["ms_1", "ms_2"]}
OFF = {"custom_activity_types": ["ms_1"]}
QUALIFYING: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"earning_activity": True}, ["earning"]),
    ({"spending_activity": True}, ["spending"]),
    (BOTH, ["earning", "spending"]),
    (CUSTOM, ["ms_1", "ms_2"]),
    (OFF, []),
]


@pytest.mark.parametrize(("activities", "qualifying"), QUALIFYING)
def test_only_qualifying_activities_move_a_sliding_date(activities: dict[str, Any], qualifying: list[str]) -> None:
    account = credited(EMPTY, 1, sliding(30, **activities), "2027-01-15", "1")
    for activity in ("earning", "spending", "ms_1", "ms_2", "ms_3"):
        moved = dates(touched(account, activity, date(2027, 1, 20))) == ["1 until 2027-02-19"]
        assert moved == (activity in qualifying), activity


def test_a_sliding_date_never_moves_back_and_knows_no_others() -> None:
    account = credited(EMPTY, 1, sliding(30, **BOTH), "2027-01-15", "1")
    account = credited(account, 1, rolling(30), "2027-01-15", "2")
    assert touched(account, "earning", date(2027, 1, 14)) == account
    assert dates(touched(account, "earning", date(2027, 1, 16))) == ["1 until 2027-02-14", "1 until 2027-02-15"]


def pending(name: str, points: int, day: str, kind: PendingType = "PERIOD_BASED") -> PendingBucket:
    return PendingBucket(name, kind, date.fromisoformat(day), NO_EXPIRATION, points, "PENDING", NOON)


def waiting(*buckets: PendingBucket) -> Account:
    return EMPTY._replace(pending={one.id: one for one in buckets})


def test_the_next_dates_are_the_nearest_with_their_sums() -> None:
    assert next_expiration(holding(*HELD)) == NextExpiration(date(2027, 1, 31), 1)
    assert next_expiration(holding(*HELD[:5])) == NextExpiration(date(2027, 2, 1), 3)
    assert next_expiration(holding(*HELD[:2])) is None
    one, other, last = pending("1", 5, "2027-02-01"), pending("2", 6, "2027-02-01"), pending("3", 7, "2027-02-02")
    assert next_activation(waiting(last, other, one)) == NextActivation(date(2027, 2, 1), 11, "PERIOD_BASED")
    done = one._replace(points=0, status="ACTIVATED")
    assert next_activation(waiting(done, last)) == NextActivation(date(2027, 2, 2), 7, "PERIOD_BASED")
    assert next_activation(waiting(done)) is None


DUE: list[tuple[Account, str | None]] = [
    (EMPTY, None),
    (holding(bucket("a", 1)), None),
    (holding(bucket("a", 1, "2027-02-01"), bucket("b", 1, "2027-03-01")), "2027-02-02"),
    (holding(bucket("a", 0, "2027-02-01")._replace(status="EXPIRED")), None),
    (holding(bucket("a", 5, "2027-02-01")._replace(status="DELETED")), None),
    (waiting(pending("a", 1, "2027-02-01")), "2027-02-01"),
    (waiting(pending("a", 1, "2027-02-01", "EVENT_BASED")), "2027-02-02"),
    (waiting(pending("a", 0, "2027-02-01")._replace(status="CANCELED")), None),
    (waiting(pending("a", 1, "2027-02-01", "FIXED_DATES"), pending("b", 1, "2027-01-31", "EVENT_BASED")), "2027-02-01"),
    (credited(EMPTY, 1, sliding(30), "2027-01-15", "1"), "2027-02-15"),
]


@pytest.mark.parametrize(("account", "expected"), DUE)
def test_the_day_whose_first_instant_changes_the_account(account: Account, expected: str | None) -> None:
    assert next_due(account) == (date.fromisoformat(expected) if expected else None)


def test_a_configuration_is_known_by_its_value() -> None:
    same = PointsExpiration.model_validate(sliding(30).stored())
    assert expiration_key(same) == expiration_key(sliding(30))
    others = [sliding(31), sliding(30, earning_activity=True), rolling(30), NO_EXPIRATION]
    assert len({expiration_key(one) for one in (same, *others)}) == 5
