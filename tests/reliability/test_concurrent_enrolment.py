"""Enrolments of one customer that meet in two processes: one wins, the others are told so (domain 6)."""

import asyncio
from collections import Counter

import asyncpg
import pytest
from tests.conftest import TestProject
from tests.processes import Server
from tests.reliability.stack import enrolled, make_club, make_customers, requests_to, size, until_coded

pytestmark = pytest.mark.anyio

AT_ONCE = 50


async def test_one_of_many_enrolments_over_two_processes_wins(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    with Server(database_url=own_url) as one, Server(database_url=own_url) as other:
        one.until_ready()
        other.until_ready()
        async with (
            requests_to(one.url, own_project.headers) as first,
            requests_to(other.url, own_project.headers) as second,
        ):
            club = await make_club(first)
            customers = await make_customers(connection, own_project.id, size(4, 40))
            for customer_id in customers:
                answers = await asyncio.gather(
                    *(
                        client.post(club.members, json={"customer_id": customer_id})
                        for client in (first, second)
                        for _ in range(AT_ONCE // 2)
                    )
                )
                outcomes = Counter((answer.status_code, answer.json().get("key")) for answer in answers)
                assert outcomes == {(200, None): 1, (409, "member_already_exists"): AT_ONCE - 1}
                (won,) = (answer.json() for answer in answers if answer.status_code == 200)
                stored = await enrolled(connection, own_project.id)
                assert stored[customer_id] == (won["id"], sorted(one["card"]["id"] for one in won["cards"]))
                assert {answer.json()["resource_id"] for answer in answers if answer.status_code == 409} == {won["id"]}
            assert len(stored) == len(customers)
            assert await until_coded(connection, own_project.id) == 2 * len(customers)
