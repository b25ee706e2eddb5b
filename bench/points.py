"""Adjusting points, spread and on one hot card, and a night of expiring points, against the database doing the same."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import uvloop

from bench import load, pgbench
from bench.enrolment import CLIENTS, CONNECTIONS, READERS, SEEDED_PROGRAM, Row, check, compact, seed
from bench.stack import Stack
from troth.actions.settling import settle_due
from troth.assemble import engine_at
from troth.core.expiration import NO_EXPIRATION
from troth.core.ledger.buckets import expiration_key
from troth.settings import Settings

DETAILS = compact(
    {
        "reason": None,
        "points": {"total": 10, "expiration_date": None, "expiration_type": "NO_EXPIRATION"},
        "metadata": {},
    }
)
TEXTS: dict[str, object] = {
    "details": DETAILS,
    "source": compact({"channel": "API", "api_key": {"name": "Admin", "app_id": "0" * 36}}),
    "definition": "lcdef_" + "0" * 31 + "1",
    "key": expiration_key(NO_EXPIRATION),
}
RATE_BESIDE = 200
BODY = json.dumps({"points": 10}).encode()


def adjustments(stack: Stack, numbers: Iterator[int]) -> Iterator[bytes]:
    """Yield credits of 10 points on the cards of numbered members."""
    path = f"/v2/loyalties/programs/{SEEDED_PROGRAM}/members"
    for number in numbers:
        card = f"{path}/lmbr_f{number:031x}/cards/lcrd_f1{number:030x}"
        yield load.request("POST", f"{card}/points", stack.headers, BODY)


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure credits at 64 connections; raw, spread over cards, and all on one card, in turn."""
    seed(stack, "seed_readers", READERS)
    chance = random.Random(1)
    spread = adjustments(stack, (chance.randint(1, READERS) for _ in itertools.count()))
    hot = adjustments(stack, itertools.repeat(1))
    started = itertools.count(0, 10_000_000)

    def raw(clients: int) -> float:
        variables = TEXTS | {"i": next(started), "members": READERS, "project": stack.project_id}
        return pgbench.transactions(stack, "adjust", variables, clients=clients, seconds=seconds)[0]

    best = max(CLIENTS, key=raw)
    load.run(stack.address, spread, connections=CONNECTIONS, seconds=2)
    seen: list[dict[str, float]] = []
    for _ in range(runs):
        figures = {"raw": raw(best)}
        for name, requests in (("spread", spread), ("hot", hot)):
            result = load.run(stack.address, requests, connections=CONNECTIONS, seconds=seconds)
            check(result)
            figures |= {name: result.rate, f"{name} p99": result.percentile(0.99)}
        seen.append(figures)

    def mid(name: str) -> float:
        return median(figures[name] for figures in seen)

    def ratio(above: str, below: str) -> float:
        return median(figures[above] / figures[below] for figures in seen)

    return "Points", [
        (f"credits, raw, {best} clients", f"{mid('raw'):.0f}/s", ""),
        ("credits over HTTP, spread over 50,000 cards", f"{mid('spread'):.0f}/s, p99 {mid('spread p99'):.0f} ms", ""),
        ("… of raw", f"{ratio('spread', 'raw'):.0%}", "at least 80 %, stretch 200 %"),
        ("credits over HTTP, all on one card", f"{mid('hot'):.0f}/s, p99 {mid('hot p99'):.0f} ms", ""),
        ("… of spread", f"{ratio('hot', 'spread'):.0%}", "at least 80 %"),
    ]


def night(stack: Stack, members: int) -> tuple[str, list[Row]]:
    """Measure the night of `members` cards with five buckets each that have had their last day, raw and by our work."""
    taken = {}
    for name in ("raw", "ours"):
        stack.sql("TRUNCATE members, cards, card_transactions, postings, points_buckets, outbox")
        seed(stack, "seed_night", members)
        if name == "raw":
            began = time.perf_counter()
            stack.sql((pgbench.RAW / "night.sql").read_text(), stack.project_id, DETAILS)
            taken[name] = time.perf_counter() - began
        else:
            taken[name] = settled(stack)
        left = stack.sql("SELECT count(*) FROM points_buckets WHERE status = 'ACTIVE'")
        if left:
            raise RuntimeError(f"{left} buckets are still there")
    alone, beside = _beside(stack, members)
    return "A night", [
        (f"{members * 5:,} buckets on {members:,} cards, bare SQL", f"{taken['raw']:.1f} s", ""),
        ("… settled by one worker", f"{taken['ours']:.1f} s", ""),
        ("… ratio", f"{taken['ours'] / taken['raw']:.1f} times", "at most 6, stretch 3"),
        (f"{RATE_BESIDE} credits a second over HTTP, p99 without a night", f"{alone.percentile(0.99):.0f} ms", ""),
        ("… beside the night", f"{beside.percentile(0.99):.0f} ms", ""),
    ]


def _beside(stack: Stack, members: int) -> tuple[load.Result, load.Result]:
    """Credit other cards, at a rate that leaves room, before and while a process of its own does a night's work."""
    seed(stack, "seed_readers", READERS)
    stack.sql("TRUNCATE card_transactions, postings, points_buckets, outbox")
    stack.sql("DELETE FROM cards WHERE id LIKE 'lcrd\\_e%'")
    stack.sql("DELETE FROM members WHERE id LIKE 'lmbr\\_e%'")
    seed(stack, "seed_night", members)
    chance = random.Random(2)
    spread = adjustments(stack, (chance.randint(1, READERS) for _ in itertools.count()))
    alone = load.paced(stack.address, spread, connections=CONNECTIONS, seconds=5, rate=RATE_BESIDE)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        settling = process.submit(_settle, stack.database_url, stack.project_id)
        while_it_runs = itertools.takewhile(lambda _: not settling.done(), spread)
        beside = load.paced(stack.address, while_it_runs, connections=CONNECTIONS, seconds=600, rate=RATE_BESIDE)
        settling.result()
    check(alone)
    check(beside)
    return alone, beside


def settled(stack: Stack) -> float:
    """Do what is due in a project, as one worker in a process of its own does; return the seconds."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_settle, stack.database_url, stack.project_id).result()


def _settle(database_url: str, project_id: str) -> float:
    async def run() -> float:
        async with engine_at(database_url, Settings()) as engine:
            began = time.perf_counter()
            while (await settle_due(engine, project_id, engine.clock.now())).more:
                pass
            return time.perf_counter() - began

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
