"""Segments as the API reads and shows them (contract: Segment).

Properties that are not known are ignored, since the contract leaves these bodies open.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Name
from troth.core.filters import CustomerFilter
from troth.core.sections import NULL_IS_DEFAULT, Fault, refuse
from troth.core.segments import SegmentConfiguration
from troth.http.shapes.definitions import Stored
from troth.http.shapes.members import CustomerId, DateTime


class SegmentCreateRequest(Configuration):
    """A static segment with its customers, or one of all customers that a filter finds."""

    model_config = ConfigDict(extra="ignore")

    name: Name
    type: Annotated[Literal["static", "auto-update", "passive"], NULL_IS_DEFAULT] = "static"
    customers: tuple[CustomerId, ...] | None = None
    filter: CustomerFilter | None = None

    @model_validator(mode="after")
    def _as_typed(self) -> Self:
        refuse(type(self).__name__, self._faults())
        return self

    def _faults(self) -> Iterable[Fault]:
        if self.type == "static":
            if self.filter is not None:
                yield Fault(("filter",), "must be left out or null when type is static")
        else:
            if self.filter is None:
                yield Fault(("filter",), f"is required when type is {self.type}")
            if self.customers is not None:
                yield Fault(("customers",), f"must be left out or null when type is {self.type}")

    def configuration(self) -> SegmentConfiguration:
        """Return what the segment is besides its customers."""
        return SegmentConfiguration(type=self.type, filter=self.filter)


class SegmentUpdateRequest(Configuration):
    """What is to be changed of a segment: what is absent or null stays."""

    name: Name | None = None
    type: Literal["static", "auto-update", "passive"] | None = None
    filter: CustomerFilter | None = None


class SegmentCustomersRequest(Configuration):
    """Customers to put into a static segment, or to take out of it."""

    customers: Annotated[tuple[CustomerId, ...], Field(min_length=1)]


class Segment(TypedDict):
    """A group of customers."""

    id: Annotated[str, Field(pattern=r"^seg_[a-zA-Z0-9]+$")]
    name: str
    created_at: DateTime
    updated_at: NotRequired[DateTime]
    type: Literal["static", "auto-update", "passive"]
    filter: Annotated[dict[str, Any], Stored(CustomerFilter)] | None
    object: Literal["segment"]


class SegmentList(TypedDict):
    """One page of segments, once under the name that `data_ref` gives and once under their own; `total` counts all."""

    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[Segment]
    segments: list[Segment]
    total: int
    has_more: bool
