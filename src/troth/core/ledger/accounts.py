"""An account: a card with its buckets, and the few ways in which points come to it and leave it (domain 7).

The buckets of an account always hold what its balance says: `sum of points == max(balance, 0)`. A credit on a balance
below zero first fills the hole, and only the rest goes into a bucket.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from troth.core.calendar import expires_on
from troth.core.cards import Counters, NextActivation, NextExpiration
from troth.core.expiration import PointsExpiration
from troth.core.ledger.buckets import SLIDING, Bucket, PendingBucket, Sliding, expiration_key
from troth.core.ledger.postings import Kind, moved

Changes: TypeAlias = Mapping[str, int]
"""What a posting changes of buckets, by their ids."""

Activity: TypeAlias = Literal["earning", "spending"]

DAY: Final = timedelta(days=1)
_LAST_DAY: Final = date.max


class Account(NamedTuple):
    """A card as decisions see it: counters, buckets that are ACTIVE, pending ones that are PENDING, sliding dates.

    `buckets` and `pending` also hold those that a decision has just closed, so that they are saved. `latest` is the
    instant of the last booking: nothing is ever booked before it.
    """

    card_id: str
    card_definition_id: str
    allow_negative: bool
    counters: Counters
    buckets: Mapping[str, Bucket]
    pending: Mapping[str, PendingBucket]
    slidings: Mapping[str, Sliding]
    latest: datetime

    def date_of(self, bucket: Bucket) -> date | None:
        """Return the last day of use of a bucket's points, None if they never expire."""
        if bucket.expires_on is None and bucket.expiration_type == SLIDING:
            return self.slidings[bucket.expiration_key].expires_on
        return bucket.expires_on

    def is_over(self, bucket: Bucket, day: date) -> bool:
        """Tell whether a bucket's last day of use is before a day."""
        if bucket.expires_on is None and bucket.expiration_type == SLIDING:
            # The date of a sliding expiration is forgotten once it is over.
            sliding = self.slidings.get(bucket.expiration_key)
            return sliding is None or sliding.expires_on < day
        return bucket.expires_on is not None and bucket.expires_on < day

    def usable(self) -> list[Bucket]:
        """Return the buckets that hold points, in the order in which they are consumed."""
        return sorted((one for one in self.buckets.values() if one.points > 0), key=self.consumed_by)

    def consumed_by(self, bucket: Bucket) -> tuple[date, date, str]:
        """Return what buckets are consumed by: soonest date first, undated last, then month, then id (domain 7)."""
        forgotten = bucket.expires_on is None and bucket.expiration_type == SLIDING
        known = not forgotten or bucket.expiration_key in self.slidings
        return (self.date_of(bucket) if known else None) or _LAST_DAY, bucket.month, bucket.id


class Filled(NamedTuple):
    """An account after a credit, what the credit changed, and the last day of use of its points."""

    account: Account
    changes: Changes
    expires_on: date | None


def filled(
    account: Account,
    kind: Kind,
    points: int,
    *,
    expiration: PointsExpiration,
    day: date,
    instant: datetime,
    bucket_id: str,
) -> Filled:
    """Return the account with points that a posting of `kind` brings on a day of the project.

    They merge into the bucket of their expiration, date and month, or open it under `bucket_id`.
    """
    account, last_day = _dated(account, expiration, day)
    key, month = expiration_key(expiration), day.replace(day=1)
    fixed = None if expiration.type == SLIDING else last_day
    bucket = _open_like(account, key, fixed, month) or Bucket(
        bucket_id, expiration.type, key, fixed, month, 0, "ACTIVE", instant
    )
    account, changes = poured(account, kind, points, {bucket.id: points}, instant, {bucket.id: bucket})
    return Filled(account, changes, last_day)


def restored(
    account: Account,
    kind: Kind,
    consumed: Changes,
    *,
    expiration: PointsExpiration,
    day: date,
    instant: datetime,
    fresh: Callable[[str], str],
) -> tuple[Account, Changes]:
    """Return the account with points that a posting consumed back where they were (domain 7).

    They keep the month in which they were earned, and their date; if that has passed, they get the wallet's, by
    `expiration` from this day on. Sliding points have the date that the last activity gives. The account holds the
    buckets that they were taken from, even if those are done.
    """
    shares: dict[str, int] = {}
    for bucket in sorted((account.buckets[one] for one in consumed), key=account.consumed_by):
        if account.is_over(bucket, day):
            account, last_day = _dated(account, expiration, day)
            fixed = None if expiration.type == SLIDING else last_day
            wanted = Bucket(
                fresh("lcpeb"), expiration.type, expiration_key(expiration), fixed, bucket.month, 0, "ACTIVE", instant
            )
        else:
            # What was emptied has kept its date; where points share one again, these do too.
            is_shared = bucket.expiration_type == SLIDING and _shares_date(account, bucket.expiration_key, day)
            wanted = bucket._replace(status="ACTIVE", expires_on=None if is_shared else bucket.expires_on)
        home = _open_like(account, wanted.expiration_key, wanted.expires_on, wanted.month) or wanted
        account = account._replace(buckets={**account.buckets, home.id: home})
        shares[home.id] = shares.get(home.id, 0) - consumed[bucket.id]
    return poured(account, kind, sum(shares.values()), shares, instant, account.buckets)


def poured(
    account: Account,
    kind: Kind,
    points: int,
    shares: Changes,
    instant: datetime,
    buckets: Mapping[str, Bucket],
) -> tuple[Account, Changes]:
    """Return the account with points put into buckets by `shares`, less what a balance below zero swallows first."""
    hole = min(max(-account.counters.balance, 0), points)
    changes: dict[str, int] = {}
    for bucket_id, share in shares.items():
        swallowed = min(hole, share)
        hole -= swallowed
        if share > swallowed:
            changes[bucket_id] = share - swallowed
    held = dict(account.buckets)
    for bucket_id, change in changes.items():
        held[bucket_id] = _changed(buckets[bucket_id], change, instant)
    counters = moved(account.counters, kind, points)
    return account._replace(counters=counters, buckets=held, latest=instant), changes


def drained(account: Account, kind: Kind, points: int, instant: datetime) -> tuple[Account, Changes]:
    """Return the account without points: soonest date first, undated last, then month earned, then id (domain 7).

    What the buckets do not cover takes the balance below zero; whether it may is for the caller to say.
    """
    remaining = points
    changes: dict[str, int] = {}
    held = dict(account.buckets)
    for bucket in account.usable():
        if not remaining:
            break
        taken = min(bucket.points, remaining)
        remaining -= taken
        changes[bucket.id] = -taken
        held[bucket.id] = _changed(bucket, -taken, instant)
    counters = moved(account.counters, kind, points)
    return account._replace(counters=counters, buckets=held, latest=instant), changes


def emptied(account: Account, buckets: Iterable[Bucket], instant: datetime) -> tuple[Account, Changes]:
    """Return the account with buckets expired, together with all points that they held."""
    changes: dict[str, int] = {}
    held = dict(account.buckets)
    points = 0
    for bucket in buckets:
        points += bucket.points
        if bucket.points:
            changes[bucket.id] = -bucket.points
        held[bucket.id] = bucket._replace(points=0, status="EXPIRED", updated_at=instant)
    counters = moved(account.counters, Kind.EXPIRED, points)
    return account._replace(counters=counters, buckets=held, latest=instant), changes


def touched(account: Account, activity: Activity | str, day: date) -> Account:
    """Return the account after an activity, which moves those sliding dates that it qualifies for (domain 7).

    `activity` is earning, spending, or the id of a custom event's schema.
    """
    moved_dates = {
        key: _counted_from(one, day)
        for key, one in account.slidings.items()
        if day > one.last_activity_on and _qualifies(one.expiration, activity)
    }
    return account._replace(slidings={**account.slidings, **moved_dates}) if moved_dates else account


def next_due(account: Account) -> date | None:
    """Return the day whose first instant next changes the account by itself, None if none does (domain 16)."""
    if not account.pending and not account.buckets:
        return None
    due = [one.date + DAY if one.type == "EVENT_BASED" else one.date for one in _waiting(account)]
    due += [last + DAY for one in _open(account) if (last := account.date_of(one)) is not None]
    return min(due, default=None)


def next_expiration(account: Account) -> NextExpiration | None:
    """Return the nearest date and its sum, None if nothing that the card holds expires."""
    dated = [(last, one.points) for one in account.usable() if (last := account.date_of(one)) is not None]
    if not dated:
        return None
    nearest = dated[0][0]
    return NextExpiration(nearest, sum(points for last, points in dated if last == nearest))


def next_activation(account: Account) -> NextActivation | None:
    """Return the nearest date of pending points, its type and their sum, None if nothing is pending."""
    if not account.pending:
        return None
    waiting = [(one.date, one.type, one.points) for one in _waiting(account) if one.points]
    if not waiting:
        return None
    nearest, kind, _ = min(waiting)
    return NextActivation(nearest, sum(points for *which, points in waiting if which == [nearest, kind]), kind)


def _open_like(account: Account, key: str, expires_on: date | None, month: date) -> Bucket | None:
    """Return the bucket that takes points of an expiration, date and month, None if none does yet."""
    like = (key, expires_on, month)
    return next((one for one in _open(account) if (one.expiration_key, one.expires_on, one.month) == like), None)


def _open(account: Account) -> Iterable[Bucket]:
    return (one for one in account.buckets.values() if one.status == "ACTIVE")


def _waiting(account: Account) -> Iterable[PendingBucket]:
    return (one for one in account.pending.values() if one.status == "PENDING")


def _dated(account: Account, expiration: PointsExpiration, day: date) -> tuple[Account, date | None]:
    """Return the last day of use of points credited today, and the account with the sliding date that they start.

    They join the points of the same configuration, unless those have had their last day: what is activated at the very
    midnight that ends it starts a date of its own, and what expires there keeps the old one.
    """
    last_day = expires_on(expiration, day)
    if expiration.type != SLIDING or last_day is None:
        return account, last_day
    key = expiration_key(expiration)
    present = account.slidings.get(key)
    if present and _shares_date(account, key, day):
        return account, present.expires_on
    together = {one.id: one for one in _sliding_together(account, key)}
    left = {one.id: one._replace(expires_on=present.expires_on) for one in together.values()} if present else {}
    slidings = {**account.slidings, key: Sliding(expiration, key, day, last_day)}
    return account._replace(slidings=slidings, buckets={**account.buckets, **left}), last_day


def _shares_date(account: Account, key: str, day: date) -> bool:
    """Tell whether points of a sliding configuration are held, and the date that they share is not over."""
    present = account.slidings.get(key)
    return bool(present and present.expires_on >= day and any(one.points for one in _sliding_together(account, key)))


def _sliding_together(account: Account, key: str) -> Iterable[Bucket]:
    return (one for one in _open(account) if one.expiration_key == key and one.expires_on is None)


def _counted_from(sliding: Sliding, day: date) -> Sliding:
    last_day = expires_on(sliding.expiration, day)
    return sliding._replace(last_activity_on=day, expires_on=last_day or sliding.expires_on)


def _qualifies(expiration: PointsExpiration, activity: Activity | str) -> bool:
    return expiration.sliding_expiration is not None and expiration.sliding_expiration.counts(activity)


def _changed(bucket: Bucket, change: int, instant: datetime) -> Bucket:
    updated_at = None if bucket.created_at == instant else instant
    return bucket._replace(points=bucket.points + change, updated_at=updated_at)
