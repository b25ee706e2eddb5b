"""A card as rows of several queries hold it."""

from typing import Final

from troth.core.cards import Card, Counters, NextActivation, NextExpiration
from troth.db.database import Row

_COUNTERS: Final = slice(4, 4 + len(Counters._fields))
_FIRST_NEXT: Final = _COUNTERS.stop


def card(row: Row, first: int) -> Card:
    """Return the card whose columns begin at a place of a row.

    They are `id`, `card_definition_id`, `code`, `created_at`, the counters in their order, and what comes next: the
    date and points of the next expiration; the date, points and type of the next activation.
    """
    columns = row[first:]
    expires_on, expiring, activates_on, activating, type_ = columns[_FIRST_NEXT : _FIRST_NEXT + 5]
    return Card(
        id=columns[0],
        card_definition_id=columns[1],
        code=columns[2],
        counters=Counters._make(columns[_COUNTERS]),
        created_at=columns[3],
        next_expiration=NextExpiration(expires_on, expiring) if expires_on else None,
        next_activation=NextActivation(activates_on, activating, type_) if activates_on else None,
    )
