"""From what rules give to what is booked: by the limits of wallets, which see the running card (domain 7 and 8)."""

from collections.abc import Callable, Iterable, Mapping
from math import floor
from typing import Final, NamedTuple, TypeAlias

from troth.core.calendar import day_of
from troth.core.card_definitions import CardDefinitionConfiguration
from troth.core.definitions import ProgramInForce
from troth.core.earning.effects import BenefitGiven, PointsGiven
from troth.core.earning.evaluation import Outcome
from troth.core.earning.facts import OrderPaid
from troth.core.earning.records import Conclusion, Posted, conclude
from troth.core.earning.scenes import Scene
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Booked, Fresh, Occasion, credited, deferred, room
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.limits import Cut, earnable
from troth.core.ledger.postings import Kind
from troth.core.ledger.transactions import Entry, TransactionType
from troth.core.points import Present

EarnedBefore: TypeAlias = Callable[[str, str], int]
"""How many points a card, by its id, has earned in the trigger's period of a unit, such as `MONTH`, until now."""

_IMMEDIATE: Final = "IMMEDIATE"


class Cause(NamedTuple):
    """What set the rules off: the order, event or segment, and what they saw of it.

    `earned_before` serves limits by period; `tier_expirations` are those of the tiers that the member is in, by wallet.
    """

    subject_id: str
    scene: Scene
    earned_before: EarnedBefore
    tier_expirations: Mapping[str, PointsExpiration] = {}


class Earning(NamedTuple):
    """Points that a rule gave and that were booked."""

    outcome: Outcome
    given: PointsGiven
    entry: Entry


class Earned(NamedTuple):
    """Holdings after the rules have earned, what was booked, and how each outcome ended, in their order."""

    holdings: Holdings
    earnings: tuple[Earning, ...]
    conclusions: tuple[Conclusion, ...]


def cards_of(program: ProgramInForce, holdings: Holdings) -> dict[str, str]:
    """Return the member's card of each wallet of the program (see `MemberFacts.cards`)."""
    accounts = holdings.accounts.values()
    return {one.card_definition_id: one.card_id for one in accounts if one.card_definition_id in program.wallets}


def earn(
    program: ProgramInForce, holdings: Holdings, outcomes: Iterable[Outcome], cause: Cause, present: Present
) -> Earned:
    """Book what rules give to a member that is settled up to now.

    Each effect sees what the ones before it left: limits cut it, or refuse it whole. Nothing is saved: so examine asks
    the same and forgets it.
    """
    earnings: list[Earning] = []
    conclusions: list[Conclusion] = []
    points_before: dict[str, int] = {}
    for outcome in outcomes:
        posted: dict[int, Posted] = {}
        for given in outcome.given if outcome.reason is None else ():
            if isinstance(given, BenefitGiven) or given.card_id is None or given.points == 0:
                continue
            card_id, wallet = given.card_id, program.wallets[given.card_definition_id]
            account = holdings.accounts[card_id]
            cut = _cut(wallet, account, given.points, cause, points_before.get(card_id, 0))
            if cut.points == 0:
                posted[given.place] = Posted(cut)
                continue
            occasion = _occasion(program, holdings.member.id, outcome, cause, present)
            expiration = given.expiration or cause.tier_expirations.get(given.card_definition_id)
            booked = _booked(account, wallet, cut.points, expiration, occasion, present.fresh)
            holdings = holdings.after(booked)
            points_before[card_id] = points_before.get(card_id, 0) + cut.points
            earnings.append(Earning(outcome, given, booked.entry))
            posted[given.place] = Posted(cut, booked.entry.transaction.id)
        conclusions.append(conclude(outcome, posted))
    return Earned(holdings, tuple(earnings), tuple(conclusions))


def _cut(wallet: CardDefinitionConfiguration, account: Account, points: int, cause: Cause, before: int) -> Cut:
    trigger = cause.scene.trigger
    paid = trigger.order.total_amount if isinstance(trigger, OrderPaid) and trigger.order else None
    cut = earnable(
        wallet.earning_limits,
        account.counters,
        points,
        earned=lambda unit: cause.earned_before(account.card_id, unit) + before,
        order_amount=None if paid is None else floor(paid),
    )
    largest = room(account, _kind(wallet))
    if cut.points <= largest:
        return cut
    return Cut(max(largest, 0), "counters", f"{max(largest, 0)} more points are as many as a card can count")


def _kind(wallet: CardDefinitionConfiguration) -> Kind:
    return Kind.EARNED if wallet.pending_points.type == _IMMEDIATE else Kind.PENDING_ADDED


def _booked(
    account: Account,
    wallet: CardDefinitionConfiguration,
    points: int,
    expiration: PointsExpiration | None,
    occasion: Occasion,
    fresh: Fresh,
) -> Booked:
    expiration = expiration or wallet.points_expiration
    if _kind(wallet) is Kind.EARNED:
        return credited(account, TransactionType.POINTS_EARNED, points, expiration, occasion, fresh)
    return deferred(account, points, wallet.pending_points, expiration, occasion, fresh)


def _occasion(program: ProgramInForce, member_id: str, outcome: Outcome, cause: Cause, present: Present) -> Occasion:
    rule, occurred_at = outcome.rule.definition, cause.scene.occurred_at
    metadata = {
        "event_id": cause.subject_id,
        "member_id": member_id,
        "program_id": program.id,
        "earning_rule_id": rule.id,
        "earning_item_id": outcome.earning_item_id,
    }
    day = day_of(occurred_at, cause.scene.zone)
    return Occasion(present.now, day, occurred_at, f"{program.name} / {rule.name}", metadata)
