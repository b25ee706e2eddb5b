"""The flags that say which database a command works on; light, since `troth --help` loads them too."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

DataDir = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded database.", show_default=False)]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="A PostgreSQL (15 or newer) instead of the embedded one.", show_default=False),
]

_FLAGS: Final = {"data_dir": DataDir, "database_url": DatabaseUrl}
_GIVEN: Final = "troth.database"

Command = TypeVar("Command", bound=Callable[..., None])


def on_database(command: Command) -> Command:
    """Give a command, whose first parameter is its context, the flags; `chosen` tells which of them were used."""
    own = signature(command)

    @wraps(command)
    def with_flags(context: typer.Context, **given: Any) -> None:
        context.meta[_GIVEN] = {name: value for name in _FLAGS if (value := given.pop(name)) is not None}
        command(context, **given)

    flags = [Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=one) for name, one in _FLAGS.items()]
    with_flags.__signature__ = own.replace(parameters=[*own.parameters.values(), *flags])  # type: ignore[attr-defined]
    return with_flags  # type: ignore[return-value]


def chosen(context: typer.Context) -> dict[str, Any]:
    """Return the settings of the database that the flags of a command have given."""
    given: dict[str, Any] = context.meta.get(_GIVEN, {})
    return given
