"""What time itself brings about: in order, at its instant, under the same ids whoever looks and when (domain 7, 16)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.auditor import Wallet
from tests.core.ledger.clerk import Clerk
from tests.core.ledger.wallets import LENGTHS, WALLETS, ZONES, after, wallet_of

from troth.core.calendar import midnight
from troth.core.card_definitions import PendingPoints
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Occasion, deferred
from troth.core.ledger.settling import derived, settled
from troth.core.ledger.transactions import Entry

START = datetime(2027, 1, 30, 11, tzinfo=UTC)
YEAR = timedelta(days=366)
WARSAW = ZoneInfo("Europe/Warsaw")


def lasting(days: int) -> dict[str, Any]:
    return {
        "type": "ROLLING_EXPIRATION",
        "rolling_expiration": {"period": {"value": days, "unit": "DAY"}},
    }


def waiting(days: int) -> dict[str, Any]:
    return {"type": "PERIOD_BASED", "period_based": {"period": {"value": days, "unit": "DAY"}}}


def awaiting(days: int) -> dict[str, Any]:
    parts = {"event_types": ["ms_1"], "cancel_period": {"value": days, "unit": "DAY"}}
    return {"type": "EVENT_BASED", "event_based": parts}


def wallet(days: int, pending: dict[str, Any]) -> Wallet:
    return wallet_of({"points_expiration": lasting(days), "pending_points": pending})


def story(entries: Iterable[Entry]) -> list[str]:
    """`card type points day hour`, in UTC."""
    return [
        f"{one.transaction.card_id} {one.transaction.type} {one.transaction.details['points']['total']}"
        f" {one.transaction.created_at:%m-%d %H}"
        for one in entries
    ]


def test_a_midnight_activates_and_cancels_first_and_then_expires_card_by_card() -> None:
    clerk = Clerk(WARSAW, START, a=wallet(2, waiting(3)), b=wallet(2, awaiting(2)))
    for name in "ba":
        clerk.credit(name, 1)
        clerk.earn(name, 2)
        clerk.earn(name, 3)
    _, entries, _ = settled(clerk.accounts.values(), START + timedelta(days=10), WARSAW)
    assert story(entries) == [
        "lcrd_a PENDING_POINTS_ACTIVATED 2 02-01 23",
        "lcrd_a PENDING_POINTS_ACTIVATED 3 02-01 23",
        "lcrd_b PENDING_POINTS_CANCELED 2 02-01 23",
        "lcrd_b PENDING_POINTS_CANCELED 3 02-01 23",
        "lcrd_a POINTS_EXPIRED 1 02-01 23",
        "lcrd_b POINTS_EXPIRED 1 02-01 23",
        "lcrd_a POINTS_EXPIRED 5 02-04 23",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Warsaw", "2027-03-28", 23),
        ("Europe/Warsaw", "2027-10-31", 25),
        ("America/Santiago", "2027-09-05", 23),  # begins at 01:00
        ("America/Santiago", "2027-04-03", 25),  # its last hour comes twice
    ],
)
def test_short_and_long_days_have_one_midnight_each(zone: str, day: str, hours: int) -> None:
    where, today = ZoneInfo(zone), date.fromisoformat(day)
    begins, ends = midnight(today, where), midnight(today + timedelta(days=1), where)
    assert ends - begins == timedelta(hours=hours)
    clerk = Clerk(where, begins - timedelta(hours=12), a=wallet(1, waiting(1)), b=wallet(1, awaiting(1)))
    for name in "ab":
        clerk.credit(name, 1)
        clerk.earn(name, 2)
    millisecond = timedelta(milliseconds=1)
    for instant, balances, pending in (
        (begins - millisecond, (1, 1), (2, 2)),
        (begins, (3, 1), (0, 2)),
        (ends - millisecond, (3, 1), (0, 2)),
        (ends, (2, 0), (0, 0)),
    ):
        clerk.advance(instant)
        clerk.settle()
        counters = [one.counters for one in clerk.accounts.values()]
        assert (tuple(one.balance for one in counters), tuple(one.pending for one in counters)) == (balances, pending)
    assert {one.transaction.created_at for one in clerk.entries[4:]} == {begins, ends}


def test_what_was_earned_too_late_ends_behind_the_last_booking() -> None:
    clerk = Clerk(WARSAW, START, a=wallet(2, waiting(3)))
    now = START + timedelta(days=20)
    account, pending = clerk.accounts["a"], PendingPoints.model_validate(waiting(3))
    expiration = PointsExpiration.model_validate(lasting(2))
    occasion = Occasion(now, START.date(), START)
    late = deferred(account, 7, pending, expiration, occasion, clerk.fresh).account
    (after,), entries, _ = settled([late], now, WARSAW)
    booked = [(one.transaction.type, one.transaction.created_at - now, one.transaction.occurred_at) for one in entries]
    millisecond = timedelta(milliseconds=1)
    assert booked == [
        ("PENDING_POINTS_ACTIVATED", millisecond, midnight(date(2027, 2, 2), WARSAW)),
        ("POINTS_EXPIRED", 2 * millisecond, midnight(date(2027, 2, 5), WARSAW)),
    ]
    assert (after.counters.balance, after.counters.pending, after.latest) == (0, 0, now + 2 * millisecond)


def test_two_days_that_begin_together_are_booked_apart() -> None:
    """Samoa had no 30 December 2011: the midnights of the 30th and of the 31st were one instant."""
    apia = ZoneInfo("Pacific/Apia")
    clerk = Clerk(apia, datetime(2011, 12, 28, 12, tzinfo=UTC), a=wallet(1, waiting(40)))
    clerk.credit("a", 1)
    clerk.advance(datetime(2011, 12, 29, 12, tzinfo=UTC))
    clerk.credit("a", 2)
    clerk.advance(datetime(2011, 12, 31, 12, tzinfo=UTC))
    clerk.settle()
    expired = [one.transaction for one in clerk.entries[2:]]
    assert [(one.details["date"], one.details["points"]["total"]) for one in expired] == [
        ("2011-12-29", 1),
        ("2011-12-30", 2),
    ]
    assert len({one.created_at for one in expired}) == 1
    assert len({one.id for one in expired}) == 2


def test_a_bucket_that_is_empty_ends_without_a_word() -> None:
    clerk = Clerk(UTC, START, a=wallet(1, waiting(40)))
    clerk.credit("a", 5)
    clerk.debit("a", 5)
    clerk.advance(START + timedelta(days=3))
    clerk.settle()
    assert [one.status for one in clerk.accounts["a"].buckets.values()] == ["EXPIRED"]
    assert len(clerk.entries) == 2


def test_nothing_is_done_where_nothing_is_due() -> None:
    clerk = Clerk(UTC, START, a=wallet(1, waiting(1)), b=wallet(9, waiting(9)))
    clerk.earn("b", 5)
    present, entries, _ = settled(clerk.accounts.values(), START + timedelta(days=8), UTC)
    assert (present, entries) == (tuple(clerk.accounts.values()), ())
    assert all(one is other for one, other in zip(present, clerk.accounts.values(), strict=True))


def test_derived_ids_are_made_of_what_and_when() -> None:
    instant, card = datetime(2027, 1, 31, tzinfo=UTC), f"lcrd_{'0199d3a0b1c2':0<32}"
    made = derived(instant, card, 2, "lcppb_1")("lctx")
    assert made == derived(instant, card, 2, "lcppb_1")("lctx")
    assert made.removeprefix("lctx_") == derived(instant, card, 2, "lcppb_1")("lcpeb").removeprefix("lcpeb_")
    assert made.startswith("lctx_0199d3a0b1c22")
    assert len(made) == len("lctx_") + 32
    others = [
        derived(instant + timedelta(milliseconds=1), card, 2, "lcppb_1")("lctx"),
        derived(instant, card, 2, "lcppb_2")("lctx"),
        derived(instant, card, 1, "lcppb_1")("lctx"),
        derived(instant, card[:-1] + "1", 2, "lcppb_1")("lctx"),
        derived(instant, card, 2, "lcppb_1lcppb_1")("lctx"),
    ]
    assert len({made, *others}) == 6


PORTIONS = st.lists(
    st.tuples(st.sampled_from(["credit", "earn"]), st.sampled_from(["a", "b"]), st.integers(1, 50), st.integers(0, 40)),
    min_size=1,
    max_size=8,
)


@given(st.sampled_from(ZONES), st.tuples(WALLETS, WALLETS), PORTIONS, st.lists(LENGTHS, max_size=12))
def test_however_a_year_is_cut_it_brings_the_same(
    zone: str, wallets: Any, portions: list[tuple[str, str, int, int]], lengths: list[str]
) -> None:
    """Every stop of the clock, and every downtime between two: the same accounts, entries and ids."""
    clerk = Clerk(ZoneInfo(zone), START, **dict(zip("ab", map(wallet_of, wallets), strict=True)))
    for deed, name, points, days in portions:
        getattr(clerk, deed)(name, points)
        clerk.advance(clerk.now + timedelta(days=days))
    clerk.settle()
    at_once = settled(clerk.accounts.values(), clerk.now + YEAR, clerk.zone)
    present: Sequence[Account] = tuple(clerk.accounts.values())
    entries: list[Entry] = []
    stops = [clerk.now]
    for length in lengths:
        stops.append(min(after(stops[-1], length, clerk.zone), clerk.now + YEAR))
    for stop in (*stops, clerk.now + YEAR):
        present, due, _ = settled(present, stop, clerk.zone)
        entries += due
        assert settled(present, stop, clerk.zone) == (present, (), None)
    assert (tuple(present), tuple(entries)) == (at_once.accounts, at_once.entries)
    ids = [one.transaction.id for one in entries]
    assert len(ids) == len(set(ids))
