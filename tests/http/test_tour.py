"""The tour in the documents: each of its requests is made, in its order, and answers what it says."""

import json
import re
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.conftest import client_of, make_project

from troth.actions import ledger_audit
from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

TOUR = Path(__file__).parents[2] / "docs" / "tour.md"
BLOCK = re.compile(r"^```\n(\w+) (\S+)\n(.*?)→ (\d+)\n(.*?)```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One request, and what is said of its answer."""

    method: str
    path: str
    body: str
    status: str
    said: str


def steps() -> list[Step]:
    text = TOUR.read_text()
    found = [Step(*one) for one in BLOCK.findall(text)]
    assert len(found) == text.count("\n```\n") / 2, "each block is a request"
    return found


def at(answer: Any, path: str) -> Any:
    return reduce(lambda node, step: node[int(step) if step.isdecimal() else step], path.split("."), answer)


async def test_the_tour_is_true(engine: Engine, door: Door) -> None:
    project = await make_project(engine, sandbox=True, time_zone="Europe/Warsaw")
    now = engine.clock.now()
    names = {
        "TOMORROW": (now + timedelta(days=1)).isoformat(),
        "NEXT_MONTH": (now + timedelta(days=31)).isoformat(),
    }

    def filled(text: str) -> str:
        return re.sub(r"\$([A-Z_]+)", lambda name: names[name[1]], text)

    async with client_of(door, project.headers) as client:
        for step in steps():
            body = json.loads(filled(step.body)) if step.body else None
            answer = await client.request(step.method, filled(step.path), json=body)
            where = f"{step.method} {step.path}: {answer.text}"
            assert answer.status_code == int(step.status), where
            for line in step.said.splitlines():
                if " → $" in line:
                    path, name = line.split(" → $")
                    names[name] = at(answer.json(), path.strip())
                else:
                    path, wanted = line.split(": ", 1)
                    assert at(answer.json(), path.strip()) == json.loads(filled(wanted)), where
    assert [some async for _, some in ledger_audit.verify(engine, project.id) if some] == []
