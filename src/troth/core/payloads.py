"""How an invalid body reads in words (domain 4)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from troth.core.refusals import Reason, Refusal

LONGEST_DETAILS: Final = 4000


def invalid(error: ValidationError) -> Refusal:
    """Return the refusal for a body that does not fit: every offending property with its path and what is allowed."""
    parts = dict.fromkeys(f"{_path(one['loc'])}: {_words(one)}" for one in error.errors(include_url=False))
    details = "; ".join(parts)
    if len(details) > LONGEST_DETAILS:
        details = f"{details[:LONGEST_DETAILS]} … ({len(parts)} problems)"
    return Refusal(Reason.INVALID_PAYLOAD, details)


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path or "body"


_WORDS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known property",
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "mapping_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "literal_error": "must be one of {expected}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "union_tag_invalid": "must have {discriminator} one of {expected_tags}",
    "union_tag_not_found": "must have a {discriminator}",
}


def _words(one: Mapping[str, Any]) -> str:
    context = one.get("ctx", {})
    if one["type"] in ("value_error", "assertion_error"):
        return str(context["error"])
    words = _WORDS.get(one["type"])
    return words.format(**context) if words else str(one["msg"])
