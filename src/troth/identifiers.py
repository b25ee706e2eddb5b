"""Fresh ids: a prefix and 32 lowercase hex digits, ordered by time and not guessable (domain 1).

The digits are 48 bits of milliseconds, as in version 7 of RFC 9562, 16 bits that count within the millisecond, and 64
random bits. Ids of one process sort in the order in which they were made; ids of several cannot meet.
"""

import os
from typing import Final

from troth.clocks import Clock

_POOL_BYTES: Final = 8192
_RANDOM_DIGITS: Final = 16
_LAST_COUNT: Final = 0xFFFF


class Identifiers:
    """A source of fresh ids, one a process; not for use from several threads."""

    __slots__ = ("_clock", "_count", "_millisecond", "_pool", "_position")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._millisecond = 0
        self._count = 0
        self._pool = ""
        self._position = 0

    def fresh(self, prefix: str) -> str:
        """Return a new id such as `lmbr_0199d3…` for the prefix `lmbr`."""
        millisecond = self._clock.milliseconds()
        if millisecond > self._millisecond:
            self._millisecond, self._count = millisecond, 0
        elif self._count == _LAST_COUNT:
            self._millisecond, self._count = self._millisecond + 1, 0
        else:
            self._count += 1
        if self._position >= len(self._pool):
            self._pool, self._position = os.urandom(_POOL_BYTES).hex(), 0
        random = self._pool[self._position : self._position + _RANDOM_DIGITS]
        self._position += _RANDOM_DIGITS
        return f"{prefix}_{self._millisecond << 16 | self._count:016x}{random}"
