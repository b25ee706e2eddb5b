"""`troth customers`: a project's customers in bulk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from troth.actions import access, async_actions, customer_imports
from troth.actions.engine import Engine
from troth.cli.flags import on_database
from troth.cli.opening import fail, run
from troth.core.async_actions import AsyncAction
from troth.core.json import text

app = typer.Typer(no_args_is_help=True)

PIECE_BYTES: Final = 256 * 1024
SHOWN_ROWS: Final = 20
PAUSE_SECONDS: Final = 0.1
"""How long to wait while a worker of another process is at the import."""


@app.command("import")
@on_database
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8 whose first row names the columns.")],
    project_id: Annotated[str, typer.Option("--project", help="The project's id, proj_…")],
    errors: Annotated[
        Path | None, typer.Option(help="Write all bad rows to this file, a JSON object a line.", show_default=False)
    ] = None,
) -> None:
    """Create or update customers from a CSV file, and tell of the rows that are bad; with any, the status is 1.

    Columns are id, source_id, name, description, email, phone, birthday, city, state, line_1, line_2, country and
    postal_code; any other is metadata. A row updates the customer that has its id or source_id, else it creates one; an
    empty cell says nothing.
    """
    try:
        with file.open("rb") as content, errors.open("w", encoding="utf-8") if errors else nullcontext() as rest:
            action = run(context, lambda engine: _import(engine, project_id, content, file.stat().st_size, rest))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    result = action.result or {}
    typer.echo(result["message"])
    if result["failed_count"]:
        if errors:
            typer.echo(f"The bad rows are in {errors}")
        raise typer.Exit(1)


async def _import(
    engine: Engine, project_id: str, content: BinaryIO, size_bytes: int, errors: TextIO | None
) -> AsyncAction:
    """Import, and return the async action once it is over; a worker of another process may have a hand in it."""
    await access.get_project(engine, project_id)
    columns = (TextColumn("{task.description:<9}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, MofNCompleteColumn(), console=console, disable=not console.is_terminal) as bars:
        reading = bars.add_task("Reading", total=size_bytes)

        async def pieces() -> AsyncIterator[bytes]:
            while piece := content.read(PIECE_BYTES):
                yield piece
                bars.advance(reading, len(piece))

        request_id = engine.identifiers.fresh("v").replace("_", "-", 1)
        action_id = await customer_imports.import_file(engine, project_id, pieces(), request_id)
        action = await async_actions.get_async_action(engine, project_id, action_id)
        importing, importer = bars.add_task("Importing", total=action.entries_count), customer_imports.Importer()
        while action.status in ("ENQUEUED", "IN_PROGRESS"):
            if not (await importer.work_off(engine, action_id)).more:
                await asyncio.sleep(PAUSE_SECONDS)
            action = await async_actions.get_async_action(engine, project_id, action_id)
            result = action.result or {"done_count": 0, "failed_count": 0}
            bars.update(importing, completed=result["done_count"] + result["failed_count"])
    await _tell_of_bad_rows(engine, action, errors)
    return action


async def _tell_of_bad_rows(engine: Engine, action: AsyncAction, errors: TextIO | None) -> None:
    count = 0
    async for page in customer_imports.report(engine, action):
        for line in page:
            if line["status"] == "FAILED":
                count += 1
                if errors:
                    errors.write(text(line) + "\n")
                elif count <= SHOWN_ROWS:
                    about = f" ({line['source_id']})" if line["source_id"] else ""
                    typer.echo(f"line {line['row']}{about}: {line['details']}")
    if not errors and count > SHOWN_ROWS:
        typer.echo(f"… and {count - SHOWN_ROWS} more; --errors FILE writes them all")
