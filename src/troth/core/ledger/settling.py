"""Settling: what time itself brings about, midnight by midnight (domain 16).

A settled account is the same whether it was settled every night, once a year, or in the middle of a read that was
thrown away: what falls due at a midnight carries its instant, and ids that are derived from what fell due and when.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from hashlib import blake2b
from typing import Final, NamedTuple

from troth.core.calendar import earlier, midnight
from troth.core.ledger.accounts import DAY, Account, next_due
from troth.core.ledger.booking import Booked, Occasion, activated, canceled, expired
from troth.core.ledger.buckets import Bucket, PendingBucket
from troth.core.ledger.transactions import Entry
from troth.core.tiering.evaluation import Step
from troth.core.tiering.standing import Standing

_MILLISECOND: Final = timedelta(milliseconds=1)
_TIME_DIGITS: Final = 12
_DIGEST_DIGITS: Final = 19


class Settled(NamedTuple):
    """Accounts and the standing up to an instant, and what was booked on the way."""

    accounts: tuple[Account, ...]
    entries: tuple[Entry, ...]
    standing: Standing | None


def settled(accounts: Iterable[Account], until: datetime, zone: tzinfo, standing: Standing | None = None) -> Settled:
    """Return what a membership has with everything booked that fell due up to an instant, in domain 16's order.

    What was earned so late that it was already due then follows at once, a millisecond later: nothing is booked before
    the last booking.
    """
    present = tuple(accounts)
    entries: list[Entry] = []
    points_due = _next_due(present)
    while True:
        tiers_due = standing.next_due if standing else None
        day = earlier(points_due, tiers_due)
        if day is None or (instant := midnight(day, zone)) > until:
            return Settled(present, tuple(entries), standing)
        latest = max((one.latest for one in present), default=instant)
        booked_at = instant if latest <= instant else latest + _MILLISECOND
        of_tiers_too = booked_at == instant or day == tiers_due
        for step, of_tiers in _STEPS:
            booked: list[Entry] = []
            if day == points_due:
                moved = [list(step(account, day, Occasion(booked_at, day, instant))) for account in present]
                booked = [one.entry for of_account in moved for one in of_account if one.entry.postings]
                present = tuple(
                    of_account[-1].account if of_account else account
                    for account, of_account in zip(present, moved, strict=True)
                )
            entries += booked
            standing = standing and _followed(standing, present, booked, day if of_tiers_too else None, of_tiers)
        if day == points_due:
            points_due = _next_due(present)


def _next_due(accounts: Iterable[Account]) -> date | None:
    return min((day for account in accounts if (day := next_due(account))), default=None)


def _followed(
    standing: Standing, accounts: Iterable[Account], booked: list[Entry], day: date | None, step: Step
) -> Standing:
    """Return the standing after a step of a midnight, which has moved the points of its card.

    Without a day that is over already for the tiers: what moved the points late is a change like any other.
    """
    if not booked and (day is None or not standing.is_turn(day, step)):
        return standing
    balance = next(one for one in accounts if one.card_id == standing.card_id).counters.balance
    if booked:
        of_card = [entry for entry in booked if entry.transaction.card_id == standing.card_id]
        if day is None:
            for entry in of_card:
                standing = standing.after(entry, balance)
            return standing
        standing = standing.counting(of_card)
    return standing if day is None else standing.at_midnight(balance, day, step)


def _pending_points(account: Account, day: date, occasion: Occasion) -> Iterator[Booked]:
    """Activate what becomes usable on this day, then cancel what no event came for by the day before (domain 7)."""
    due = [one for one in account.pending.values() if one.status == "PENDING" and _waits_no_longer(one, day)]
    for bucket in sorted(due, key=lambda one: (one.type == "EVENT_BASED", one.id)):
        is_canceled = bucket.type == "EVENT_BASED"
        fresh = derived(occasion.instant, account.card_id, _CANCELED if is_canceled else _ACTIVATED, bucket.id)
        if is_canceled:
            booked = canceled(account, bucket, bucket.points, occasion, fresh)
        else:
            booked = activated(account, bucket, occasion, fresh)
        account = booked.account
        yield booked


def _waits_no_longer(bucket: PendingBucket, day: date) -> bool:
    return bucket.date < day if bucket.type == "EVENT_BASED" else bucket.date <= day


def _expiring_points(account: Account, day: date, occasion: Occasion) -> Iterator[Booked]:
    """Expire what had its last day of use the day before (domain 7)."""
    last_day = day - DAY
    due: list[Bucket] = [
        one
        for one in account.buckets.values()
        if one.status == "ACTIVE" and (last := account.date_of(one)) is not None and last <= last_day
    ]
    if due:
        due.sort(key=lambda one: (one.month, one.id))
        fresh = derived(occasion.instant, account.card_id, _EXPIRED, *(one.id for one in due))
        yield expired(account, due, last_day, occasion, fresh)


_STEPS: Final = ((_pending_points, Step.TIERS_EXPIRE), (_expiring_points, Step.BALANCE_TIERS))
"""What a midnight does to points, and what to tiers after that, in the order of domain 16."""


_ACTIVATED, _CANCELED, _EXPIRED = range(3)
"""The places that a midnight's transactions have in their ids, in the order of domain 16."""


def derived(instant: datetime, card_id: str, place: int, *names: str) -> Callable[[str], str]:
    """Return a maker of ids that are always the same for the same instant, card and names; for each prefix one id.

    They begin with the card's own time and a place, 0 to 15. So among what is booked on a card at one instant they come
    in the order of their places and before everything else: what a midnight brings precedes what is decided then.
    """
    milliseconds = round(instant.timestamp() * 1000)
    text = "\x1f".join((str(milliseconds), card_id, *names))
    digest = blake2b(text.encode(), digest_size=16).hexdigest()[:_DIGEST_DIGITS]
    card_time = card_id.partition("_")[2][:_TIME_DIGITS].rjust(_TIME_DIGITS, "0")
    return lambda prefix: f"{prefix}_{card_time}{place:x}{digest}"
