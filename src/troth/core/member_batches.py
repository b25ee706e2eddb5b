"""Batches of enrolments that are worked off in the background, each entry for itself (domain 6)."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from troth.core.members import Enrol, Enrolment, MemberStatus
from troth.core.refusals import Reason, Refusal

TYPE: Final = "LOYALTIES.MEMBERS_CREATE"
ENTRIES_IN_A_CHUNK: Final = 100
MESSAGE: Final = "{done} members were created, {failed} entries failed"


class Entry(NamedTuple):
    """One entry of a batch: whom to enrol and how; or, where `fault` says what is wrong with it, not to be enrolled."""

    customer_id: str | None
    customer_source_id: str | None
    status: MemberStatus
    metadata: Mapping[str, Any]
    fault: str | None = None


class Outcome(NamedTuple):
    """What came of one entry; a failed one has the key and the details of its refusal."""

    customer_id: str | None
    status: Literal["ENQUEUED", "DONE", "FAILED"]
    key: str | None = None
    details: str | None = None


def command(entry: Entry, program_id: str, source: str) -> Enrol:
    """Return the enrolment that a valid entry asks for."""
    return Enrol(program_id, entry.customer_id, entry.customer_source_id, entry.status, entry.metadata, source)


def outcome(entry: Entry, answer: Enrolment | Refusal) -> Outcome:
    """Return what came of an entry."""
    if isinstance(answer, Enrolment):
        return Outcome(answer.member.customer_id, "DONE")
    return Outcome(entry.customer_id, "FAILED", answer.reason.value.key, answer.details)


def malformed(entry: Entry) -> Refusal | None:
    """Return the refusal of an entry that is not to be enrolled."""
    return None if entry.fault is None else Refusal(Reason.INVALID_PAYLOAD, entry.fault)


def shown_failure(index: int, outcome: Outcome) -> dict[str, Any]:
    """Return a failed entry as the async action shows it."""
    return {"index": index, "customer_id": outcome.customer_id, "key": outcome.key, "reason": outcome.details}


def shown(index: int, outcome: Outcome) -> dict[str, Any]:
    """Return a line of the report; `index` is the entry's place in the batch, from 0."""
    return {"index": index, **outcome._asdict()}
