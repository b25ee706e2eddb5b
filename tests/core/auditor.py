"""The auditor: what a member's cards must hold, worked out a second time and as simply as it can be (domain 7 and 16).

It is written from the behaviour alone and shares nothing with the ledger but the configuration types and the calendar.
It keeps whole cards in memory, looks at every bucket every time, and lives through every midnight one by one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from troth.core.calendar import ONE_DAY, activates_on, day_of, expires_on, midnight
from troth.core.card_definitions import PendingPoints
from troth.core.expiration import NO_EXPIRATION, PointsExpiration, QualifyingActivity

IMMEDIATE = PendingPoints(type="IMMEDIATE")
SLIDING = "SLIDING_EXPIRATION"


@dataclass
class Wallet:
    """What of a card definition the auditor needs to know."""

    expiration: PointsExpiration = NO_EXPIRATION
    pending: PendingPoints = IMMEDIATE
    allow_negative: bool = False


@dataclass
class Bucket:
    """Points that expire together; `number` grows with every bucket of the member."""

    number: int
    expiration: PointsExpiration
    date: date | None
    month: date
    points: int


@dataclass
class PendingBucket:
    """Points of one earning that wait: for the date, or for an event until the date has passed."""

    number: int
    type: str
    date: date
    expiration: PointsExpiration
    points: int


class Entry(NamedTuple):
    """A transaction: the points as its details show them, and the date that they show, if any."""

    type: str
    points: int
    instant: datetime
    date: date | None
    status: str = "APPROVED"


class Part(NamedTuple):
    """What a consumption took out of one bucket."""

    expiration: PointsExpiration
    date: date | None
    month: date
    points: int


class Locked(NamedTuple):
    """Points of a card that a purchase has taken; `place` is that of its entry."""

    name: str
    points: int
    parts: list[Part]
    place: int


@dataclass
class AuditedCard:
    """A card: counters by their names, buckets that hold something, and every transaction in order."""

    wallet: Wallet
    counters: Counter[str] = field(default_factory=Counter)
    buckets: list[Bucket] = field(default_factory=list)
    pending: list[PendingBucket] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def balance(self) -> int:
        n = self.counters
        gone = n["subtracted"] + n["expired"] + n["spent"] + n["refunded"] + n["locked"] + n["purchased_reversed"]
        return n["total"] + n["returned"] + n["unlocked"] - gone

    @property
    def pending_balance(self) -> int:
        n = self.counters
        return n["pending_total"] - n["pending_activated"] - n["pending_canceled"]

    @property
    def next_expiration(self) -> tuple[date, int] | None:
        """The nearest date and all points that expire on it."""
        dates = [one.date for one in self.buckets if one.date]
        if not dates:
            return None
        return min(dates), sum(one.points for one in self.buckets if one.date == min(dates))

    @property
    def next_activation(self) -> tuple[date, str, int] | None:
        """The nearest date, the type, and all points of both; of EVENT_BASED points it is the cancel date."""
        if not self.pending:
            return None
        day, kind = min((one.date, one.type) for one in self.pending)
        return day, kind, sum(one.points for one in self.pending if (one.date, one.type) == (day, kind))


class Auditor:
    """One member: its cards by name, and the project's time."""

    def __init__(self, zone: tzinfo, now: datetime, **wallets: Wallet) -> None:
        self.zone = zone
        self.now = now
        self.today = day_of(now, zone)
        self.cards = {name: AuditedCard(wallet) for name, wallet in wallets.items()}
        self._made = 0

    def credit(self, name: str, points: int) -> Entry:
        """An administrator adds points."""
        card = self.cards[name]
        card.counters.update(total=points, added=points)
        until = self._put(card, points, card.wallet.expiration)
        return self._write(card, "ADMIN_CREDIT", points, until)

    def debit(self, name: str, points: int) -> Entry:
        """An administrator takes points away; rejected where the balance does not cover them and must."""
        card = self.cards[name]
        if points > card.balance and not card.wallet.allow_negative:
            return self._write(card, "ADMIN_DEBIT", -points, status="REJECTED")
        self._take(card, points)
        card.counters["subtracted"] += points
        return self._write(card, "ADMIN_DEBIT", -points)

    def earn(self, name: str, points: int, expiration: PointsExpiration | None = None) -> Entry:
        """A rule grants points, with the wallet's expiration if it has none of its own."""
        card = self.cards[name]
        expiration = expiration or card.wallet.expiration
        self._slide(card, "earning_activity")
        due = activates_on(card.wallet.pending, self.today)
        if due is None:
            card.counters.update(total=points, earned=points)
            until = self._put(card, points, expiration)
            return self._write(card, "POINTS_EARNED", points, until)
        card.counters["pending_total"] += points
        card.pending.append(PendingBucket(self._number(), card.wallet.pending.type, due, expiration, points))
        return self._write(card, "PENDING_POINTS_ADDED", points, due)

    def activate(self, name: str, bucket: PendingBucket) -> Entry:
        """Pending points become usable; their expiration counts from today."""
        card = self.cards[name]
        card.pending.remove(bucket)
        card.counters.update(pending_activated=bucket.points, total=bucket.points)
        self._put(card, bucket.points, bucket.expiration)
        return self._write(card, "PENDING_POINTS_ACTIVATED", bucket.points, bucket.date)

    def cancel(self, name: str, bucket: PendingBucket) -> Entry:
        """Pending points are lost."""
        card = self.cards[name]
        card.pending.remove(bucket)
        card.counters["pending_canceled"] += bucket.points
        return self._write(card, "PENDING_POINTS_CANCELED", bucket.points, bucket.date)

    def expire(self, name: str, bucket: Bucket) -> Entry:
        """An administrator expires one bucket before its time."""
        card = self.cards[name]
        card.buckets.remove(bucket)
        card.counters["expired"] += bucket.points
        return self._write(card, "ADMIN_POINTS_EXPIRATION", bucket.points, bucket.date)

    def custom_event(self, schema_id: str) -> list[Entry]:
        """The customer does something: it moves sliding dates and activates the points that wait for it."""
        entries = []
        for name, card in self.cards.items():
            self._slide(card, schema_id)
            awaited = card.wallet.pending.event_based
            if awaited and schema_id in awaited.event_types:
                entries += [self.activate(name, one) for one in list(card.pending) if one.type == "EVENT_BASED"]
        return entries

    def spend(self, name: str, points: int) -> list[Part]:
        """The member pays an order with points that are there; the parts are what a return gives back."""
        card = self.cards[name]
        assert points <= card.balance
        parts = self._take(card, points)
        card.counters["spent"] += points
        self._slide(card, "spending_activity")
        self._write(card, "POINTS_SPENT_ON_ORDER", points)
        return parts

    def give_back(self, name: str, parts: list[Part]) -> Entry:
        """Spent points come back with their old dates; those of a date that has passed as the wallet's, from today."""
        card = self.cards[name]
        points = sum(part.points for part in parts)
        hole = max(-card.balance, 0)
        card.counters["returned"] += points
        self._restore_all(card, parts, hole)
        return self._write(card, "POINTS_RETURNED", points)

    def lock(self, name: str, points: int) -> Locked:
        """The member buys a reward with points that are there: they are locked until it is issued."""
        card = self.cards[name]
        assert points <= card.balance
        parts = self._take(card, points)
        card.counters["locked"] += points
        self._slide(card, "spending_activity")
        self._write(card, "POINTS_SPENT_ON_REWARD", points, status="PENDING")
        return Locked(name, points, parts, len(card.entries) - 1)

    def end(self, locked: Locked, *, is_issued: bool) -> None:
        """What was bought is issued, or else its points are where they were, as `give_back` gives them back."""
        card = self.cards[locked.name]
        hole = max(-card.balance, 0)
        card.counters["unlocked"] += locked.points
        status = "APPROVED" if is_issued else "REJECTED"
        card.entries[locked.place] = card.entries[locked.place]._replace(status=status)
        if is_issued:
            card.counters["spent"] += locked.points
        else:
            self._restore_all(card, locked.parts, hole)

    def buy_points(self, name: str, points: int) -> Entry:
        """Points are bought onto a card, past pending."""
        card = self.cards[name]
        card.counters.update(total=points, purchased=points)
        until = self._put(card, points, card.wallet.expiration)
        return self._write(card, "POINTS_PURCHASED", points, until)

    def reverse(self, name: str, points: int) -> Entry:
        """Points that were bought are taken back; they are there."""
        card = self.cards[name]
        assert points <= card.balance
        self._take(card, points)
        card.counters["purchased_reversed"] += points
        return self._write(card, "POINTS_PURCHASE_REVERSED", points)

    def refund(self, name: str, points: int) -> Entry:
        """Earned points are taken back: at most the balance, unless it may go below zero."""
        card = self.cards[name]
        assert points <= card.balance or card.wallet.allow_negative
        self._take(card, points)
        card.counters["refunded"] += points
        return self._write(card, "POINTS_REFUNDED", points)

    def advance(self, to: datetime) -> None:
        """Time passes, midnight by midnight."""
        assert to >= self.now
        while midnight(self.today + ONE_DAY, self.zone) <= to:
            self.today += ONE_DAY
            self.now = midnight(self.today, self.zone)
            for name, card in self.cards.items():
                self._begin_day(name, card)
        self.now = to

    def _begin_day(self, name: str, card: AuditedCard) -> None:
        for pending in list(card.pending):
            if pending.type == "EVENT_BASED" and pending.date < self.today:
                self.cancel(name, pending)
            elif pending.type != "EVENT_BASED" and pending.date <= self.today:
                self.activate(name, pending)
        for due in sorted({one.date for one in card.buckets if one.date and one.date < self.today}):
            gone = sum(one.points for one in card.buckets if one.date == due)
            card.buckets = [one for one in card.buckets if one.date != due]
            card.counters["expired"] += gone
            self._write(card, "POINTS_EXPIRED", gone, due)

    def _put(self, card: AuditedCard, points: int, expiration: PointsExpiration) -> date | None:
        # The counters have been raised: what the balance now shows above zero is all that buckets can hold.
        until = self._until(card, expiration)
        room = max(card.balance, 0) - sum(one.points for one in card.buckets)
        self._merge(card, Part(expiration, until, self.today.replace(day=1), min(points, room)))
        return until

    def _restore_all(self, card: AuditedCard, parts: list[Part], hole: int) -> None:
        for part in parts:
            filled = min(hole, part.points)
            hole -= filled
            self._restore(card, part._replace(points=part.points - filled))

    def _restore(self, card: AuditedCard, part: Part) -> None:
        expiration, until = part.expiration, part.date
        if expiration.type == SLIDING:
            until = next(self._shared(card, expiration), until)
        if until and until < self.today:
            expiration = card.wallet.expiration
            until = self._until(card, expiration)
        self._merge(card, part._replace(expiration=expiration, date=until))

    def _merge(self, card: AuditedCard, part: Part) -> None:
        if part.points == 0:
            return
        for one in card.buckets:
            same = same_configuration(one.expiration, part.expiration)
            if same and (one.date, one.month) == (part.date, part.month):
                one.points += part.points
                return
        card.buckets.append(Bucket(self._number(), *part))

    def _take(self, card: AuditedCard, points: int) -> list[Part]:
        parts = []
        order = sorted(card.buckets, key=lambda one: (one.date or date.max, one.month, one.number))
        for one in order:
            taken = min(points, one.points)
            points -= taken
            one.points -= taken
            if taken:
                parts.append(Part(one.expiration, one.date, one.month, taken))
        card.buckets = [one for one in card.buckets if one.points]
        return parts

    def _until(self, card: AuditedCard, expiration: PointsExpiration) -> date | None:
        if expiration.type == SLIDING:
            return next(self._shared(card, expiration), expires_on(expiration, self.today))
        return expires_on(expiration, self.today)

    def _shared(self, card: AuditedCard, expiration: PointsExpiration) -> Iterator[date]:
        """The date that points of this sliding configuration have now; none if none are left or their day is over."""
        for one in card.buckets:
            if one.date and one.date >= self.today and same_configuration(one.expiration, expiration):
                yield one.date

    def _slide(self, card: AuditedCard, activity: str) -> None:
        for one in card.buckets:
            if one.expiration.sliding_expiration and qualifies(one.expiration.sliding_expiration, activity):
                one.date = expires_on(one.expiration, self.today)

    def _write(
        self, card: AuditedCard, kind: str, points: int, shown: date | None = None, status: str = "APPROVED"
    ) -> Entry:
        card.entries.append(Entry(kind, points, self.now, shown, status))
        return card.entries[-1]

    def _number(self) -> int:
        self._made += 1
        return self._made


def same_configuration(one: PointsExpiration, other: PointsExpiration) -> bool:
    """Tell whether two expirations say the same, whether a wallet's, an effect's or a tier's."""
    return one.stored() == other.stored()


def qualifies(sliding: QualifyingActivity, activity: str) -> bool:
    """Tell whether an activity, one of the two switches' names or an event schema's id, moves a sliding date."""
    if activity in {"earning_activity", "spending_activity"}:
        return bool(getattr(sliding, activity))
    return sliding.custom_activity and activity in sliding.custom_activity_types
