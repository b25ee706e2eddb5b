"""Customers in bulk: rows of a file, or entries of a long body, each of which succeeds or fails alone (domain 9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from pydantic import ValidationError

from troth.core.async_actions import MOST_FAILURES, AsyncAction
from troth.core.configuration import timestamp
from troth.core.csv_rows import Row, RowReader
from troth.core.customer_files import Column, body, columns, says_something
from troth.core.customer_requests import CustomerBulkEntry, CustomerCreateRequest
from troth.core.customers import Customer, Upsert
from troth.core.json import decode
from troth.core.payloads import invalid
from troth.core.refusals import Reason, Refusal

CSV: Final = "CUSTOMERS.IMPORT_CSV"
BULK: Final = "CUSTOMERS.BULK_UPDATE"

REPORT_KEPT: Final = timedelta(days=30)
"""How long, at least, a report can be read."""


class Survey:
    """Looks through a CSV file while it is received: finds its header, and counts the rows that are to come of it."""

    def __init__(self) -> None:
        self.header: tuple[str, ...] | None = None
        self.rows_count = 0
        self.offset = 0
        self.line = 1
        self._reader = RowReader()

    def feed(self, block: bytes) -> None:
        """Look at the next block; an empty one says that the file is at its end.

        `offset` and `line` are those of the first row after the header. Raises a refusal with `INVALID_PAYLOAD` for a
        file without a header, or whose header means nothing.
        """
        self._reader.feed(block)
        for row in self._reader.rows():
            if self.header is not None:
                self.rows_count += says_something(row)
            else:
                columns(row)
                self.header, self.offset, self.line = row.cells, self._reader.offset, self._reader.line
        if not block and self.header is None:
            raise Refusal(Reason.INVALID_PAYLOAD, "file: is empty; its first row must name the columns")


class LineReader:
    """Reads lines as rows of one cell, without their ends; used as a `RowReader` is."""

    def __init__(self, *, offset: int = 0, line: int = 1) -> None:
        self.offset = offset
        self.line = line
        self._held = b""
        self._position = 0

    def feed(self, block: bytes) -> None:
        """Hand over the next block; the last line, too, has an end."""
        self._held, self._position = self._held[self._position :] + block, 0

    def rows(self) -> Iterator[Row]:
        """Yield the lines that are complete."""
        while end := self._held.find(b"\n", self._position) + 1:
            row = Row(self.line, (self._held[self._position : end - 1].decode(),))
            self.offset += end - self._position
            self.line += 1
            self._position = end
            yield row


class Entry(NamedTuple):
    """One customer to create or update, or why not; `row` is the line of the file, or the place in the body from 0."""

    row: int
    source_id: str | None
    asked: Upsert | Refusal


def file_entry(names: tuple[Column, ...], row: Row) -> Entry:
    """Return what a row of a CSV file asks for."""
    said = body(names, row)
    if isinstance(said, str):
        return Entry(row.line, None, Refusal(Reason.INVALID_PAYLOAD, f"the row {said}"))
    return _entry(row.line, said, CustomerCreateRequest)


def body_entry(row: Row) -> Entry:
    """Return what an entry of a body asks for, read from its line."""
    return _entry(row.line - 1, decode(row.cells[0]), CustomerBulkEntry)


def _entry(row: int, said: Any, shape: type[CustomerCreateRequest] | type[CustomerBulkEntry]) -> Entry:
    given = said.get("source_id") if isinstance(said, dict) else None
    source_id = given if isinstance(given, str) else None
    try:
        return Entry(row, source_id, shape.model_validate(said).command())
    except ValidationError as error:
        return Entry(row, source_id, invalid(error))


class Outcome(NamedTuple):
    """What came of one entry; a failed one has the key and the details of its refusal."""

    row: int
    source_id: str | None
    customer_id: str | None
    status: Literal["DONE", "FAILED"]
    key: str | None = None
    details: str | None = None


def outcomes(entries: Sequence[Entry], answers: Iterator[Customer | Refusal]) -> list[Outcome]:
    """Return what came of entries; `answers` has one for each that asked for something."""
    found = []
    for row, source_id, asked in entries:
        answer = asked if isinstance(asked, Refusal) else next(answers)
        if isinstance(answer, Refusal):
            found.append(Outcome(row, source_id, None, "FAILED", answer.reason.value.key, answer.details))
        else:
            found.append(Outcome(row, answer.source_id, answer.id, "DONE"))
    return found


def shown(type_: str, outcome: Outcome) -> dict[str, Any]:
    """Return a line of the report; what the lines of a file are to an import, places are to a body."""
    row, source_id, customer_id, status, key, details = outcome
    place = "row" if type_ == CSV else "index"
    told = {"source_id": source_id, "customer_id": customer_id, "status": status, "key": key, "details": details}
    return {place: row, **told}


def begun(action_id: str, request_id: str, type_: str, entries_count: int, now: datetime) -> AsyncAction:
    """Return the async action of an import whose rows are all there; one without any is over at once."""
    action = AsyncAction(
        id=action_id,
        type=type_,
        status="ENQUEUED",
        request_id=request_id,
        result=None,
        created_at=now,
        entries_count=entries_count,
    )
    return action if entries_count else advanced(action, (), now)


def advanced(action: AsyncAction, chunk: Sequence[Outcome], now: datetime) -> AsyncAction:
    """Return the async action after more of its entries (contract: the results of `CSV` and `BULK`)."""
    before: Mapping[str, Any] = action.result or {"done_count": 0, "failed_count": 0}
    failures = [one for one in chunk if one.status == "FAILED"]
    done = before["done_count"] + len(chunk) - len(failures)
    failed = before["failed_count"] + len(failures)
    listed = "failed" if action.type == CSV else "errors"
    shown_failures = [*before.get(listed, ()), *map(_failure[action.type], failures)][:MOST_FAILURES]
    result: dict[str, Any] = {"done_count": done, "failed_count": failed, listed: shown_failures}
    if action.type == CSV:
        result["message"] = f"{done} customers were created or updated, {failed} rows failed"
    else:
        result["reports"] = [f"/v1/async-actions/{action.id}/report"]
        result["reports_available_till"] = timestamp(action.created_at + REPORT_KEPT)
    over = done + failed == action.entries_count
    return replace(action, status="DONE" if over else "IN_PROGRESS", result=result, updated_at=now)


_failure: Final = {
    CSV: lambda one: {"row": one.row, "source_id": one.source_id or "", "reason": one.details},
    BULK: lambda one: {
        "message": f"Entry {one.row} failed",
        "details": one.details,
        "key": one.key,
        "source_id": one.source_id or "",
    },
}
