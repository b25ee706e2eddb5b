"""What an audit of the ledger finds (domain 7)."""

from typing import Any, NamedTuple


class Difference(NamedTuple):
    """Something of a card that is not what its postings make it.

    `name` is a counter, a bucket's id, `balance` (what all buckets hold together), or the id of a transaction that is
    missing or REJECTED although it has postings.
    """

    member_id: str
    card_id: str
    name: str
    stored: int
    posted: int

    def shown(self) -> dict[str, Any]:
        """Return the difference as the command line and activities show it."""
        return self._asdict()
