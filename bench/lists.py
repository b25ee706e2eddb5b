"""Lists that grow: the first page against the 10,000th, at one connection."""

import json
import time
from hashlib import md5
from http.client import HTTPConnection
from statistics import median

from bench.enrolment import SEEDED_PROGRAM, Row
from bench.stack import Stack

FAR = 10_000
SAMPLES = 200
MEMBERS = f"/v2/loyalties/programs/{SEEDED_PROGRAM}/members"
FIRST = md5(b"1", usedforsecurity=False).hexdigest()
FIRST_MEMBER = f"{MEMBERS}/lmbr_{FIRST}"


def depth(stack: Stack) -> tuple[str, list[Row]]:
    """Measure lists of the seeded program from their first page to their 10,000th."""
    rows: list[Row] = []
    for name, path in {
        "members of a program": MEMBERS,
        "activities of a member": f"{FIRST_MEMBER}/activities",
        "transactions of a card": f"{FIRST_MEMBER}/cards/lcrd_1{FIRST}/transactions",
    }.items():
        near, far = walk(stack, path)
        rows += [
            (f"{name}: page 1, page {FAR:,}", f"{near:.2f} ms, {far:.2f} ms", ""),
            ("… ratio", f"{far / near:.2f}", "at most 1.3"),
        ]
    return "Depth of lists", rows


def walk(stack: Stack, path: str) -> tuple[float, float]:
    """Return the median milliseconds of the first page and of those from the 10,000th on, asked for in turn."""
    connection = HTTPConnection(*stack.address)
    cursor = None
    for _ in range(FAR):
        cursor, _ = page(connection, stack, path, cursor)
    near: list[float] = []
    far: list[float] = []
    for _ in range(SAMPLES):
        near.append(page(connection, stack, path, None)[1])
        cursor, milliseconds = page(connection, stack, path, cursor)
        far.append(milliseconds)
    return median(near), median(far)


def page(connection: HTTPConnection, stack: Stack, path: str, cursor: str | None) -> tuple[str, float]:
    """Ask for one page of ten; return the next page's cursor and the milliseconds it took."""
    started = time.perf_counter()
    connection.request("GET", path + (f"?cursor={cursor}" if cursor else ""), headers=stack.headers)
    body = connection.getresponse().read()
    milliseconds = (time.perf_counter() - started) * 1000
    return json.loads(body)["cursor"]["next"], milliseconds
