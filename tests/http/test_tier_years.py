"""Years of a program with tiers, night by night and without any night, over HTTP (domain 10 and 16)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import earn, set_clock
from tests.http.tiers import earned, tiered_card

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

Moved: TypeAlias = Callable[[str], Awaitable[None]]

MONTH = {"value": 1, "unit": "MONTH"}
YEAR = {"value": 1, "unit": "YEAR"}
GRACE = {"type": "MULTI_LEVEL", "grace_period": {**MONTH, "round_up": True}}
YEAR_SAFE = {"type": "FIXED_DURATION", "fixed_duration": {"period": YEAR}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2030-01-31T10:00:00Z")
    return project


@pytest.fixture
async def shop(door: Door, sandbox: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, sandbox.headers) as opened:
        yield opened


@pytest.fixture(params=["night by night", "without a night"])
def moved(request: pytest.FixtureRequest, engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject) -> Moved:
    """Move the clock, and work off the nights on the way or none of them."""

    async def night_by_night(moment: str) -> None:
        answer = await shop.put("/v1/clock", json={"now": moment})
        assert answer.status_code == 200, answer.text

    async def without_a_night(moment: str) -> None:
        await set_clock(engine, sandbox, moment)

    return night_by_night if request.param == "night by night" else without_a_night


YEARS: list[tuple[str, int]] = [
    ("2030-03-10T12:00:00.000Z", 600),
    ("2031-06-01T12:00:00.000Z", 150),
    ("2032-02-28T12:00:00.000Z", 30),
    ("2032-08-15T12:00:00.000Z", 500),
]
CHAIN = [
    "2030-01-31T10:00 JOINED >Bronze",
    "2030-03-10T12:00 UPGRADED Bronze>Gold",
    # Gold is safe through 10 March 2031; a month of grace goes to the end of April. Then 0 points would be Bronze.
    "2031-04-30T22:00 DOWNGRADED Gold>Bronze",
    "2031-06-01T12:00 UPGRADED Bronze>Silver",
    # Silver is safe through 1 June 2032, and kept through July; Bronze is what 30 points in 2032 deserve.
    "2032-07-31T22:00 DOWNGRADED Silver>Bronze",
    "2032-08-15T12:00 UPGRADED Bronze>Gold",
]


async def test_three_years_of_earned_points(
    engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject, moved: Moved
) -> None:
    card = await tiered_card(shop, point_earned=earned(1, "YEAR"), expiration=YEAR_SAFE, downgrade=GRACE)
    for moment, amount in YEARS:
        await moved(moment)
        await earn(engine, sandbox, card, amount)
    await moved("2033-01-15T12:00:00.000Z")
    assert await card.chain() == CHAIN
    assert (await card.progress())["risks"] == [
        {
            "type": "TIER_DOWNGRADE",
            "date": "2033-09-30T22:00:00.000Z",
            "tier": {"id": next(one for one, name in card.names.items() if name == "Bronze"), "name": "Bronze"},
        }
    ]


async def test_three_years_of_a_balance_that_expires(shop: httpx.AsyncClient, moved: Moved) -> None:
    """Yearly dates, levels lost one by one, each once the grace is over."""
    rolling = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": YEAR}}
    midsummer = {"calendar_dates": [{"day": 30, "month": 6}]}
    card = await tiered_card(
        shop,
        wallet={"points_expiration": rolling},
        expiration={"type": "CALENDAR_EXPIRATION", "calendar_expiration": midsummer},
        downgrade={"type": "SINGLE_LEVEL", "grace_period": {"value": 10, "unit": "DAY"}},
    )
    for day, change in (("2030-03-10", 600), ("2032-02-29", 150), ("2032-08-15", -100)):
        await moved(f"{day}T12:00:00Z")
        await card.adjust(change)
    await moved("2033-01-15T12:00:00Z")
    assert await card.chain() == [
        "2030-01-31T10:00 JOINED >Bronze",
        "2030-03-10T12:00 UPGRADED Bronze>Gold",
        "2030-06-30T22:00 PROLONGED Gold>Gold",
        # The points are gone after 10 March 2031; Gold is safe through 30 June, and kept through 10 July.
        "2031-07-10T22:00 DOWNGRADED Gold>Silver",
        "2031-07-11T22:00 DOWNGRADED Silver>Bronze",
        "2032-02-29T12:00 UPGRADED Bronze>Silver",
        "2032-06-30T22:00 PROLONGED Silver>Silver",
    ]
    progress = await card.progress()
    assert progress["current"]["expires_at"] == "2033-06-30T22:00:00.000Z"
    assert [one["date"] for one in progress["risks"]] == ["2033-07-10T22:00:00.000Z"]
