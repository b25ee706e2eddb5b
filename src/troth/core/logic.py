"""The logic of a group of numbered rules, such as `1 and (2 or 3)`: a tree of rule numbers (domain 5 and 8).

`and` binds more tightly than `or`; the words are read in any case. Parentheses nest at most 32 deep, an expression has
at most 2,000 characters.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

DEEPEST_LOGIC: Final = 32
LONGEST_LOGIC: Final = 2000

_TOKEN: Final = re.compile(r"\s*(?:([1-9][0-9]*|and|or)\b|([()]))", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds when every part does."""

    parts: tuple["Logic", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one part does."""

    parts: tuple["Logic", ...]


Logic: TypeAlias = str | AllOf | AnyOf
"""A rule's number as text, or several parts joined."""


def parse(text: str) -> Logic:
    """Return the tree of an expression; raise ValueError with the place where it is not one."""
    if len(text) > LONGEST_LOGIC:
        raise ValueError(f"must have at most {LONGEST_LOGIC} characters")
    return _Reader(text).read()


def numbers(logic: Logic) -> Iterator[str]:
    """Yield the rule numbers of a tree from left to right, repeated ones each time."""
    if isinstance(logic, str):
        yield logic
    else:
        for part in logic.parts:
            yield from numbers(part)


def holds(logic: Logic, rule: Callable[[str], bool]) -> bool:
    """Tell whether the tree holds, asking `rule` from left to right and only as far as the answer needs."""
    if isinstance(logic, str):
        return rule(logic)
    if isinstance(logic, AllOf):
        return all(holds(part, rule) for part in logic.parts)
    return any(holds(part, rule) for part in logic.parts)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._position = 0

    def read(self) -> Logic:
        logic = self._any(0)
        if self._token:
            raise self._unexpected()
        return logic

    @property
    def _token(self) -> str:
        return self._tokens[self._position][0]

    def _any(self, depth: int) -> Logic:
        parts = [self._all(depth)]
        while self._taken("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self, depth: int) -> Logic:
        parts = [self._one(depth)]
        while self._taken("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, depth: int) -> Logic:
        token = self._token
        if token.isdigit():
            self._position += 1
            return token
        if not self._taken("("):
            raise self._unexpected()
        if depth == DEEPEST_LOGIC:
            raise ValueError(f"must not nest parentheses more than {DEEPEST_LOGIC} deep")
        logic = self._any(depth + 1)
        if not self._taken(")"):
            raise self._unexpected()
        return logic

    def _taken(self, token: str) -> bool:
        if self._token != token:
            return False
        self._position += 1
        return True

    def _unexpected(self) -> ValueError:
        token, place = self._tokens[self._position]
        found = f"{token!r} at character {place + 1}" if token else "the end"
        return ValueError(f"must be rule numbers joined by and, or and parentheses; {found} does not fit")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            place = position + len(text[position:]) - len(text[position:].lstrip())
            words = f"{text[place]!r} at character {place + 1} does not fit"
            raise ValueError(f"must be rule numbers joined by and, or and parentheses; {words}")
        token = match.group(1) or match.group(2)
        yield token.lower(), match.end() - len(token)
        position = match.end()
    yield "", end
