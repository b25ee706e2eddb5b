"""The codes that cards are known by in the shop: random, from a card definition's `code_config` (domain 6)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MISSES_BEFORE_FAILURE: Final = 20
"""How many taken codes in a row are a failure: the pattern has too small a space for its cards."""

_PLACEHOLDER: Final = "#"
_BYTE_VALUES: Final = 256


def random_code(code_config: Mapping[str, Any], entropy: Iterator[int]) -> str:
    """Return a code: prefix, pattern and postfix, each `#` of the pattern an equally likely character of the charset.

    `entropy` yields random bytes from a cryptographic source; those that would favour some characters are skipped.
    """
    charset = code_config["charset"]
    usable = _BYTE_VALUES - _BYTE_VALUES % len(charset)
    characters = (charset[byte % len(charset)] for byte in entropy if byte < usable)
    body = "".join(next(characters) if one == _PLACEHOLDER else one for one in code_config["pattern"])
    return f"{code_config['prefix']}{body}{code_config['postfix']}"
