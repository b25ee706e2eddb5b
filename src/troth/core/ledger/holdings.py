"""Holdings: a member with its accounts, and what a decision makes of them (domain 7)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any, NamedTuple

from troth.core.calendar import expires_on
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import DAY, Account, touched
from troth.core.ledger.booking import Booked
from troth.core.ledger.settling import settled
from troth.core.ledger.transactions import Entry
from troth.core.members import Member
from troth.core.tiering import progress
from troth.core.tiering.progress import Coming
from troth.core.tiering.standing import Standing


class Holdings(NamedTuple):
    """Everything of one member that decisions read and change; `accounts` by card id, oldest card first.

    `standing` is where one of the cards stands in the program's tier structure, None without one.
    """

    member: Member
    accounts: Mapping[str, Account]
    standing: Standing | None = None

    def after(self, booked: Booked) -> "Holdings":
        """Return the holdings after a booking on one of the accounts, its tier evaluated (domain 10)."""
        account, standing = booked.account, self.standing
        if standing and standing.card_id == account.card_id:
            standing = standing.after(booked.entry, account.counters.balance)
        return self._replace(accounts={**self.accounts, account.card_id: account}, standing=standing)

    def touched(self, activity: str, day: date, instant: datetime) -> "Holdings":
        """Return the holdings after a custom event, named by its schema: it may move sliding dates (domain 7)."""
        accounts = {card_id: touched(account, activity, day) for card_id, account in self.accounts.items()}
        standing = self.standing
        if standing:
            standing = standing.touched(self._balance(standing), activity, day, instant)
        return self._replace(accounts=accounts, standing=standing)

    def reviewed(self, instant: datetime) -> "Holdings":
        """Return the holdings with the tier evaluated by the segments in which the customer is now (domain 10)."""
        standing = self.standing
        if standing is None or not standing.structure.segment_ids:
            return self
        return self._replace(standing=standing.reviewed(self._balance(standing), instant, None))

    def left(self, instant: datetime) -> "Holdings":
        """Return the holdings of a member that is about to be deleted: in no tier (domain 6)."""
        standing = self.standing
        return self._replace(standing=standing and standing.left(self._balance(standing), instant))

    @property
    def tiers(self) -> Mapping[str, str]:
        """The tier that the member is in, by its structure."""
        standing = self.standing
        tier_id = standing and standing.state.tier_id
        return {standing.structure.id: tier_id} if standing and tier_id else {}

    @property
    def tier_expirations(self) -> Mapping[str, PointsExpiration]:
        """What rules the points earned in the tier that the member is in, by wallet; nothing where the wallet does."""
        standing = self.standing
        expiration = standing.points_expiration if standing else None
        return {standing.structure.card_definition_id: expiration} if standing and expiration else {}

    def tier_progress(self, now: datetime) -> Mapping[str, Mapping[str, Any]]:
        """Return the tier progress of the card that the tier structure sits on, by its id (domain 10)."""
        standing = self.standing
        if standing is None:
            return {}
        account = self.accounts[standing.card_id]
        facts = standing.facts(account.counters.balance)
        shown = progress.shown(standing.structure, standing.state, facts, now, _coming(account))
        return {standing.card_id: shown}

    def _balance(self, standing: Standing) -> int:
        return self.accounts[standing.card_id].counters.balance


class Movement(NamedTuple):
    """What a batch made of one member: holdings before and after, and what was booked in between, each with its cause.

    A cause is the `source` of activities, as JSON text.
    """

    before: Holdings
    after: Holdings
    entries: Sequence[tuple[Entry, str]]

    @property
    def moved(self) -> bool:
        """Whether there is anything to save."""
        return bool(self.entries) or self.before != self.after


def now_for(holdings: Holdings, now: datetime) -> datetime:
    """Return the instant at which a member is decided on: now, and never before one of its cards' last bookings."""
    for account in holdings.accounts.values():
        now = max(now, account.latest)
    return now


def up_to(holdings: Holdings, now: datetime, zone: tzinfo) -> tuple[Holdings, tuple[Entry, ...]]:
    """Return the holdings as of now with everything booked that fell due by then, and what that was (domain 7, 16)."""
    accounts, entries, standing = settled(holdings.accounts.values(), now, zone, holdings.standing)
    present = Holdings(holdings.member, {one.card_id: one for one in accounts}, standing)
    return present.reviewed(now), entries


def _coming(account: Account) -> Iterator[Coming]:
    """Yield what midnights are known to bring to an account, in their order; no event is awaited."""
    brought = [(last + DAY, 0, one.points) for one in account.usable() if (last := account.date_of(one))]
    for one in account.pending.values():
        if one.status == "PENDING" and one.type != "EVENT_BASED":
            brought.append((one.date, one.points, 0))
            if last := expires_on(one.expiration, one.date):
                brought.append((last + DAY, 0, one.points))
    for day, of_day in groupby(sorted(brought), key=lambda one: one[0]):
        together = list(of_day)
        yield Coming(day, sum(one[1] for one in together), sum(one[2] for one in together))
