"""A sandbox whose clock tests move; modules that begin at another moment make their own."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import set_clock

from troth.actions.engine import Engine
from troth.http.door import Door


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    """A sandbox in Warsaw on 31 January 2026, at eleven in the morning."""
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2026-01-31T10:00:00Z")
    return project


@pytest.fixture
async def market(door: Door, sandbox: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sandbox."""
    async with client_of(door, sandbox.headers) as opened:
        yield opened
