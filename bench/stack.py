"""A Troth to measure: an embedded PostgreSQL, a server process on loopback, and rows to work on."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from troth.core.card_definitions import CardDefinitionConfiguration
from troth.db.embedded import EmbeddedPostgres

CUSTOMERS = 100_000
PROGRAMS = 40

CONFIGURATION = CardDefinitionConfiguration().stored()


@dataclass(frozen=True)
class Stack:
    """Where everything is."""

    database_url: str
    address: tuple[str, int]
    project_id: str
    headers: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def socket_folder(self) -> str:
        return parse_qs(urlsplit(self.database_url).query)["host"][0]

    def sql(self, statement: str, *arguments: object) -> object:
        """Run one statement and return its first value."""

        rows = self.rows(statement, *arguments)
        return rows[0][0] if rows else None

    def rows(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""

        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url)
            try:
                return await connection.fetch(statement, *arguments, timeout=600)
            finally:
                await connection.close()

        return asyncio.run(run())


def customer_id(number: int) -> str:
    return f"cust_{number:032x}"


def program_id(number: int) -> str:
    return f"lprg_{number:032x}"


def new_project(database_url: str, name: str) -> tuple[str, dict[str, str]]:
    """Make a project in a database; return its id and the headers of its key."""
    made = subprocess.run(
        [sys.executable, "-m", "troth", "project", "create", name, "--json"],
        env=os.environ | {"TROTH_DATABASE_URL": database_url}, capture_output=True, check=True,
    )  # fmt: skip
    key = json.loads(made.stdout)
    return key["project_id"], {"X-App-Id": key["app_id"], "X-App-Token": key["app_token"]}


@contextmanager
def running(*flags: str, workers: int = 1) -> Iterator[Stack]:
    """Run a Troth with `CUSTOMERS` customers and `PROGRAMS` programs of two card definitions each."""
    with tempfile.TemporaryDirectory(prefix="troth-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "data")
        url = server.start()
        try:
            environment = os.environ | {"TROTH_DATABASE_URL": url, "TROTH_ACCESS_LOG": "none"}
            project_id, headers = new_project(url, "Bench")
            port = _free_port()
            process = subprocess.Popen(
                [sys.executable, "-m", "troth", "serve", "--port", str(port), "--workers", str(workers), *flags],
                env=environment,
            )
            stack = Stack(url, ("127.0.0.1", port), project_id, headers, process)
            try:
                _until_ready(stack)
                _seed(stack)
                yield stack
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_ready(stack: Stack) -> None:
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{stack.address[1]}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the server does not become ready")


def _seed(stack: Stack) -> None:
    project = stack.project_id
    stack.sql(
        "INSERT INTO customers (id, project_id, metadata, created_at)"
        " SELECT 'cust_' || lpad(to_hex(n), 32, '0'), $1, '{}', now() FROM generate_series(1, $2::int) AS n",
        project, CUSTOMERS,
    )  # fmt: skip
    for number in (1, 2):
        stack.sql(
            "INSERT INTO definitions (id, project_id, kind, name, status, configuration, metadata, created_at)"
            " VALUES ($2, $1, 'card_definition', 'Points', 'ACTIVE', $3, '{}', now())",
            project, f"lcdef_{number:032x}", json.dumps(CONFIGURATION),
        )  # fmt: skip
    stack.sql(
        "INSERT INTO programs (id, project_id, name, status, configuration, metadata, created_at)"
        " SELECT 'lprg_' || lpad(to_hex(n), 32, '0'), $1, 'Bench', 'ACTIVE', '{}', '{}', now()"
        " FROM generate_series(0, $2::int - 1) AS n",
        project, PROGRAMS,
    )  # fmt: skip
    stack.sql(
        "INSERT INTO program_assignments (program_id, definition_id, kind, created_at)"
        " SELECT p.id, d.id, 'card_definition', now() FROM programs AS p, definitions AS d"
        " WHERE p.project_id = $1 AND d.project_id = $1 AND d.kind = 'card_definition'",
        project,
    )
    stack.sql("UPDATE projects SET definitions_version = definitions_version + 1 WHERE id = $1", project)
    stack.sql("ANALYZE")
    stack.sql("CHECKPOINT")
