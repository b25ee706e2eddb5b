"""A migrated database for each test of its own, so that what a test kills and counts is its own."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project, migrated_database

from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.db.database import Database
from troth.http.app import application, document
from troth.hub.app import pages
from troth.identifiers import Identifiers


@pytest.fixture
async def own_url(server_url: str) -> AsyncIterator[str]:
    async with migrated_database(server_url) as url:
        yield url


@pytest.fixture
async def own_engine(own_url: str) -> AsyncIterator[Engine]:
    """An engine on the test's own database, without a worker."""
    clock = WallClock()
    database = await Database.open(own_url, clock, connections=2)
    yield Engine(database, clock, Identifiers(clock))
    await database.close()


@pytest.fixture
async def own_project(own_engine: Engine) -> TestProject:
    return await make_project(own_engine)


@pytest.fixture
async def connection(own_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(own_url)
    yield opened
    await opened.close()


@pytest.fixture
async def client_of_own(own_engine: Engine, own_project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API in this process, on the test's own database."""
    async with client_of(application(own_engine, pages(document)), own_project.headers) as client:
        yield client
