"""A program whose members buy rewards, made over the API."""

import secrets
from typing import Any

import httpx
from tests.http.cards import TestCard
from tests.http.definitions import made
from tests.http.programs import PROGRAMS, active_wallet, program, rule

from troth.actions.engine import Engine
from troth.actions.issuing import work_off


class Shop:
    """An ACTIVE program with its wallets, as a client of its project works with it."""

    def __init__(self, client: httpx.AsyncClient, program_id: str, wallet_ids: tuple[str, ...]) -> None:
        self.client = client
        self.id = program_id
        self.path = f"{PROGRAMS}/{program_id}"
        self.wallet_ids = wallet_ids

    async def reward(self, *costs: Any, stock: int | None = None, assign: bool = True, **given: Any) -> str:
        """Make a reward, usually of a new product, and assign it; a number is a cost on the first wallet."""
        if "digital" not in given:
            product = (await self.client.post("/v1/products", json={"name": "Mug"})).json()
            given = {"material": {"type": "PRODUCT", "product": {"id": product["id"]}}, "type": "MATERIAL", **given}
        body = {
            "name": "Mug",
            "type": "DIGITAL",
            "status": "ACTIVE",
            "costs": [self.cost(one) if isinstance(one, int) else one for one in costs],
            **given,
        }
        reward_id = str((await made(self.client, "rewards", body))["id"])
        if assign:
            await self.assign(reward_id, stock)
        return reward_id

    def cost(self, points: int, wallet: int = 0, **rules: Any) -> dict[str, Any]:
        """Return a cost on a wallet, by its place."""
        spending = {"points": points, "card_definition_id": self.wallet_ids[wallet]}
        return {"spending": [spending], **({"rules": rules} if rules else {})}

    async def assign(self, reward_id: str, stock: int | None = None) -> None:
        amount = {"type": "UNLIMITED"} if stock is None else {"type": "LIMITED", "limited": {"quantity": stock}}
        answer = await self.client.post(
            f"{self.path}/rewards/batch", json={"assign": [{"id": reward_id, "stock": amount}]}
        )
        assert answer.status_code == 200, answer.text

    async def stock(self, reward_id: str) -> tuple[int | None, int]:
        """Return what is left of a reward and how often it was redeemed."""
        answer = await self.client.get(f"{self.path}/rewards?limit=100")
        (shown,) = (one for one in answer.json()["data"] if one["reward_id"] == reward_id)
        return shown["stock"].get("limited", {}).get("quantity"), shown["redeemed"]

    async def member(self, *points: int, **customer: Any) -> "Buyer":
        """Enrol a new customer whose cards, oldest first, hold so many points."""
        customer_id = (await self.client.post("/v1/customers", json=customer)).json()["id"]
        answer = await self.client.post(f"{self.path}/members", json={"customer_id": customer_id})
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        cards = tuple(TestCard(self.client, self.id, shown["id"], one["card"]["id"]) for one in shown["cards"])
        for card, amount in zip(cards, points, strict=False):
            await card.adjust(amount)
        return Buyer(self, shown["id"], customer_id, cards)


class Buyer:
    """A member of a shop's program."""

    def __init__(self, shop: Shop, member_id: str, customer_id: str, cards: tuple[TestCard, ...]) -> None:
        self.shop, self.id, self.customer_id, self.cards = shop, member_id, customer_id, cards
        self.path = f"{shop.path}/members/{member_id}"

    async def ask(self, reward_id: str, mode: str = "TRANSACTION") -> httpx.Response:
        body = {"reward_id": reward_id, "mode": mode}
        return await self.shop.client.post(f"{self.path}/rewards/purchases", json=body)

    async def buy(self, reward_id: str) -> dict[str, Any]:
        answer = await self.ask(reward_id)
        assert answer.status_code == 202, answer.text
        transaction: dict[str, Any] = answer.json()["transaction"]
        return transaction

    async def refund(self, purchase: dict[str, Any], **policies: str) -> httpx.Response:
        path = f"{self.shop.path}/rewards/purchases/{purchase['id']}/refund"
        return await self.shop.client.post(path, json={"policies": policies} if policies else {})

    async def purchases(self) -> list[dict[str, Any]]:
        """Return all purchases and refunds, newest first."""
        answer = await self.shop.client.get(f"{self.path}/rewards/purchases?limit=100")
        assert answer.status_code == 200, answer.text
        listed: list[dict[str, Any]] = answer.json()["data"]
        return listed

    async def balance(self, card: int = 0) -> int:
        cards = (await self.shop.client.get(self.path)).json()["cards"]
        return int(cards[card]["card"]["balance"]["points"])

    async def counters(self, card: int = 0) -> dict[str, int]:
        """Return those counters of a card that are not zero."""
        cards = (await self.shop.client.get(self.path)).json()["cards"]
        return {name: n for name, n in cards[card]["card"]["lifetime_bucket"]["points"].items() if n}


async def new_shop(client: httpx.AsyncClient, *wallets: dict[str, Any]) -> Shop:
    """Make an ACTIVE program with wallets, one unless more are given."""
    ids = [await active_wallet(client, **given) for given in wallets or ({},)]
    items = {"card_definitions": [{"id": one} for one in ids], "earning_rules": [{"id": await rule(client, ids[0])}]}
    made_program = await program(client, status="ACTIVE", **items)
    return Shop(client, made_program["id"], tuple(ids))


async def campaign(client: httpx.AsyncClient, **given: Any) -> str:
    """Make a campaign of coupons."""
    discount = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    body = {
        "name": f"Coupons {secrets.token_hex(4)}",
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": discount,
        **given,
    }
    answer = await client.post("/v1/campaigns", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def gift_campaign(client: httpx.AsyncClient) -> str:
    """Make a campaign of gift cards."""
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 100, "balance": 100}}
    return await campaign(client, campaign_type="GIFT_VOUCHERS", voucher=gift)


def coupon(campaign_id: str) -> dict[str, Any]:
    return {"type": "DISCOUNT_COUPONS", "discount_coupons": {"campaign_id": campaign_id}}


def gift_voucher(campaign_id: str, balance: int) -> dict[str, Any]:
    return {"type": "GIFT_VOUCHERS", "gift_vouchers": {"campaign_id": campaign_id, "balance": balance}}


def card_points(wallet_id: str, points: int) -> dict[str, Any]:
    wanted = {"card_definition_id": wallet_id, "points": points}
    return {"type": "LOYALTY_CARD_POINTS", "loyalty_card_points": wanted}


async def issue(engine: Engine) -> None:
    """Let what was bought be issued."""
    while (await work_off(engine)).more:
        pass
