"""Benefits that rules grant are fulfilled in the background, as long as there are any (domain 13)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import set_clock
from tests.http.definitions import refused
from tests.http.programs import active_wallet
from tests.http.shops import campaign, coupon, gift_campaign, gift_voucher
from tests.http.test_earning import THREE_DAYS, TO_ZERO, Shop, refunds

from troth.actions.engine import Engine
from troth.actions.fulfilment import work_off
from troth.http.door import Door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(engine: Engine, door: Door) -> AsyncIterator[Shop]:
    project: TestProject = await make_project(engine, sandbox=True)
    await set_clock(engine, project, "2026-01-31T10:00:00Z")
    async with client_of(door, project.headers) as client:
        yield Shop(engine, project, client)


async def granting(shop: Shop, *, wallet: dict[str, Any] | None = None, **benefit: Any) -> str:
    """Open the shop with a rule that grants a benefit for each order, and return its id; `points` are on its wallet."""
    granted: list[str] = []
    await shop.open(wallet=wallet)
    on_it = {"card_definition_id": shop.wallet_id}
    for name in ("points", "points_proportional"):
        if name in benefit:
            benefit[name] |= on_it
    answer = await shop.client.post("/v2/loyalties/benefits", json={"name": "Gift", "status": "ACTIVE", **benefit})
    assert answer.status_code == 200, answer.text
    granted.append(answer.json()["id"])
    await gives(shop, granted[0])
    return granted[0]


async def gives(shop: Shop, benefit_id: str) -> None:
    """Let the rule grant a benefit."""
    rules = await shop.client.get(f"/v2/loyalties/programs/{shop.card.program_id}/earning-rules")
    rule_id = rules.json()["data"][0]["earning_rule_id"]
    effects = [{"type": "BENEFIT", "benefit": {"id": benefit_id}}]
    answer = await shop.client.put(f"/v2/loyalties/earning-rules/{rule_id}", json={"earnings": [{"effects": effects}]})
    assert answer.status_code == 200, answer.text


async def fulfil(engine: Engine) -> None:
    while (await work_off(engine)).more:
        pass


async def transactions(shop: Shop, face: str = "benefits") -> list[dict[str, Any]]:
    answer = await shop.client.get(f"{shop.card.member_path}/{face}/transactions?order=created_at&limit=100")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed


async def ordered(shop: Shop, source_id: str = "o/1", **given: Any) -> dict[str, Any]:
    """Pay an order, let its benefit be fulfilled, and return what came of it."""
    await shop.order(source_id, **{"items": [], "amount": 1000, **given})
    await fulfil(shop.engine)
    return (await transactions(shop))[-1]


async def test_points_post_as_an_earning(shop: Shop) -> None:
    benefit_id = await granting(shop, type="POINTS", points={"value": 7})
    await shop.order("o/1", items=[], amount=1)
    (pending,) = await transactions(shop)
    assert (pending["status"], pending["details"], pending["benefit_id"]) == ("PENDING", None, benefit_id)
    await fulfil(shop.engine)
    (done,) = await transactions(shop)
    (earned,) = await shop.card.listed("transactions")
    assert (earned["type"], earned["details"]["points"]["total"]) == ("POINTS_EARNED", 7)
    assert earned["details"]["reason"] == "Club / Rule"
    assert done | {"details": {}} == {
        **pending, "status": "APPROVED", "details": {}, "updated_at": "2026-01-31T10:00:00.000Z",
    }  # fmt: skip
    points = {"total": 7, "card_definition_id": shop.wallet_id, "card_id": shop.card.id}
    assert done["details"]["result"] == {"points": {**points, "card_transaction": {"id": earned["id"]}}}
    assert await shop.card.balance() == (7, 0)
    assert await shop.is_clean()


async def test_points_in_proportion_wait_and_are_taken_back_with_the_order(shop: Shop) -> None:
    every = {"calculation_type": "POST_DISCOUNT_ORDER_AMOUNT", "order": {"total_amount": {"every": 100, "value": 1}}}
    wallet = {"pending_points": THREE_DAYS, "refunds": refunds(TO_ZERO)}
    await granting(shop, wallet=wallet, type="POINTS_PROPORTIONAL", points_proportional=every)
    await ordered(shop)
    assert await shop.card.balance() == (0, 10)
    await shop.order("o/1", "CANCELED")
    assert await shop.card.balance() == (0, 0)


async def test_an_order_lowered_before_gives_only_what_is_left_of_the_points(shop: Shop) -> None:
    await granting(shop, wallet={"refunds": refunds(TO_ZERO)}, type="POINTS", points={"value": 7})
    await shop.order("o/1", items=[], amount=1000)
    await shop.order("o/1", items=[], amount=500)
    await fulfil(shop.engine)
    assert (await transactions(shop))[0]["status"] == "APPROVED"
    assert await shop.card.balance() == (4, 0)
    for amount, left in ((700, 4), (400, 3), (0, 0)):
        await shop.order("o/1", items=[], amount=amount)
        assert await shop.card.balance() == (left, 0)
    assert await shop.is_clean()


async def test_an_order_cancelled_before_gives_no_points(shop: Shop) -> None:
    await granting(shop, wallet={"refunds": refunds(TO_ZERO)}, type="POINTS", points={"value": 7})
    await shop.order("o/1", items=[], amount=1)
    await shop.order("o/1", "CANCELED")
    await fulfil(shop.engine)
    (done,) = await transactions(shop)
    assert (done["status"], done["details"]["rejection"]["reason"]) == ("REJECTED", "order_canceled")
    assert await shop.card.balance() == (0, 0)


async def test_limits_cut_and_refuse_what_is_granted(shop: Shop) -> None:
    largest = {"type": "LIMITED", "limits": [{"type": "BALANCE_BASED", "max": 10}]}
    wallet = {"earning_limits": {"global": largest, "transactions": {"type": "NO_LIMIT"}}}
    await granting(shop, wallet=wallet, type="POINTS", points={"value": 7})
    for number in range(3):
        await shop.order(f"o/{number}", items=[], amount=1)
    await fulfil(shop.engine)
    done = await transactions(shop)
    assert [one["status"] for one in done] == ["APPROVED", "APPROVED", "REJECTED"]
    assert done[-1]["details"]["rejection"]["reason"] == "balance"
    assert await shop.card.balance() == (10, 0)


async def test_things_and_vouchers_are_issued(shop: Shop) -> None:
    product = (await shop.client.post("/v1/products", json={"name": "Mug"})).json()["id"]
    thing = {"type": "PRODUCT", "product": {"id": product}}
    await granting(shop, type="MATERIAL", material=thing)
    assert (await ordered(shop))["details"]["result"] == {"material": thing}


@pytest.mark.parametrize("kind", ["discount_coupons", "gift_vouchers"])
async def test_vouchers_are_issued(shop: Shop, kind: str) -> None:
    coupons = kind == "discount_coupons"
    made_of = await campaign(shop.client) if coupons else await gift_campaign(shop.client)
    await granting(shop, type="DIGITAL", digital=coupon(made_of) if coupons else gift_voucher(made_of, 500))
    result = (await ordered(shop))["details"]["result"]["digital"]
    ((issued,), type_) = result[kind], result["type"]
    assert type_ == kind.upper()
    shown = (await shop.client.get(f"/v1/vouchers/{issued['code']}")).json()
    assert (shown["holder_id"], shown["campaign_id"]) == (shop.customer_id, made_of)
    assert issued.get("balance") == (None if coupons else 500)


async def test_stock_counts_down_under_concurrency_and_rejects_at_zero(shop: Shop) -> None:
    product = (await shop.client.post("/v1/products", json={"name": "Mug"})).json()["id"]
    material = {"type": "PRODUCT", "product": {"id": product}}
    stock = {"type": "LIMITED", "limited": {"quantity": 3}}
    benefit_id = await granting(shop, type="MATERIAL", material=material, stock=stock)
    path = f"/v2/loyalties/programs/{shop.card.program_id}/members"
    for number in range(5):
        customer_id = (await shop.client.post("/v1/customers", json={})).json()["id"]
        await shop.client.post(path, json={"customer_id": customer_id})
        whose = {"status": "PAID", "customer": {"id": customer_id}, "items": [], "amount": 1}
        await shop.client.post("/v1/orders", json={"source_id": f"c/{number}", **whose})
    await shop.work()

    async def several() -> None:
        for _ in range(6):
            await work_off(shop.engine)

    await asyncio.gather(several(), several(), several())
    await fulfil(shop.engine)
    async with shop.engine.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT status, details FROM benefit_grants WHERE project_id = $1", shop.project.id
        )
    assert Counter(row["status"] for row in rows) == {"APPROVED": 3, "REJECTED": 2}
    assert all("out_of_stock" in row["details"] for row in rows if row["status"] == "REJECTED")
    shown = (await shop.client.get(f"/v2/loyalties/benefits/{benefit_id}")).json()
    assert shown["stock"] == {"type": "LIMITED", "limited": {"quantity": 0}}


async def test_the_older_face_lists_the_same(shop: Shop) -> None:
    benefit_id = await granting(shop, type="POINTS", points={"value": 7})
    done = await ordered(shop)
    incentive_id = benefit_id.replace("lben_", "linc_")
    (told,) = await transactions(shop, "incentives")
    assert told == {
        **{name: value for name, value in done.items() if name != "benefit_id"},
        "incentive_id": incentive_id,
        "object": "incentive_transaction",
    }
    for face, field, id_ in (("benefits", "benefit_id", benefit_id), ("incentives", "incentive_id", incentive_id)):
        path = f"{shop.card.member_path}/{face}/transactions?filters[{field}][conditions]"
        assert len((await shop.client.get(f"{path}[$is]={id_}")).json()["data"]) == 1
        assert (await shop.client.get(f"{path}[$is_not]={id_}")).json()["data"] == []
        away = f"/v2/loyalties/programs/{shop.card.program_id}/members/lmbr_0/{face}/transactions"
        refused(await shop.client.get(away), 404, "not_found")


async def test_what_is_gone_before_it_is_given_is_rejected(shop: Shop) -> None:
    """The rule has let go of the benefit, which is deleted; then the member is, with a grant waiting."""
    first = await granting(shop, type="POINTS", points={"value": 7})
    await shop.order("o/1", items=[], amount=1)
    second = await another(shop, card_definition_id=shop.wallet_id)
    await gives(shop, second)
    assert (await shop.client.delete(f"/v2/loyalties/benefits/{first}")).is_success
    await fulfil(shop.engine)
    (rejected,) = await transactions(shop)
    assert (rejected["status"], rejected["benefit_id"]) == ("REJECTED", first)
    assert rejected["details"]["rejection"]["reason"] == "benefit_not_found"
    await shop.order("o/2", items=[], amount=1)
    assert (await shop.client.delete(shop.card.member_path)).is_success
    await fulfil(shop.engine)
    async with shop.engine.database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT status, details FROM benefit_grants WHERE project_id = $1 AND benefit_id = $2",
            shop.project.id,
            second,
        )
    assert row is not None
    assert (row["status"], "member_deleted" in row["details"]) == ("REJECTED", True)
    assert await shop.is_clean()


async def test_points_of_a_wallet_that_the_member_has_no_card_for_are_rejected(shop: Shop) -> None:
    await granting(shop, type="POINTS", points={"value": 7})
    away = await active_wallet(shop.client)
    await gives(shop, await another(shop, card_definition_id=away))
    done = await ordered(shop)
    assert (done["status"], done["details"]["rejection"]["reason"]) == ("REJECTED", "no_card")
    assert await shop.card.history() == []


async def another(shop: Shop, **points: Any) -> str:
    """Make another benefit of points."""
    body = {"name": "Gift", "status": "ACTIVE", "type": "POINTS", "points": {"value": 7, **points}}
    answer = await shop.client.post("/v2/loyalties/benefits", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])
