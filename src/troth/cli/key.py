"""`troth key`: a project's keys."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from troth.actions import access
from troth.actions.access import NewKey
from troth.cli.flags import on_database
from troth.cli.opening import run, show_json
from troth.core.access import Role
from troth.core.configuration import timestamp
from troth.core.projects import Key

app = typer.Typer()

ProjectId = Annotated[str, typer.Argument(help="The project's id, proj_…")]
AppId = Annotated[str, typer.Argument(help="The key's X-App-Id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@on_database
def create(
    context: typer.Context,
    project_id: ProjectId,
    name: Annotated[str, typer.Option(help="What the key is for; activities show it.")],
    read_only: Annotated[bool, typer.Option("--read-only", help="The key may change nothing.")] = False,
    json: Json = False,
) -> None:
    """Make another key of a project, and show its token this once."""
    role = Role.READ_ONLY if read_only else Role.ADMIN
    show_token(run(context, lambda engine: access.create_key(engine, project_id, name, role)), json=json)


@app.command("list")
@on_database
def list_(context: typer.Context, project_id: ProjectId, json: Json = False) -> None:
    """List a project's keys, revoked ones included."""
    keys = run(context, lambda engine: access.list_keys(engine, project_id))
    if json:
        show_json([described(key) for key in keys])
        return
    table = Table(Column("X-App-Id", no_wrap=True), "Name", "Role", "Created", "Rotated", "Revoked")
    for key in keys:
        moments = (timestamp(moment) if moment else "" for moment in (key.created_at, key.rotated_at, key.revoked_at))
        # Names are text, never markup; on a narrow terminal cells are folded, never cut.
        table.add_row(*(Text(cell, overflow="fold") for cell in (key.app_id, key.name, key.role, *moments)))
    Console().print(table)


@app.command()
@on_database
def rotate(context: typer.Context, app_id: AppId, json: Json = False) -> None:
    """Give a key a new token and show it this once; the old one stops working within a second."""
    show_token(run(context, lambda engine: access.rotate_key(engine, app_id)), json=json)


@app.command()
@on_database
def revoke(context: typer.Context, app_id: AppId, json: Json = False) -> None:
    """End a key for good, within a second."""
    key = run(context, lambda engine: access.revoke_key(engine, app_id))
    if json:
        show_json(described(key))
    else:
        typer.echo(f"Revoked {key.app_id} ({key.name})")


def described(key: Key) -> dict[str, Any]:
    """Return a key as JSON shows it; times are null where nothing happened."""
    return {
        "project_id": key.project_id,
        "app_id": key.app_id,
        "name": key.name,
        "role": key.role,
        "created_at": timestamp(key.created_at),
        "rotated_at": timestamp(key.rotated_at) if key.rotated_at else None,
        "revoked_at": timestamp(key.revoked_at) if key.revoked_at else None,
    }


def show_token(made: NewKey, *, json: bool) -> None:
    """Print a key with its token."""
    if json:
        show_json(described(made.key) | {"app_token": made.token})
        return
    typer.echo(f"Project      {made.key.project_id}")
    typer.echo(f"Key          {made.key.name} ({made.key.role})")
    typer.echo(f"X-App-Id     {made.key.app_id}")
    typer.echo(f"X-App-Token  {made.token}")
    typer.echo("Keep the token: it is shown only now.")
