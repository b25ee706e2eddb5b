"""A change of a customer where it is looked at for one segment, against where it is for a hundred."""

import itertools
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench import load
from bench.enrolment import CONNECTIONS, Row
from bench.stack import CUSTOMERS, Stack, new_project

FEW, MANY = 1, 100
CHANGED = 1_000
SAMPLES = 200


def filters() -> Iterator[dict[str, Any]]:
    """Yield filters of several kinds; a customer whose level goes up and down crosses the first with every change."""
    yield asked(**{"metadata.level": {"$is": [0]}})
    for number in itertools.count(1):
        yield (
            asked(**{"metadata.level": {"$more_than": [number + 1]}, "name": {"$has_value": []}}),
            asked(name={"$contains": [f"customer {number}x"]}, email={"$ends_with": ["@example.org"]}),
            asked(created_at={"$more_than": [number]}, **{"address.city": {"$is": ["Oslo", "Rome"]}}),
            asked(**{"metadata.tags": {"$in": [f"tag {number}"]}, "metadata.vip": {"$is": [True]}}),
        )[number % 4]


def asked(**fields: dict[str, Any]) -> dict[str, Any]:
    """Return a filter in which all of the fields must hold."""
    return {"junction": "and"} | {name: {"conditions": one} for name, one in fields.items()}


def speed(stack: Stack, runs: int, seconds: int) -> tuple[str, list[Row]]:
    """Measure changes of customers in two projects, in turn."""
    projects = {count: project(stack, count) for count in (FEW, MANY)}
    alone: dict[int, list[float]] = {FEW: [], MANY: []}
    loaded: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(runs):
        for count, one in projects.items():
            alone[count].append(milliseconds(one))
            result = load.run(one.address, changes(one), connections=CONNECTIONS, seconds=seconds)
            loaded[count].append(result.rate)
    few, many = (median(alone[count]) for count in (FEW, MANY))
    few_rate, many_rate = (median(loaded[count]) for count in (FEW, MANY))
    return "Customers and segments", [
        (f"a change of a customer: {FEW} segment, {MANY} segments", f"{few:.2f} ms, {many:.2f} ms", ""),
        ("… ratio", f"{many / few:.2f} times", "at most 3 times"),
        (f"… over {CONNECTIONS} connections", f"{few_rate:.0f}/s, {many_rate:.0f}/s", ""),
        ("… ratio", f"{few_rate / many_rate:.2f} times", "at most 3 times"),
        (f"a segment made that holds {CUSTOMERS:,} customers", f"{made_up(stack):.1f} s", ""),
    ]


def made_up(stack: Stack) -> float:
    """Return the seconds that it takes to make a segment of all customers of the stack."""
    everybody = asked(created_at={"$less_than": [36_500]}, name={"$is_unknown": []})
    started = time.perf_counter()
    send(stack, "POST", "/v1/segments", {"name": "All", "type": "passive", "filter": everybody})
    return time.perf_counter() - started


def project(stack: Stack, count: int) -> Stack:
    """Return the stack as a new project sees it, that has so many segments, and customers who are in none of them."""
    project_id, headers = new_project(stack.database_url, f"{count} segments")
    one = replace(stack, project_id=project_id, headers=headers)
    for asked_for in itertools.islice(filters(), count):
        send(one, "POST", "/v1/segments", {"name": "Bench", "type": "passive", "filter": asked_for})
    metadata = {"level": 1, "tags": ["tag 0"], "vip": True}
    for number in range(CHANGED):
        body = {
            "source_id": f"{number}",
            "name": f"Customer {number}",
            "address": {"city": "Oslo"},
            "metadata": metadata,
        }
        send(one, "POST", "/v1/customers", body)
    return one


def send(stack: Stack, method: str, path: str, body: Any, connection: HTTPConnection | None = None) -> None:
    """Send a request and wait for its success."""
    connection = connection or HTTPConnection(*stack.address)
    connection.request(method, path, json.dumps(body), stack.headers | {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {text.decode()}")


def milliseconds(stack: Stack) -> float:
    """Return the median milliseconds of a change at one connection."""
    connection = HTTPConnection(*stack.address)
    durations = []
    for number in range(SAMPLES):
        started = time.perf_counter()
        send(stack, "PUT", "/v1/customers/0", {"metadata": {"level": number % 2}}, connection)
        durations.append((time.perf_counter() - started) * 1000)
    return median(durations)


def changes(stack: Stack) -> Iterator[bytes]:
    """Yield changes of customers without end."""
    source = random.Random(1)
    for number in itertools.count():
        body = json.dumps({"metadata": {"level": number % 2}}).encode()
        yield load.request("PUT", f"/v1/customers/{source.randrange(CHANGED)}", stack.headers, body)
