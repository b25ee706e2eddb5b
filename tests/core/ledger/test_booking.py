"""Every way to move points: which counters it moves, what its transaction shows, when it is refused (domain 7)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.core.auditor import Wallet
from tests.core.ledger.clerk import Clerk, new_account, postings_add_up
from tests.core.ledger.wallets import EVENT, wallet_of

from troth.core.card_definitions import PendingPoints
from troth.core.cards import ZERO, Counters
from troth.core.configuration import LARGEST_INTEGER
from troth.core.expiration import NO_EXPIRATION, PointsExpiration
from troth.core.ledger.booking import Booked, Occasion, credited, deferred, room
from troth.core.ledger.postings import MOVES, Kind, moved
from troth.core.ledger.transactions import TransactionStatus, TransactionType, shown

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
THREE_DAYS = PointsExpiration.model_validate({
    "type": "ROLLING_EXPIRATION",
    "rolling_expiration": {"period": {"value": 3, "unit": "DAY"}},
})  # fmt: skip
WEEK = {"value": 7, "unit": "DAY"}
AWAITING = PendingPoints.model_validate(
    {"type": "EVENT_BASED", "event_based": {"event_types": [EVENT], "cancel_period": WEEK}}
)
NEVER = Wallet()
DATED = Wallet(THREE_DAYS)
NEGATIVE = Wallet(allow_negative=True)
PENDING = Wallet(THREE_DAYS, AWAITING)

Deed = Callable[[Clerk], Booked]


def clerk_of(wallet: Wallet) -> Clerk:
    return Clerk(UTC, NOON, card=wallet)


def with_100(wallet: Wallet) -> Clerk:
    clerk = clerk_of(wallet)
    clerk.credit("card", 100)
    return clerk


def with_pending(wallet: Wallet) -> Clerk:
    clerk = with_100(wallet)
    clerk.earn("card", 40)
    return clerk


def debit_as(kind: TransactionType) -> Deed:
    return lambda clerk: clerk.debit("card", 30, kind)


def credit_as(kind: TransactionType) -> Deed:
    def deed(clerk: Clerk) -> Booked:
        account, now = clerk.accounts["card"], Occasion(clerk.now, clerk.now.date(), clerk.now)
        booked = credited(account, kind, 30, clerk.wallets["card"].expiration, now, clerk.fresh)
        clerk.accounts["card"] = booked.account
        clerk.entries.append(booked.entry)
        return booked

    return deed


TYPE = TransactionType
BOOKED: list[tuple[TransactionType, Clerk, Deed, Kind, int, dict[str, Any]]] = [
    (TYPE.ADMIN_CREDIT, with_100(DATED), credit_as(TYPE.ADMIN_CREDIT), Kind.ADDED, 130,
     {"points": {"total": 30, "expiration_date": "2027-01-18", "expiration_type": "ROLLING_EXPIRATION"}}),
    (TYPE.ADMIN_CREDIT, with_100(NEVER), credit_as(TYPE.ADMIN_CREDIT), Kind.ADDED, 130,
     {"points": {"total": 30, "expiration_date": None, "expiration_type": "NO_EXPIRATION"}}),
    (TYPE.POINTS_EARNED, with_100(DATED), credit_as(TYPE.POINTS_EARNED), Kind.EARNED, 130,
     {"points": {"total": 30, "expiration_date": "2027-01-18", "expiration_type": "ROLLING_EXPIRATION"}}),
    (TYPE.POINTS_PURCHASED, with_100(NEVER), credit_as(TYPE.POINTS_PURCHASED), Kind.PURCHASED, 130,
     {"points": {"total": 30, "expiration_date": None, "expiration_type": "NO_EXPIRATION"}}),
    (TYPE.ADMIN_DEBIT, with_100(NEVER), debit_as(TYPE.ADMIN_DEBIT), Kind.SUBTRACTED, 70, {"points": {"total": -30}}),
    (TYPE.POINTS_REFUNDED, with_100(NEVER), debit_as(TYPE.POINTS_REFUNDED), Kind.REFUNDED, 70,
     {"points": {"total": 30}}),
    (TYPE.POINTS_PURCHASE_REVERSED, with_100(NEVER), debit_as(TYPE.POINTS_PURCHASE_REVERSED), Kind.PURCHASE_REVERSED,
     70, {"points": {"total": 30}}),
    (TYPE.POINTS_SPENT_ON_ORDER, with_100(NEVER), debit_as(TYPE.POINTS_SPENT_ON_ORDER), Kind.SPENT, 70,
     {"points": {"total": 30}}),
    (TYPE.POINTS_SPENT_ON_REWARD, with_100(NEVER), debit_as(TYPE.POINTS_SPENT_ON_REWARD), Kind.LOCKED, 70,
     {"points": {"total": 30}}),
    (TYPE.PENDING_POINTS_ADDED, with_100(PENDING), lambda clerk: clerk.earn("card", 30), Kind.PENDING_ADDED, 100,
     {"points": {"total": 30, "date": "2027-01-22", "type": "EVENT_BASED"}}),
    (TYPE.PENDING_POINTS_ACTIVATED, with_pending(PENDING),
     lambda clerk: clerk.activate("card", clerk.waiting("card")[0]), Kind.PENDING_ACTIVATED, 140,
     {"points": {"total": 40, "date": "2027-01-22", "type": "EVENT_BASED"}}),
    (TYPE.PENDING_POINTS_CANCELED, with_pending(PENDING),
     lambda clerk: clerk.cancel("card", clerk.waiting("card")[0]), Kind.PENDING_CANCELED, 100,
     {"points": {"total": 40, "date": "2027-01-22", "type": "EVENT_BASED"}}),
    (TYPE.ADMIN_POINTS_EXPIRATION, with_100(DATED),
     lambda clerk: clerk.expire("card", clerk.expiring("card")[0]), Kind.EXPIRED, 0,
     {"points": {"total": 100},
      "bucket": {"points": {"total": 100}, "expiration_date": "2027-01-18", "expiration_type": "ROLLING_EXPIRATION"}}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "clerk", "deed", "posted", "balance", "details"), BOOKED)
def test_each_booking_moves_its_counters_and_tells_its_points(
    kind: TransactionType, clerk: Clerk, deed: Deed, posted: Kind, balance: int, details: dict[str, Any]
) -> None:
    before = clerk.accounts["card"].counters
    account, (transaction, postings) = deed(clerk)
    (posting,) = postings
    expected = moved(before, posted, posting.points)
    assert (posting.kind, posting.transaction_id) == (posted, transaction.id)
    assert account.counters == clerk.accounts["card"].counters == expected
    assert {name for name, b, a in zip(Counters._fields, before, expected, strict=True) if a > b} == set(MOVES[posted])
    assert account.counters.balance == balance
    told = dict(transaction.details)
    if "bucket" in told:
        told["bucket"] = {name: value for name, value in told["bucket"].items() if name != "id"}
    assert told == {"reason": None, **details, "metadata": {}}
    assert (transaction.type, transaction.created_at, transaction.occurred_at) == (kind, NOON, NOON)
    locks = kind is TYPE.POINTS_SPENT_ON_REWARD
    assert transaction.status == (TransactionStatus.PENDING if locks else TransactionStatus.APPROVED)
    postings_add_up(account, clerk.entries)


def test_expired_buckets_of_a_date_are_one_transaction_that_lists_them() -> None:
    clerk = with_100(DATED)
    clerk.earn("card", 5)
    clerk.earn(
        "card", 7, PointsExpiration.model_validate(THREE_DAYS.stored() | {"rolling_expiration": {"period": WEEK}})
    )
    clerk.advance(datetime(2027, 1, 19, tzinfo=UTC))
    clerk.settle()
    (*_, (transaction, (posting,))) = clerk.entries
    (bucket,) = transaction.details["buckets"]
    assert (transaction.type, transaction.created_at.isoformat()) == ("POINTS_EXPIRED", "2027-01-19T00:00:00+00:00")
    assert (transaction.details["date"], transaction.details["points"]) == ("2027-01-18", {"total": 105})
    assert (bucket["points"], bucket["expiration_date"]) == ({"total": 105}, "2027-01-18")
    assert (posting.points, posting.changes) == (105, {bucket["id"]: -105})
    assert clerk.accounts["card"].counters.balance == 7


COVERED: list[tuple[Wallet, TransactionType, int, bool]] = [
    (wallet, kind, points, points == 100 or (wallet is NEGATIVE and kind in {TYPE.ADMIN_DEBIT, TYPE.POINTS_REFUNDED}))
    for wallet in (NEVER, NEGATIVE)
    for kind in (
        TYPE.ADMIN_DEBIT, TYPE.POINTS_REFUNDED, TYPE.POINTS_PURCHASE_REVERSED, TYPE.POINTS_SPENT_ON_ORDER,
        TYPE.POINTS_SPENT_ON_REWARD,
    )
    for points in (100, 101)
]  # fmt: skip


@pytest.mark.parametrize(("wallet", "kind", "points", "is_done"), COVERED)
def test_only_debits_and_refunds_go_below_zero_and_only_where_the_wallet_allows_it(
    wallet: Wallet, kind: TransactionType, points: int, is_done: bool
) -> None:
    clerk = with_100(wallet)
    before = clerk.accounts["card"]
    transaction, postings = clerk.debit("card", points, kind).entry
    after = clerk.accounts["card"]
    if is_done:
        assert (after.counters.balance, len(postings), "rejection" in transaction.details) == (100 - points, 1, False)
        assert sum(one.points for one in after.buckets.values()) == 0
        return
    assert (transaction.status, postings) == (TransactionStatus.REJECTED, ())
    assert transaction.details["rejection"] == {
        "reason": "NOT_ENOUGH_BALANCE",
        "details": f"The balance is 100, {points} are needed",
    }
    assert (after.counters, after.buckets) == (before.counters, before.buckets)


ACTIVE = {"earning_activity": True, "spending_activity": True}
SLIDING = wallet_of({
    "points_expiration": {
        "type": "SLIDING_EXPIRATION",
        "sliding_expiration": {"period": {"value": 30, "unit": "DAY"}, **ACTIVE},
    }
})  # fmt: skip
LATE = Wallet(SLIDING.expiration, AWAITING)


@pytest.mark.parametrize(
    ("wallet", "deed", "moves"),
    [
        (SLIDING, lambda clerk: clerk.earn("card", 30), True),
        (LATE, lambda clerk: clerk.earn("card", 30), True),
        (SLIDING, debit_as(TYPE.POINTS_SPENT_ON_ORDER), True),
        (SLIDING, debit_as(TYPE.POINTS_SPENT_ON_REWARD), True),
        (SLIDING, lambda clerk: clerk.credit("card", 30), False),
        (SLIDING, credit_as(TYPE.POINTS_PURCHASED), False),
        (SLIDING, debit_as(TYPE.ADMIN_DEBIT), False),
        (SLIDING, debit_as(TYPE.POINTS_REFUNDED), False),
        (SLIDING, debit_as(TYPE.POINTS_PURCHASE_REVERSED), False),
        (SLIDING, lambda clerk: clerk.debit("card", 101, TYPE.POINTS_SPENT_ON_ORDER), False),
    ],
)
def test_only_earning_and_spending_move_a_sliding_date(wallet: Wallet, deed: Deed, moves: bool) -> None:
    clerk = with_100(wallet)
    clerk.advance(NOON + timedelta(days=3))
    deed(clerk)
    expected = date(2027, 2, 17) if moves else date(2027, 2, 14)
    assert {one.expires_on for one in clerk.accounts["card"].slidings.values()} == {expected}


def test_an_activation_moves_no_sliding_date() -> None:
    clerk = with_100(LATE)
    clerk.earn("card", 30)
    clerk.advance(NOON + timedelta(days=3))
    clerk.activate("card", clerk.waiting("card")[0])
    assert clerk.statement("card").next_expiration == (date(2027, 2, 14), 130)


def test_pending_points_are_cancelled_in_part() -> None:
    clerk = with_pending(PENDING)
    (bucket_id,) = clerk.waiting("card")
    clerk.cancel("card", bucket_id, 15)
    assert [(one.points, one.status) for one in clerk.accounts["card"].pending.values()] == [(25, "PENDING")]
    assert clerk.accounts["card"].counters.pending == 25
    clerk.cancel("card", bucket_id)
    assert [(one.points, one.status) for one in clerk.accounts["card"].pending.values()] == [(0, "CANCELED")]
    assert (clerk.accounts["card"].counters.balance, clerk.accounts["card"].counters.pending) == (100, 0)
    postings_add_up(clerk.accounts["card"], clerk.entries)


def test_points_that_are_usable_at_once_are_never_pending() -> None:
    account, immediate = new_account("lcrd_1", NOON, NEVER), PendingPoints(type="IMMEDIATE")
    with pytest.raises(ValueError, match="usable at once"):
        deferred(account, 5, immediate, NO_EXPIRATION, Occasion(NOON, NOON.date(), NOON), str)


def test_a_transaction_carries_its_occasion() -> None:
    occurred_at = datetime(2027, 1, 14, tzinfo=UTC)
    occasion = Occasion(NOON, NOON.date(), occurred_at, "Club / Rule", {"order": "ord_1"}, {"order": {"id": "ord_1"}})
    _, (transaction, _) = credited(
        new_account("lcrd_1", NOON, NEVER), TYPE.POINTS_EARNED, 5, NO_EXPIRATION, occasion, lambda prefix: f"{prefix}_1"
    )
    assert (transaction.created_at, transaction.occurred_at) == (NOON, occurred_at)
    assert shown(transaction, "lprg_1", "lmbr_1") == {
        "id": "lctx_1",
        "card_id": "lcrd_1",
        "program_id": "lprg_1",
        "member_id": "lmbr_1",
        "card_definition_id": "lcdef_1",
        "card_type": "INDIVIDUAL",
        "type": "POINTS_EARNED",
        "details": {
            "reason": "Club / Rule",
            "points": {"total": 5, "expiration_date": None, "expiration_type": "NO_EXPIRATION"},
            "order": {"id": "ord_1"},
            "metadata": {"order": "ord_1"},
        },
        "status": "APPROVED",
        "created_at": "2027-01-15T12:00:00.000Z",
        "updated_at": None,
        "object": "card_transaction",
    }


MOST = LARGEST_INTEGER
ROOM: list[tuple[Counters, Kind, int]] = [
    (ZERO, Kind.ADDED, MOST),
    (ZERO._replace(total=10, earned=10), Kind.ADDED, MOST - 10),
    (ZERO._replace(total=10, added=10, subtracted=10), Kind.EARNED, MOST - 10),
    (ZERO._replace(total=10, earned=10), Kind.SUBTRACTED, MOST),
    (ZERO._replace(subtracted=MOST), Kind.SUBTRACTED, 0),
    (ZERO._replace(pending_total=10), Kind.PENDING_ADDED, MOST - 10),
    (ZERO._replace(pending_total=10), Kind.ADDED, MOST - 10),
    (ZERO._replace(pending_total=10, pending_canceled=4), Kind.ADDED, MOST - 6),
    (ZERO._replace(pending_total=10, pending_canceled=4, pending_activated=6, total=6), Kind.ADDED, MOST - 6),
    (ZERO._replace(total=MOST - 3, added=MOST - 3), Kind.PENDING_ADDED, 3),
]


@pytest.mark.parametrize(("counters", "kind", "expected"), ROOM)
def test_no_counter_passes_what_json_keeps_not_even_when_what_is_pending_is_activated(
    counters: Counters, kind: Kind, expected: int
) -> None:
    assert room(new_account("lcrd_1", NOON, NEVER)._replace(counters=counters), kind) == expected
