"""What a background job reports of one batch."""

from typing import NamedTuple


class Progress(NamedTuple):
    """How many rows were worked off, and whether more may be waiting.

    If not, `rest_seconds` is how long the job may be left alone; None for as long as is usual.
    """

    done: int
    more: bool
    rest_seconds: float | None = None
