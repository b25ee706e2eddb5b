"""A member's holdings and its tier: counted, moved and asked together (domain 8 and 10)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.core.tier_stories import structure

from troth.core.card_definitions import PendingPoints
from troth.core.cards import ZERO
from troth.core.expiration import EffectPointsExpiration, PointsExpiration
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Occasion, activated, credited, debited, deferred
from troth.core.ledger.holdings import Holdings, up_to
from troth.core.ledger.transactions import TransactionType
from troth.core.members import Member
from troth.core.tiering.standing import new_standing
from troth.core.tiering.structure import Structure, Tier
from troth.core.tiers import TierConfiguration

THEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
FOREVER = PointsExpiration(type="NO_EXPIRATION")
A_MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
LATER = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 28, "unit": "DAY"}}}


def numbered() -> Any:
    numbers = iter(range(1, 1000))
    return lambda prefix: f"{prefix}_{next(numbers):x}"


def holdings(of: Structure) -> Holdings:
    account = Account("lcrd_1", "lcdef_1", True, ZERO, {}, {}, {}, THEN)
    member = Member("lmbr_1", "cust_1", "lprg_1", "ACTIVE", {}, THEN, None)
    standing = new_standing(of, "lcrd_1", THEN, frozenset(), UTC).reviewed(0, THEN, None)
    return Holdings(member, {"lcrd_1": account}, standing)


def on(days: int) -> Occasion:
    moment = THEN + timedelta(days=days)
    return Occasion(moment, moment.date(), moment)


def earned(
    present: Holdings, points: int, days: int, kind: TransactionType = TransactionType.POINTS_EARNED
) -> Holdings:
    return present.after(credited(present.accounts["lcrd_1"], kind, points, FOREVER, on(days), numbered()))


def tier(present: Holdings) -> str | None:
    return present.tiers.get("lts_1")


def test_what_a_tracking_period_counts() -> None:
    present = earned(holdings(structure("1 YEAR now / none / multi")), 60, 1)
    present = earned(present, 1000, 2, TransactionType.ADMIN_CREDIT)
    present = earned(present, 1000, 2, TransactionType.POINTS_PURCHASED)
    assert tier(present) == "B"
    present = earned(present, 40, 3)
    assert tier(present) == "S"
    spent = debited(present.accounts["lcrd_1"], TransactionType.POINTS_SPENT_ON_ORDER, 90, on(4), numbered())
    assert tier(present.after(spent)) == "S"
    refunded = debited(present.accounts["lcrd_1"], TransactionType.POINTS_REFUNDED, 1, on(4), numbered())
    assert tier(present.after(refunded)) == "B"


@pytest.mark.parametrize(("follows", "tiers"), [("balance", ["B", "S"]), ("1 MONTH now", ["B", "S"])])
def test_pending_points_count_when_they_are_activated(follows: str, tiers: list[str]) -> None:
    pending = PendingPoints.model_validate(LATER)
    present = holdings(structure(f"{follows} / none / multi"))
    added = deferred(present.accounts["lcrd_1"], 100, pending, FOREVER, on(0), numbered())
    present = present.after(added)
    # 28 days on is the day that begins the second tracking period, and the points belong to that.
    moments = [THEN + timedelta(days=27), THEN + timedelta(days=28)]
    assert [tier(up_to(present, moment, UTC)[0]) for moment in moments] == tiers
    by_hand = activated(
        present.accounts["lcrd_1"], next(iter(present.accounts["lcrd_1"].pending.values())), on(3), numbered()
    )
    assert tier(present.after(by_hand)) == "S"


def test_points_that_are_booked_late_count_in_the_period_in_which_they_occurred() -> None:
    present = holdings(structure("1 MONTH next / none / multi"))
    moment = THEN + timedelta(days=30)
    present, _ = up_to(earned(present, 60, 1), moment, UTC)
    late = Occasion(moment, moment.date(), THEN + timedelta(days=27, hours=11))
    booked = credited(present.accounts["lcrd_1"], TransactionType.POINTS_EARNED, 40, FOREVER, late, numbered())
    assert (tier(present), tier(present.after(booked))) == ("B", "S")
    older = late._replace(occurred_at=THEN - timedelta(days=1))
    booked = credited(present.accounts["lcrd_1"], TransactionType.POINTS_EARNED, 40, FOREVER, older, numbered())
    assert tier(present.after(booked)) == "B"


def test_pending_points_are_foreseen_and_their_expiration_too() -> None:
    pending, month = PendingPoints.model_validate(LATER), PointsExpiration.model_validate(A_MONTH)
    present = earned(holdings(structure("balance / none / multi")), 100, 0)

    def risks(points: int) -> list[tuple[str, str]]:
        held = present.after(
            credited(present.accounts["lcrd_1"], TransactionType.POINTS_EARNED, 400, month, on(0), numbered())
        )
        held = held.after(deferred(held.accounts["lcrd_1"], points, pending, month, on(0), numbered()))
        shown = held.tier_progress(THEN)["lcrd_1"]
        return [(one["date"][:10], one["tier"]["id"]) for one in shown["risks"]]

    # 500 points are Gold until 400 of them expire after 28 February, the day on which the pending ones come.
    assert risks(1) == [("2026-03-01", "S")]
    assert risks(400) == [("2026-03-29", "S")]


def test_activities_move_the_date_where_they_are_switched_on() -> None:
    sliding = structure("balance / sliding 1 MONTH / multi")
    part = {"earning_activity": True, "custom_activity": True, "custom_activity_types": ["ms_1"]}
    period = sliding.configuration.expiration.stored()["sliding_expiration"]
    expiration = {"type": "SLIDING_EXPIRATION", "sliding_expiration": {**period, **part}}
    configuration = sliding.configuration.model_copy(
        update={"expiration": type(sliding.configuration.expiration).model_validate(expiration)}
    )
    present = holdings(Structure.of("lts_1", configuration, sliding.tiers))
    ends = [present]
    ends.append(earned(ends[-1], 10, 5))
    spent = debited(ends[-1].accounts["lcrd_1"], TransactionType.POINTS_SPENT_ON_ORDER, 5, on(6), numbered())
    ends.append(ends[-1].after(spent))
    for schema_id, days in (("ms_2", 7), ("ms_1", 8), ("ms_1", 8)):
        moment = THEN + timedelta(days=days)
        ends.append(ends[-1].touched(schema_id, moment.date(), moment))
    safe = [str(one.standing.state.safe_through) for one in ends if one.standing]
    assert safe == ["2026-02-28", "2026-03-05", "2026-03-05", "2026-03-05", "2026-03-08", "2026-03-08"]
    assert ends[-1].standing
    assert [one.type for one in ends[-1].standing.booked] == ["JOINED", "PROLONGED", "PROLONGED"]


def test_what_earning_asks_of_a_tier() -> None:
    of = structure("balance / none / multi")
    rules = TierConfiguration.model_validate({**of.tier("S").configuration.stored(), "points_expiration": A_MONTH})
    tiers = [Tier(one.id, one.name, rules) if one.id == "S" else one for one in of.tiers]
    present = holdings(Structure.of("lts_1", of.configuration, tiers))
    assert (present.tiers, present.tier_expirations) == ({"lts_1": "B"}, {})
    present = earned(present, 100, 1)
    expiration = EffectPointsExpiration.model_validate(A_MONTH)
    assert (present.tiers, present.tier_expirations) == ({"lts_1": "S"}, {"lcdef_1": expiration})
    without = present._replace(standing=None)
    assert (without.tiers, without.tier_expirations, without.tier_progress(THEN)) == ({}, {}, {})


def test_what_is_booked_late_has_the_same_ids_whenever_it_is() -> None:
    present = earned(holdings(structure("1 MONTH now / none / single", "B0 S100 G500")), 500, 1)
    late, _ = up_to(present, THEN + timedelta(days=90), UTC)
    nightly = present
    for days in range(2, 91):
        nightly, _ = up_to(nightly, THEN + timedelta(days=days), UTC)
    assert late == nightly
    assert late.standing
    ids = [one.id for one in late.standing.booked]
    assert len(ids) == 4
    assert ids == sorted(set(ids))
