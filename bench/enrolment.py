"""Enrolment and reading a member, against pgbench doing the same reads and inserts."""

import itertools
import json
import random
from collections.abc import Iterator
from statistics import median

from bench import load, pgbench
from bench.stack import CUSTOMERS, PROGRAMS, Stack, customer_id, program_id

Row = tuple[str, str, str]


def compact(value: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


CLIENTS = (4, 8, 16, 32)
CONNECTIONS = 64
READERS = 50_000
SEEDED_PROGRAM = program_id(PROGRAMS - 1)
"""The program whose members are inserted, not enrolled."""

POINTS = [
    "total",
    "earned",
    "added",
    "purchased",
    "purchased_reversed",
    "subtracted",
    "expired",
    "spent",
    "refunded",
    "returned",
    "locked",
    "unlocked",
]
CARD = {
    "id": "lcrd_" + "0" * 32,
    "card_definition_id": "lcdef_" + "0" * 31 + "1",
    "card_type": "INDIVIDUAL",
    "code": None,
    "lifetime_bucket": {
        "points": dict.fromkeys(POINTS, 0),
        "pending_points": {"total": 0, "activated": 0, "canceled": 0},
    },
    "balance": {"points": 0, "pending_points": 0},
    "next_expiration": None,
    "next_activation": None,
    "object": "card",
}
MEMBER = {
    "id": "lmbr_" + "0" * 32,
    "customer_id": "cust_" + "0" * 32,
    "program_id": "lprg_" + "0" * 32,
    "status": "ACTIVE",
    "metadata": {},
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": None,
    "object": "member",
}
OWNED = {"member_role": "OWNER", "created_at": MEMBER["created_at"], "card": CARD, "object": "member_card"}
TEXTS: dict[str, object] = {
    "member": compact({"member": MEMBER}),
    "card": compact({"card": CARD}),
    "membercard": compact({"member_card": OWNED}),
    "assigned": compact({"member_id": MEMBER["id"], "role": "OWNER"}),
    "source": compact({"channel": "API", "api_key": {"name": "Admin", "app_id": "0" * 36}}),
    "definition": CARD["card_definition_id"],
}
"""What pgbench writes: texts as long as those of the API."""


class Raw:
    """pgbench's enrolments; each call goes on where the last one ended."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._next = 0

    def run(self, clients: int, seconds: int) -> tuple[float, float]:
        variables = TEXTS | {"i": self._next, "customers": CUSTOMERS, "project": self._stack.project_id}
        self._next += CUSTOMERS
        return pgbench.transactions(self._stack, "enrol", variables, clients=clients, seconds=seconds)


def enrolments(stack: Stack) -> Iterator[bytes]:
    """Yield requests that each enrol another customer."""
    bodies = [json.dumps({"customer_id": customer_id(number)}).encode() for number in range(1, CUSTOMERS + 1)]
    for program in range(PROGRAMS - 1):
        path = f"/v2/loyalties/programs/{program_id(program)}/members"
        for body in bodies:
            yield load.request("POST", path, stack.headers, body)


def anew(stack: Stack) -> Iterator[bytes]:
    """Forget all members, and yield the enrolments from their first on."""
    stack.sql("TRUNCATE enrolments, members, cards, card_codes, member_activities, card_transactions, outbox")
    return enrolments(stack)


def readings(stack: Stack) -> Iterator[bytes]:
    """Yield requests that each read one of the members that pgbench reads too."""
    numbers = list(range(1, READERS + 1))
    random.Random(1).shuffle(numbers)
    path = f"/v2/loyalties/programs/{SEEDED_PROGRAM}/members/lmbr_f"
    return itertools.cycle([load.request("GET", f"{path}{number:031x}", stack.headers) for number in numbers])


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure enrolment at 64 connections and at one, and reading; raw and HTTP in turn."""
    raw, requests, reads = Raw(stack), enrolments(stack), readings(stack)
    seed(stack, "seed_readers", READERS)
    best = max(CLIENTS, key=lambda clients: raw.run(clients, 3)[0])
    load.run(stack.address, requests, connections=CONNECTIONS, seconds=2)
    readers: dict[str, object] = {"project": stack.project_id, "members": READERS}
    one: list[dict[str, float]] = []
    for _ in range(runs):
        figures = {"raw": raw.run(best, seconds)[0]}
        many = load.run(stack.address, requests, connections=CONNECTIONS, seconds=seconds)
        figures |= {"http": many.rate, "p50": many.percentile(0.5), "p99": many.percentile(0.99)}
        figures["raw_latency"] = raw.run(1, seconds)[1]
        figures["latency"] = load.run(stack.address, requests, connections=1, seconds=seconds).percentile(0.5)
        check(many)
        figures["raw_get"] = max(
            pgbench.transactions(stack, "get_member", readers, clients=clients, seconds=seconds // 2 + 1)[0]
            for clients in (4, 16)
        )
        figures["get"] = load.run(stack.address, reads, connections=CONNECTIONS, seconds=seconds).rate
        one.append(figures)

    def mid(name: str) -> float:
        return median(figures[name] for figures in one)

    def ratio(above: str, below: str) -> float:
        return median(figures[above] / figures[below] for figures in one)

    return "Enrolment and reading", [
        (f"enrolment, raw, {best} clients", f"{mid('raw'):.0f}/s", ""),
        ("enrolment over HTTP, 64 connections", f"{mid('http'):.0f}/s", ""),
        ("… of raw", f"{ratio('http', 'raw'):.0%}", "at least 90 %, stretch 150 %"),
        ("… p50, p99", f"{mid('p50'):.1f} ms, {mid('p99'):.1f} ms", "p99 below 10 times p50"),
        ("one connection: raw, HTTP", f"{mid('raw_latency'):.2f} ms, {mid('latency'):.2f} ms", ""),
        ("… ratio", f"{ratio('latency', 'raw_latency'):.1f} times", "at most 4 times"),
        ("get member with two cards, raw, best of 4 and 16 clients", f"{mid('raw_get'):.0f}/s", ""),
        ("get member over HTTP, 64 connections", f"{mid('get'):.0f}/s", ""),
        ("… of raw", f"{ratio('get', 'raw_get'):.0%}", "at least 40 %"),
    ]


def growth(stack: Stack, runs: int, seconds: int, members: int) -> tuple[str, list[Row]]:
    """Measure enrolment with some 10,000 members, then with `members` more."""
    small, large = [], []
    requests = anew(stack)
    load.run(stack.address, itertools.islice(requests, 10_000), connections=CONNECTIONS, seconds=600)
    small = [load.run(stack.address, requests, connections=CONNECTIONS, seconds=seconds).rate for _ in range(runs)]
    seed(stack, "seed_members", members)
    load.run(stack.address, requests, connections=CONNECTIONS, seconds=2)
    large = [load.run(stack.address, requests, connections=CONNECTIONS, seconds=seconds).rate for _ in range(runs)]
    count = stack.sql("SELECT count(*) FROM members")
    return "Growth", [
        ("enrolment from 10,000 members on", f"{median(small):.0f}/s", ""),
        (f"enrolment at {count:,} members", f"{median(large):.0f}/s", ""),
        ("… cost", f"{median(small) / median(large):.2f} times", "at most 1.3 times"),
    ]


def seed(stack: Stack, script: str, members: int) -> None:
    """Run the statements of a script that inserts members."""
    for statement in (pgbench.RAW / f"{script}.sql").read_text().split(";\n"):
        if statement.strip():
            stack.sql(statement, stack.project_id, members, SEEDED_PROGRAM)
    stack.sql("VACUUM ANALYZE")
    stack.sql("CHECKPOINT")


def check(result: load.Result, status: int = 200) -> None:
    """Fail where not every request was answered with a status: a fast refusal is no enrolment."""
    if set(result.statuses) != {status}:
        raise RuntimeError(f"not all requests succeeded: {result.statuses}")
