"""Settings of a process: flags of the command line over `TROTH_*` variables over defaults."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

_CHOICES = {"access_log": ("all", "problems", "none"), "log_level": ("debug", "info", "warning", "error")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator may set.

    `database_url` names a PostgreSQL (15 or newer); without it Troth runs its own in `data_dir`, by default a folder of
    the user's. `log_level` is debug, info, warning or error; `log_plain` writes lines for people instead of JSON.
    `access_log` is `all`, `problems` (refusals, failures and slow requests) or `none`. For so many days it is kept why
    triggers earned, or earned nothing.
    """

    database_url: str | None = None
    data_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8420
    workers: int = 1
    worker: bool = True
    connections: int = 8
    evaluations_kept_days: int = 400
    refusals_kept_days: int = 90
    log_level: str = "info"
    log_plain: bool = False
    access_log: str = "problems"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **flags: Any) -> Self:
        """Return the settings of `TROTH_*` variables, overridden by the flags that are not None.

        Raises ValueError for a variable that cannot be read, naming it and what is allowed.
        """
        given: dict[str, Any] = {}
        for field in fields(cls):
            name = f"TROTH_{field.name.upper()}"
            if text := environment.get(name):
                given[field.name] = _parsed(name, text, field.default)
        given |= {name: value for name, value in flags.items() if value is not None}
        for name, allowed in _CHOICES.items():
            if given.get(name, allowed[0]) not in allowed:
                raise ValueError(f"TROTH_{name.upper()} must be one of {', '.join(allowed)}")
        settings = cls(**given)
        return replace(settings, data_dir=Path(settings.data_dir).absolute()) if settings.data_dir else settings


def _parsed(name: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"{name} must be true or false")
        return text.lower() in ("true", "1")
    if isinstance(default, int):
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"{name} must be a whole number")
        return int(text)
    return text
