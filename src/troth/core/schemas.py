"""Schemas: which properties custom events and the metadata of resources have, and of which type (domain 9)."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from troth.core.configuration import Configuration, Flag, Integer, instant
from troth.core.refusals import Reason, Refusal
from troth.core.sections import NULL_IS_DEFAULT, Fault, refuse

MOST_PROPERTIES: Final = 500

MetadataResource = Literal[
    "campaign",
    "customer",
    "order",
    "order_item",
    "product",
    "sku",
    "voucher",
    "vl_card_definition",
    "vl_earning_rule",
    "vl_member",
    "vl_program",
    "vl_reward",
    "vl_tier",
    "vl_tier_structure",
]
"""What a metadata schema can be defined for."""

PropertyType = Literal["string", "number", "object", "date", "datetime", "geopoint", "boolean", "image_url"]
PropertyName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Length = Annotated[Integer, Field(ge=0, le=100_000)]


def _scalar(value: object) -> object:
    if not isinstance(value, str | int | Decimal):
        raise ValueError("must be a text, a number, true or false")  # noqa: TRY004 - shown with its path
    return value


Scalar = Annotated[Any, BeforeValidator(_scalar)]

_GEOPOINT: Final = re.compile(r"-?[0-9]{1,2}(\.[0-9]+)?, *-?[0-9]{1,3}(\.[0-9]+)?", re.ASCII)


def _written(name: str) -> str:
    return to_camel(name) if name.endswith(("length", "type")) else name


class PropertyDefinition(Configuration):
    """What a property's value must be; of an `array`, each of its entries.

    `eq` lists the values that are allowed, `ne` those that are not; `lt` to `gte` bound numbers, the lengths texts;
    `object_type` is what objects are called. A property that is `deleted` stays in the schema for what already has it,
    and is not checked any more.
    """

    model_config = ConfigDict(alias_generator=_written)

    type: PropertyType
    array: Flag = False
    optional: Flag = True
    deleted: Flag = False
    object_type: PropertyName | None = None
    eq: tuple[Scalar, ...] | None = None
    ne: tuple[Scalar, ...] | None = None
    lt: Integer | None = None
    lte: Integer | None = None
    gt: Integer | None = None
    gte: Integer | None = None
    max_length: Length | None = None
    min_length: Length | None = None
    exact_length: Length | None = None

    @model_validator(mode="after")
    def _bounds_fit_the_type(self) -> Self:
        refuse(type(self).__name__, self._foreign_bounds())
        return self

    def _foreign_bounds(self) -> Iterable[Fault]:
        bound = ((("lt", "lte", "gt", "gte"), "number"), (_LENGTHS, "string"), (("object_type",), "object"))
        for names, needed in bound:
            for name in names:
                if getattr(self, name) is not None and self.type != needed:
                    yield Fault((_written(name),), f"must be left out or null when type is {self.type}")

    def faults(self, value: object) -> Iterable[str]:
        """Yield what is wrong with a value, in words."""
        if self.array:
            if not isinstance(value, list | tuple):
                yield f"must be an array of {self.type}"
                return
            for entry in value:
                yield from self._entry_faults(entry)
        else:
            yield from self._entry_faults(value)

    def _entry_faults(self, value: object) -> Iterable[str]:
        fits, words = _TYPES[self.type]
        if not fits(value):
            yield f"must be {words}"
            return
        if self.eq is not None and not _among(value, self.eq):
            yield f"must be one of {', '.join(map(str, self.eq))}"
        if self.ne is not None and _among(value, self.ne):
            yield f"must be none of {', '.join(map(str, self.ne))}"
        for name, (holds, words) in _BOUNDS.items():
            bound = getattr(self, name)
            if bound is not None and not holds(len(value) if isinstance(value, str) else value, bound):
                yield f"must {words.format(bound)}"


_LENGTHS: Final = ("max_length", "min_length", "exact_length")
_BOUNDS: Final[Mapping[str, tuple[Callable[[Any, int], bool], str]]] = {
    "lt": (lambda value, bound: value < bound, "be less than {}"),
    "lte": (lambda value, bound: value <= bound, "be at most {}"),
    "gt": (lambda value, bound: value > bound, "be more than {}"),
    "gte": (lambda value, bound: value >= bound, "be at least {}"),
    "max_length": (lambda length, bound: length <= bound, "have at most {} characters"),
    "min_length": (lambda length, bound: length >= bound, "have at least {} characters"),
    "exact_length": (lambda length, bound: length == bound, "have exactly {} characters"),
}

Properties = Annotated[Mapping[PropertyName, PropertyDefinition], Field(max_length=MOST_PROPERTIES)]


class Schema(Configuration):
    """The properties that are known; `allow_defined_only` forbids all others."""

    properties: Properties
    allow_defined_only: Annotated[Flag, NULL_IS_DEFAULT] = False

    def faults(self, values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield each property of an event or of metadata that does not fit, and what is wrong with it."""
        defined = {name: one for name, one in self.properties.items() if not one.deleted}
        for name, definition in defined.items():
            if values.get(name) is None:
                if not definition.optional:
                    yield name, "is required"
                continue
            for words in dict.fromkeys(definition.faults(values[name])):
                yield name, words
        if self.allow_defined_only:
            for name in values:
                if name not in self.properties:
                    yield name, "is not among the properties that the schema defines"


def misfit(schema: Schema | None, metadata: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal with `INVALID_PAYLOAD` of metadata that do not fit a schema, naming every property (domain 5).

    Where there is no schema, whatever is given fits.
    """
    wrong = schema and [f"metadata.{name}: {words}" for name, words in schema.faults(metadata)]
    return Refusal(Reason.INVALID_PAYLOAD, "; ".join(wrong)) if wrong else None


def _among(value: object, allowed: Iterable[object]) -> bool:
    # To Python, true would equal 1.
    return any(isinstance(value, bool) == isinstance(one, bool) and value == one for one in allowed)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_instant(value: object) -> bool:
    try:
        instant(value)
    except ValueError:
        return False
    return True


def _is_geopoint(value: object) -> bool:
    if not isinstance(value, str) or _GEOPOINT.fullmatch(value) is None:
        return False
    latitude, longitude = (abs(Decimal(part.strip())) for part in value.split(","))
    return latitude <= 90 and longitude <= 180


_TYPES: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "string": (_is_text, "a text"),
    "image_url": (_is_text, "the address of an image"),
    "number": (_is_number, "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "object": (lambda value: isinstance(value, Mapping), "an object"),
    "date": (_is_date, "a date such as 2026-01-31"),
    "datetime": (_is_instant, "a date-time such as 2026-01-31T12:00:00Z"),
    "geopoint": (_is_geopoint, "a latitude and a longitude such as 52.23,21.01"),
}
