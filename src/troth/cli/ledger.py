"""`troth ledger`: the ledger held against its own postings."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from troth.actions import ledger_audit
from troth.actions.engine import Engine
from troth.cli.flags import on_database
from troth.cli.opening import run, show_json
from troth.core.ledger.audit import Difference

app = typer.Typer(no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """The ledger held against its own postings."""


@app.command()
@on_database
def verify(
    context: typer.Context,
    project_id: Annotated[str | None, typer.Option("--project", help="A project's id, proj_…; else all.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Set what differs to what its postings make it.")] = False,
) -> None:
    """Work out every card from its postings, and print each difference as a line of JSON; with any, the status is 1.

    Counters, buckets and balances are compared. With --repair they are set to what the postings make them, and only
    what is still different counts; a repaired card has an activity that tells of it.
    """
    left = run(context, lambda engine: _verify(engine, project_id, repair=repair))
    if left:
        raise typer.Exit(1)


async def _verify(engine: Engine, project_id: str | None, *, repair: bool) -> int:
    console = Console(stderr=True)
    members = repaired = left = 0
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as bars:
        task = bars.add_task("…")
        async for count, found in ledger_audit.verify(engine, project_id):
            members += count
            for member, differences in found:
                remaining: Sequence[Difference] = differences
                for one in differences:
                    show_json({"project_id": member.project_id, **one.shown()})
                if repair:
                    remaining = await ledger_audit.repair(engine, member)
                    repaired += not remaining
                left += len(remaining)
            bars.update(task, description=f"{members:,} members, {left} differences")
    typer.echo(f"{members} members verified, {left} differences{f', {repaired} members repaired' if repair else ''}")
    return left
