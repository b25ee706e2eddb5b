"""Paid orders from HTTP to posted points, against pgbench writing the same rows, one transaction an order."""

import itertools
import json
import random
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench import load, pgbench
from bench.enrolment import CLIENTS, CONNECTIONS, Row, check, compact
from bench.points import TEXTS
from bench.stack import Stack

MEMBERS = 10_000
RULES = 10
WALLET = "lcdef_" + "0" * 31 + "1"
ITEMS = [{"source_id": f"p{number}", "price": 100 + number, "quantity": 2} for number in range(5)]


class _Club:
    """A program of ten rules, one of which an order fulfils, and 10,000 members."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._connection = HTTPConnection(*stack.address)
        rules = [self._rule(place) for place in range(RULES)]
        items = {"card_definitions": [{"id": WALLET}], "earning_rules": [{"id": one} for one in rules]}
        self.id = self._post("/v2/loyalties/programs", {"name": "Earning", "status": "ACTIVE", **items})["id"]
        seed(stack, self.id)

    def _rule(self, place: int) -> str:
        least = 0 if place == 0 else 10**9
        condition = {"name": "order.amount", "conditions": {"$more_than": [least]}}
        effect = {"type": "POINTS", "points": {"value": 10, "card_definition_id": WALLET}}
        earning = {"rules": {"1": condition, "logic": "1"}, "effects": [effect]}
        body = {"name": f"Rule {place}", "trigger": {"event": "customer.order.paid"}, "earnings": [earning]}
        made: str = self._post("/v2/loyalties/earning-rules", {**body, "status": "ACTIVE"})["id"]
        return made

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = self._stack.headers | {"Content-Type": "application/json"}
        self._connection.request("POST", path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        shown = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(shown)
        return shown


def seed(stack: Stack, program_id: str) -> None:
    """Make customers, each a member of the program with a card."""
    for statement in (pgbench.RAW / "seed_earners.sql").read_text().split(";\n"):
        if statement.strip():
            stack.sql(statement, stack.project_id, MEMBERS, program_id)
    stack.sql("VACUUM ANALYZE")
    stack.sql("CHECKPOINT")


def orders(stack: Stack) -> Iterator[bytes]:
    """Yield requests that each pay another order of five items."""
    chance = random.Random(1)
    for number in itertools.count():
        customer = {"id": f"cust_f{chance.randint(1, MEMBERS):031x}"}
        body = {"source_id": f"earn-{number}", "status": "PAID", "customer": customer, "items": ITEMS}
        yield load.request("POST", "/v1/orders", stack.headers, json.dumps(body).encode())


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure orders until their points are posted, raw and HTTP in turn."""
    _Club(stack)
    paid = orders(stack)
    load.run(stack.address, paid, connections=8, seconds=1)
    drained(stack)
    sample = stack.rows("SELECT rules FROM earning_evaluations LIMIT 1")[0][0]
    texts = TEXTS | {"rules": sample, "items": compact(ITEMS), "payload": compact({"order": ITEMS}), "members": MEMBERS}
    started = itertools.count(0, 10_000_000)

    def raw(clients: int) -> float:
        variables = texts | {"i": next(started), "project": stack.project_id}
        return pgbench.transactions(stack, "earn", variables, clients=clients, seconds=seconds)[0]

    best = max(CLIENTS, key=raw)
    seen = []
    for _ in range(runs):
        raw_rate = raw(best)
        began, began_at = time.perf_counter(), stack.sql("SELECT now()")
        result = load.run(stack.address, paid, connections=CONNECTIONS, seconds=seconds)
        drained(stack)
        rate = sum(result.statuses.values()) / (time.perf_counter() - began)
        check(result)
        seen.append((raw_rate, rate, longest_lag(stack, began_at)))
    raw_rate, rate, lag = (median(figures[place] for figures in seen) for place in range(3))
    return "Earning", [
        (f"orders that earn, raw, {best} clients", f"{raw_rate:.0f}/s", ""),
        (f"orders over HTTP to posted points, {RULES} rules, {CONNECTIONS} connections", f"{rate:.0f}/s", ""),
        ("… of raw", f"{median(one[1] / one[0] for one in seen):.0%}", "at least 30 %, stretch 80 %"),
        ("… longest time from an order to its evaluation", f"{lag:.1f} s", "below 2 s"),
    ]


def longest_lag(stack: Stack, began_at: object) -> float:
    """Return how many seconds after it happened the trigger was evaluated that waited longest since an instant."""
    longest = (
        "SELECT extract(epoch FROM max(created_at - occurred_at)) FROM earning_evaluations WHERE occurred_at >= $1"
    )
    return float(str(stack.sql(longest, began_at)))


def drained(stack: Stack) -> None:
    """Wait until no trigger waits any more."""
    while stack.sql("SELECT EXISTS (SELECT FROM triggers)"):
        time.sleep(0.02)
