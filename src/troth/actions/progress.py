"""What a background job reports of one batch."""

from typing import NamedTuple


class Progress(NamedTuple):
    """How many rows were worked off, and whether more may be waiting."""

    done: int
    more: bool
