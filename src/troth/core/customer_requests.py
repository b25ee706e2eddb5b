"""What may be said of a customer, by the body of a request or a row of a file (contract: CustomerBase).

Properties that are not known are ignored, since the contract leaves these bodies open.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from troth.core.configuration import Configuration, Metadata
from troth.core.customers import SourceId, Upsert

_MAILBOX: Final = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _given(value: object) -> object:
    return None if value == "" else value


def _mailbox(value: str) -> str:
    if not _MAILBOX.fullmatch(value):
        raise ValueError("must be an email address such as ada@example.com")
    return value


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be a date such as 1990-12-31")


_Line = Annotated[str, StringConstraints(max_length=500)]
_Prose = Annotated[str, StringConstraints(max_length=5000)]
_Mailbox = Annotated[str, StringConstraints(max_length=254), AfterValidator(_mailbox)]
_Date = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

Line = Annotated[_Line | None, BeforeValidator(_given)]
"""At most 500 characters; null and an empty text clear it."""

Prose = Annotated[_Prose | None, BeforeValidator(_given)]
"""At most 5000 characters."""

Email = Annotated[_Mailbox | None, BeforeValidator(_given)]
"""Something, `@`, something, in at most 254 characters: whether mail arrives there only sending can tell."""

Birthday = Annotated[_Date | None, BeforeValidator(_given)]


class Address(Configuration):
    """Where a customer lives."""

    model_config = ConfigDict(extra="ignore")

    city: Line = None
    state: Line = None
    line_1: Line = None
    line_2: Line = None
    country: Line = None
    postal_code: Line = None


class CustomerUpdateRequest(Configuration):
    """What is to be changed of a customer: what is absent stays, null clears; address and metadata are merged."""

    model_config = ConfigDict(extra="ignore")

    name: Line = None
    description: Prose = None
    email: Email = None
    phone: Line = None
    birthday: Birthday = None
    birthdate: Birthday = Field(None, description="Another name of `birthday`.")
    address: Address | None = None
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_birthday(self) -> "CustomerUpdateRequest":
        given = self.model_fields_set
        if "birthdate" in given and "birthday" in given and self.birthday != self.birthdate:
            raise ValueError("birthday and birthdate are one property and must be equal where both are given")
        return self

    def changes(self) -> Mapping[str, Any]:
        """Return the properties that are given, by the names that a customer has for them."""
        changes = _given_of(self)
        for name in ("id", "source_id"):
            changes.pop(name, None)
        if self.address is not None:
            changes["address"] = _given_of(self.address)
        if "birthdate" in changes:
            changes["birthday"] = changes.pop("birthdate")
        return changes


def _given_of(one: Configuration) -> dict[str, Any]:
    values = one.__dict__  # attributes of a Pydantic value, whose own way to them takes several times as long
    return {name: values[name] for name in one.model_fields_set}


class CustomerCreateRequest(CustomerUpdateRequest):
    """A customer to create; or to update, where `id` names one or one has the `source_id`."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    source_id: SourceId | None = None

    def command(self) -> Upsert:
        """Return the command that the body is."""
        return Upsert(self.changes(), customer_id=self.id, source_id=self.source_id)


class CustomerBulkEntry(CustomerUpdateRequest):
    """A customer to create, or to update where one has the `source_id`."""

    source_id: SourceId

    def command(self) -> Upsert:
        """Return the command that the entry is."""
        return Upsert(self.changes(), source_id=self.source_id)
