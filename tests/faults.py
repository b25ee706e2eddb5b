"""What a configuration type finds wrong: dotted paths to words."""

from typing import Any

from pydantic import ValidationError

from troth.core.configuration import Configuration
from troth.core.json import decode, encode


def faults(kind: type[Configuration], value: Any) -> dict[str, str]:
    """Return every offending path with what is said about it; empty where the value is valid."""
    try:
        kind.model_validate(value)
    except ValidationError as error:
        return faults_of(error)
    return {}


def faults_of(error: ValidationError) -> dict[str, str]:
    """Return the paths and words of an error."""
    return {".".join(map(str, one["loc"])): one["msg"].removeprefix("Value error, ") for one in error.errors()}


def stored_and_read(value: Configuration) -> Configuration:
    """Return the value as it comes back from storage."""
    return type(value).model_validate(decode(encode(value.stored())))
