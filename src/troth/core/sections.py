"""What the sections of every definition share: how they are chosen, reset, replaced and refused (domain 5).

A refusal names the exact property: a validator that looks at several of them raises one error with a fault for each.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar, get_args

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, PydanticUseDefault, core_schema

from troth.core.configuration import Configuration

C = TypeVar("C", bound=Configuration)


class Fault(NamedTuple):
    """One wrong property: its path from the value that is checked, and what is allowed there."""

    path: tuple[str | int, ...]
    words: str


def refuse(title: str, faults: Iterable[Fault]) -> None:
    """Raise a ValidationError of that title with every fault under its own path; without faults do nothing."""
    details = [
        InitErrorDetails(type=PydanticCustomError("not_allowed", fault.words), loc=fault.path, input=None)
        for fault in faults
    ]
    if details:
        raise ValidationError.from_exception_data(title, details)


def _default_for_null(value: object) -> object:
    if value is None:
        raise PydanticUseDefault
    return value


class _NullIsDefault:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_default_for_null, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shown = handler(schema)
        return {"anyOf": [shown, {"type": "null"}]} if handler.mode == "validation" else shown


NULL_IS_DEFAULT = _NullIsDefault()
"""Marks a property whose null means its default; a null that was sent still counts as given."""


def _not_null(value: object) -> object:
    if value is None:
        raise ValueError("must not be null: leave it out to keep the present value")
    return value


NOT_NULL = BeforeValidator(_not_null)
"""Marks a property that an update may leave out but not reset."""


class Items:
    """How many entries a list holds, and whether they must differ; checked once every entry is valid."""

    def __init__(self, at_least: Literal[0, 1] = 1, at_most: int | None = None, *, distinct: bool = False) -> None:
        self._at_least, self._at_most, self._distinct = at_least, at_most, distinct

    def _check(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(items) < self._at_least or (self._at_most is not None and len(items) > self._at_most):
            raise ValueError(f"must hold {self._allowed()}")
        if self._distinct and len(set(items)) < len(items):
            raise ValueError("must not hold the same entry twice")
        return items

    def _allowed(self) -> str:
        if self._at_most is None:
            return "at least one entry"
        if self._at_most == 1:
            return "exactly one entry" if self._at_least else "at most one entry"
        return f"1 to {self._at_most} entries" if self._at_least else f"at most {self._at_most} entries"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shown = handler(schema) | {"minItems": self._at_least}
        if self._at_most is not None:
            shown["maxItems"] = self._at_most
        if self._distinct:
            shown["uniqueItems"] = True
        return shown


class Choice(Configuration):
    """A value whose selector decides which of its other properties must be given; the rest must be absent or null.

    `parts` maps the selector's values to the properties they need. Without it every property but the selector is a
    part, needed by the selector's value of the same name.
    """

    selector: ClassVar[str] = "type"
    parts: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @model_validator(mode="after")
    def _only_the_chosen_parts(self) -> Self:
        refuse(type(self).__name__, self._wrong_parts())
        return self

    @property
    def chosen_parts(self) -> tuple[str, ...]:
        """The names of the parts that are given."""
        kind = getattr(self, self.selector)
        return self.parts.get(kind, ()) if self.parts else tuple({kind.lower()} & set(type(self).model_fields))

    def _wrong_parts(self) -> Iterable[Fault]:
        kind, chosen = getattr(self, self.selector), self.chosen_parts
        if self.parts:
            known = dict.fromkeys(name for names in self.parts.values() for name in names)
        else:
            known = dict.fromkeys(name for name in type(self).model_fields if name != self.selector)
        for name in known:
            given = getattr(self, name) not in (None, ())
            if name in chosen and not given:
                yield Fault((name,), f"is required when {self.selector} is {kind}")
            elif given and name not in chosen:
                yield Fault((name,), f"must be left out or null when {self.selector} is {kind}")


def by_type(*classes: type[Configuration]) -> Callable[[Any, Callable[[Any], Any]], Configuration]:
    """Return a wrap validator that reads an object as the class whose `type` it names.

    Pydantic's own discriminated unions put the name of the alternative into the path of an error; this one does not.
    """
    table = {get_args(one.model_fields["type"].annotation)[0]: one for one in classes}

    def read(value: Any, _: Callable[[Any], Any]) -> Configuration:
        if isinstance(value, classes):
            return value
        if not isinstance(value, Mapping):
            raise ValueError("must be an object")  # noqa: TRY004 - Pydantic reports a ValueError with its path
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in table:
            refuse("type", [Fault(("type",), f"must be one of {', '.join(table)}")])
        return table[kind].model_validate(value)

    return read


def configured(kind: type[C], given: Configuration) -> C:
    """Return the configuration that a creation's body makes: its own sections, defaults for the others."""
    return kind.model_validate(_sections(kind, given))


def replaced(present: C, given: Configuration) -> C:
    """Return `present` with every section replaced that an update's body gives; null was read as its default.

    A new value of a choice's selector drops the part that the old one needed. Raises ValidationError where the
    sections together break a rule.
    """
    kind, update = type(present), _sections(type(present), given)
    dropped: tuple[str, ...] = ()
    if isinstance(present, Choice):
        before = getattr(present, present.selector)
        dropped = present.chosen_parts if update.get(present.selector, before) != before else ()
    kept = {name: getattr(present, name) for name in kind.model_fields if name not in dropped}
    return kind.model_validate(kept | update)


def _sections(kind: type[Configuration], given: Configuration) -> dict[str, Any]:
    return {name: getattr(given, name) for name in kind.model_fields if name in given.model_fields_set}
