"""How long to wait before something that failed is tried again."""

from datetime import timedelta
from typing import Final

_LONGEST_PAUSE_SECONDS: Final = 3600


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after a number of failures in a row: 2, 4, 8 … seconds, an hour at most."""
    return timedelta(seconds=min(2 ** min(failures, 12), _LONGEST_PAUSE_SECONDS))
