"""The clerk: does with the ledger what the auditor does in its own books, so that both can be held side by side."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from itertools import count
from typing import Any, NamedTuple

from tests.core.auditor import AuditedCard, Wallet
from tests.core.auditor import Entry as Audited

from troth.core.calendar import day_of
from troth.core.cards import ZERO
from troth.core.configuration import instant
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account, next_activation, next_expiration, touched
from troth.core.ledger.booking import (
    Booked,
    Occasion,
    activated,
    canceled,
    credited,
    debited,
    deferred,
    expired_by_hand,
)
from troth.core.ledger.buckets import expiration_key
from troth.core.ledger.postings import moved
from troth.core.ledger.settling import settled
from troth.core.ledger.transactions import Entry, TransactionType, shown

BucketLine = tuple[str, date | None, date, int]
PendingLine = tuple[str, date, str, int]


class Statement(NamedTuple):
    """All that a card shows, in words that the ledger and the auditor share."""

    balance: int
    pending_balance: int
    counters: dict[str, int]
    buckets: list[BucketLine]
    pending: list[PendingLine]
    next_expiration: tuple[date, int] | None
    next_activation: tuple[date, str, int] | None
    entries: list[Audited]


class Clerk:
    """One member: its accounts by name, and the project's time; what falls due is booked by the next deed, or never."""

    def __init__(self, zone: tzinfo, now: datetime, **wallets: Wallet) -> None:
        self.zone = zone
        self.now = now
        self.wallets = wallets
        self.accounts = {name: new_account(f"lcrd_{name}", now, wallet) for name, wallet in wallets.items()}
        self.entries: list[Entry] = []
        self._numbers = count(1)

    def credit(self, name: str, points: int) -> Booked:
        expiration = self.wallets[name].expiration
        return self._book(
            name,
            lambda account, now: credited(account, TransactionType.ADMIN_CREDIT, points, expiration, now, self.fresh),
        )

    def debit(self, name: str, points: int, kind: TransactionType = TransactionType.ADMIN_DEBIT) -> Booked:
        return self._book(name, lambda account, now: debited(account, kind, points, now, self.fresh))

    def spend(self, name: str, points: int) -> Booked:
        return self.debit(name, points, TransactionType.POINTS_SPENT_ON_ORDER)

    def refund(self, name: str, points: int) -> Booked:
        return self.debit(name, points, TransactionType.POINTS_REFUNDED)

    def earn(self, name: str, points: int, expiration: PointsExpiration | None = None) -> Booked:
        wallet = self.wallets[name]
        own = expiration or wallet.expiration
        if wallet.pending.type == "IMMEDIATE":
            kind = TransactionType.POINTS_EARNED
            return self._book(name, lambda account, now: credited(account, kind, points, own, now, self.fresh))
        return self._book(name, lambda account, now: deferred(account, points, wallet.pending, own, now, self.fresh))

    def activate(self, name: str, bucket_id: str) -> Booked:
        return self._book(name, lambda account, now: activated(account, account.pending[bucket_id], now, self.fresh))

    def cancel(self, name: str, bucket_id: str, points: int | None = None) -> Booked:
        def book(account: Account, now: Occasion) -> Booked:
            bucket = account.pending[bucket_id]
            return canceled(account, bucket, points or bucket.points, now, self.fresh)

        return self._book(name, book)

    def expire(self, name: str, bucket_id: str) -> Booked:
        def book(account: Account, now: Occasion) -> Booked:
            bucket = account.buckets[bucket_id]
            last_day = account.date_of(bucket)
            assert last_day is not None
            return expired_by_hand(account, bucket, last_day, now, self.fresh)

        return self._book(name, book)

    def custom_event(self, schema_id: str) -> None:
        """Do what earning does with a custom event (domain 7): move sliding dates, activate what waits for it."""
        self.settle()
        for name, wallet in self.wallets.items():
            self.accounts[name] = touched(self.accounts[name], schema_id, day_of(self.now, self.zone))
            if wallet.pending.event_based and schema_id in wallet.pending.event_based.event_types:
                for bucket_id in self.waiting(name):
                    self.activate(name, bucket_id)

    def advance(self, to: datetime) -> None:
        """Let time pass without anybody looking."""
        self.now = to

    def settle(self) -> None:
        """Book what fell due by now."""
        present, late, _ = settled(self.accounts.values(), self.now, self.zone)
        self.accounts = dict(zip(self.accounts, present, strict=True))
        self.entries += late

    def waiting(self, name: str) -> list[str]:
        """Return the ids of what is pending, oldest first."""
        return sorted(one.id for one in self.accounts[name].pending.values() if one.status == "PENDING")

    def expiring(self, name: str) -> list[str]:
        """Return the ids of buckets that hold points and have a date, soonest first."""
        account = self.accounts[name]
        return [one.id for one in account.usable() if account.date_of(one) is not None]

    def statement(self, name: str) -> Statement:
        """Return what a card shows once it is settled."""
        self.settle()
        account = self.accounts[name]
        expiration, activation = next_expiration(account), next_activation(account)
        return Statement(
            account.counters.balance,
            account.counters.pending,
            {one: value for one, value in account.counters._asdict().items() if value},
            sorted((one.expiration_key, account.date_of(one), one.month, one.points) for one in account.usable()),
            sorted(
                (one.type, one.date, expiration_key(one.expiration), one.points)
                for one in account.pending.values()
                if one.points
            ),
            (expiration.date, expiration.points) if expiration else None,
            (activation.date, activation.type, activation.points) if activation else None,
            [
                entry_of(shown(one.transaction, "", ""))
                for one in self.entries
                if one.transaction.card_id == account.card_id
            ],
        )

    def fresh(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):032x}"

    def _book(self, name: str, deed: Callable[[Account, Occasion], Booked]) -> Booked:
        self.settle()
        booked = deed(self.accounts[name], Occasion(self.now, day_of(self.now, self.zone), self.now))
        self.accounts[name] = booked.account
        self.entries.append(booked.entry)
        return booked


def new_account(card_id: str, now: datetime, wallet: Wallet) -> Account:
    return Account(card_id, "lcdef_1", wallet.allow_negative, ZERO, {}, {}, {}, now)


def audited(card: AuditedCard) -> Statement:
    """Return what the auditor says that a card shows."""
    return Statement(
        card.balance,
        card.pending_balance,
        {name: value for name, value in card.counters.items() if value},
        sorted((expiration_key(one.expiration), one.date, one.month, one.points) for one in card.buckets),
        sorted((one.type, one.date, expiration_key(one.expiration), one.points) for one in card.pending),
        card.next_expiration,
        card.next_activation,
        list(card.entries),
    )


def entry_of(transaction: dict[str, Any]) -> Audited:
    """Return a transaction that the API shows as the auditor writes it."""
    details = transaction["details"]
    points = details["points"] if "points" in details else details["bucket"]["points"]
    day = points.get("expiration_date") or points.get("date") or details.get("date")
    if "bucket" in details:
        day = details["bucket"]["expiration_date"]
    return Audited(
        str(transaction["type"]),
        points["total"],
        instant(transaction["created_at"]),
        date.fromisoformat(day) if day else None,
        str(transaction["status"]),
    )


def postings_add_up(account: Account, entries: list[Entry]) -> None:
    """Check that a card is the sum of its postings: every counter, every bucket."""
    counters, buckets = ZERO, dict.fromkeys((*account.buckets, *account.pending), 0)
    for entry in entries:
        for posting in entry.postings:
            assert posting.points > 0
            counters = moved(counters, posting.kind, posting.points)
            for bucket_id, change in posting.changes.items():
                buckets[bucket_id] += change
                assert buckets[bucket_id] >= 0
    held = {one.id: one.points for one in (*account.buckets.values(), *account.pending.values())}
    assert (counters, buckets) == (account.counters, held)
    assert sum(one.points for one in account.usable()) == max(account.counters.balance, 0)
