"""A standing: a member's card in the tier structure of its program, followed through everything that happens to it."""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple

from troth.core.calendar import day_of
from troth.core.expiration import EffectPointsExpiration
from troth.core.ledger.postings import Kind
from troth.core.ledger.transactions import Entry, TransactionType
from troth.core.tiering.evaluation import (
    Cause,
    Evaluated,
    Facts,
    Step,
    after_change,
    at_midnight,
    departure,
    is_turn,
    next_due,
)
from troth.core.tiering.state import Origin, TierState, TierTransaction, before_the_first, counted
from troth.core.tiering.structure import Structure

_COUNTED: Final = {Kind.EARNED: 1, Kind.PENDING_ACTIVATED: 1, Kind.REFUNDED: -1}
"""What a tracking period counts: points earned and activated, less those refunded (domain 10)."""

_ACTIVITIES: Final = {
    TransactionType.POINTS_EARNED: "earning",
    TransactionType.PENDING_POINTS_ADDED: "earning",
    TransactionType.POINTS_SPENT_ON_ORDER: "spending",
    TransactionType.POINTS_SPENT_ON_REWARD: "spending",
}
"""The transactions that sliding expirations wait for, by what these call them (domain 7)."""


class Standing(NamedTuple):
    """Where a card stands, by what else that is decided, and the tier transactions booked since it was loaded."""

    structure: Structure
    card_id: str
    state: TierState
    segment_ids: frozenset[str]
    zone: tzinfo
    booked: tuple[TierTransaction, ...] = ()

    def after(self, entry: Entry, balance: int) -> "Standing":
        """Return the standing after a transaction of the card, evaluated in the same breath."""
        if not entry.postings:
            return self
        transaction = entry.transaction
        origin = Origin("card_operations", (transaction.id,))
        activity = None if entry.is_end else _ACTIVITIES.get(transaction.type)
        occurred_on = day_of(transaction.occurred_at, self.zone)
        cause = Cause(entry.instant, origin, occurred_on if activity and self._slides(activity) else None)
        present = self.counting((entry,))
        return present._with(after_change(present.structure, present.state, self.facts(balance), cause))

    def counting(self, entries: Iterable[Entry]) -> "Standing":
        """Return the standing with transactions of the card counted in its tracking period, not evaluated."""
        state = self.state
        for entry in entries:
            points = sum(_COUNTED.get(posting.kind, 0) * posting.points for posting in entry.postings)
            state = counted(self.structure, state, day_of(entry.transaction.occurred_at, self.zone), points)
        return self if state is self.state else self._replace(state=state)

    def touched(self, balance: int, activity: str, day: date, instant: datetime) -> "Standing":
        """Return the standing after a custom event, which moves the sliding date if it is one that this waits for."""
        if not self._slides(activity):
            return self
        cause = Cause(instant, None, day)
        return self._with(after_change(self.structure, self.state, self.facts(balance), cause))

    def reviewed(self, balance: int, instant: datetime, origin: Origin | None) -> "Standing":
        """Return the standing evaluated as of an instant: the card is new, or the customer's segments may be others."""
        return self._with(after_change(self.structure, self.state, self.facts(balance), Cause(instant, origin)))

    def is_turn(self, day: date, step: Step) -> bool:
        """Tell whether a step of the midnight that begins a day may change anything."""
        return is_turn(self.structure, self.state, day, step)

    def at_midnight(self, balance: int, day: date, step: Step) -> "Standing":
        """Return the standing after a step of the midnight that begins a day (domain 16)."""
        return self._with(at_midnight(self.structure, self.state, self.facts(balance), day, step))

    def left(self, balance: int, instant: datetime) -> "Standing":
        """Return the standing of a card that is deleted: in no tier (domain 6)."""
        cause = Cause(instant, Origin("member_card_deleted"))
        return self._with(departure(self.structure, self.state, self.facts(balance), cause))

    @property
    def next_due(self) -> date | None:
        """The next day whose midnight could change anything by itself."""
        return next_due(self.structure, self.state)

    @property
    def points_expiration(self) -> EffectPointsExpiration | None:
        """What rules the points earned while in the present tier, None where that leaves it to the wallet."""
        tier_id = self.state.tier_id
        return self.structure.tier(tier_id).configuration.points_expiration if tier_id else None

    def facts(self, balance: int) -> Facts:
        """Return what the state is evaluated by at a balance."""
        return Facts(self.card_id, balance, self.segment_ids, self.zone)

    def _slides(self, activity: str) -> bool:
        sliding = self.structure.configuration.expiration.sliding_expiration
        return sliding is not None and sliding.counts(activity)

    def _with(self, evaluated: Evaluated) -> "Standing":
        if evaluated.state is self.state and not evaluated.booked:
            return self
        booked = self.booked + evaluated.booked
        return Standing(self.structure, self.card_id, evaluated.state, self.segment_ids, self.zone, booked)


def new_standing(
    structure: Structure, card_id: str, made_at: datetime, segment_ids: frozenset[str], zone: tzinfo
) -> Standing:
    """Return the standing of a card that has not been evaluated yet."""
    state = before_the_first(structure, day_of(made_at, zone))
    return Standing(structure, card_id, state, segment_ids, zone)
