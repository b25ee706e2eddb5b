"""Changes of a program that meet: what comes of them is what comes of them one after the other (domain 5)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.http.programs import PROGRAMS, active_wallet, assigned, batch, program, ready, rule

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

ROUNDS = 8

Request = Callable[[], Awaitable[httpx.Response]]
Outcome = tuple[int | str, int | str]


async def outcome(first: Request, second: Request) -> Outcome:
    """Send two requests at once and return how each was answered: 200, or the key of its refusal."""

    def read(answer: httpx.Response) -> int | str:
        return 200 if answer.status_code == 200 else str(answer.json()["key"])

    one, other = await asyncio.gather(first(), second())
    return read(one), read(other)


async def one_wallet_twice(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made, wallet_id = await program(client), await active_wallet(client)

    async def assign() -> httpx.Response:
        return await batch(client, made["id"], "card-definitions", [wallet_id])

    return assign, assign


async def too_many_wallets(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made = await program(client)
    wallets = [await active_wallet(client) for _ in range(12)]
    return (
        lambda: batch(client, made["id"], "card-definitions", wallets[:6]),
        lambda: batch(client, made["id"], "card-definitions", wallets[6:]),
    )


async def the_last_two_rules(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made, wallet_id, rule_id = await ready(client, status="ACTIVE")
    other_id = await rule(client, wallet_id)
    await batch(client, made["id"], "earning-rules", [other_id])
    return (
        lambda: batch(client, made["id"], "earning-rules", [], [rule_id]),
        lambda: batch(client, made["id"], "earning-rules", [], [other_id]),
    )


async def activation_and_unassignment(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made, _, rule_id = await ready(client)
    return (
        lambda: client.post(f"{PROGRAMS}/{made['id']}/activate"),
        lambda: batch(client, made["id"], "earning-rules", [], [rule_id]),
    )


async def a_wallet_leaves_and_its_rule_comes(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made, wallet_id = await program(client), await active_wallet(client)
    rule_id = await rule(client, wallet_id)
    await batch(client, made["id"], "card-definitions", [wallet_id])
    return (
        lambda: batch(client, made["id"], "card-definitions", [], [wallet_id]),
        lambda: batch(client, made["id"], "earning-rules", [rule_id]),
    )


async def a_wallet_is_drafted_and_assigned(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made, wallet_id = await program(client), await active_wallet(client)
    return (
        lambda: client.post(f"/v2/loyalties/card-definitions/{wallet_id}/draft"),
        lambda: batch(client, made["id"], "card-definitions", [wallet_id]),
    )


async def a_wallet_is_deleted_and_assigned(client: httpx.AsyncClient) -> tuple[Request, Request]:
    made, wallet_id = await program(client), await active_wallet(client)
    return (
        lambda: client.delete(f"/v2/loyalties/card-definitions/{wallet_id}"),
        lambda: batch(client, made["id"], "card-definitions", [wallet_id]),
    )


@pytest.mark.parametrize(
    ("prepare", "serial"),
    [
        (one_wallet_twice, {(200, "duplicate_resource_key"), ("duplicate_resource_key", 200)}),
        (too_many_wallets, {(200, "invalid_payload"), ("invalid_payload", 200)}),
        (the_last_two_rules, {(200, "missing_active_earning_rule"), ("missing_active_earning_rule", 200)}),
        (
            activation_and_unassignment,
            {(200, "missing_active_earning_rule"), ("missing_active_earning_rule", 200)},
        ),
        (
            a_wallet_leaves_and_its_rule_comes,
            {(200, "card_definition_not_assigned"), ("resource_in_use", 200)},
        ),
        (
            a_wallet_is_drafted_and_assigned,
            {(200, "non_active_card_definition"), ("invalid_state_transition", 200)},
        ),
        (a_wallet_is_deleted_and_assigned, {(200, "not_found"), ("resource_in_use", 200)}),
    ],
)
async def test_two_changes_at_once_are_one_after_the_other(
    client: httpx.AsyncClient, prepare: Callable[[httpx.AsyncClient], Any], serial: set[Outcome]
) -> None:
    for turn in range(ROUNDS):
        first, second = await prepare(client)
        if turn % 2:
            reached = (await outcome(second, first))[::-1]
        else:
            reached = await outcome(first, second)
        assert reached in serial


async def test_a_deleted_program_is_gone_and_left_with_nothing(client: httpx.AsyncClient, engine: Engine) -> None:
    for _ in range(ROUNDS):
        made, wallet_id, _ = await ready(client)
        path = f"{PROGRAMS}/{made['id']}"
        rules = [await rule(client, wallet_id) for _ in range(3)]
        deleted, *others = await asyncio.gather(
            client.delete(path),
            client.post(f"{path}/activate"),
            client.put(path, json={"name": "New"}),
            *(batch(client, made["id"], "earning-rules", [one]) for one in rules),
        )
        assert deleted.status_code == 200
        assert {one.status_code for one in others} <= {200, 404}
        assert (await client.get(path)).status_code == 404
        async with engine.database.connection() as connection:
            left = "SELECT count(*) FROM program_assignments WHERE program_id = $1"
            assert await connection.fetchval(left, made["id"]) == 0


async def test_a_full_program_stays_full(client: httpx.AsyncClient) -> None:
    """Of many wallets that come one by one at once, exactly as many are taken as there is room for."""
    made = await program(client)
    wallets = [await active_wallet(client) for _ in range(16)]
    answers = await asyncio.gather(*(batch(client, made["id"], "card-definitions", [one]) for one in wallets))
    assert sorted(one.status_code for one in answers) == [200] * 10 + [400] * 6
    taken = [one for one, answer in zip(wallets, answers, strict=True) if answer.status_code == 200]
    assert sorted(await assigned(client, made["id"], "card-definitions")) == sorted(taken)
