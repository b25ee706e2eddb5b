"""From effects to postings: limits see the running card, expirations go from effect to tier to wallet."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from tests.core.earning.facts import SUNDAY, scene
from tests.core.earning.rules import benefit, earning, points, rule

from troth.core.card_definitions import CardDefinitionConfiguration
from troth.core.cards import ZERO
from troth.core.definitions import ProgramInForce
from troth.core.earning.booking import Cause, Earned, earn, member_facts
from troth.core.earning.evaluation import EarningRule, evaluate
from troth.core.earning.facts import MemberFacts, Successes
from troth.core.earning.scenes import Scene
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account
from troth.core.ledger.holdings import Holdings
from troth.core.members import Member
from troth.core.points import Present
from troth.core.programs import ProgramConfiguration
from troth.core.tiering.standing import Standing
from troth.core.tiering.state import TierState
from troth.core.tiering.structure import Structure, Tier
from troth.core.tiers import TierConfiguration, TierStructureConfiguration

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LARGEST = 2**53 - 1


def fresh() -> Callable[[str], str]:
    numbers = count(1)
    return lambda prefix: f"{prefix}_{next(numbers)}"


def wallet(**sections: Any) -> CardDefinitionConfiguration:
    return CardDefinitionConfiguration.model_validate(sections)


def limited(*transactions: dict[str, Any], **whole: Any) -> dict[str, Any]:
    def listed(limits: list[dict[str, Any]]) -> dict[str, Any]:
        return {"type": "LIMITED", "limits": limits} if limits else {"type": "NO_LIMIT"}

    return {"earning_limits": {"global": listed([whole] if whole else []), "transactions": listed([*transactions])}}


def calendar(month: int) -> PointsExpiration:
    dates = {"expiration_dates": [{"day": 1, "month": month}]}
    return PointsExpiration.model_validate({"type": "CALENDAR_EXPIRATION", "calendar_expiration": dates})


def account(**counters: int) -> Account:
    return Account("lcrd_1", "lcdef_1", False, ZERO._replace(**counters), {}, {}, {}, NOW)


def earned(
    *rules: EarningRule,
    of: CardDefinitionConfiguration | None = None,
    card: Account | None = None,
    before: int = 0,
    about: Scene | None = None,
    tier: PointsExpiration | None = None,
) -> Earned:
    program = ProgramInForce("lprg_1", "Club", "ACTIVE", ProgramConfiguration(), {"lcdef_1": of or wallet()})
    member = Member("lmbr_1", "cust_1", "lprg_1", "ACTIVE", {}, NOW, None)
    holdings = Holdings(member, {"lcrd_1": card or account()}, tier and in_a_tier(tier))
    about = about or scene()
    outcomes = evaluate(program, rules, about, member_facts(program, holdings))
    cause = Cause("ord_1", about, lambda _card, _unit: before)
    return earn(program, holdings, outcomes, cause, Present(None, NOW, fresh()))  # type: ignore[arg-type]


def in_a_tier(expiration: PointsExpiration) -> Standing:
    """Return the standing of the card in the lower of two tiers; the next one is a point away."""
    balance = {"type": "POINT_BALANCE", "point_balance": {"card_definition_id": "lcdef_1"}}

    def tier(id_: str, least: int, **more: Any) -> Tier:
        rules = {"type": "POINTS", "points": {"min_value": least}}
        return Tier(id_, id_, TierConfiguration.model_validate({"qualification_rules": rules, **more}))

    tiers = tier("lt_1", 0, points_expiration=expiration.stored()), tier("lt_2", 1)
    structure = Structure.of("lts_1", TierStructureConfiguration.model_validate(balance), tiers)
    return Standing(structure, "lcrd_1", TierState("lt_1", NOW), frozenset(), UTC)


def given(made: Earned) -> list[tuple[int, str | None]]:
    """Return the points of each effect of each rule with what limited them."""
    effects = [effect for one in made.conclusions for effect in one.shown["details"]["effects"]]
    return [(effect["points"], effect.get("reason")) for effect in effects]


def test_points_are_booked_as_of_the_trigger_and_say_where_they_come_from() -> None:
    made = earned(rule(earning(points(7))))
    ((_, effect, entry),) = made.earnings
    transaction = entry.transaction
    assert (transaction.type, transaction.created_at, transaction.occurred_at) == ("POINTS_EARNED", NOW, SUNDAY)
    assert transaction.details == {
        "reason": "Club / Rule lern_1",
        "points": {"total": 7, "expiration_date": None, "expiration_type": "NO_EXPIRATION"},
        "metadata": {
            "event_id": "ord_1",
            "member_id": "lmbr_1",
            "program_id": "lprg_1",
            "earning_rule_id": "lern_1",
            "earning_item_id": "lernei_1",
        },
    }
    assert (effect.points, effect.order_amount) == (7, 3700)
    assert made.holdings.accounts["lcrd_1"].counters.balance == 7
    (conclusion,) = made.conclusions
    assert conclusion.shown["transactions"] == [{"id": transaction.id, "card_id": "lcrd_1", "points": 7}]


def test_pending_points_wait_from_the_day_of_the_trigger() -> None:
    period = {"period": {"value": 10, "unit": "DAY"}}
    made = earned(rule(), of=wallet(pending_points={"type": "PERIOD_BASED", "period_based": period}))
    (bucket,) = made.holdings.accounts["lcrd_1"].pending.values()
    assert (bucket.points, bucket.date) == (10, date(2026, 3, 11))
    assert made.earnings[0].entry.transaction.type == "PENDING_POINTS_ADDED"


@pytest.mark.parametrize(
    ("own", "of_tier", "of_wallet", "month"),
    [(5, 6, 7, 5), (None, 6, 7, 6), (None, None, 7, 7)],
)
def test_the_expiration_is_the_effects_else_the_tiers_else_the_wallets(
    own: int | None, of_tier: int | None, of_wallet: int, month: int
) -> None:
    effect = points(points_expiration=calendar(own).stored()) if own else points()
    tier = calendar(of_tier) if of_tier else None
    expiration = calendar(of_wallet).stored()
    made = earned(rule(earning(effect, effect)), of=wallet(points_expiration=expiration), tier=tier)
    (bucket,) = made.holdings.accounts["lcrd_1"].buckets.values()
    assert (bucket.points, bucket.expires_on) == (20, date(2026, month, 1))
    assert made.holdings.tiers == ({"lts_1": "lt_2"} if of_tier else {})


MAX_5 = {"type": "POINTS", "max": 5}
PERIOD = {"type": "CURRENT_PERIOD", "current_period": {"unit": "MONTH"}}


@pytest.mark.parametrize(
    ("sections", "state", "expected"),
    [
        ({}, {}, [(4, None), (6, None), (5, None)]),
        (limited(MAX_5), {}, [(4, None), (0, "transaction_points"), (5, None)]),
        (
            limited(type="BALANCE_BASED", max=12),
            {"card": account(total=3, added=3)},
            [(4, None), (5, "balance"), (0, "balance")],
        ),
        (
            limited(type="TIME_BASED", period=PERIOD, points={"max": 20}),
            {"before": 6},
            [(4, None), (6, None), (4, "period")],
        ),
        (limited({"type": "SPENDING", "min_amount": 3700}), {}, [(4, None), (6, None), (5, None)]),
        (limited({"type": "SPENDING", "min_amount": 3701}), {}, [(0, "transaction_spending")] * 3),
        (
            {},
            {"card": account(total=LARGEST - 5, added=5, earned=LARGEST - 10)},
            [(4, None), (1, "counters"), (0, "counters")],
        ),
    ],
)
def test_limits_see_what_the_effects_before_left(
    sections: dict[str, Any], state: dict[str, Any], expected: list[tuple[int, str | None]]
) -> None:
    made = earned(
        rule(earning(points(4), points(6))), rule(earning(points(5)), id_="lern_2"), of=wallet(**sections), **state
    )
    assert given(made) == expected
    booked = sum(one.entry.postings[0].points for one in made.earnings)
    assert booked == sum(one for one, _ in expected)
    assert made.conclusions[-1].succeeded is (expected[-1][0] > 0)


def test_nothing_is_booked_of_refused_rules_benefits_and_zeros() -> None:
    made = earned(rule(status="INACTIVE"), rule(earning(benefit(), points(0)), id_="lern_2"))
    assert made.earnings == ()
    assert [one.reason for one in made.conclusions] == ["inactive", None]
    assert [one.succeeded for one in made.conclusions] == [False, True]


def test_a_member_as_rules_see_it() -> None:
    program = ProgramInForce("lprg_1", "Club", "ACTIVE", ProgramConfiguration(), {"lcdef_1": wallet()})
    member = Member("lmbr_1", "cust_1", "lprg_1", "INACTIVE", {"a": 1}, NOW, None)
    other = account()._replace(card_id="lcrd_2", card_definition_id="lcdef_2")
    holdings = Holdings(member, {"lcrd_1": account(), "lcrd_2": other}, in_a_tier(calendar(5)))
    before = {"lern_1": Successes(NOW)}
    assert member_facts(program, holdings, before) == MemberFacts(
        status="INACTIVE", metadata={"a": 1}, cards={"lcdef_1": "lcrd_1"}, tiers={"lts_1": "lt_1"}, successes=before
    )
