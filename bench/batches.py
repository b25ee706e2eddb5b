"""Enrolment in batches, against the same enrolments over HTTP one by one."""

import json
import time
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench import load
from bench.enrolment import CONNECTIONS, Row, anew, check
from bench.stack import PROGRAMS, Stack, customer_id, program_id

ENTRIES = 50_000
PAUSE_SECONDS = 0.05


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure batches from their request to their end, and requests of one enrolment each, in turn."""
    requests = anew(stack)
    figures = []
    for run in range(runs):
        one_by_one = load.run(stack.address, requests, connections=CONNECTIONS, seconds=seconds)
        check(one_by_one)
        figures.append((batch(stack, program_id(PROGRAMS - 2 - run)), one_by_one.rate))
    return "Enrolment in batches", [
        (f"a batch of {ENTRIES:,} entries", f"{median(rate for rate, _ in figures):.0f}/s", ""),
        (
            "… of the rate over HTTP",
            f"{median(rate / other for rate, other in figures):.1f} times",
            "at least 1.2 times",
        ),
    ]


def batch(stack: Stack, program: str) -> float:
    """Enrol customers by one request and return how many a second, until its async action is over."""
    started = time.perf_counter()
    entries = [{"customer_id": customer_id(number)} for number in range(1, ENTRIES + 1)]
    action_id = _asked(stack, "POST", f"/v2/loyalties/programs/{program}/members/batch", entries)["async_action_id"]
    while (action := _asked(stack, "GET", f"/v1/async-actions/{action_id}"))["status"] != "DONE":
        time.sleep(PAUSE_SECONDS)
    if action["result"]["done_count"] != ENTRIES:
        raise RuntimeError(f"not all entries succeeded: {action['result']}")
    return ENTRIES / (time.perf_counter() - started)


def _asked(stack: Stack, method: str, path: str, body: object = None) -> dict[str, Any]:
    connection = HTTPConnection(*stack.address)
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, stack.headers | {"Content-Type": "application/json"})
    answer = connection.getresponse()
    shown: dict[str, Any] = json.loads(answer.read())
    connection.close()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status} {shown}")
    return shown
