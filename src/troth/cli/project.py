"""`troth project`: the projects of an installation."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from troth.actions import access
from troth.cli.flags import on_database
from troth.cli.key import Json, show_token
from troth.cli.opening import run, show_json
from troth.core.configuration import timestamp
from troth.core.projects import Project

app = typer.Typer()


@app.command()
@on_database
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The project's name, 1 to 200 characters.")],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Let the project's clock be moved.")] = False,
    timezone: Annotated[str, typer.Option(help="IANA time zone that calendar rules are meant in.")] = "UTC",
    json: Json = False,
) -> None:
    """Make a project and its first key, and show the key's token this once."""
    project, made = run(
        context, lambda engine: access.create_project(engine, name, sandbox=sandbox, time_zone=timezone)
    )
    if json:
        show_json(described(project) | {"app_id": made.key.app_id, "app_token": made.token})
        return
    typer.echo(f"Name         {project.name} ({project.time_zone}{', sandbox' if sandbox else ''})")
    show_token(made, json=False)


@app.command("list")
@on_database
def list_(context: typer.Context, json: Json = False) -> None:
    """List all projects."""
    projects = run(context, access.list_projects)
    if json:
        show_json([described(project) for project in projects])
        return
    table = Table(Column("Project", no_wrap=True), "Name", "Time zone", "Sandbox", "Created")
    for project in projects:
        cells = (
            project.id,
            project.name,
            project.time_zone,
            "yes" if project.sandbox else "",
            timestamp(project.created_at),
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    Console().print(table)


def described(project: Project) -> dict[str, Any]:
    """Return a project as JSON shows it."""
    return {
        "project_id": project.id,
        "name": project.name,
        "time_zone": project.time_zone,
        "sandbox": project.sandbox,
        "created_at": timestamp(project.created_at),
    }
