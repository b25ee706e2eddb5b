"""What orders must be in any race (domain 8)."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject
from tests.http.clubs import new_club

from troth.actions.customers import delete_customer
from troth.actions.engine import Engine
from troth.actions.orders import get_order, put_orders
from troth.core.order_requests import OrderCreateRequest
from troth.core.orders import Order, Put
from troth.core.refusals import Refusal

pytestmark = pytest.mark.anyio


def put(**given: Any) -> Put:
    return OrderCreateRequest.model_validate(given).creation()


async def triggers(engine: Engine, project: TestProject) -> list[tuple[str, str, str]]:
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT member_id, kind, subject_id FROM triggers WHERE project_id = $1 ORDER BY seq", project.id
        )
        return [tuple(row) for row in rows]


async def test_one_source_id_makes_one_order_that_is_paid_once_in_any_race(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    """Batches of several processes: each merges what it brings into the one order of its source id."""
    club = await new_club(client)
    members = [await club.enrolled() for _ in range(8)]

    async def batch(number: int) -> list[Order]:
        commands = [
            put(
                source_id=f"o{place}",
                metadata={str(number): place},
                status="PAID",
                amount=5,
                customer={"id": one["customer_id"]},
            )
            for place, one in enumerate(members)
        ]
        answers = await put_orders(engine, project.id, commands[number:] + commands[:number])
        return [one for one in answers if isinstance(one, Order)]

    answers = [one for answers in await asyncio.gather(*map(batch, range(8))) for one in answers]
    assert len(answers) == 64
    assert len({one.id for one in answers}) == 8
    expected = Counter()
    for place, member in enumerate(members):
        order = await get_order(engine, project.id, f"o{place}")
        assert order.metadata == {str(number): place for number in range(8)}
        expected[member["id"], "customer.order.paid", order.id] = 1
    found = await triggers(engine, project)
    assert Counter(one for one in found if one[1] == "customer.order.paid") == expected


async def test_the_order_of_paying_and_canceling_is_that_of_the_queue(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    club = await new_club(client)
    customer_id = (await club.enrolled())["customer_id"]

    async def one(number: int, status: str) -> None:
        await put_orders(engine, project.id, [put(source_id=f"o{number}", status=status, customer={"id": customer_id})])

    await asyncio.gather(*(one(number, status) for number in range(20) for status in ("PAID", "CANCELED", "PAID")))
    kinds: dict[str, list[str]] = {}
    for _, kind, order_id in await triggers(engine, project):
        kinds.setdefault(order_id, []).append(kind.removeprefix("customer.order."))
    assert len(kinds) == 20
    assert {tuple(one) for one in kinds.values()} <= {("paid",), ("paid", "changed")}


async def test_orders_and_deletions_of_their_customers_meet(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    club = await new_club(client)
    members = [await club.enrolled() for _ in range(20)]

    async def pay(customer_id: str, number: int) -> Order | Refusal:
        (answer,) = await put_orders(
            engine, project.id, [put(source_id=f"o{number}", status="PAID", customer={"id": customer_id})]
        )
        return answer

    async def delete(customer_id: str) -> None:
        await delete_customer(engine, project.caller, customer_id)

    work = [
        one
        for n, member in enumerate(members)
        for one in (pay(member["customer_id"], n), delete(member["customer_id"]))
    ]
    answers = await asyncio.gather(*work)
    for member, answer in zip(members, answers[::2], strict=True):
        owner = member["customer_id"]
        assert isinstance(answer, Order) or answer.details == f"Cannot find customer with id {owner}"
    paid = [one for one in answers if isinstance(one, Order)]
    assert len(await triggers(engine, project)) == len(paid)
    if paid:
        (changed,) = await put_orders(engine, project.id, [put(source_id=paid[0].source_id, status="CANCELED")])
        assert isinstance(changed, Order)
        assert len(await triggers(engine, project)) == len(paid)
