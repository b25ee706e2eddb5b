"""The base of every configuration value: one frozen type each, used by wire, storage and rules alike.

Bodies reach these types as decoded JSON whose numbers are `int` or `Decimal`, never binary floats. Scalars are strict
(`"5"`, `5.0` and `true` are not integers); lists become tuples, so that a value can be shared between tasks and cached.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from troth.core.json import encode, text

LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""

Integer = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]


def _exact(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - Pydantic reports a ValueError with its path
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("must be a finite number")
    return number


Number = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number"})]
"""An exact decimal from a JSON number."""


def instant(value: object) -> datetime:
    """Return the UTC instant of an ISO 8601 text with an offset, cut (not rounded) to milliseconds (domain 2)."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str) and len(value) >= len("2026-01-01T00:00Z"):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z") from None
    else:
        raise ValueError("must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z")
    if moment.tzinfo is None:
        raise ValueError("must carry a time zone: Z or an offset such as +01:00")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """Return a UTC instant as JSON shows it: milliseconds and `Z` (domain 2)."""
    # msgspec is many times as fast as isoformat; it writes six decimals of a second or, where all are 0, none.
    written = text(moment)
    return written[1:24] + "Z" if moment.microsecond else written[1:20] + ".000Z"


Instant = Annotated[
    datetime,
    BeforeValidator(instant),
    PlainSerializer(timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

LARGEST_METADATA = 64 * 1024
"""How many bytes a resource's metadata may have as compact JSON (domain 4)."""


def _metadata(value: object) -> object:
    if value is None:
        return {}
    if isinstance(value, dict) and len(encode(value)) > LARGEST_METADATA:
        raise ValueError(f"must have at most {LARGEST_METADATA} bytes as JSON")
    return value


Metadata = Annotated[Mapping[str, Any], BeforeValidator(_metadata), WithJsonSchema({"type": ["object", "null"]})]
"""A resource's own properties; null means none. Declare it with `Field(default_factory=dict)`."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Unit = Literal["DAY", "MONTH", "YEAR"]


class Configuration(BaseModel):
    """A frozen value that refuses unknown properties.

    `null` and absence mean the same in what is read; what is written leaves absent properties out, and its schema
    says so (in the contract an answer shows only the chosen type's sub-object).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        if handler.mode == "serialization":
            required = schema.get("required", ())
            for name, shape in schema.get("properties", {}).items():
                if name not in required:
                    _drop_null(shape)
        return schema

    def stored(self) -> dict[str, Any]:
        """Return the value as plain JSON-like data without absent properties: the form of answers and of storage."""
        return self.model_dump(exclude_none=True, by_alias=True)


def _drop_null(shape: dict[str, Any]) -> None:
    alternatives = [one for one in shape.get("anyOf", ()) if one != {"type": "null"}]
    if alternatives and len(alternatives) < len(shape["anyOf"]):
        del shape["anyOf"]
        shape.pop("default", None)
        if len(alternatives) == 1:
            shape.update(alternatives[0])
        else:
            shape["anyOf"] = alternatives
