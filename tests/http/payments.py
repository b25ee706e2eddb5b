"""Orders that buyers pay with points, made over the API."""

from typing import Any

import httpx
from tests.http.shops import Buyer

from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.triggers import Round


def ratio(formula: Any, **more: Any) -> dict[str, Any]:
    """Return a wallet that pays orders at a ratio."""
    return {"pay_with_points": {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": formula}}, **more}


def limited(kind: str, **given: Any) -> dict[str, Any]:
    """Return what a body says of its limit."""
    return {"payment_limit": {"type": kind, **given}}


def points(most: int) -> dict[str, Any]:
    return limited("POINTS_LIMIT", points_limit={"max": most})


def money(most: int) -> dict[str, Any]:
    return limited("AMOUNT_LIMIT", amount_limit={"max": most})


async def order(client: httpx.AsyncClient, amount: int, **given: Any) -> str:
    answer = await client.post("/v1/orders", json={"amount": amount, **given})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def ask(buyer: Buyer, order_id: str, **given: Any) -> httpx.Response:
    body = {"card_id": buyer.cards[0].id, "order": {"id": order_id}, **given}
    return await buyer.shop.client.post(f"{buyer.path}/orders/payments", json=body)


async def pay(buyer: Buyer, order_id: str, **given: Any) -> dict[str, Any]:
    answer = await ask(buyer, order_id, **given)
    assert answer.status_code == 202, answer.text
    transaction: dict[str, Any] = answer.json()["transaction"]
    return transaction


async def payments(buyer: Buyer, query: str = "limit=100") -> Any:
    answer = await buyer.shop.client.get(f"{buyer.path}/orders/payments?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def amounts(transactions: list[dict[str, Any]]) -> list[tuple[int, int]]:
    paid = [one["details"]["payment"] for one in transactions]
    return [(one["amount"], one["points_spent"]) for one in paid]


async def work(engine: Engine) -> None:
    """Work off what was triggered."""
    round_ = Round(evaluate)
    while (await round_.work_off(engine)).more:
        pass
