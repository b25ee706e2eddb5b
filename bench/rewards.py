"""Buying rewards, spread over members, and one reward of limited stock, against the database doing the same."""

import itertools
import json
import random
from collections.abc import Iterator
from statistics import median

from bench import load, pgbench
from bench.enrolment import CLIENTS, CONNECTIONS, READERS, SEEDED_PROGRAM, Row, check, compact, seed
from bench.points import TEXTS
from bench.stack import Stack

UNLIMITED, LIMITED = ("lrew_" + f"{number:032x}" for number in (1, 2))
PAID = {
    "reason": "Club / Mug",
    "points": {"total": 10},
    "reward": {"id": UNLIMITED},
    "reward_transaction": {"id": "lrtx_" + "0" * 32},
    "metadata": {},
}
RESULT = {"reward": {"id": UNLIMITED, "type": "MATERIAL"}, "quantity": 1, "material": None, "digital": None}
BOUGHT = {"reason": "Club / Mug", "rejection": None, "metadata": {}, "points": {"total": 10}, "result": RESULT}
GOODS = {"material": {"type": "PRODUCT", "product": {"id": "prod_1"}}}


def purchases(stack: Stack, reward_id: str, chance: random.Random) -> Iterator[bytes]:
    """Yield purchases of a reward by seeded members."""
    body = json.dumps({"reward_id": reward_id}).encode()
    path = f"/v2/loyalties/programs/{SEEDED_PROGRAM}/members"
    for _ in itertools.count():
        member = f"{path}/lmbr_f{chance.randint(1, READERS):031x}"
        yield load.request("POST", f"{member}/rewards/purchases", stack.headers, body)


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure purchases at 64 connections; raw, of any number, and of limited stock, in turn.

    The stack has no worker: what is bought is issued in neither of the two.
    """
    seed(stack, "seed_readers", READERS)
    seed(stack, "seed_shop", READERS)
    chance = random.Random(1)
    spread, hot = purchases(stack, UNLIMITED, chance), purchases(stack, LIMITED, chance)
    started = itertools.count(0, 10_000_000)

    def raw(clients: int) -> float:
        variables = TEXTS | {
            "i": next(started), "members": READERS, "project": stack.project_id, "program": SEEDED_PROGRAM,
            "reward": UNLIMITED, "paid": compact(PAID), "details": compact(BOUGHT), "goods": compact(GOODS),
        }  # fmt: skip
        return pgbench.transactions(stack, "purchase", variables, clients=clients, seconds=seconds)[0]

    best = max(CLIENTS, key=raw)
    load.run(stack.address, spread, connections=CONNECTIONS, seconds=2)
    seen: list[dict[str, float]] = []
    for _ in range(runs):
        figures = {"raw": raw(best)}
        for name, requests in (("spread", spread), ("hot", hot)):
            result = load.run(stack.address, requests, connections=CONNECTIONS, seconds=seconds)
            check(result, 202)
            figures |= {name: result.rate, f"{name} p99": result.percentile(0.99)}
        seen.append(figures)

    def mid(name: str) -> float:
        return median(figures[name] for figures in seen)

    def ratio(above: str, below: str) -> float:
        return median(figures[above] / figures[below] for figures in seen)

    return "Rewards", [
        (f"purchases, raw, {best} clients", f"{mid('raw'):.0f}/s", ""),
        (
            "purchases over HTTP, spread over 50,000 members",
            f"{mid('spread'):.0f}/s, p99 {mid('spread p99'):.0f} ms",
            "",
        ),
        ("… of raw", f"{ratio('spread', 'raw'):.0%}", "at least 70 %"),
        ("one reward of limited stock over HTTP", f"{mid('hot'):.0f}/s, p99 {mid('hot p99'):.0f} ms", ""),
        ("… of spread", f"{ratio('hot', 'spread'):.0%}", "at least 70 %"),
    ]
