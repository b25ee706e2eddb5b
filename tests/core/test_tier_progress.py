"""Tier progress: what a membership shows of a card's tiers (domain 10; contract: MemberTierProgress)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.core.tier_stories import LADDER, Story, events, structure

from troth.core.json import encode
from troth.core.tiering.progress import NO_PROGRESS, Coming, shown
from troth.core.tiering.structure import Structure, Tier
from troth.core.tiers import TierConfiguration

FOUR = "B0 S100 G500 P1000"


def progress(of: Structure, story: str, *coming: Coming) -> dict[str, Any]:
    lived = Story(of).live(events(story))
    now = datetime(lived.day.year, lived.day.month, lived.day.day, 12, tzinfo=UTC)
    return shown(of, lived.state, lived.facts, now, coming)


def tier(letter: str) -> dict[str, str]:
    return {"id": letter, "name": f"Tier {letter}"}


def risks(of: str, story: str, *coming: Coming, tiers: str = LADDER) -> list[str]:
    found = progress(structure(of, tiers), story, *coming)["risks"]
    assert all(one["date"].endswith("T00:00:00.000Z") for one in found)
    return [f"{one['type']} {one['date'][:10]} {one['tier']['id'] if one['tier'] else '-'}" for one in found]


def opportunities(of: str, story: str, tiers: str = FOUR) -> list[tuple[str, int, str | None]]:
    found = progress(structure(of, tiers), story)["opportunities"]
    return [(one["tier"]["id"], one["points"], one["valid_until"]) for one in found]


def test_a_member_in_a_tier() -> None:
    of = structure("12 MONTH now / 1 YEAR / multi grace 1 MONTH")
    assert progress(of, "26-01-01 made, 26-03-01 +120, 26-03-02 spend 20") == {
        "current": {
            "tier": tier("S"),
            "start_at": "2026-03-01T12:00:00.000Z",
            "expires_at": "2027-03-02T00:00:00.000Z",
            "points": {"current": 120, "min": 100},
        },
        "tier_structure": {"id": "lts_1", "object": "tier_structure"},
        "deferred": [],
        "risks": [{"type": "TIER_DOWNGRADE", "date": "2027-04-02T00:00:00.000Z", "tier": tier("B")}],
        "opportunities": [{"valid_until": "2027-01-01T00:00:00.000Z", "tier": tier("G"), "points": 380}],
        "object": "member_tier_progress",
    }


def test_a_member_who_will_be_in_a_tier() -> None:
    of = structure("12 MONTH next / 3 MONTH / never")
    shown_now = progress(of, "26-01-01 made, 26-03-01 +120")
    assert shown_now["deferred"] == [
        {"tier": tier("S"), "start_at": "2027-01-01T00:00:00.000Z", "expires_at": "2027-04-02T00:00:00.000Z"}
    ]
    assert shown_now["current"]["points"] == {"current": 120, "min": 0}
    assert [one["tier"] for one in shown_now["opportunities"]] == [tier("G")]
    later = progress(of, "26-01-01 made, 26-03-01 +120, 27-02-01 +5")
    assert (later["deferred"], later["current"]["points"]) == ([], {"current": 5, "min": 100})


def test_a_member_in_no_tier() -> None:
    shown_now = progress(structure("balance / none / multi", "S100 G500"), "26-01-01 made, 26-03-01 +99")
    assert shown_now == {
        **NO_PROGRESS,
        "tier_structure": {"id": "lts_1", "object": "tier_structure"},
        "opportunities": [
            {"valid_until": None, "tier": tier("S"), "points": 1},
            {"valid_until": None, "tier": tier("G"), "points": 401},
        ],
    }


def test_bounds_and_missing_points_are_exact() -> None:
    rules = [
        {"type": "POINTS", "points": {"min_value": Decimal(low), "max_value": high and Decimal(high)}}
        for low, high in (("0", "99.9"), ("100.5", None))
    ]
    tiers = [
        Tier(f"lt_{place}", "", TierConfiguration.model_validate({"qualification_rules": one}))
        for place, one in enumerate(rules)
    ]
    of = Structure.of("lts_1", structure("balance / none / multi").configuration, tiers)
    found = progress(of, "26-01-01 made, 26-01-02 +100")
    assert encode(found["current"]["points"]) == b'{"current":100,"min":0,"max":99.9}'
    assert encode(found["opportunities"][0]["points"]) == b"0.5"


@pytest.mark.parametrize(
    ("of", "story", "found"),
    [
        # What a tier costs exactly is not missing for it: the next one is the one above.
        ("balance / none / multi", "26-01-01 made, 26-01-02 +99", [("S", 1, None), ("G", 401, None), ("P", 901, None)]),
        ("balance / none / multi", "26-01-01 made, 26-01-02 +100", [("G", 400, None), ("P", 900, None)]),
        ("balance / none / multi", "26-01-01 made, 26-01-02 +1000", []),
        # A tier that is kept is no opportunity; what is missing counts from the points that there are.
        ("balance / 1 YEAR / multi", "26-01-01 made, 26-01-02 +500, 26-01-03 -490", [("P", 990, None)]),
        ("12 MONTH now / 1 YEAR / multi", "26-01-31 made, 26-02-02 +500, 27-02-01 +7",
         [("P", 993, "2028-01-31T00:00:00.000Z")]),
        ("1 MONTH now / 1 YEAR / multi", "26-01-31 made, 26-02-02 +100",
         [("G", 400, "2026-02-28T00:00:00.000Z"), ("P", 900, "2026-02-28T00:00:00.000Z")]),
        ("1 MONTH now / none / multi", "26-01-31 made, 26-02-02 +500, 27-01-31 end",
         [("S", 100, "2027-02-28T00:00:00.000Z"), ("G", 500, "2027-02-28T00:00:00.000Z"),
          ("P", 1000, "2027-02-28T00:00:00.000Z")]),
        ("12 MONTH next / none / multi", "26-01-31 made, 26-02-02 +500", [("P", 500, "2027-01-31T00:00:00.000Z")]),
    ],
)  # fmt: skip
def test_opportunities(of: str, story: str, found: list[tuple[str, int, str | None]]) -> None:
    assert opportunities(of, story) == found


def test_opportunities_are_open_to_the_segments() -> None:
    tiers = "B0 S100 V100@vip W200@gold"
    assert opportunities("balance / none / multi", "26-01-01 made", tiers) == [("S", 100, None)]
    assert opportunities("balance / none / multi", "26-01-01 made, 26-01-02 in vip", tiers) == [
        ("S", 100, None),
        ("V", 100, None),
    ]
    assert opportunities("balance / none / multi", "26-01-01 made, 26-01-02 +100", tiers) == []


@pytest.mark.parametrize(
    ("of", "story", "found"),
    [
        ("balance / none / multi", "26-01-01 made, 26-01-02 +500", []),
        ("balance / 30 DAY / multi", "26-01-01 made, 26-01-02 +500", []),
        ("balance / 30 DAY / never", "26-01-01 made, 26-01-02 +500, 26-01-03 -500", []),
        ("balance / 30 DAY / multi", "26-01-01 made, 26-01-02 +500, 26-01-03 -490", ["TIER_DOWNGRADE 2026-02-02 B"]),
        ("balance / 30 DAY / single", "26-01-01 made, 26-01-02 +500, 26-01-03 -490", ["TIER_DOWNGRADE 2026-02-02 S"]),
        ("balance / 30 DAY / multi", "26-01-01 made, 26-01-02 +500, 26-01-03 -501", ["TIER_LEFT 2026-02-02 -"]),
        ("balance / none / single", "26-01-01 made, 26-01-02 +500, 26-01-03 -490", ["TIER_DOWNGRADE 2026-01-04 B"]),
        ("balance / 30 DAY / multi grace 1 MONTH up", "26-01-01 made, 26-01-02 +500, 26-01-03 -490",
         ["TIER_DOWNGRADE 2026-04-01 B"]),
        ("balance / none / multi grace 5 DAY", "26-01-01 made, 26-01-02 +500, 26-01-03 -490, 26-01-07 end",
         ["TIER_DOWNGRADE 2026-01-09 B"]),
        ("12 MONTH now / none / multi", "26-01-01 made, 26-01-02 +500", ["TIER_DOWNGRADE 2027-01-01 B"]),
        ("12 MONTH now / 30 DAY / multi", "26-01-01 made, 26-01-02 +500", ["TIER_DOWNGRADE 2027-01-28 B"]),
        # What comes and goes again is no loss of what there is now.
        ("12 MONTH next / none / multi", "26-01-01 made, 26-01-02 +500", []),
        ("12 MONTH next / none / single", "26-01-01 made, 26-01-02 +100, 27-01-02 +500",
         ["TIER_DOWNGRADE 2029-01-02 B"]),
        ("12 MONTH next / none / multi", "26-01-01 made, 26-01-02 +100, 27-01-02 +500",
         ["TIER_DOWNGRADE 2029-01-01 B"]),
        ("12 MONTH next / none / multi", "26-01-01 made, 26-01-02 +500, 27-01-02 +100",
         ["TIER_DOWNGRADE 2028-01-01 S"]),
        ("12 MONTH next / none / multi", "26-01-01 made, 26-01-02 +500, 27-01-02 +500",
         ["TIER_DOWNGRADE 2029-01-01 B"]),
        ("12 MONTH now / sliding 14 MONTH / multi", "26-01-01 made, 26-01-02 +500", ["TIER_DOWNGRADE 2027-03-03 B"]),
    ],
)  # fmt: skip
def test_risks(of: str, story: str, found: list[str]) -> None:
    assert risks(of, story) == found


def test_points_that_will_expire_or_become_active_are_foreseen() -> None:
    of, story = "balance / none / multi", "26-01-01 made, 26-01-02 +500"
    expiring = Coming(date(2026, 6, 1), 0, 450)
    assert risks(of, story, expiring) == ["TIER_DOWNGRADE 2026-06-01 B"]
    assert risks(of, story, Coming(date(2026, 5, 1), 450, 0), expiring) == []
    assert risks("balance / 3 MONTH / multi", story, expiring) == ["TIER_DOWNGRADE 2026-07-03 B"]
    assert risks(of, "26-01-01 made", Coming(date(2026, 5, 1), 450, 0), expiring) == []


def test_a_tier_of_its_own_that_is_never_lost_is_no_risk() -> None:
    tiers = "B0 S100! G500"
    assert risks("balance / 30 DAY / multi", "26-01-01 made, 26-01-02 +100, 26-01-03 -100", tiers=tiers) == []
    assert risks("balance / 30 DAY / multi", "26-01-01 made, 26-01-02 +500, 26-01-03 -500", tiers=tiers) == [
        "TIER_DOWNGRADE 2026-02-02 S"
    ]
