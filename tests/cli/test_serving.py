"""`troth serve` as an operator meets it: one data folder, many processes, every way to end."""

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.polling import until
from tests.processes import Server, children, command_of, data_folder, is_served, postmaster, troth

from troth.db.embedded import running_url

SOON_SECONDS = 120.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


def make_project(folder: Path) -> dict[str, str]:
    made = troth("project", "create", "Kept", "--json", "--data", str(folder))
    assert made.returncode == 0, made.stderr
    shown: dict[str, str] = json.loads(made.stdout)
    return shown


def status_of(server: Server, key: dict[str, str]) -> int:
    """Return how a request with a key is answered."""
    headers = {"X-App-Id": key["app_id"], "X-App-Token": key["app_token"]}
    request = urllib.request.Request(f"{server.url}/v2/loyalties/card-definitions", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def served_by(server: Server) -> list[int]:
    """Return the processes that a `troth serve` with several has for serving."""
    return [pid for pid in children(server.pid) if "--lifeline" in command_of(pid)]


def test_one_folder_from_first_start_to_second(folder: Path) -> None:
    """A second Troth is refused, a command joins, each signal stops everything, and a start finds all that was."""
    with Server("--data", str(folder)) as first:
        first.until_ready()
        second = troth("serve", "--port", "0", "--data", str(folder))
        assert second.returncode == 1
        assert f"Another Troth (process {first.pid}) runs on the data folder {folder}" in second.stderr
        assert "Traceback" not in second.stderr
        nowhere = running_url(folder).replace("/troth?", "/nowhere?")
        for command in (("migrate", "--database-url", nowhere), ("project", "list")):
            lost = troth(*command, database_url=nowhere)
            assert (lost.returncode, lost.stderr.count("\n")) == (1, 1), lost.stderr
            assert lost.stderr.startswith("troth: the database cannot be reached: ")
        taken = troth("serve", "--port", str(first.port), "--data", str(folder))
        assert (taken.returncode, "Address already in use" in taken.stderr) == (1, True)

        key = make_project(folder)
        assert status_of(first, key) == 200
        assert status_of(first, key | {"app_token": "wrong"}) == 401

        assert first.stop(signal.SIGINT) == 0, first.log
        assert not is_served(folder)
        assert "Traceback" not in first.log
    with Server("--data", str(folder)) as again:
        again.until_ready()
        assert status_of(again, key) == 200
        assert again.stop(signal.SIGTERM) == 0, again.log
        assert not is_served(folder)
        assert "Traceback" not in again.log


def test_several_processes_are_kept_running_and_end_with_their_parent(folder: Path) -> None:
    with Server("--data", str(folder), "--workers", "2") as server:
        server.until_ready()
        until(lambda: len(served_by(server)) == 2, within_seconds=SOON_SECONDS)
        killed, kept = served_by(server)
        os.kill(killed, signal.SIGKILL)
        until(lambda: len({*served_by(server)} - {killed, kept}) == 1, within_seconds=SOON_SECONDS)
        server.until_ready()
        key = make_project(folder)
        assert status_of(server, key) == 200
        assert f'"pid":{killed},' in server.log

        orphans, database = served_by(server), postmaster(folder)
        server.kill()
        until(lambda: not any(command_of(pid) for pid in (*orphans, database)), within_seconds=SOON_SECONDS)
        assert not is_served(folder)
    with Server("--data", str(folder), "--workers", "2") as again:
        again.until_ready()
        assert status_of(again, key) == 200
        until(lambda: len(served_by(again)) == 2, within_seconds=SOON_SECONDS)
        orphans = served_by(again)
        assert again.stop(signal.SIGINT) == 0, again.log
        assert not any(command_of(pid) for pid in orphans)
        assert not is_served(folder)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workers": "many"}, "troth: TROTH_WORKERS must be a whole number\n"),
        ({"access_log": "some"}, "troth: TROTH_ACCESS_LOG must be one of all, problems, none\n"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(settings: dict[str, Any], words: str) -> None:
    refused = troth("serve", **settings)
    assert (refused.returncode, refused.stderr) == (1, words)
