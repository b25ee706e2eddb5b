"""Earning in tiers, end to end: what a tier earns, how long its points last, what keeps it (domain 8 and 10)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import set_clock
from tests.http.definitions import points
from tests.http.members import customer, enrolled
from tests.http.platform import created
from tests.http.programs import PROGRAMS, active_wallet, program, rule
from tests.http.tiers import TieredCard, earned, tiers
from tests.http.tiers import points as from_points

from troth.actions.engine import Engine
from troth.actions.triggers import TRIGGERS
from troth.http.door import Door
from troth.worker.jobs import JOBS

pytestmark = pytest.mark.anyio

MULTI = {"type": "MULTI_LEVEL"}
MONTH = {"value": 1, "unit": "MONTH"}
ROLLING = "ROLLING_EXPIRATION"


def lasting(value: int, unit: str) -> dict[str, Any]:
    return {"type": ROLLING, "rolling_expiration": {"period": {"value": value, "unit": unit}}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2030-01-31T10:00:00Z")
    return project


@pytest.fixture
async def shop(door: Door, sandbox: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, sandbox.headers) as opened:
        yield opened


async def card_of(shop: httpx.AsyncClient, wallet_id: str, structure: tuple[str, dict[str, str]], *rules: str) -> Any:
    """Return the card of a new member of an ACTIVE program with a wallet, its tiers and rules."""
    structure_id, ids = structure
    club = await program(
        shop,
        status="ACTIVE",
        card_definitions=[{"id": wallet_id}],
        earning_rules=[{"id": one} for one in rules],
        tier_structures=[{"id": structure_id}],
    )
    customer_id = await customer(shop)
    member = await enrolled(shop, f"{PROGRAMS}/{club['id']}/members", customer_id=customer_id)
    card = TieredCard(shop, club["id"], member["id"], member["cards"][0]["card"]["id"])
    card.customer_id, card.structure_id = customer_id, structure_id
    card.names = {None: "", **{tier_id: name for name, tier_id in ids.items()}}
    return card


async def ordered(engine: Engine, card: TieredCard, source_id: str, status: str = "PAID") -> None:
    """Let the member's order have a status, and work off what follows."""
    body = {"source_id": source_id, "status": status, "customer": {"id": card.customer_id}, "amount": 500}
    await created(card.client, "orders", **body)
    await worked_off(engine)


async def worked_off(engine: Engine) -> None:
    while (await JOBS[TRIGGERS](engine)).more:
        pass


async def test_a_tier_earns_by_its_own_rule_and_its_points_last_longer(engine: Engine, shop: httpx.AsyncClient) -> None:
    wallet_id = await active_wallet(shop, points_expiration=lasting(1, "MONTH"))
    silver = {"qualification_rules": from_points(100), "points_expiration": lasting(1, "YEAR")}
    structure = await tiers(shop, wallet_id, {"Bronze": (0, 100), "Silver": silver}, point_earned=earned(1, "YEAR"))
    in_silver = [{"tier_structure_id": structure[0], "tier_ids": [structure[1]["Silver"]]}]
    doubled = {**points(wallet_id, 200), "tier_rules": {"type": "ANY_OF", "any_of": in_silver}}
    card = await card_of(shop, wallet_id, structure, await rule(shop, earnings=[doubled, points(wallet_id, 100)]))
    await ordered(engine, card, "o/1")
    # The order that leads to Silver earns as in Bronze; only the next one is earned in Silver.
    assert await card.tier() == "Silver"
    await ordered(engine, card, "o/2")
    told = [one["details"]["points"] for one in await card.listed("transactions")]
    assert [(one["total"], one["expiration_date"]) for one in told[::-1]] == [(100, "2030-02-28"), (200, "2031-01-31")]
    (transaction,) = [one for one in await card.tier_transactions() if one["type"] == "UPGRADED"]
    assert transaction["details"]["origin"]["card_transaction_ids"] == [(await card.listed("transactions"))[1]["id"]]


async def test_a_cancelled_order_takes_its_points_out_of_the_tracking_period(
    engine: Engine, shop: httpx.AsyncClient
) -> None:
    to_zero = {"type": "REFUNDABLE", "methods": [{"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_TO_ZERO"}]}
    refunds = {"spent_points": {"type": "NONE"}, "earned_points": to_zero}
    wallet_id = await active_wallet(shop, refunds=refunds)
    levels = {"Bronze": (0, 100), "Silver": (100, None)}
    structure = await tiers(shop, wallet_id, levels, point_earned=earned(1, "YEAR"), downgrade=MULTI)
    card = await card_of(shop, wallet_id, structure, await rule(shop, earnings=[points(wallet_id, 100)]))
    await ordered(engine, card, "o/1")
    await ordered(engine, card, "o/1", "CANCELED")
    assert [one["type"] for one in await card.tier_transactions()] == ["JOINED", "UPGRADED", "DOWNGRADED"]


async def test_a_custom_event_keeps_a_tier(engine: Engine, shop: httpx.AsyncClient, sandbox: TestProject) -> None:
    wallet_id = await active_wallet(shop)
    schema_id = (await created(shop, "event-schemas", name="visited", properties={}))["id"]
    sliding = {"period": MONTH, "custom_activity": True, "custom_activity_types": [schema_id]}
    expiration = {"type": "SLIDING_EXPIRATION", "sliding_expiration": sliding}
    levels = {"Bronze": (0, 100), "Silver": (100, None)}
    structure = await tiers(shop, wallet_id, levels, expiration=expiration, downgrade=MULTI)
    card = await card_of(shop, wallet_id, structure, await rule(shop, wallet_id))
    await card.adjust(100)
    await card.adjust(-100)
    await set_clock(engine, sandbox, "2030-02-20T10:00:00Z")
    event = {"event": "visited", "customer": {"id": card.customer_id}}
    assert (await shop.post("/v1/events", json=event)).is_success
    await worked_off(engine)
    await set_clock(engine, sandbox, "2030-04-01T10:00:00Z")
    assert await card.chain() == [
        "2030-01-31T10:00 JOINED >Bronze",
        "2030-01-31T10:00 UPGRADED Bronze>Silver",
        "2030-02-20T10:00 PROLONGED Silver>Silver",
        "2030-03-20T23:00 DOWNGRADED Silver>Bronze",
    ]
