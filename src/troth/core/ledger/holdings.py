"""Holdings: a member with its accounts, and what a decision makes of them (domain 7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Booked
from troth.core.ledger.settling import settled
from troth.core.ledger.transactions import Entry
from troth.core.members import Member


class Holdings(NamedTuple):
    """Everything of one member that decisions read and change; `accounts` by card id, oldest card first."""

    member: Member
    accounts: Mapping[str, Account]

    def after(self, booked: Booked) -> "Holdings":
        """Return the holdings after a booking on one of the accounts."""
        return self._replace(accounts={**self.accounts, booked.account.card_id: booked.account})


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
        return bool(self.entries) or self.before.accounts != self.after.accounts


def now_for(holdings: Holdings, now: datetime) -> datetime:
    """Return the instant at which a member is decided on: now, and never before one of its cards' last bookings."""
    return max(now, *(account.latest for account in holdings.accounts.values())) if holdings.accounts else now


def up_to(holdings: Holdings, now: datetime, zone: tzinfo) -> tuple[Holdings, tuple[Entry, ...]]:
    """Return the holdings with everything booked that fell due by now, and what that was (domain 7, 16)."""
    accounts, entries = settled(holdings.accounts.values(), now, zone)
    return holdings._replace(accounts={one.card_id: one for one in accounts}), entries
