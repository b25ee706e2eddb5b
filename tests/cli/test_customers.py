"""`troth customers import`: what it does, says and writes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from troth.actions import access, customers
from troth.cli import customers as commands

Command = Callable[..., Result]


@pytest.fixture
def command(opener: Any) -> Command:
    app = typer.Typer()
    app.add_typer(commands.app, name="customers")

    def invoked(*words: object) -> Result:
        return CliRunner().invoke(app, ["customers", "import", *map(str, words)], obj=opener, env={"NO_COLOR": "1"})

    return invoked


@pytest.fixture
def project_id(opener: Any) -> str:
    async def make() -> str:
        async with opener() as engine:
            project, _ = await access.create_project(engine, "Shop")
            return project.id

    return asyncio.run(make())


def names(opener: Any, project_id: str, *references: str) -> list[str | None]:
    async def look() -> list[str | None]:
        async with opener() as engine:
            return [(await customers.get_customer(engine, project_id, one)).customer.name for one in references]

    return asyncio.run(look())


def test_a_good_file_is_imported(command: Command, opener: Any, project_id: str, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("source_id,name\n" + "".join(f"{number},Name {number}\n" for number in range(1200)))
    result = command(file, "--project", project_id)
    assert result.exit_code == 0, result.output
    assert result.stdout == "1200 customers were created or updated, 0 rows failed\n"
    assert result.stderr == ""
    assert names(opener, project_id, "0", "1199") == ["Name 0", "Name 1199"]


def test_bad_rows_are_shown_or_written(command: Command, opener: Any, project_id: str, tmp_path: Path) -> None:
    file, errors = tmp_path / "customers.csv", tmp_path / "errors"
    file.write_text("source_id,birthday\n" + "ok,\nshort\n" + "".join(f"x{number},never\n" for number in range(21)))
    shown = command(file, "--project", project_id)
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    assert lines[0] == "line 3: the row has 1 cells where the header has 2"
    assert lines[1] == "line 4 (x0): birthday: must be a date such as 1990-12-31"
    assert lines[20:] == [
        "… and 2 more; --errors FILE writes them all",
        "1 customers were created or updated, 22 rows failed",
    ]
    written = command(file, "--project", project_id, "--errors", errors)
    assert written.exit_code == 1
    assert written.stdout == f"1 customers were created or updated, 22 rows failed\nThe bad rows are in {errors}\n"
    found = [json.loads(line) for line in errors.read_text().splitlines()]
    assert [line["row"] for line in found] == list(range(3, 25))
    assert {line["status"] for line in found} == {"FAILED"}


@pytest.mark.parametrize(
    ("content", "project", "expected"),
    [
        (b"", None, "file: is empty; its first row must name the columns"),
        (b"name\n", "proj_0", "Cannot find project with id proj_0"),
        (None, None, "No such file or directory"),
    ],
)
def test_a_refusal_is_one_line_and_status_1(
    command: Command, project_id: str, tmp_path: Path, content: bytes | None, project: str | None, expected: str
) -> None:
    file = tmp_path / "customers.csv"
    if content is not None:
        file.write_bytes(content)
    result = command(file, "--project", project or project_id)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("troth: ")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
