"""How metadata that a request gives meet those that a resource has already."""

from collections.abc import Mapping
from typing import Any

from troth.core.configuration import LARGEST_METADATA
from troth.core.json import encode
from troth.core.refusals import Reason, Refusal


def merged(present: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with those given in the place of what they name; null clears a property.

    Raises a refusal with `INVALID_PAYLOAD` where together they have more than `LARGEST_METADATA` bytes (domain 4).
    """
    together = cleared({**present, **given})
    if len(encode(together)) > LARGEST_METADATA:
        raise Refusal(
            Reason.INVALID_PAYLOAD, f"metadata: must have at most {LARGEST_METADATA} bytes as JSON once merged"
        )
    return together


def cleared(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that are not null."""
    return {name: value for name, value in properties.items() if value is not None}


def same(one: object, other: object) -> bool:
    """Return whether two JSON values are equal; to Python, true would equal 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other
