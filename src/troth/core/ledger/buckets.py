"""Buckets: points that expire together, and pending points that become usable together (domain 7)."""

from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.expiration import PointsExpiration
from troth.core.json import encode
from troth.core.members import Member

ExpirationType = Literal["NO_EXPIRATION", "ROLLING_EXPIRATION", "CALENDAR_EXPIRATION", "SLIDING_EXPIRATION"]
PendingType = Literal["PERIOD_BASED", "FIXED_DATES", "EVENT_BASED"]

SLIDING: Final = "SLIDING_EXPIRATION"


@lru_cache(maxsize=4096)
def expiration_key(expiration: PointsExpiration) -> str:
    """Return what tells one expiration's type and configuration from another: the same text for the same value."""
    return blake2b(encode(expiration.stored()), digest_size=8).hexdigest()


class Bucket(NamedTuple):
    """Points of one card, one expiration, one date and one month in which they were earned; credits merge into it.

    `expires_on` is the last day of use. It is None for points that never expire and for sliding ones, as long as their
    date is that of their `Sliding`. `month` is the month's first day. Only an ACTIVE bucket takes credits; an EXPIRED
    one is empty, a DELETED one is what its member left.
    """

    id: str
    expiration_type: ExpirationType
    expiration_key: str
    expires_on: date | None
    month: date
    points: int
    status: Literal["ACTIVE", "EXPIRED", "DELETED"]
    created_at: datetime
    updated_at: datetime | None = None


class Sliding(NamedTuple):
    """The date that all points of one sliding expiration on a card share, and the activity it counts from."""

    expiration: PointsExpiration
    key: str
    last_activity_on: date
    expires_on: date


class PendingBucket(NamedTuple):
    """The pending points of one earning, which become usable or are cancelled together; with their expiration to be.

    `date` is the day whose first instant makes them usable; for EVENT_BASED the last day on which an event can.
    """

    id: str
    type: PendingType
    date: date
    expiration: PointsExpiration
    points: int
    status: Literal["PENDING", "ACTIVATED", "CANCELED", "DELETED"]
    created_at: datetime
    updated_at: datetime | None = None


class Holder(NamedTuple):
    """Whose buckets are shown: the member, and one of its cards."""

    member: Member
    card_id: str
    card_definition_id: str

    def shown(self) -> dict[str, Any]:
        """Return what both kinds of buckets show of it."""
        return {
            "card_id": self.card_id,
            "card_definition_id": self.card_definition_id,
            "program_id": self.member.program_id,
            "card_type": "INDIVIDUAL",
            "member_id": self.member.id,
        }


def shown(bucket: Bucket, last_day: date, holder: Holder) -> dict[str, Any]:
    """Return a bucket that will expire (contract: CardPointsBucket)."""
    return {
        "id": bucket.id,
        **holder.shown(),
        "customer_id": holder.member.customer_id,
        "points": {"total": bucket.points},
        "expiration_date": last_day.isoformat(),
        "expiration_type": bucket.expiration_type,
        "status": bucket.status,
        "created_at": timestamp(bucket.created_at),
        "updated_at": shown_instant(bucket.updated_at),
        "object": "card_points_bucket",
    }


def shown_pending(bucket: PendingBucket, holder: Holder) -> dict[str, Any]:
    """Return a pending bucket (contract: CardPendingPointsBucket)."""
    return {
        "id": bucket.id,
        **holder.shown(),
        "points": {"total": bucket.points},
        "date": bucket.date.isoformat(),
        "type": bucket.type,
        "status": bucket.status,
        "created_at": timestamp(bucket.created_at),
        "updated_at": shown_instant(bucket.updated_at),
        "object": "card_pending_points_bucket",
    }
