"""The only place where the rooms are wired together: settings become a running Troth."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Final

import structlog
import uvloop

from troth.actions.earning_evaluations import FORGET_EVALUATIONS, forget_evaluations
from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.db.database import Database
from troth.db.embedded import DataFolderInUse, EmbeddedPostgres, running_url
from troth.db.embedded_account import default_data_folder
from troth.db.migrate import migrate
from troth.http.app import application, document
from troth.http.server import serve
from troth.hub.app import pages
from troth.identifiers import Identifiers
from troth.processes import Family
from troth.settings import Settings
from troth.worker.jobs import AT_ONCE, JOBS
from troth.worker.loop import Job, Worker

log = structlog.get_logger()

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

COLLECT_AFTER: Final = 20_000
"""After how many new containers that stay the garbage collector looks for cycles among them."""


@contextmanager
def database_url(settings: Settings, *, join: bool = False) -> Iterator[str]:
    """Yield the URL of the database: the given one, or that of an embedded server that runs meanwhile.

    With `join`, an embedded server that another Troth runs on the data folder is used instead of refused.
    """
    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.data_dir or default_data_folder()
    server = EmbeddedPostgres(folder)
    try:
        url = server.start()
    except DataFolderInUse:
        if not join:
            raise
        yield running_url(folder)
        return
    try:
        yield url
    finally:
        server.stop()


@asynccontextmanager
async def engine_at(url: str, settings: Settings) -> AsyncIterator[Engine]:
    """Yield an engine on the database at a URL."""
    clock = WallClock()
    database = await Database.open(url, clock, connections=settings.connections)
    _spare_collector()
    try:
        yield Engine(database, clock, Identifiers(clock))
    finally:
        await database.close()


@asynccontextmanager
async def engine_for_command(settings: Settings) -> AsyncIterator[Engine]:
    """Yield an engine for one command, beside a running Troth or without one; the schema is brought up to date."""
    with database_url(settings, join=True) as url:
        async with engine_at(url, settings) as engine:
            await migrate(engine.database)
            yield engine


async def migrated(url: str, settings: Settings) -> list[str]:
    """Bring the database's schema to the present state and return the names of the steps that were missing."""
    async with engine_at(url, settings) as engine:
        return [f"{step.number:04} {step.name}" for step in await migrate(engine.database)]


async def run(
    url: str,
    settings: Settings,
    listener: socket.socket | None,
    *,
    lifeline: int | None = None,
    beside: Callable[[Engine], Coroutine[None, None, None]] | None = None,
) -> None:
    """Serve HTTP on the listener, if there is one, and work off jobs, if the settings say so, until told to stop.

    Told by a signal, or by the end of `lifeline`, a pipe that the parent process holds open. `beside` is done once,
    while the API is served.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in SIGNALS:
        loop.add_signal_handler(one, stop.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _end_of_line, loop, lifeline, stop)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_at(url, settings))
        await migrate(engine.database)
        if settings.worker:
            worker = Worker(engine, _jobs(settings), AT_ONCE)
            engine.wake = partial(engine.database.after_commit, worker.wake)
            stack.push_async_callback(_ended, asyncio.create_task(worker.run()))
        if beside is not None:
            task = asyncio.create_task(beside(engine))
            task.add_done_callback(lambda done: stop.set() if done.exception() else None)
            stack.push_async_callback(_ended, task)
        if listener is None:
            await stop.wait()
        else:
            door = application(engine, pages(document), access_log=settings.access_log)
            await serve(door, engine.clock, listener, stop)


def _jobs(settings: Settings) -> Mapping[str, Job]:
    forget = partial(
        forget_evaluations,
        kept_days=settings.evaluations_kept_days,
        refusals_kept_days=settings.refusals_kept_days,
    )
    return {**JOBS, FORGET_EVALUATIONS: forget}


def _spare_collector() -> None:
    """Let the garbage collector pass over what is there from the start, and look less often at what comes.

    Hardly anything here is a cycle; a collection that looked at all modules would stop every request for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


async def _ended(task: asyncio.Task[None]) -> None:
    """End a task, and raise what it failed with if it did."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _end_of_line(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    loop.remove_reader(lifeline)
    stop.set()


def run_here(
    url: str,
    settings: Settings,
    listener: socket.socket | None,
    *,
    lifeline: int | None = None,
    beside: Callable[[Engine], Coroutine[None, None, None]] | None = None,
) -> None:
    """Run in this process, on the fast event loop; see `run`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(url, settings, listener, lifeline=lifeline, beside=beside))


def run_processes(url: str, settings: Settings, listener: socket.socket) -> None:
    """Run `settings.workers` processes that share the listener, until told to stop; one that ends is started anew."""
    arguments = ["serve", "--listener", str(listener.fileno()), "--workers", "1"]
    if not settings.worker:
        arguments.append("--no-worker")
    environment = os.environ | {"TROTH_DATABASE_URL": url, "TROTH_ACCESS_LOG": settings.access_log}
    command = [sys.executable, "-m", "troth", *arguments]
    Family(command, environment, listener.fileno(), settings.workers).run()
