"""Named SQL: one file a noun under `sql/`, each query under a line `-- name: verb`.

A line `-- include: noun.name` stands for the text of another query, which may be no more than a part of several.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_INCLUDE: Final = re.compile(r"^ *-- include: (\w+)\.(\w+)$", re.MULTILINE)


class Queries(dict[str, str]):
    """The queries of one noun; each is also an attribute, `queries.insert`."""

    def __getattr__(self, name: str) -> str:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@cache
def queries(noun: str) -> Queries:
    """Return the named queries of `sql/<noun>.sql`; a name used twice is an error."""
    return Queries({name: _INCLUDE.sub(_included, text) for name, text in _written(noun).items()})


@cache
def _written(noun: str) -> dict[str, str]:
    parts = _NAME.split(files("troth.db").joinpath("sql", f"{noun}.sql").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise ValueError(f"sql/{noun}.sql has two queries named {name}")
        found[name] = text.strip().removesuffix(";")
    return found


def _included(line: re.Match[str]) -> str:
    noun, name = line.groups()
    return _written(noun)[name]


def every_query() -> Iterator[tuple[str, str, str]]:
    """Yield (noun, name, SQL) of all queries there are, for the tests that prepare each one."""
    for file in sorted(files("troth.db").joinpath("sql").iterdir(), key=lambda entry: entry.name):
        noun = file.name.removesuffix(".sql")
        for name, text in queries(noun).items():
            yield noun, name, text
