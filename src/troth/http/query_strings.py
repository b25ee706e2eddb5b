"""Query strings, taken apart: `filters[name][conditions][$in]=x` is the value x of (filters, name, conditions, $in).

Lists may be written with repeated names, with `[]` or with `[0]`, `[1]`; names and values may be percent-encoded.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from troth.core.lists import invalid_query, shown

MOST_PARAMETERS: Final = 1_000

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INDEX: Final = re.compile("[0-9]{0,4}")


class Given(NamedTuple):
    """One value; `element` if it was written as one of a list (`[]`, `[0]`), where a comma is only a comma."""

    text: str
    element: bool


Path: TypeAlias = tuple[str, ...]
Parameters: TypeAlias = Mapping[Path, list[Given]]


def take_apart(query_string: bytes | str) -> Parameters:
    """Return the values of each parameter, in the order of their indexes or as written.

    Raises a refusal for what is not UTF-8, holds NUL, is no name, or is more than `MOST_PARAMETERS`.
    """
    if not query_string:
        return {}
    try:
        text = query_string.decode() if isinstance(query_string, bytes) else query_string
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
        "".join(name + value for name, value in pairs).encode()
    except UnicodeError:
        raise invalid_query("The query string must be UTF-8 text") from None
    except ValueError:
        raise invalid_query(f"The query string must have at most {MOST_PARAMETERS} parameters") from None
    found: dict[Path, list[tuple[int, Given]]] = {}
    for arrival, (name, value) in enumerate(pairs):
        if "\0" in name or "\0" in value:
            raise invalid_query("The query string must not contain the character NUL")
        path = list(path_of(name))
        element = len(path) > 1 and _INDEX.fullmatch(path[-1]) is not None
        place = int(path.pop() or arrival) if element else arrival
        found.setdefault(tuple(path), []).append((place, Given(value, element)))
    return {path: [given for _, given in sorted(values, key=lambda one: one[0])] for path, values in found.items()}


def path_of(name: str) -> Path:
    """Return a parameter's name, taken apart."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise invalid_query(f"{shown(name)} is no parameter name; brackets must be closed and not nested")
    return (match[1], *re.findall(r"\[([^\[\]]*)\]", match[2]))


def written(path: Path) -> str:
    """Return a parameter's name as a request writes it, cut where it grows long."""
    return (path[0] + "".join(f"[{part}]" for part in path[1:]))[:150]


def single(parameters: Parameters, *path: str) -> str | None:
    """Return a parameter's only value, None if it is absent or empty."""
    values = parameters.get(path, [])
    if len(values) > 1:
        raise invalid_query(f"{written(path)} is given {len(values)} times")
    return values[0].text or None if values else None


def several(values: list[Given]) -> list[str]:
    """Return a list's values: repeated, indexed, or in one text joined by commas."""
    return [part for text, element in values for part in ([text] if element else text.split(","))]
