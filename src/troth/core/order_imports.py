"""Orders in bulk: entries of a long body, each of which succeeds or fails alone (domain 9)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from pydantic import ValidationError

from troth.core.order_requests import OrderCreateRequest
from troth.core.orders import Order, Put
from troth.core.payloads import invalid
from troth.core.refusals import Refusal

TYPE: Final = "ORDERS.IMPORT"
MESSAGE: Final = "{done} orders were created or updated, {failed} failed"
ENTRIES_IN_A_CHUNK: Final = 100


class Outcome(NamedTuple):
    """What came of one entry; a failed one has the key and the details of its refusal."""

    source_id: str | None
    order_id: str | None
    status: Literal["ENQUEUED", "DONE", "FAILED"]
    key: str | None = None
    details: str | None = None


def asked(entry: Any) -> Put | Refusal:
    """Return what an entry asks for, or what is wrong with it."""
    try:
        return OrderCreateRequest.model_validate(entry).creation(imported=True)
    except ValidationError as error:
        return invalid(error)


def outcomes(
    entries: Sequence[Any], wanted: Sequence[Put | Refusal], answers: Iterator[Order | Refusal]
) -> list[Outcome]:
    """Return what came of entries; `answers` has one for each that asks for something."""
    found = []
    for entry, one in zip(entries, wanted, strict=True):
        answer = one if isinstance(one, Refusal) else next(answers)
        if isinstance(answer, Refusal):
            found.append(Outcome(source_id(entry), None, "FAILED", answer.reason.value.key, answer.details))
        else:
            found.append(Outcome(answer.source_id, answer.id, "DONE"))
    return found


def waiting(entry: Any) -> Outcome:
    """Return what has come of an entry that waits."""
    return Outcome(source_id(entry), None, "ENQUEUED")


def source_id(entry: Any) -> str | None:
    """Return the source id that an entry gives, if it gives one."""
    given = entry.get("source_id") if isinstance(entry, Mapping) else None
    return given if isinstance(given, str) else None


def shown(index: int, outcome: Outcome) -> dict[str, Any]:
    """Return a line of the report; `index` is the entry's place in the body, from 0."""
    return {"index": index, **outcome._asdict()}


def shown_failure(index: int, outcome: Outcome) -> dict[str, Any]:
    """Return a failed entry as the async action shows it."""
    return {"index": index, "source_id": outcome.source_id or "", "reason": outcome.details}
