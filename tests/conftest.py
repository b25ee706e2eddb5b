"""Fixtures: one real PostgreSQL for the whole run, a migrated database for each worker, a project for each test."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
import uvloop
from hypothesis import HealthCheck, settings

from troth.actions.access import create_project
from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.core.access import Caller, Role
from troth.db.database import Database
from troth.db.embedded import EmbeddedPostgres
from troth.db.migrate import migrate
from troth.http.app import application, document
from troth.http.door import Door
from troth.hub.app import pages
from troth.identifiers import Identifiers

# No test asserts a time, Hypothesis's own checks of speed included.
settings.register_profile(
    "troth",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("troth")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server that lives as long as the run: the given one, or an embedded one that the runner starts."""
    if given := os.environ.get("TROTH_TEST_SERVER"):
        yield given
        return
    with scratch_server() as url:
        yield url


@contextmanager
def scratch_server() -> Iterator[str]:
    """Run an embedded server in a folder of its own, which any account can reach."""
    with tempfile.TemporaryDirectory(prefix="troth-test-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "data")
        url = server.start()
        try:
            yield url
        finally:
            server.stop()


@pytest.fixture(scope="session")
async def database_url(server_url: str) -> AsyncIterator[str]:
    """A migrated database of this worker's own."""
    async with migrated_database(server_url) as url:
        yield url


@asynccontextmanager
async def migrated_database(server_url: str) -> AsyncIterator[str]:
    """Yield the URL of a migrated database that is dropped afterwards."""
    name = f"troth_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name}")
    url = server_url.replace("/troth?", f"/{name}?")
    database = await Database.open(url, WallClock(), connections=1)
    await migrate(database)
    await database.close()
    try:
        yield url
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[Engine]:
    clock = WallClock()
    database = await Database.open(database_url, clock, connections=8)
    yield Engine(database, clock, Identifiers(clock))
    await database.close()


@pytest.fixture
def database(engine: Engine) -> Database:
    return engine.database


@dataclass(frozen=True)
class TestProject:
    """A project of one test's own, and the headers of its admin key."""

    __test__ = False

    id: str
    app_id: str
    app_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"X-App-Id": self.app_id, "X-App-Token": self.app_token}

    @property
    def caller(self) -> Caller:
        return Caller(self.id, self.app_id, "Admin", Role.ADMIN)


async def make_project(engine: Engine, *, time_zone: str = "UTC", sandbox: bool = False) -> TestProject:
    project, key = await create_project(engine, "Test", sandbox=sandbox, time_zone=time_zone)
    return TestProject(project.id, key.key.app_id, key.token)


@pytest.fixture
async def project(engine: Engine) -> TestProject:
    return await make_project(engine)


@pytest.fixture(scope="session")
def door(engine: Engine) -> Door:
    return application(engine, pages(document))


def client_of(door: Door, headers: dict[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=door, raise_app_exceptions=False), base_url="http://troth", headers=headers
    )


@pytest.fixture
async def client(door: Door, project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, project.headers) as opened:
        yield opened
