"""How a command gets to work: an engine opened for it, and whatever goes wrong told in one line."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn, TypeVar

import typer

from troth.actions.engine import Engine
from troth.cli.flags import chosen
from troth.core.json import text
from troth.core.refusals import Refusal

T = TypeVar("T")
Opener = Callable[..., AbstractAsyncContextManager[Engine]]
"""What a command finds as its context's `obj`: opens an engine on the chosen database, and closes it in the end."""


def run(context: typer.Context, work: Callable[[Engine], Awaitable[T]]) -> T:
    """Do a command's work with an engine; a refusal, or a database out of reach, ends the command with status 1."""
    opener: Opener = context.obj

    async def opened() -> T:
        async with opener(**chosen(context)) as engine:
            return await work(engine)

    try:
        return asyncio.run(opened())
    except Refusal as refusal:
        fail(refusal.details)
    except OSError as error:
        fail(f"the database cannot be reached: {error}")


def fail(words: str) -> NoReturn:
    """End the command with status 1 and one line on standard error."""
    typer.echo(f"troth: {words}", err=True)
    raise typer.Exit(1)


def show_json(value: Any) -> None:
    """Print plain data as one line of JSON."""
    typer.echo(text(value))
