"""`troth jobs`: what is put aside, and how it is tried again."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from troth.actions import access
from troth.cli import jobs

Command = Callable[..., Result]
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def command(opener: Any) -> Command:
    app = typer.Typer()
    app.add_typer(jobs.app, name="jobs")

    def invoked(*words: str) -> Result:
        return CliRunner().invoke(app, ["jobs", *words], obj=opener, env={"NO_COLOR": "1", "COLUMNS": "200"})

    return invoked


@pytest.fixture
def project_id(opener: Any) -> str:
    """A project with three parked triggers."""

    async def make() -> str:
        async with opener() as engine:
            project, _ = await access.create_project(engine, "Shop")
            async with engine.database.connection() as connection:
                await connection.execute(
                    "INSERT INTO parked_triggers SELECT 'lmbr_' || $1, seq, $1, 'customer.order.paid', 'ord_' || seq,"
                    " $2, '{}', 5, 'ValueError: [red]', $2::timestamptz + seq * interval '1 second'"
                    " FROM generate_series(1, 3) AS seq",
                    project.id,
                    MOMENT,
                )
            return str(project.id)

    return asyncio.run(make())


def waiting(opener: Any, project_id: str) -> list[tuple[str, int]]:
    async def look() -> list[tuple[str, int]]:
        async with opener() as engine, engine.database.connection() as connection:
            rows = await connection.fetch("SELECT subject_id, seq FROM triggers WHERE project_id = $1", project_id)
            return [tuple(row) for row in rows]

    return asyncio.run(look())


def listed(command: Command, *words: str) -> list[dict[str, Any]]:
    result = command("list", "--json", *words)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_what_is_put_aside_is_listed(command: Command, project_id: str) -> None:
    rows = listed(command, "--project", project_id)
    assert [one["job"] for one in rows] == [f"lmbr_{project_id}:{seq}" for seq in (3, 2, 1)]
    assert rows[2] == {
        "job": f"lmbr_{project_id}:1",
        "member_id": f"lmbr_{project_id}",
        "seq": 1,
        "project_id": project_id,
        "kind": "customer.order.paid",
        "subject_id": "ord_1",
        "occurred_at": "2026-01-02T03:04:05.000Z",
        "failures": 5,
        "failure": "ValueError: [red]",
        "parked_at": "2026-01-02T03:04:06.000Z",
    }
    assert len(listed(command, "--project", project_id, "--limit", "2")) == 2
    assert {project_id} <= {one["project_id"] for one in listed(command)}
    table = command("list", "--project", project_id).stdout
    assert all(f"lmbr_{project_id}:{seq}" in table for seq in (1, 2, 3))
    assert "ValueError: [red]" in table
    assert command("list", "--project", "proj_0").stdout == "Nothing is put aside.\n"


def test_named_jobs_are_tried_again(command: Command, opener: Any, project_id: str) -> None:
    result = command("retry", f"lmbr_{project_id}:1", f"lmbr_{project_id}:3")
    assert (result.exit_code, result.stdout) == (0, "2 of 2 jobs are tried again\n")
    assert sorted(waiting(opener, project_id)) == [("ord_1", 1), ("ord_3", 3)]
    again = command("retry", f"lmbr_{project_id}:1", f"lmbr_{project_id}:2")
    assert (again.exit_code, again.stdout) == (1, "1 of 2 jobs are tried again\n")
    assert listed(command, "--project", project_id) == []


def test_all_jobs_of_a_project_are_tried_again(command: Command, opener: Any, project_id: str) -> None:
    result = command("retry", "--all", "--project", project_id)
    assert (result.exit_code, result.stdout) == (0, "3 of 3 jobs are tried again\n")
    assert len(waiting(opener, project_id)) == 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "name the jobs, or say --all"),
        (("lmbr_1:1", "--all"), "name the jobs, or say --all"),
        (("lmbr_1",), "lmbr_1 is no job; they look like lmbr_0199…:17"),
        (("lmbr_1:x",), "lmbr_1:x is no job"),
    ],
)
def test_what_is_no_job_is_told(command: Command, words: tuple[str, ...], expected: str) -> None:
    result = command("retry", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"troth: {expected}")
