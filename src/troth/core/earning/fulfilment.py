"""How a benefit that a rule granted is fulfilled: the decision that the worker saves (domain 13)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from troth.core.benefits import BenefitConfiguration
from troth.core.configuration import timestamp
from troth.core.definitions import Definition, ProgramInForce, shown_instant
from troth.core.earning.bases import OrderBase
from troth.core.earning.booking import Cause, EarnedBefore, earn
from troth.core.earning.effects import Calculated, PointsGiven, points_in_proportion
from troth.core.earning.evaluation import EarningRule, Outcome
from troth.core.earning.order_earnings import OrderEarning, order_earning
from troth.core.earning.scenes import Scene
from troth.core.earning.working import Grant
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.transactions import Entry
from troth.core.points import Present
from troth.core.purchases.decision import account_of
from troth.core.purchases.issuing import Rejection
from troth.core.vouchers import Voucher


class BenefitTransaction(NamedTuple):
    """A benefit that a member was granted: PENDING, then APPROVED or REJECTED; `details` is shown as it is."""

    id: str
    member_id: str
    benefit_id: str
    program_id: str
    earning_rule_id: str
    status: str
    details: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime | None = None


class Benefit:
    """A benefit as it is when it is fulfilled; `left` is None where there are any number."""

    __slots__ = ("configuration", "definition", "left")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.configuration = BenefitConfiguration.model_validate(definition.configuration)
        stock = self.configuration.stock
        self.left = stock.limited.quantity if stock.limited else None

    @property
    def campaign_id(self) -> str | None:
        """The campaign of which a voucher is issued, None for what is no voucher."""
        digital = self.configuration.digital
        voucher = digital and (digital.discount_coupons or digital.gift_vouchers)
        return voucher.campaign_id if voucher else None

    @property
    def credit(self) -> Any:
        """The credit of the gift voucher that is issued, None for any other benefit."""
        digital = self.configuration.digital
        return digital.gift_vouchers.balance if digital and digital.gift_vouchers else None

    @property
    def collection_ids(self) -> frozenset[str]:
        """The product collections whose items its points count."""
        proportional = self.configuration.points_proportional
        return frozenset(one for one in (proportional.reference_ids() if proportional else ()) if one.startswith("pc_"))


class Setting(NamedTuple):
    """What a grant is fulfilled by, besides the member: what set the rule off, and what was earned before."""

    program: ProgramInForce
    rule: EarningRule
    scene: Scene
    earned_before: EarnedBefore
    order_is_canceled: bool
    present: Present


class Fulfilled(NamedTuple):
    """What became of a grant: its result or why there is none, the member after it, and what was booked."""

    holdings: Holdings
    result: Mapping[str, Any] | None = None
    rejection: Rejection | None = None
    entries: tuple[Entry, ...] = ()
    earnings: tuple[OrderEarning, ...] = ()


def hindrance(benefit: Benefit | None) -> Rejection | None:
    """Return why a benefit cannot be given to anybody, None if it can."""
    if benefit is None:
        return Rejection("benefit_not_found", {}, "The benefit is not there any more")
    if benefit.left is not None and benefit.left < 1:
        return Rejection("out_of_stock", {}, f"Nothing is left of benefit {benefit.definition.id}")
    return None


def fulfilled(
    grant: Grant, benefit: Benefit, voucher: Voucher | Rejection | None, holdings: Holdings, setting: Setting
) -> Fulfilled:
    """Return what a member who is settled up to now gets of a benefit of which something is left.

    Points post as an earning of the rule does. `voucher` is the one that was made for it, or why there is none.
    """
    configuration = benefit.configuration
    if isinstance(voucher, Rejection):
        return Fulfilled(holdings, rejection=voucher)
    if voucher:
        told: dict[str, Any] = {"id": voucher.id, "code": voucher.code}
        if voucher.amount is not None:
            told |= {"amount": voucher.amount, "balance": voucher.balance}
        name = "discount_coupons" if voucher.amount is None else "gift_vouchers"
        return Fulfilled(holdings, {"digital": {"type": name.upper(), name: [told]}})
    if configuration.material:
        return Fulfilled(holdings, {"material": configuration.material.stored()})
    return _with_points(grant, configuration, holdings, setting)


def _with_points(grant: Grant, benefit: BenefitConfiguration, holdings: Holdings, setting: Setting) -> Fulfilled:
    if setting.order_is_canceled:
        return Fulfilled(holdings, rejection=Rejection("order_canceled", {}, "The order was cancelled meanwhile"))
    wallet = benefit.points or benefit.points_proportional
    assert wallet is not None, "a benefit is points, a voucher or a thing"
    account = account_of(holdings, wallet.card_definition_id, setting.program)
    if account is None:
        words = f"The member has no card of card definition {wallet.card_definition_id}"
        return Fulfilled(holdings, rejection=Rejection("no_card", {}, words))
    scene = setting.scene
    proportional = benefit.points_proportional
    fixed = Calculated(benefit.points.value if benefit.points else 0)
    calculated = points_in_proportion(proportional)(scene) if proportional else fixed
    base = OrderBase.of(proportional)
    of_order = (base, base.measured(scene.order, scene.basket)) if scene.order else (None, None)
    given = PointsGiven(0, wallet.card_definition_id, account.card_id, *calculated, None, *of_order)
    outcome = Outcome(setting.rule, grant.earning_item_id, (given,))
    cause = Cause(grant.trigger.subject_id, scene, setting.earned_before)
    earned = earn(setting.program, holdings, [outcome], cause, setting.present)
    if not earned.earnings:
        told = earned.conclusions[0].shown["details"].get("effects", [{}])[0]
        reason = str(told.get("reason") or "no_points")
        words = str(told.get("limit") or "There are no points to give")
        return Fulfilled(holdings, rejection=Rejection(reason, {}, words))
    (one,) = earned.earnings
    transaction = one.entry.transaction
    points = {"total": one.entry.postings[0].points, "card_definition_id": wallet.card_definition_id}
    result = {"points": {**points, "card_id": account.card_id, "card_transaction": {"id": transaction.id}}}
    kept = (order_earning(grant.trigger.subject_id, one),) if one.given.order_base else ()
    return Fulfilled(earned.holdings, result, None, (one.entry,), kept)


def details_of(
    grant: Grant, reason: str, result: Mapping[str, Any] | None, rejection: Rejection | None
) -> dict[str, Any]:
    """Return what a benefit transaction tells of how it ended (contract: BenefitTransactionDetails)."""
    return {
        "reason": reason,
        "rejection": {"reason": rejection.reason, "details": rejection.words} if rejection else None,
        "metadata": {"event_id": grant.trigger.subject_id, "earning_item_id": grant.earning_item_id},
        "result": result,
    }


def shown(transaction: BenefitTransaction) -> dict[str, Any]:
    """Return a transaction as answers show it (contract: BenefitTransaction)."""
    return {
        **transaction._asdict(),
        "type": "FULFILLMENT",
        "created_at": timestamp(transaction.created_at),
        "updated_at": shown_instant(transaction.updated_at),
        "object": "benefit_transaction",
    }
