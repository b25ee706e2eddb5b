"""Definitions in force, for the tests of decisions that are made by them."""

from datetime import UTC, datetime
from typing import Any

from troth.core.definitions import Definitions, SegmentInForce
from troth.core.filters import CustomerFilter
from troth.core.predicates import predicate
from troth.core.schemas import Schema


def segment(key: str, *, fires: bool = True, junction: str = "and", **fields: dict[str, Any]) -> SegmentInForce:
    """A segment of all customers whose fields hold, `seg_` and the key being its id."""
    asked = CustomerFilter.model_validate(
        {"junction": junction} | {name.replace("__", "."): {"conditions": one} for name, one in fields.items()}
    )
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return SegmentInForce(f"seg_{key}", asked, fires, since, predicate(asked, UTC))


def definitions(*segments: SegmentInForce, **schemas: dict[str, Any]) -> Definitions:
    """Definitions of nothing but segments and metadata schemas."""
    known = {name: Schema.model_validate(one) for name, one in schemas.items()}
    return Definitions(1, UTC, {}, segments, known, {})
