"""Whether and how a member buys a reward: the one decision of purchases, dry runs and examine (domain 11 and 14)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from troth.core.calendar import cooled_down, in_force
from troth.core.configuration import LARGEST_INTEGER, timestamp
from troth.core.definitions import ProgramInForce
from troth.core.earning.facts import CustomerFacts, MemberFacts, SegmentEntered
from troth.core.earning.scenes import Scene
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Booked, debited
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.limits import spendable
from troth.core.ledger.transactions import TransactionType
from troth.core.lifecycle import Status
from troth.core.points import Present
from troth.core.purchases.offers import Price, Reward
from troth.core.purchases.transactions import RewardTransaction, purchase_details
from troth.core.refusals import Reason, Refusal

SpentBefore: TypeAlias = Callable[[str, str], int]
"""How many points a card, by its id, has spent in the present period of a unit, such as `MONTH`."""


class Bought(NamedTuple):
    """The purchases of a reward that count for its limits: the last one, and how many in the present period."""

    last_at: datetime | None = None
    times: int = 0


class Offer(NamedTuple):
    """A reward as one member meets it in its program: `left` is None where there are any number."""

    reward: Reward
    is_assigned: bool
    left: int | None
    bought: Bought
    customer: CustomerFacts
    spent_before: SpentBefore


class Hindrance(NamedTuple):
    """Something in the way of a purchase: why, in words, and as examine tells it."""

    reason: Reason
    words: str
    told: Mapping[str, Any] = {}


class Quote(NamedTuple):
    """What a reward costs a member, on which of its cards, and all that stands in the way, in the order of checks.

    `price` is None if no cost is for the member, `account` if it has no card of the price's wallet.
    """

    price: Price | None
    account: Account | None
    hindrances: tuple[Hindrance, ...]


class Purchase(NamedTuple):
    """A decided purchase: what it is, how it is paid, and what is to be handed out."""

    transaction: RewardTransaction
    booked: Booked
    goods: Mapping[str, Any]


def quote(offer: Offer, program: ProgramInForce, holdings: Holdings, present: Present) -> Quote:
    """Return what a reward costs a member of a program that is at work, and whether it can be bought now."""
    hindrances = [*_closed(offer.reward, present), *_gone(offer), *_repeated(offer, present)]
    price = _price(offer, holdings, present)
    if price is None:
        words = f"No cost of reward {offer.reward.id} is for this member"
        return Quote(None, None, (*hindrances, Hindrance(Reason.NO_MATCHING_COST, words)))
    account = account_of(holdings, price.card_definition_id, program)
    if account is None:
        words = f"The member has no card of card definition {price.card_definition_id}, which the reward is paid from"
        hindrances.append(Hindrance(Reason.NO_CARD_FOR_COST, words))
    else:
        hindrances += _unaffordable(offer, program, account, price.points)
    return Quote(price, account, (*hindrances, *_nowhere(offer.reward, program, holdings)))


def purchase(offer: Offer, program: ProgramInForce, holdings: Holdings, present: Present) -> Purchase:
    """Return the purchase of a reward by a member. Raises the first of what stands in the way as a refusal."""
    reward = offer.reward
    found = quote(offer, program, holdings, present)
    if found.hindrances:
        first = found.hindrances[0]
        raise Refusal(first.reason, first.words, reward.id, "reward")
    price, account = found.price, found.account
    assert price is not None and account is not None, "nothing stands in the way"  # noqa: PT018 - both or a hindrance
    transaction_id, reason = present.fresh("lrtx"), f"{program.name} / {reward.definition.name}"
    about = {"reward": {"id": reward.id}, "reward_transaction": {"id": transaction_id}}
    occasion = present.occasion(reason)._replace(about=about)
    booked = debited(account, TransactionType.POINTS_SPENT_ON_REWARD, price.points, occasion, present.fresh)
    paid = booked.entry.transaction
    bought = RewardTransaction(
        transaction_id, holdings.member.id, program.id, reward.id, account.card_id, paid.id, "PURCHASE", "PENDING",
        purchase_details(reason, reward.id, reward.configuration, price.points), present.now,
    )  # fmt: skip
    return Purchase(bought, booked, goods_of(reward))


def account_of(holdings: Holdings, card_definition_id: str, program: ProgramInForce) -> Account | None:
    """Return the account of a member's card of a wallet of its program, None if it has none."""
    if card_definition_id not in program.wallets:
        return None
    accounts = holdings.accounts.values()
    return next((one for one in accounts if one.card_definition_id == card_definition_id), None)


def goods_of(reward: Reward) -> dict[str, Any]:
    """Return what is to be handed out, as it is when it is bought: later changes of the reward do not touch it."""
    return {name: part for name in ("material", "digital") if (part := reward.definition.configuration.get(name))}


_OUT_OF_HOURS: Final = "is outside its start_date, end_date or validity_hours"


def _closed(reward: Reward, present: Present) -> Iterator[Hindrance]:
    if reward.definition.status != Status.ACTIVE:
        words = f"Reward {reward.id} is {reward.definition.status}; it can be bought while it is ACTIVE"
        yield Hindrance(Reason.NON_ACTIVE_REWARD, words)
    if not in_force(reward.configuration, present.now, present.definitions.zone):
        yield Hindrance(Reason.OUTSIDE_REWARD_WINDOW, f"Reward {reward.id} {_OUT_OF_HOURS}")


def _gone(offer: Offer) -> Iterator[Hindrance]:
    if not offer.is_assigned:
        yield Hindrance(Reason.REWARD_NOT_ASSIGNED, f"Reward {offer.reward.id} is not assigned to the program")
    elif offer.left is not None and offer.left < 1:
        yield Hindrance(Reason.OUT_OF_STOCK, f"Nothing is left of reward {offer.reward.id}")


def _repeated(offer: Offer, present: Present) -> Iterator[Hindrance]:
    limits, bought = offer.reward.configuration.purchase_limits, offer.bought
    if bought.last_at is not None:
        again_at = cooled_down(limits.cooldown, bought.last_at, present.definitions.zone)
        if present.now < again_at:
            words = f"The member bought reward {offer.reward.id} and can buy it again from {timestamp(again_at)} on"
            yield Hindrance(Reason.PURCHASE_COOLDOWN, words)
    for limit in limits.frequency.limits:
        if bought.times >= limit.triggers.max:
            words = f"The member bought reward {offer.reward.id} {bought.times} times in the current period"
            yield Hindrance(Reason.PURCHASE_FREQUENCY, f"{words}, of at most {limit.triggers.max}")


def _price(offer: Offer, holdings: Holdings, present: Present) -> Price | None:
    # What costs ask is about the customer and the member alone, whatever the trigger.
    scene = Scene(SegmentEntered(None), present.now, present.definitions.zone, offer.customer)
    return offer.reward.price_for(scene, MemberFacts(metadata=holdings.member.metadata))


def _unaffordable(offer: Offer, program: ProgramInForce, account: Account, points: int) -> Iterator[Hindrance]:
    balance = account.counters.balance
    if balance < points:
        told = {"required": points, "available": balance, "missing": points - balance}
        words = f"The balance of card {account.card_id} is {balance}, {points} are needed"
        yield Hindrance(Reason.INSUFFICIENT_BALANCE, words, told)
    limits = program.wallets[account.card_definition_id].spending_limits
    cut = spendable(limits, account.counters, points, spent=lambda unit: offer.spent_before(account.card_id, unit))
    if cut.limit == "transaction":
        yield Hindrance(Reason.TRANSACTION_SPENDING_LIMIT, f"{points} points are asked for; {cut.details}")
    elif cut.limit:
        yield Hindrance(Reason.GLOBAL_SPENDING_LIMIT, f"{points} points are asked for; {cut.details}")
    elif points > _room_to_spend(account):
        words = f"No counter of card {account.card_id} may pass {LARGEST_INTEGER}"
        yield Hindrance(Reason.GLOBAL_SPENDING_LIMIT, words)


def _room_to_spend(account: Account) -> int:
    """Return how many points may be locked and then spent, so that every counter stays exact in JSON."""
    counters = account.counters
    return LARGEST_INTEGER - max(counters.locked, counters.spent + counters.locked - counters.unlocked)


def _nowhere(reward: Reward, program: ProgramInForce, holdings: Holdings) -> Iterator[Hindrance]:
    digital = reward.configuration.digital
    wanted = digital.loyalty_card_points if digital else None
    if wanted and account_of(holdings, wanted.card_definition_id, program) is None:
        words = f"The member has no card of card definition {wanted.card_definition_id}, which the points are for"
        yield Hindrance(Reason.NO_TARGET_CARD, words, {"card_definition_id": wanted.card_definition_id})
