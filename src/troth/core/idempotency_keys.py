"""Requests that carry an idempotency key, and what they were answered (domain 17)."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final, NamedTuple

KEPT_FOR: Final = timedelta(hours=24)
"""For how long, by the wall clock, an answer is given again."""

PATTERN: Final = r"^[!-~]([ -~]{0,253}[!-~])?$"
"""A key: 1 to 255 printable ASCII characters; HTTP does not know of spaces around them."""


class Keyed(NamedTuple):
    """A request with a key: `scope` says which one is meant, `body_digest` what it asks for (both SHA-256)."""

    project_id: str
    scope: bytes
    body_digest: bytes
    request_id: str


class Given(NamedTuple):
    """An answer as it was given: status, headers of its own as pairs of name and value, body."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


def scope_of(*parts: str) -> bytes:
    """Return the scope of a request by its method, its path in parts, and its key; none holds a control character."""
    return sha256("\x1f".join(parts).encode()).digest()
