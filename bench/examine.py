"""Examining earning rules: one rule and one item, against a hundred rules and fifty items."""

import json
import time
from dataclasses import replace
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench.enrolment import Row
from bench.stack import Stack, new_project

FEW, MANY = (1, 1), (100, 50)
SAMPLES = 200
AT_ONCE = 10


def speed(stack: Stack, runs: int) -> tuple[str, list[Row]]:
    """Measure both at one connection, in turn."""
    projects = {sizes: project(stack, *sizes) for sizes in (FEW, MANY)}
    figures: dict[tuple[int, int], list[float]] = {FEW: [], MANY: []}
    for _ in range(runs):
        for sizes, (one, body) in projects.items():
            figures[sizes].append(milliseconds(one, body))
    few, many = median(figures[FEW]), median(figures[MANY])
    ratio = median(large / small for small, large in zip(figures[FEW], figures[MANY], strict=True))
    return "Examining earning rules", [
        ("1 rule and 1 item; 100 rules and 50 items", f"{few:.2f} ms; {many:.2f} ms", ""),
        ("… ratio", f"{ratio:.2f} times", "at most 5 times"),
    ]


def project(stack: Stack, rules: int, items: int) -> tuple[Stack, dict[str, Any]]:
    """Make a project with a program of so many rules and one member; return it, and an order that meets them all."""
    project_id, headers = new_project(stack.database_url, f"{rules} rules")
    one = replace(stack, project_id=project_id, headers=headers)
    wallet = send(one, "/v2/loyalties/card-definitions", {"name": "Points", "type": "INDIVIDUAL", "status": "ACTIVE"})
    ids = [send(one, "/v2/loyalties/earning-rules", rule(number, wallet["id"]))["id"] for number in range(rules)]
    program = {
        "name": "Club",
        "status": "ACTIVE",
        "card_definitions": [{"id": wallet["id"]}],
        "earning_rules": [{"id": id_} for id_ in ids[:AT_ONCE]],
    }
    made = send(one, "/v2/loyalties/programs", program)
    path = f"/v2/loyalties/programs/{made['id']}"
    for first in range(AT_ONCE, rules, AT_ONCE):
        batch = {"assign": [{"id": id_} for id_ in ids[first : first + AT_ONCE]]}
        send(one, f"{path}/earning-rules/batch", batch)
    customer = send(one, "/v1/customers", {"metadata": {"level": "gold"}})
    send(one, f"{path}/members", {"customer_id": customer["id"]})
    lines = [{"source_id": f"P-{number}", "price": 100 + number, "quantity": 2} for number in range(items)]
    return one, {
        "trigger": {"type": "SPECIFIC", "specific": {"event": "customer.order.paid"}},
        "customer_identification": {"type": "customer_id", "customer_id": customer["id"]},
        "customer_order_paid": {"order": {"items": lines, "metadata": {"channel": "web"}}},
    }


def rule(number: int, wallet_id: str) -> dict[str, Any]:
    """Return an earning rule that asks about the order, its items and the customer, and gives points in two ways."""
    price = {"name": "order.items.price", "conditions": {"$more_than": [number]}}
    named = {"$in": [f"P-{number % 50}", "P-0"]}
    rules = {
        "logic": "1 and (2 or 3)",
        "1": {"name": "order.amount", "conditions": {"$more_than": [number]}},
        "2": {"name": "order.items.any", "conditions": named, "rules": {"logic": "1", "1": price}},
        "3": {"name": "customer.metadata", "property": "level", "conditions": {"$is": ["gold"]}},
    }
    per_euro = {"order": {"total_amount": {"every": 100, "value": 1}}, "card_definition_id": wallet_id}
    proportional = {"calculation_type": "POST_DISCOUNT_ORDER_AMOUNT", **per_euro}
    effects = [
        {"type": "POINTS", "points": {"value": 10, "card_definition_id": wallet_id}},
        {"type": "POINTS_PROPORTIONAL", "points_proportional": proportional},
    ]
    return {
        "name": f"Rule {number}",
        "status": "ACTIVE",
        "trigger": {"event": "customer.order.paid"},
        "earnings": [{"rules": rules, "effects": effects}],
    }


def milliseconds(stack: Stack, body: dict[str, Any]) -> float:
    """Return the median milliseconds of an examination at one connection."""
    connection = HTTPConnection(*stack.address)
    durations = []
    for _ in range(SAMPLES):
        started = time.perf_counter()
        send(stack, "/v2/loyalties/examine/earning-rules", body, connection)
        durations.append((time.perf_counter() - started) * 1000)
    return median(durations)


def send(stack: Stack, path: str, body: Any, connection: HTTPConnection | None = None) -> Any:
    """Post a body and return the answer, once it is a success."""
    connection = connection or HTTPConnection(*stack.address)
    connection.request("POST", path, json.dumps(body), stack.headers | {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {text.decode()}")
    return json.loads(text)
