"""The command `troth`: what runs Troth itself; the commands of a noun are in `cli`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from troth.cli.flags import DatabaseUrl, DataDir
from troth.settings import Settings

if TYPE_CHECKING:
    import socket

    from troth.actions.engine import Engine

app = typer.Typer(
    name="troth",
    help="Troth: an open-source loyalty engine whose every point is provable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _settings(**flags: Any) -> Settings:
    from troth.cli.opening import fail
    from troth.logs import configure

    try:
        settings = Settings.from_environment(**flags)
    except ValueError as error:
        fail(str(error))
    configure(settings.log_level, plain=settings.log_plain)
    return settings


@contextmanager
def _failures() -> Iterator[None]:
    """Tell in one line what an operator can do something about."""
    from troth.cli.opening import fail
    from troth.core.refusals import Refusal
    from troth.db.database import Unreachable
    from troth.db.embedded_account import EmbeddedPostgresError

    try:
        yield
    except Refusal as refusal:
        fail(refusal.details)
    except Unreachable as error:
        fail(f"the database cannot be reached: {error}")
    except (EmbeddedPostgresError, ValueError) as error:
        fail(str(error))


@app.callback()
def prepare(context: typer.Context) -> None:
    """Troth: an open-source loyalty engine whose every point is provable."""

    @asynccontextmanager
    async def opened(**flags: Any) -> AsyncIterator["Engine"]:
        from troth.assemble import engine_for_command

        async with AsyncExitStack() as stack:
            with _failures():
                engine = await stack.enter_async_context(engine_for_command(_settings(**flags)))
            yield engine

    context.obj = opened


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8420).", show_default=False)] = None,
    data: DataDir = None,
    database_url: DatabaseUrl = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that serve (1).", show_default=False)
    ] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave background jobs to troth worker.")] = False,
    listener: Annotated[int | None, typer.Option(hidden=True)] = None,
    lifeline: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the API and work off background jobs."""
    settings = _settings(
        host=host,
        port=port,
        data_dir=data,
        database_url=database_url,
        workers=workers,
        worker=False if no_worker else None,
    )
    from troth import assemble

    with _failures():
        sockets = _listener(settings, listener)
        with assemble.database_url(settings) as url:
            if settings.workers == 1:
                assemble.run_here(url, settings, sockets, lifeline=lifeline)
            else:
                assemble.run_processes(url, settings, sockets)


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port to listen on (8420).", show_default=False)] = None,
    data: DataDir = None,
) -> None:
    """Serve a sandbox project that is filled already, and show how to use it."""
    from functools import partial

    from troth import assemble
    from troth.cli.demo import present
    from troth.db.embedded_account import default_data_folder

    settings = _settings(port=port, data_dir=data, log_plain=True)
    folder = settings.data_dir or default_data_folder().with_name("troth-demo")
    settings = replace(settings, data_dir=folder, database_url=None)
    with _failures():
        listener = _listener(settings, None)
        address = f"http://{settings.host}:{settings.port}"
        with assemble.database_url(settings) as url:
            show = partial(present, address=address, folder=folder)
            assemble.run_here(url, settings, listener, beside=show)


@app.command()
def worker(data: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Work off background jobs without serving the API."""
    settings = _settings(data_dir=data, database_url=database_url, worker=True)
    from troth import assemble

    with _failures(), assemble.database_url(settings, join=True) as url:
        assemble.run_here(url, settings, None)


@app.command()
def migrate(data: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database's schema to the present state."""
    settings = _settings(data_dir=data, database_url=database_url)
    from troth import assemble

    with _failures(), assemble.database_url(settings, join=True) as url:
        steps = asyncio.run(assemble.migrated(url, settings))
    typer.echo("\n".join(f"applied {step}" for step in steps) or "nothing to do")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    from troth.core.json import text
    from troth.http.app import document

    typer.echo(text(document()))


def _listener(settings: Settings, inherited: int | None) -> "socket.socket":
    import socket

    from troth.cli.opening import fail
    from troth.http.server import listen

    if inherited is not None:
        return socket.socket(fileno=inherited)
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        fail(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")


NOUNS: Final = {
    "project": "Make and list projects.",
    "key": "Make, list, rotate and revoke a project's keys.",
    "customers": "Import customers.",
    "ledger": "Hold every card against its postings.",
    "jobs": "List background work that is put aside, and have it tried again.",
}
"""Every noun of the command line; its commands are in the module of `cli` that has its name."""


def _add_nouns(arguments: Sequence[str]) -> None:
    """Add the nouns, with the commands of those that are asked for: loading all would make `troth --help` slow."""
    for noun, words in NOUNS.items():
        commands = import_module(f"troth.cli.{noun}").app if noun in arguments else typer.Typer()
        app.add_typer(commands, name=noun, help=words, no_args_is_help=True)


def main() -> None:
    """Run the command line."""
    _add_nouns(sys.argv[1:])
    app()


if __name__ == "__main__":
    main()
