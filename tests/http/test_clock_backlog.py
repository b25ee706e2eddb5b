"""A clock that is moved leaves nothing behind: what waits is worked off before it goes on, without any worker."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.earners import Shop as Earner
from tests.http.shops import Buyer, Shop, campaign, card_points, coupon, new_shop
from tests.moving_clock import HastyClock
from tests.polling import until_async

from troth.actions import backlog
from troth.actions.daily import Advance, advance
from troth.actions.engine import Engine
from troth.actions.issuing import ISSUING
from troth.core.triggers import FAILURES_BEFORE_PARKING
from troth.http.app import application, document
from troth.http.door import Door
from troth.hub.app import pages

pytestmark = pytest.mark.anyio

NOW = "2026-01-31T10:00:00.000Z"
MARCH = "2026-03-05T10:00:00.000Z"
MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
EXPIRY = "2026-02-28T23:00:00.000Z"
SOON_SECONDS = 60.0


async def put(market: httpx.AsyncClient, moment: str = MARCH) -> httpx.Response:
    return await market.put("/v1/clock", json={"now": moment})


async def moved(market: httpx.AsyncClient, moment: str = MARCH) -> None:
    answer = await put(market, moment)
    assert (answer.status_code, answer.json()["now"]) == (200, moment), answer.text


async def pending(shop: Shop) -> Buyer:
    """Let a new member buy a coupon, and points for another card that are good for a month."""
    coupons = await shop.reward(10, stock=5, digital=coupon(await campaign(shop.client)))
    points = await shop.reward(10, digital=card_points(shop.wallet_ids[1], 7))
    buyer = await shop.member(100)
    for reward in (coupons, points):
        await buyer.buy(reward)
    return buyer


async def ends(buyer: Buyer) -> list[tuple[str, str | None]]:
    """Return how the purchases ended, and when."""
    return [(one["status"], one["updated_at"]) for one in await buyer.purchases()]


async def test_what_was_bought_before_a_move_is_issued_before_its_first_midnight(market: httpx.AsyncClient) -> None:
    buyer = await pending(await new_shop(market, {}, {"points_expiration": MONTH}))
    await moved(market)
    assert await ends(buyer) == [("APPROVED", NOW)] * 2
    assert await buyer.cards[1].history() == [("POINTS_PURCHASED", 7, NOW), ("POINTS_EXPIRED", 7, EXPIRY)]
    assert await buyer.cards[0].balance() == (80, 0)


async def test_a_move_to_where_the_clock_stands_works_off_what_waits(market: httpx.AsyncClient) -> None:
    buyer = await pending(await new_shop(market, {}, {}))
    await moved(market, NOW)
    assert await ends(buyer) == [("APPROVED", NOW)] * 2


async def test_an_order_earns_and_its_benefit_is_given_as_of_when_it_was_paid(
    engine: Engine, sandbox: TestProject, market: httpx.AsyncClient
) -> None:
    shop = Earner(engine, sandbox, market)
    await shop.open(wallet={"points_expiration": MONTH})
    points = {"value": 5, "card_definition_id": shop.wallet_id}
    body = {"name": "Gift", "status": "ACTIVE", "type": "POINTS", "points": points}
    benefit = (await market.post("/v2/loyalties/benefits", json=body)).json()
    program = f"/v2/loyalties/programs/{shop.card.program_id}"
    rule_id = (await market.get(f"{program}/earning-rules")).json()["data"][0]["earning_rule_id"]
    effects = [{"type": "BENEFIT", "benefit": {"id": benefit["id"]}}]
    await market.put(f"/v2/loyalties/earning-rules/{rule_id}", json={"earnings": [{"effects": effects}]})
    await shop.order("o/1", works=False, items=[], amount=100)
    await moved(market)
    (granted,) = (await market.get(f"{shop.card.member_path}/benefits/transactions")).json()["data"]
    assert (granted["status"], granted["updated_at"]) == ("APPROVED", NOW)
    assert await shop.card.history() == [("POINTS_EARNED", 5, NOW), ("POINTS_EXPIRED", 5, EXPIRY)]


async def test_what_was_taken_on_in_bulk_is_done_and_its_members_have_their_codes(market: httpx.AsyncClient) -> None:
    """Customers, then their enrolment, then their orders; codes of cards are made at the end."""
    shop = await new_shop(market)
    enrolled = await shop.member()
    customers = [{"source_id": f"c/{number}"} for number in range(3)]
    ids = [(await market.post("/v1/customers", json={})).json()["id"] for _ in range(3)]
    orders = [{"source_id": f"o/{number}", "status": "PAID", "amount": 100} for number in range(3)]
    asked: list[tuple[str, Any]] = [
        ("/v1/customers/bulk/async", customers),
        (f"{shop.path}/members/batch", [{"customer_id": one} for one in ids]),
        ("/v1/orders/import", orders),
    ]
    actions = []
    for path, body in asked:
        answer = await market.post(path, json=body)
        assert answer.is_success, answer.text
        actions.append(answer.json()["async_action_id"])
    await moved(market)
    for one in actions:
        action = (await market.get(f"/v1/async-actions/{one}")).json()
        assert (action["status"], action["progress"]) == ("DONE", 100)
    members = (await market.get(f"{shop.path}/members?limit=100")).json()["data"]
    assert {one["customer_id"] for one in members} == {*ids, enrolled.customer_id}
    assert {one["created_at"] for one in members} == {NOW}
    for one in members:
        cards = (await market.get(f"{shop.path}/members/{one['id']}")).json()["cards"]
        assert all(card["card"]["code"] for card in cards)
    for number in range(3):
        assert (await market.get(f"/v1/orders/o%2F{number}")).is_success


async def test_what_waits_in_other_projects_is_left_to_the_workers(
    engine: Engine, door: Door, market: httpx.AsyncClient
) -> None:
    await new_shop(market)
    other = await make_project(engine, sandbox=True)
    async with client_of(door, other.headers) as elsewhere:
        buyer = await pending(await new_shop(elsewhere, {}, {}))
        await moved(market)
        assert await ends(buyer) == [("PENDING", None)] * 2


async def test_what_others_are_at_is_waited_for(engine: Engine, market: httpx.AsyncClient) -> None:
    buyer = await pending(await new_shop(market, {}, {"points_expiration": MONTH}))
    async with engine.database.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM reward_transactions WHERE member_id = $1 FOR UPDATE", buyer.id)
        moving = asyncio.create_task(put(market))

        async def is_on_its_way() -> bool:
            return (await market.get("/v1/clock")).json()["moving_to"] == MARCH

        await until_async(is_on_its_way, within_seconds=SOON_SECONDS)
        (project_id,) = await connection.fetchrow("SELECT project_id FROM members WHERE id = $1", buyer.id)
        assert await advance(engine, project_id) is Advance.OTHERS
        assert (await market.get("/v1/clock")).json()["now"] == NOW
    assert (await moving).json()["now"] == MARCH
    assert await ends(buyer) == [("APPROVED", NOW)] * 2


async def test_several_who_move_one_clock_issue_nothing_twice(
    engine: Engine, sandbox: TestProject, market: httpx.AsyncClient
) -> None:
    shop = await new_shop(market, {}, {"points_expiration": MONTH})
    buyers = [await pending(shop) for _ in range(8)]
    moving = asyncio.create_task(put(market))
    others = [asyncio.create_task(_helped(engine, sandbox.id, moving)) for _ in range(3)]
    assert (await moving).json()["now"] == MARCH
    await asyncio.gather(*others)
    for buyer in buyers:
        assert await ends(buyer) == [("APPROVED", NOW)] * 2
        assert await buyer.cards[1].history() == [("POINTS_PURCHASED", 7, NOW), ("POINTS_EXPIRED", 7, EXPIRY)]
    assert (await market.get("/v1/vouchers")).json()["total"] == 8


async def _helped(engine: Engine, project_id: str, moving: asyncio.Task[httpx.Response]) -> None:
    while not moving.done():
        await advance(engine, project_id)


async def test_a_move_that_ends_with_its_process_while_it_issues_is_gone_on_with(
    engine: Engine, sandbox: TestProject, market: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = await pending(await new_shop(market, {}, {"points_expiration": MONTH}))

    async def killed(_engine: Engine, _project_id: str) -> Any:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setitem(backlog.WORK, ISSUING, killed)
        with pytest.raises(asyncio.CancelledError):
            await put(market)
    clock = (await market.get("/v1/clock")).json()
    assert (clock["now"], clock["moving_to"]) == (NOW, MARCH)
    assert await ends(buyer) == [("PENDING", None)] * 2
    while await advance(engine, sandbox.id) is not Advance.OVER:
        pass
    assert (await market.get("/v1/clock")).json()["now"] == MARCH
    assert await ends(buyer) == [("APPROVED", NOW)] * 2


async def test_what_fails_holds_a_clock_as_long_as_a_trigger_would_and_no_longer(
    engine: Engine, sandbox: TestProject, market: httpx.AsyncClient
) -> None:
    """A purchase whose payment is gone cannot be decided; the one beside it is, and then the clock goes on."""
    shop = await new_shop(market, {}, {"points_expiration": MONTH})
    broken, whole = await pending(shop), await pending(shop)
    async with engine.database.connection() as connection:
        goods = "UPDATE reward_transactions SET goods = $2 WHERE member_id = $1"
        await connection.execute(goods, broken.id, '{"digital": {"loyalty_card_points": 1}}')
        hasty = application(replace(engine, clock=HastyClock()), pages(document))
        async with client_of(hasty, sandbox.headers) as hurried:
            assert (await put(hurried)).status_code == 202
        for _ in range(10):
            await advance(engine, sandbox.id)
        assert await ends(whole) == [("APPROVED", NOW)] * 2
        assert (await market.get("/v1/clock")).json()["now"] == NOW
        failures = "UPDATE reward_transactions SET failures = $2 WHERE member_id = $1"
        await connection.execute(failures, broken.id, FAILURES_BEFORE_PARKING)
        while await advance(engine, sandbox.id) is not Advance.OVER:
            pass
        assert await ends(broken) == [("PENDING", None)] * 2
        assert (await market.get("/v1/clock")).json()["now"] == MARCH
        await connection.execute("DELETE FROM reward_transactions WHERE member_id = $1", broken.id)
