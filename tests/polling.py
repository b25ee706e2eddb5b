"""Waiting for what other processes and tasks bring about: the one place in the tests that sleeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PAUSE_SECONDS = 0.02


def until(condition: Callable[[], bool], *, within_seconds: float) -> None:
    """Return once the condition holds; fail if it does not within the time."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {within_seconds} s"
        time.sleep(PAUSE_SECONDS)


async def until_async(condition: Callable[[], Awaitable[bool]], *, within_seconds: float) -> None:
    """Return once the awaited condition holds; fail if it does not within the time."""
    deadline = time.monotonic() + within_seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not so within {within_seconds} s"
        await asyncio.sleep(PAUSE_SECONDS)
