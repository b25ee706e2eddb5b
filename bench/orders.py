"""Paid orders of five items, against pgbench doing the same reads and inserts."""

import itertools
import json
import random
from collections.abc import Iterator
from hashlib import md5
from statistics import median

from bench import load, pgbench
from bench.enrolment import CLIENTS, CONNECTIONS, Row, check, compact, seed
from bench.stack import Stack
from troth.core.order_items import Good, Goods, OrderItem, evaluated, priced

BUYERS = 50_000
ITEMS = 5
METADATA = {"channel": "web"}


def product_id(number: int) -> str:
    return "prod_" + md5(f"product {number}".encode(), usedforsecurity=False).hexdigest()


def buyer_id(number: int) -> str:
    return "cust_" + md5(f"buyer {number}".encode(), usedforsecurity=False).hexdigest()


def texts() -> dict[str, object]:
    """Return what pgbench writes: texts as long as those of the API."""
    goods = [
        Good(product_id(n), None, f"product-{n}", f"Product {n}", 100 + n, {"category": "tea"}) for n in range(ITEMS)
    ]
    items = [OrderItem.model_validate(item(number)) for number in range(ITEMS)]
    lines = [priced(one, Goods(goods, []), None, 0) for one in items]
    order = {
        "amount": 1000,
        "initial_amount": 1000,
        "total_amount": 1000,
        "items": [evaluated(line) for line in lines],
        "metadata": METADATA,
    }
    return {"items": compact(lines), "metadata": compact(METADATA), "payload": compact({"order": order})}


def item(number: int) -> dict[str, object]:
    return {"product_id": product_id(number), "quantity": 2, "metadata": {"gift": False}}


class Raw:
    """pgbench's orders; each call goes on where the last one ended."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._variables = texts() | {"customers": BUYERS, "project": stack.project_id}
        self._next = 0

    def run(self, clients: int, seconds: int) -> float:
        self._next += 1_000_000
        variables = self._variables | {"i": self._next}
        return pgbench.transactions(self._stack, "order", variables, clients=clients, seconds=seconds)[0]


def requests(stack: Stack) -> Iterator[bytes]:
    """Yield requests that each pay another order."""
    chance = random.Random(1)
    for number in itertools.count():
        first = chance.randint(1, 990)
        body = {
            "source_id": f"http-{number}",
            "status": "PAID",
            "customer": {"id": buyer_id(chance.randint(1, BUYERS))},
            "items": [item(first + place) for place in range(ITEMS)],
            "metadata": METADATA,
        }
        yield load.request("POST", "/v1/orders", stack.headers, json.dumps(body).encode())


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure paid orders at 64 connections, raw and HTTP in turn."""
    seed(stack, "seed_buyers", BUYERS)
    raw, paid = Raw(stack), requests(stack)
    best = max(CLIENTS, key=lambda clients: raw.run(clients, 3))
    load.run(stack.address, paid, connections=CONNECTIONS, seconds=2)
    figures = []
    for _ in range(runs):
        raw_rate = raw.run(best, seconds)
        many = load.run(stack.address, paid, connections=CONNECTIONS, seconds=seconds)
        check(many)
        figures.append((raw_rate, many.rate, many.percentile(0.5), many.percentile(0.99)))
    rates = [median(figure[place] for figure in figures) for place in range(4)]
    ratio = median(http / raw_rate for raw_rate, http, _, _ in figures)
    return "Paid orders of five items", [
        (f"orders, raw, {best} clients", f"{rates[0]:.0f}/s", ""),
        ("orders over HTTP, 64 connections", f"{rates[1]:.0f}/s", ""),
        ("… of raw", f"{ratio:.0%}", "at least 50 %"),
        ("… p50, p99", f"{rates[2]:.1f} ms, {rates[3]:.1f} ms", "p99 below 10 times p50"),
    ]
