"""What an earning that holds gives: points on wallets, and benefits (domain 8, Effects)."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from troth.core.conditions import number
from troth.core.configuration import LARGEST_INTEGER
from troth.core.earning.arithmetic import proportional
from troth.core.earning.bases import OrderBase
from troth.core.earning.facts import Amount, MemberFacts
from troth.core.earning.scenes import Scene
from troth.core.earning_rules import Effect, EffectPoints
from troth.core.expiration import PointsExpiration
from troth.core.proportional import BASES, EveryOfMetadata, PointsProportional


class Missing(StrEnum):
    """Why an effect gives nothing."""

    NO_CARD = "no_card"
    LIMIT = "limit"
    """More points than one transaction can have."""
    NO_VALUE = "no_value"
    """The metadata value that the points are in proportion to is not there, or is no number."""
    NOT_GIVEN = "not_given"
    """What the points are in proportion to was not given to examine."""


class Calculated(NamedTuple):
    """Points, what they are in proportion to if to anything, and why there are none."""

    points: int
    base: Amount | None = None
    missing: Missing | None = None


class PointsGiven(NamedTuple):
    """Points on a wallet, before its limits; `place` is that of the effect in its earning.

    `card_id` is None where the member has no card of the wallet. `expiration` is the effect's own. Of an order they are
    taken back by `order_base`, of which it has `order_amount`.
    """

    place: int
    card_definition_id: str
    card_id: str | None
    points: int
    base: Amount | None
    missing: Missing | None
    expiration: PointsExpiration | None
    order_base: OrderBase | None = None
    order_amount: Amount | None = None


class BenefitGiven(NamedTuple):
    """A benefit to grant."""

    place: int
    benefit_id: str


Given: TypeAlias = PointsGiven | BenefitGiven
Grant: TypeAlias = Callable[[Scene, MemberFacts], Given]
Calculation: TypeAlias = Callable[[Scene], Calculated]


def grant(place: int, effect: Effect) -> Grant:
    """Return what works out an effect."""
    wallet = effect.wallet
    if wallet is None:
        assert effect.benefit_id is not None, "an effect without a wallet is a benefit"
        given = BenefitGiven(place, effect.benefit_id)
        return lambda _occasion, _member: given
    if isinstance(wallet, EffectPoints):
        fixed, order_base = Calculated(wallet.value), OrderBase()
        calculate: Calculation = lambda _: fixed  # noqa: E731 - as the other branch makes one
    else:
        calculate, order_base = points_in_proportion(wallet), OrderBase.of(wallet)
    card_definition_id, expiration = wallet.card_definition_id, wallet.points_expiration

    def give(scene: Scene, member: MemberFacts) -> PointsGiven:
        points, base, missing = calculate(scene)
        card_id = member.cards.get(card_definition_id)
        if card_id is None:
            points, missing = 0, Missing.NO_CARD
        back: tuple[OrderBase, Amount | None] | tuple[()] = ()
        if scene.order is not None:
            back = order_base, order_base.measured(scene.order, scene.basket)
        return PointsGiven(place, card_definition_id, card_id, points, base, missing, expiration, *back)

    return give


def points_in_proportion(effect: PointsProportional) -> Calculation:
    """Return what works out proportional points, of an effect or of a benefit (domain 8 and 13).

    A metadata value that is missing or no number counts as 0.
    """
    proportion, measured = effect.proportion, _measure(effect)
    every, value = proportion.every, proportion.value

    def calculate(scene: Scene) -> Calculated:
        base = measured(scene)
        if isinstance(base, Missing):
            return Calculated(0, None, base)
        points = proportional(base, every, value)
        return Calculated(points, base) if points <= LARGEST_INTEGER else Calculated(0, base, Missing.LIMIT)

    return calculate


def _measure(effect: PointsProportional) -> Callable[[Scene], Amount | Missing]:
    proportion = effect.proportion
    if not isinstance(proportion, EveryOfMetadata):
        base = OrderBase.of(effect)

        def amount(scene: Scene) -> Amount | Missing:
            found = base.measured(scene.order, scene.basket)
            return Missing.NOT_GIVEN if found is None else found

        return amount
    section, property_ = BASES[effect.calculation_type].section, proportion.property

    def value(scene: Scene) -> Amount | Missing:
        metadata = _metadata(scene, section)
        if metadata is None:
            return Missing.NOT_GIVEN
        found = number(metadata.get(property_))
        return Missing.NO_VALUE if found is None else found

    return value


def _metadata(scene: Scene, section: str) -> Mapping[str, Any] | None:
    if section == "customer":
        return scene.customer.metadata
    if section == "custom_event":
        return scene.event_metadata
    return scene.order.metadata if scene.order else None
