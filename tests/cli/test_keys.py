"""`troth project` and `troth key`: what people and scripts see, and what then opens the door."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from troth.actions.access_cache import AccessCache
from troth.actions.engine import Engine
from troth.cli import key, project
from troth.cli.opening import run
from troth.core.access import Caller, Role

Command = Callable[..., Result]


@pytest.fixture
def command(opener: Any) -> Command:
    app = typer.Typer()
    app.add_typer(project.app, name="project")
    app.add_typer(key.app, name="key")

    def invoked(*words: str, columns: int = 200) -> Result:
        return CliRunner().invoke(app, words, obj=opener, env={"COLUMNS": str(columns), "NO_COLOR": "1"})

    return invoked


@pytest.fixture
def caller_of(opener: Any) -> Callable[[dict[str, Any]], Caller | None]:
    """Return whom the credentials that a command printed stand for."""
    app = typer.Typer()
    found: list[Caller | None] = []

    @app.command()
    def look(context: typer.Context, app_id: str, app_token: str) -> None:
        found.append(run(context, lambda engine: AccessCache(engine).find_by_key(app_id.encode(), app_token.encode())))

    def asked(shown: dict[str, Any]) -> Caller | None:
        # Behind `--`, since a token may begin with a dash.
        CliRunner().invoke(app, ["--", shown["app_id"], shown["app_token"]], obj=opener, catch_exceptions=False)
        return found.pop()

    return asked


def one(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return dict(json.loads(result.stdout))


def many(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return list(json.loads(result.stdout))


def test_a_project_is_made_with_a_key_that_opens_the_door(command: Command, caller_of: Any) -> None:
    made = one(command("project", "create", "Shop", "--sandbox", "--timezone", "Europe/Warsaw", "--json"))
    assert (made["name"], made["time_zone"], made["sandbox"]) == ("Shop", "Europe/Warsaw", True)
    assert caller_of(made) == Caller(made["project_id"], made["app_id"], "Admin", Role.ADMIN)
    listed = many(command("project", "list", "--json"))
    assert {name: made[name] for name in listed[0]} in listed
    assert made["app_token"] not in json.dumps(listed)


def test_a_key_is_made_rotated_and_revoked(command: Command, caller_of: Any) -> None:
    project_id = one(command("project", "create", "Shop", "--json"))["project_id"]
    made = one(command("key", "create", project_id, "--name", "Till", "--read-only", "--json"))
    assert caller_of(made) == Caller(project_id, made["app_id"], "Till", Role.READ_ONLY)

    rotated = one(command("key", "rotate", made["app_id"], "--json"))
    assert rotated["app_id"] == made["app_id"]
    assert caller_of(made) is None
    assert caller_of(rotated) is not None

    revoked = one(command("key", "revoke", made["app_id"], "--json"))
    assert revoked["revoked_at"] is not None
    assert "app_token" not in revoked
    assert caller_of(rotated) is None

    keys = many(command("key", "list", project_id, "--json"))
    assert [(shown["name"], shown["role"]) for shown in keys] == [("Admin", "ADMIN"), ("Till", "READ_ONLY")]
    assert keys[1] == revoked


def test_people_see_everything_uncut_and_names_as_they_are(command: Command, caller_of: Any) -> None:
    shown = command("project", "create", "[bold]Shop[/bold] 喫茶店")
    assert shown.exit_code == 0
    words = dict(line.split(None, 1) for line in shown.stdout.splitlines() if line.startswith(("Project", "X-App")))
    caller = caller_of({"app_id": words["X-App-Id"], "app_token": words["X-App-Token"]})
    assert caller is not None
    assert caller.project_id == words["Project"]

    made = command("key", "create", caller.project_id, "--name", "[red]Till[/red]")
    assert "[red]Till[/red] (ADMIN)" in made.stdout
    for columns in (80, 200):
        keys = command("key", "list", caller.project_id, columns=columns).stdout
        projects = command("project", "list", columns=columns).stdout
        assert caller.app_id in keys
        assert caller.project_id in projects
    assert "[red]Till[/red]" in keys
    assert "[bold]Shop[/bold] 喫茶店" in projects
    revoked = command("key", "revoke", caller.app_id)
    assert revoked.stdout == f"Revoked {caller.app_id} (Admin)\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("project", "create", ""), "name: must have 1 to 200 printable characters"),
        (("project", "create", "Shop", "--timezone", "Mars/Olympus"), "time_zone: must be an IANA time zone"),
        (("key", "create", "proj_0", "--name", "Till"), "Cannot find project with id proj_0"),
        (("key", "list", "proj_0"), "Cannot find project with id proj_0"),
        (("key", "rotate", "nobody"), "Cannot find key with id nobody"),
        (("key", "revoke", "nobody", "--json"), "Cannot find key with id nobody"),
    ],
)
def test_a_refusal_is_one_line_and_status_1(command: Command, words: tuple[str, ...], expected: str) -> None:
    result = command(*words)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("troth: ")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_database_out_of_reach_is_one_line_and_status_1(command: Command) -> None:
    @asynccontextmanager
    async def unreachable() -> AsyncIterator[Engine]:
        raise ConnectionRefusedError(111, "Connect call failed")
        yield

    app = typer.Typer()
    app.add_typer(project.app, name="project")
    result = CliRunner().invoke(app, ["project", "list"], obj=unreachable)
    assert result.exit_code == 1
    assert result.stderr == "troth: the database cannot be reached: [Errno 111] Connect call failed\n"
