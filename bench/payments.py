"""Paying orders with points, spread over members, against the database doing the same."""

import itertools
import json
import random
from collections.abc import Iterator
from statistics import median

from bench import load, pgbench
from bench.enrolment import CLIENTS, CONNECTIONS, SEEDED_PROGRAM, Row, check, compact, seed
from bench.stack import Stack

PAYERS = 50_000
DEFINITION = "lcdef_" + "0" * 31 + "1"
AMOUNT = 10
EXCHANGE = compact({"pay_with_points": {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": "1"}}})

REASON = "Bench / Payment with points"
TEXTS: dict[str, object] = {
    "definition": DEFINITION,
    "program": SEEDED_PROGRAM,
    "source": compact({"channel": "API", "api_key": {"name": "Admin", "app_id": "0" * 36}}),
    "spent": compact(
        {
            "reason": REASON,
            "points": {"total": AMOUNT},
            "order": {"id": "ord_" + "0" * 32},
            "order_transaction": {"id": "lotx_" + "0" * 32},
            "metadata": {},
        }
    ),
    "details": compact(
        {
            "reason": REASON,
            "rejection": None,
            "metadata": {"amount_limit": AMOUNT},
            "payment": {"id": "lotx_" + "0" * 32, "amount": AMOUNT, "points_spent": AMOUNT, "exchange_ratio": 1},
        }
    ),
}
"""What pgbench writes: texts as long as those of the API."""


def payments(stack: Stack) -> Iterator[bytes]:
    """Yield requests that each pay a part of the order of a member."""
    chance = random.Random(1)
    limit = {"type": "AMOUNT_LIMIT", "amount_limit": {"max": AMOUNT}}
    while True:
        number = chance.randint(1, PAYERS)
        body = {"card_id": f"lcrd_d{number:031x}", "order": {"id": f"ord_d{number:031x}"}, "payment_limit": limit}
        path = f"/v2/loyalties/programs/{SEEDED_PROGRAM}/members/lmbr_d{number:031x}/orders/payments"
        yield load.request("POST", path, stack.headers, json.dumps(body).encode())


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure payments at 64 connections, raw and HTTP in turn."""
    stack.sql("UPDATE definitions SET configuration = configuration || $2 WHERE id = $1", DEFINITION, EXCHANGE)
    stack.sql("UPDATE projects SET definitions_version = definitions_version + 1 WHERE id = $1", stack.project_id)
    seed(stack, "seed_payers", PAYERS)
    paid, started = payments(stack), itertools.count(0, 10_000_000)

    def raw(clients: int) -> float:
        variables = TEXTS | {"i": next(started), "members": PAYERS, "project": stack.project_id}
        return pgbench.transactions(stack, "payment", variables, clients=clients, seconds=seconds)[0]

    best = max(CLIENTS, key=raw)
    load.run(stack.address, paid, connections=CONNECTIONS, seconds=2)
    figures = []
    for _ in range(runs):
        raw_rate = raw(best)
        result = load.run(stack.address, paid, connections=CONNECTIONS, seconds=seconds)
        check(result, 202)
        figures.append((raw_rate, result.rate, result.percentile(0.5), result.percentile(0.99)))
    rates = [median(figure[place] for figure in figures) for place in range(4)]
    ratio = median(http / raw_rate for raw_rate, http, _, _ in figures)
    return "Payments with points", [
        (f"payments, raw, {best} clients", f"{rates[0]:.0f}/s", ""),
        ("payments over HTTP, 64 connections, spread over 50,000 members", f"{rates[1]:.0f}/s", ""),
        ("… of raw", f"{ratio:.0%}", "at least 70 %"),
        ("… p50, p99", f"{rates[2]:.1f} ms, {rates[3]:.1f} ms", "p99 below 10 times p50"),
    ]
