r"""Texts found whatever their case, by one regular expression that Python and PostgreSQL read alike.

`ILIKE` compares by the locale of the database, so that it finds other texts in one installation than in the next, and
others than Python does. Here the pattern itself names both cases of each letter, and the text is left as it is. Only
`[…]`, `|`, `(?:…)`, `\A`, `\Z` and a backslash before punctuation are used: they mean the same to both.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_FORMS: Final = {
    "$contains": "(?:{})",
    "$not_contain": "(?:{})",
    "$starts_with": r"\A(?:{})",
    "$ends_with": r"(?:{})\Z",
}
PATTERNS: Final = tuple(_FORMS)
"""The operators that look for a text within another."""


def pattern(operator: str, values: Iterable[str]) -> str:
    """Return the regular expression that finds any of the values as one of `PATTERNS` wants it."""
    return _FORMS[operator].format("|".join("".join(map(_letter, value)) for value in values))


@lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    # Some letters have no single letter as their other case, such as ß; they are found as they are.
    cases = {one for one in (character, character.lower(), character.upper()) if len(one) == 1}
    if len(cases) > 1:
        return f"[{''.join(sorted(cases))}]"
    return f"\\{character}" if character.isascii() and not character.isalnum() else character
