"""Segments: groups of customers, listed one by one or found by a filter (domain 9).

Who is in a segment is kept, so that entering one is a fact: a customer enters when it was not in the segment before a
change and is in it after.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from troth.core.configuration import Configuration, timestamp
from troth.core.definitions import SegmentInForce, shown_instant
from troth.core.filters import CustomerFilter
from troth.core.platform_resources import PlatformResource
from troth.core.refusals import Reason, Refusal


class SegmentConfiguration(Configuration):
    """What a segment is: of a static one the customers are listed, of the others a filter finds them.

    Whoever enters one that `fires` sets off earning; a passive one never does (domain 8).
    """

    type: Literal["static", "auto-update", "passive"]
    filter: CustomerFilter | None = None

    @property
    def fires(self) -> bool:
        """Whether entering it is a trigger."""
        return self.type != "passive"


class Membership(NamedTuple):
    """A customer in a segment."""

    customer_id: str
    segment_id: str


class Crossings(NamedTuple):
    """Who came and who went: what is to be saved in the end, and every entering that fires, in its order."""

    joined: tuple[Membership, ...]
    left: tuple[Membership, ...]
    entered: tuple[Membership, ...]


class Person(Protocol):
    """A customer, as far as it is named here."""

    @property
    def id(self) -> str: ...


class Attendance:
    """Who is in which segments while changes of customers are decided one after the other.

    `stored` are the memberships of the customers as they begin; those of other segments than the given ones stay.
    """

    def __init__(self, segments: Sequence[SegmentInForce], stored: Iterable[Membership]) -> None:
        self._segments = segments
        self._stored = frozenset(stored)
        self._present: dict[str, set[str]] = defaultdict(set)
        self._entered: list[Membership] = []
        for customer_id, segment_id in self._stored:
            self._present[customer_id].add(segment_id)

    def follow(self, customer: Person, now: datetime) -> None:
        """Take a customer into the segments whose filters it passes as of `now`, and out of the others."""
        present = self._present[customer.id]
        for segment in self._segments:
            if not segment.passes(customer, now):
                present.discard(segment.id)
            elif segment.id not in present:
                present.add(segment.id)
                if segment.fires:
                    self._entered.append(Membership(customer.id, segment.id))

    def crossings(self) -> Crossings:
        """Return what has changed since the beginning."""
        present = {Membership(customer_id, one) for customer_id, ids in self._present.items() for one in ids}
        joined, left = sorted(present - self._stored), sorted(self._stored - present)
        return Crossings(tuple(joined), tuple(left), tuple(self._entered))


def revised(present: SegmentConfiguration, type_: str | None, asked: CustomerFilter | None) -> SegmentConfiguration:
    """Return what a segment becomes with another type or filter, None being what stays.

    Raises a refusal with `INVALID_PAYLOAD` where a list is to become a filter, or a filter a list.
    """
    is_static = present.type == "static"
    if type_ is not None and (type_ == "static") is not is_static:
        allowed = "static" if is_static else "auto-update or passive"
        raise Refusal(Reason.INVALID_PAYLOAD, f"type: must be {allowed}, since the segment is {present.type}")
    if is_static and asked is not None:
        raise Refusal(Reason.INVALID_PAYLOAD, "filter: must be left out or null when type is static")
    return SegmentConfiguration.model_validate(
        {"type": type_ or present.type, "filter": present.filter if asked is None else asked}
    )


def check_static(segment: PlatformResource) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` unless a segment lists its customers one by one."""
    if segment.configuration["type"] != "static":
        raise Refusal(
            Reason.INVALID_PAYLOAD,
            f"customers: are found by the filter of a segment whose type is {segment.configuration['type']}",
            resource_id=segment.id,
            resource_type="segment",
        )


def shown(segment: PlatformResource) -> dict[str, Any]:
    """Return the segment as answers show it (contract: Segment); before the first change there is no `updated_at`."""
    answer = {
        "id": segment.id,
        "name": segment.name,
        "created_at": timestamp(segment.created_at),
        "updated_at": shown_instant(segment.updated_at),
        "type": segment.configuration["type"],
        "filter": segment.configuration.get("filter"),
        "object": "segment",
    }
    if segment.updated_at is None:
        del answer["updated_at"]
    return answer
