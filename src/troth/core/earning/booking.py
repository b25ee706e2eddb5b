"""From what rules give to what is booked: by the limits of wallets, which see the running card (domain 7 and 8)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import floor
from typing import Final, NamedTuple, TypeAlias

from troth.core.calendar import day_of
from troth.core.card_definitions import CardDefinitionConfiguration
from troth.core.definitions import ProgramInForce
from troth.core.earning.effects import BenefitGiven, PointsGiven
from troth.core.earning.evaluation import Outcome
from troth.core.earning.facts import MemberFacts, OrderPaid, Successes
from troth.core.earning.records import Conclusion, Posted, conclude
from troth.core.earning.scenes import Scene
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Booked, Fresh, Occasion, credited, deferred, room
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.limits import Cut, earnable
from troth.core.ledger.postings import Kind, moved
from troth.core.ledger.transactions import Entry, TransactionType
from troth.core.points import Present

EarnedBefore: TypeAlias = Callable[[str, str], int]
"""How many points a card, by its id, has earned in the trigger's period of a unit, such as `MONTH`, until now."""

_IMMEDIATE: Final = "IMMEDIATE"


class Cause(NamedTuple):
    """What set the rules off: the order, event or segment, and what they saw of it."""

    subject_id: str
    scene: Scene
    earned_before: EarnedBefore


class Limited(NamedTuple):
    """Points that a rule gives, and what the limits of their wallet leave of them."""

    outcome: Outcome
    given: PointsGiven
    cut: Cut


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


def member_facts(
    program: ProgramInForce, holdings: Holdings, successes: Mapping[str, Successes] | None = None
) -> MemberFacts:
    """Return a member that is settled up to now as rules see it; `successes` are those with the program's rules."""
    accounts, member = holdings.accounts.values(), holdings.member
    return MemberFacts(
        status=member.status,
        metadata=member.metadata,
        cards={one.card_definition_id: one.card_id for one in accounts if one.card_definition_id in program.wallets},
        tiers=holdings.tiers,
        successes=successes or {},
    )


def limited(
    program: ProgramInForce, holdings: Holdings, outcomes: Iterable[Outcome], cause: Cause
) -> Iterator[Limited]:
    """Yield the points that rules give to a member that is settled up to now, with what limits leave of them.

    Each sees what those before it left. This is all that examine asks.
    """
    before: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        for given in outcome.given if outcome.reason is None else ():
            if isinstance(given, BenefitGiven) or given.card_id is None or given.points == 0:
                continue
            account, wallet = holdings.accounts[given.card_id], program.wallets[given.card_definition_id]
            cut = _cut(wallet, account, given.points, cause, before[given.card_id])
            before[given.card_id] += cut.points
            yield Limited(outcome, given, cut)


def earn(
    program: ProgramInForce, holdings: Holdings, outcomes: Sequence[Outcome], cause: Cause, present: Present
) -> Earned:
    """Book what limits leave of what rules give to a member that is settled up to now, and conclude on each rule.

    The tier that rules the points' expiration is the one that the member was in before (domain 8).
    """
    of_tier = holdings.tier_expirations
    earnings: list[Earning] = []
    posted: dict[str, dict[int, Posted]] = defaultdict(dict)
    for outcome, given, cut in limited(program, holdings, outcomes, cause):
        entry = None
        if cut.points and given.card_id is not None:
            occasion = _occasion(program, holdings.member.id, outcome, cause, present)
            expiration = given.expiration or of_tier.get(given.card_definition_id)
            account, wallet = holdings.accounts[given.card_id], program.wallets[given.card_definition_id]
            booked = _booked(account, wallet, cut.points, expiration, occasion, present.fresh)
            holdings, entry = holdings.after(booked), booked.entry
            earnings.append(Earning(outcome, given, entry))
        posted[outcome.rule.id][given.place] = Posted(cut, entry.transaction.id if entry else None)
    conclusions = tuple(conclude(one, posted[one.rule.id]) for one in outcomes)
    return Earned(holdings, tuple(earnings), conclusions)


def _cut(wallet: CardDefinitionConfiguration, account: Account, points: int, cause: Cause, before: int) -> Cut:
    """Return what limits leave of points, after others that the same trigger has brought `before`."""
    kind, limits = _kind(wallet), wallet.earning_limits
    cut = Cut(points)
    if limits.global_.limits or limits.transactions.limits:
        trigger = cause.scene.trigger
        paid = trigger.order.total_amount if isinstance(trigger, OrderPaid) and trigger.order else None
        cut = earnable(
            limits,
            moved(account.counters, kind, before),
            points,
            earned=lambda unit: cause.earned_before(account.card_id, unit) + before,
            order_amount=None if paid is None else floor(paid),
        )
    largest = room(account, kind) - before
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
