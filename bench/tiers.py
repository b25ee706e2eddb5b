"""A night that re-evaluates tiers, and memberships with their tier progress, against the database doing the same."""

import itertools
import random
import time
from statistics import median

from bench import load, pgbench
from bench.enrolment import CONNECTIONS, SEEDED_PROGRAM, Row, check, seed
from bench.points import settled
from bench.stack import Stack

READ_BY = (4, 16)


def night(stack: Stack, members: int) -> tuple[str, list[Row]]:
    """Measure the night on which `members` members lose a tier, raw and by our work."""
    taken = {}
    for name in ("raw", "ours"):
        stack.sql("TRUNCATE enrolments, members, cards, tier_states, tier_transactions, outbox")
        seed(stack, "seed_tiers", members)
        if name == "raw":
            began = time.perf_counter()
            stack.sql((pgbench.RAW / "night_tiers.sql").read_text(), stack.project_id)
            taken[name] = time.perf_counter() - began
        else:
            taken[name] = settled(stack)
        lost = stack.sql("SELECT count(*) FROM tier_transactions WHERE type = 'DOWNGRADED'")
        if lost != members:
            raise RuntimeError(f"{lost} members have lost their tier")
    return "A night of tiers", [
        (f"{members:,} members lose a tier, bare SQL", f"{taken['raw']:.1f} s", ""),
        ("… evaluated by one worker", f"{taken['ours']:.1f} s", ""),
        ("… ratio", f"{taken['ours'] / taken['raw']:.1f} times", "at most 6, stretch 3"),
    ]


def reading(stack: Stack, members: int, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure reading the memberships that `night` has left; raw and over HTTP in turn."""
    numbers = list(range(1, members + 1))
    random.Random(1).shuffle(numbers)
    path = f"/v2/loyalties/programs/{SEEDED_PROGRAM}/memberships/cust_a"
    reads = itertools.cycle([load.request("GET", f"{path}{number:031x}", stack.headers) for number in numbers[:50_000]])
    readers: dict[str, object] = {"project": stack.project_id, "members": members, "program": SEEDED_PROGRAM}
    load.run(stack.address, reads, connections=CONNECTIONS, seconds=2)
    seen: list[tuple[float, float]] = []
    for _ in range(runs):
        raw = max(
            pgbench.transactions(stack, "get_membership", readers, clients=clients, seconds=seconds // 2 + 1)[0]
            for clients in READ_BY
        )
        result = load.run(stack.address, reads, connections=CONNECTIONS, seconds=seconds)
        check(result)
        seen.append((raw, result.rate))
    return "Memberships", [
        ("membership with tier progress, raw, best of 4 and 16 clients", f"{median(raw for raw, _ in seen):.0f}/s", ""),
        ("… over HTTP, 64 connections", f"{median(ours for _, ours in seen):.0f}/s", ""),
        ("… of raw", f"{median(ours / raw for raw, ours in seen):.0%}", "at least 30 %"),
    ]
