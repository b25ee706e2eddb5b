"""`troth jobs`: background work that failed so often that it was put aside."""

from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from troth.actions import triggers
from troth.cli.flags import on_database
from troth.cli.key import Json
from troth.cli.opening import fail, run, show_json
from troth.core.configuration import timestamp
from troth.core.triggers import ParkedTrigger

app = typer.Typer()

MOST_SHOWN: Final = 100

Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many to show, the latest first.")]
Project = Annotated[str | None, typer.Option("--project", help="Only those of one project.", show_default=False)]


@app.command("list")
@on_database
def list_(context: typer.Context, project_id: Project = None, limit: Limit = MOST_SHOWN, json: Json = False) -> None:
    """List what is put aside: orders, events and entered segments that could not be evaluated for a member."""
    parked = run(context, lambda engine: triggers.list_parked(engine, project_id, limit))
    if json:
        show_json([described(one) for one in parked])
        return
    if not parked:
        typer.echo("Nothing is put aside.")
        return
    table = Table(Column("Job", no_wrap=True), "Project", "What happened", "Failed with", "Since")
    for one in parked:
        cells = (name(one), one.project_id, f"{one.kind} {one.subject_id}", one.failure, timestamp(one.parked_at))
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    Console().print(table)


@app.command()
@on_database
def retry(
    context: typer.Context,
    jobs: Annotated[list[str] | None, typer.Argument(help="Jobs as the list names them.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are put aside, 100,000 at most.")] = False,
    project_id: Project = None,
) -> None:
    """Have jobs tried again: those that are named, or all, of one project or of every."""
    if bool(jobs) == every:
        fail("name the jobs, or say --all")
    if every:
        parked = run(context, lambda engine: triggers.list_parked(engine, project_id, 100_000))
        asked = [(one.member_id, one.seq) for one in parked]
    else:
        asked = [_read(job) for job in jobs or ()]
    count = run(context, lambda engine: triggers.retry(engine, asked))
    typer.echo(f"{count} of {len(asked)} jobs are tried again")
    if count < len(asked):
        raise typer.Exit(1)


def name(parked: ParkedTrigger) -> str:
    """Return what the list calls a job."""
    return f"{parked.member_id}:{parked.seq}"


def described(parked: ParkedTrigger) -> dict[str, Any]:
    """Return a job as JSON shows it."""
    moments = {"occurred_at": timestamp(parked.occurred_at), "parked_at": timestamp(parked.parked_at)}
    return {"job": name(parked), **parked._asdict(), **moments}


def _read(job: str) -> tuple[str, int]:
    member_id, _, seq = job.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19):
        fail(f"{job} is no job; they look like lmbr_0199…:17")
    return member_id, int(seq)
