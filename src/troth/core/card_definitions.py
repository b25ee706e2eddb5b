"""How the points on a card behave: the sections of a card definition (domain 5; what they do: domain 6, 7 and 12)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WrapValidator, model_validator

from troth.core.configuration import LARGEST_INTEGER, Configuration, Flag, Integer
from troth.core.expiration import NO_EXPIRATION, CalendarDates, Period, PointsExpiration
from troth.core.formulas import read
from troth.core.references import EventSchemaId
from troth.core.sections import NULL_IS_DEFAULT, Choice, Fault, Items, by_type, refuse

ALPHANUMERIC: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
LONGEST_CODE: Final = 100
LARGEST_CHARSET: Final = 256
LONGEST_FORMULA: Final = 2000

PositivePoints = Annotated[Integer, Field(ge=1, le=LARGEST_INTEGER)]


def _printable(text: str) -> str:
    if len(text) > LONGEST_CODE or not text.isprintable():
        raise ValueError(f"must be at most {LONGEST_CODE} printable characters")
    return text


def _charset(text: str) -> str:
    if not 1 <= len(text) <= LARGEST_CHARSET or len(set(text)) < len(text) or not text.isprintable():
        raise ValueError(f"must be 1 to {LARGEST_CHARSET} different printable characters")
    return text


def _pattern(text: str) -> str:
    if "#" not in text:
        raise ValueError("must hold at least one #: each # becomes a random character")
    return _printable(text)


class CodeConfig(Configuration):
    """How a card's code is made: `prefix`, the pattern with every `#` replaced by a random character, `postfix`.

    `length` is the number of random characters, 1 to 100. A given pattern decides it, whatever `length` says; without
    a pattern it is `length` times `#`. So the five properties always agree with each other.
    """

    length: Annotated[Integer, Field(ge=1, le=LONGEST_CODE), NULL_IS_DEFAULT] = 10
    charset: Annotated[str, AfterValidator(_charset), NULL_IS_DEFAULT] = ALPHANUMERIC
    prefix: Annotated[str, AfterValidator(_printable), NULL_IS_DEFAULT] = ""
    postfix: Annotated[str, AfterValidator(_printable), NULL_IS_DEFAULT] = ""
    pattern: Annotated[str, AfterValidator(_pattern), NULL_IS_DEFAULT] = "#" * 10

    @model_validator(mode="before")
    @classmethod
    def _agree(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        length, pattern = value.get("length"), value.get("pattern")
        if isinstance(pattern, str) and type(length) in (int, type(None)) and "#" in pattern:
            return {**value, "length": min(pattern.count("#"), LONGEST_CODE)}
        if pattern is None and type(length) is int and 1 <= length <= LONGEST_CODE:
            return {**value, "pattern": "#" * length}
        return value


class PeriodBased(Configuration):
    """Pending points become usable one period after the day of the activity."""

    period: Period


class FixedDates(Configuration):
    """Pending points become usable on the next of up to 20 yearly dates."""

    dates: CalendarDates


class EventBased(Configuration):
    """Pending points become usable with a custom event of one of the schemas, or are cancelled after the period."""

    event_types: Annotated[tuple[EventSchemaId, ...], Items(1, 10, distinct=True)]
    cancel_period: Period


class PendingPoints(Choice):
    """When earned points become usable: at once, or as the one sub-object says."""

    type: Literal["IMMEDIATE", "PERIOD_BASED", "FIXED_DATES", "EVENT_BASED"]
    period_based: PeriodBased | None = None
    fixed_dates: FixedDates | None = None
    event_based: EventBased | None = None


class CurrentPeriod(Configuration):
    """The calendar period that contains now, in the project's time zone; weeks are ISO weeks."""

    unit: Literal["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]


class LimitPeriod(Choice):
    """The time over which a limit counts."""

    type: Literal["CURRENT_PERIOD"]
    current_period: CurrentPeriod | None = None


class LargestPoints(Configuration):
    """At most so many points in the period."""

    max: PositivePoints


class BalanceBased(Configuration):
    """Balance and pending points together may not pass `max`."""

    type: Literal["BALANCE_BASED"]
    max: PositivePoints


class SpendingBased(Configuration):
    """At most `max` points are spent over the life of the card."""

    type: Literal["SPENDING_BASED"]
    max: PositivePoints


class TimeBased(Configuration):
    """At most so many points in each period."""

    type: Literal["TIME_BASED"]
    period: LimitPeriod
    points: LargestPoints


class TransactionPoints(Configuration):
    """At most `max` points in one transaction."""

    type: Literal["POINTS"]
    max: PositivePoints


class TransactionSpending(Configuration):
    """Orders under `min_amount`, in minor units, earn nothing."""

    type: Literal["SPENDING"]
    min_amount: PositivePoints


class Limits(Choice):
    """A list of limits, or none; each kind of limit declares what the list holds."""

    parts: ClassVar = {"LIMITED": ("limits",)}

    type: Literal["NO_LIMIT", "LIMITED"]


class GlobalEarningLimits(Limits):
    """The limit on what a card may earn or hold."""

    limits: Annotated[
        tuple[
            Annotated[
                BalanceBased | TimeBased, Field(discriminator="type"), WrapValidator(by_type(BalanceBased, TimeBased))
            ],
            ...,
        ],
        Items(0, 1),
        NULL_IS_DEFAULT,
    ] = ()


class TransactionEarningLimits(Limits):
    """The limits on one earning."""

    limits: Annotated[
        tuple[
            Annotated[
                TransactionPoints | TransactionSpending,
                Field(discriminator="type"),
                WrapValidator(by_type(TransactionPoints, TransactionSpending)),
            ],
            ...,
        ],
        NULL_IS_DEFAULT,
    ] = ()


class GlobalSpendingLimits(Limits):
    """The limit on what a card may spend."""

    limits: Annotated[
        tuple[
            Annotated[
                SpendingBased | TimeBased, Field(discriminator="type"), WrapValidator(by_type(SpendingBased, TimeBased))
            ],
            ...,
        ],
        Items(0, 1),
        NULL_IS_DEFAULT,
    ] = ()


class TransactionSpendingLimits(Limits):
    """The limit on one spending."""

    limits: Annotated[tuple[TransactionPoints, ...], Items(0, 1), NULL_IS_DEFAULT] = ()


class EarningLimits(Configuration):
    """What a card may earn: in all or by period, and in one transaction (domain 7, Limits)."""

    global_: GlobalEarningLimits = Field(alias="global")
    transactions: TransactionEarningLimits


class SpendingLimits(Configuration):
    """What a card may spend: in all or by period, and in one transaction (domain 7, Limits)."""

    global_: GlobalSpendingLimits = Field(alias="global")
    transactions: TransactionSpendingLimits


class ReturnPoints(Configuration):
    """Spent points come back: only all of them, for the items or for the amount that was taken back."""

    type: Literal["RETURN_POINTS"]
    mode: Literal["REFUND_ALL", "REFUND_ITEM", "REFUND_AMOUNT"]


class RevokeFromPending(Configuration):
    """Earned points are taken back while they are pending, not later."""

    type: Literal["REVOKE_FROM_PENDING"]


class RevokeFromBalance(Configuration):
    """Earned points are taken back from the balance: as far as it reaches, or below zero."""

    type: Literal["REVOKE_FROM_BALANCE"]
    mode: Literal["REVOKE_TO_ZERO", "REVOKE_BELOW_ZERO"]


class _Refunds(Choice):
    parts: ClassVar = {"REFUNDABLE": ("methods",)}

    type: Literal["NONE", "REFUNDABLE"]


class SpentPointsRefunds(_Refunds):
    """What happens to spent points when what they bought is taken back."""

    methods: Annotated[tuple[ReturnPoints, ...], Items(0, 1), NULL_IS_DEFAULT] = ()


class EarnedPointsRefunds(_Refunds):
    """What happens to earned points when the order that earned them is cancelled."""

    methods: Annotated[
        tuple[
            Annotated[
                RevokeFromPending | RevokeFromBalance,
                Field(discriminator="type"),
                WrapValidator(by_type(RevokeFromPending, RevokeFromBalance)),
            ],
            ...,
        ],
        Items(0, 1),
        NULL_IS_DEFAULT,
    ] = ()


class Refunds(Configuration):
    """What is given back and taken back when an order or a purchase is undone (domain 8 and 12)."""

    spent_points: SpentPointsRefunds
    earned_points: EarnedPointsRefunds


class BalanceSettings(Configuration):
    """Whether debits and refunds may take the balance below zero; spending never does (domain 7)."""

    allow_negative: Flag


def _formula(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > 100:
        raise ValueError("must be a formula, or a number with at most 100 digits before and after its point")
    return format(number, "f")


def _readable(formula: str) -> str:
    read(formula)
    return formula


class ExchangeRatio(Configuration):
    """How many points one minor unit of money costs: a formula as text, a number as its own text (domain 12)."""

    formula: Annotated[
        str,
        StringConstraints(min_length=1, max_length=LONGEST_FORMULA),
        AfterValidator(_readable),
        BeforeValidator(
            _formula,
            json_schema_input_type=Annotated[str, Field(min_length=1, max_length=LONGEST_FORMULA)] | float,
        ),
    ]


class PayWithPoints(Choice):
    """Whether orders can be paid with points, and at which ratio."""

    type: Literal["NO_PAYMENTS", "EXCHANGE_RATIO"]
    exchange_ratio: ExchangeRatio | None = None


_NO_LIMITS: Final = {"global": {"type": "NO_LIMIT"}, "transactions": {"type": "NO_LIMIT"}}
_NO_REFUNDS: Final = Refunds(
    spent_points=SpentPointsRefunds(type="NONE"), earned_points=EarnedPointsRefunds(type="NONE")
)


class CardDefinitionSections(Configuration):
    """The eight sections, each alone: what an update gives (domain 5); a section that is left out is its default."""

    code_config: Annotated[CodeConfig, NULL_IS_DEFAULT] = CodeConfig()
    points_expiration: Annotated[PointsExpiration, NULL_IS_DEFAULT] = NO_EXPIRATION
    pending_points: Annotated[PendingPoints, NULL_IS_DEFAULT] = PendingPoints(type="IMMEDIATE")
    earning_limits: Annotated[EarningLimits, NULL_IS_DEFAULT] = EarningLimits.model_validate(_NO_LIMITS)
    spending_limits: Annotated[SpendingLimits, NULL_IS_DEFAULT] = SpendingLimits.model_validate(_NO_LIMITS)
    refunds: Annotated[Refunds, NULL_IS_DEFAULT] = _NO_REFUNDS
    balance_settings: Annotated[BalanceSettings, NULL_IS_DEFAULT] = BalanceSettings(allow_negative=False)
    pay_with_points: Annotated[PayWithPoints, NULL_IS_DEFAULT] = PayWithPoints(type="NO_PAYMENTS")


class CardDefinitionConfiguration(CardDefinitionSections):
    """A whole card definition: the eight sections, fitting each other."""

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        refuse(type(self).__name__, self._misfits())
        return self

    def _misfits(self) -> Iterable[Fault]:
        negative = self.balance_settings.allow_negative
        if negative and self.points_expiration.type != "NO_EXPIRATION":
            yield Fault(
                ("balance_settings", "allow_negative"),
                "must be false unless points_expiration.type is NO_EXPIRATION",
            )
        for place, method in enumerate(self.refunds.earned_points.methods):
            path = ("refunds", "earned_points", "methods", place)
            if isinstance(method, RevokeFromPending):
                if self.pending_points.type == "IMMEDIATE":
                    allowed = "PERIOD_BASED, FIXED_DATES or EVENT_BASED"
                    yield Fault((*path, "type"), f"REVOKE_FROM_PENDING needs a pending_points.type of {allowed}")
            elif method.mode == "REVOKE_BELOW_ZERO" and not negative:
                yield Fault((*path, "mode"), "must be REVOKE_TO_ZERO unless balance_settings.allow_negative is true")


def references(sections: CardDefinitionSections) -> frozenset[str]:
    """Return the ids of everything that a card definition refers to: event schemas."""
    pending = sections.pending_points.event_based
    return frozenset(sections.points_expiration.event_schema_ids + (pending.event_types if pending else ()))
