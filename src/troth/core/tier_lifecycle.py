"""A tier's row of the lifecycle table, and how a tier is shown: it stands and falls with its structure (domain 5)."""

from collections.abc import Iterable
from typing import Any, Final

from troth.core.definitions import Definition
from troth.core.expiration import PointsExpiration, may_replace
from troth.core.lifecycle import BY_RULES, TIER_STRUCTURE, Lifecycle, Status
from troth.core.refusals import Reason, Refusal
from troth.core.sections import Fault, refuse
from troth.core.tiers import TierConfiguration, TierStructureConfiguration

TIER: Final = Lifecycle(
    kind="tier",
    noun="tier",
    id_prefix="lt",
    activity_prefix=TIER_STRUCTURE.activity_prefix,
    moves={},
    editable=TIER_STRUCTURE.editable,
    deletion=BY_RULES,
)
"""A tier as a definition: its status is its structure's."""


def check_open(structure: Definition) -> None:
    """Raise a refusal with `CONFLICTING_MOVE` unless a structure's tiers may come and go."""
    if structure.status != Status.DRAFT:
        raise Refusal(
            Reason.CONFLICTING_MOVE,
            f"Tier structure with id {structure.id} is {structure.status}; its tiers come and go only in DRAFT",
            resource_id=structure.id,
            resource_type=structure.kind,
        )


def check_expiration(tier: TierConfiguration, wallet: PointsExpiration) -> None:
    """Raise a ValidationError where the wallet does not allow the tier's own expiration (domain 5)."""
    own = tier.points_expiration
    if own is not None and not may_replace(own, wallet):
        words = f"must be NO_EXPIRATION or {wallet.type}, as on the structure's card definition"
        refuse(type(tier).__name__, [Fault(("points_expiration", "type"), words)])


def check_wallet(
    structure: TierStructureConfiguration, tiers: Iterable[TierConfiguration], wallet: PointsExpiration
) -> None:
    """Raise a ValidationError where a structure's wallet does not allow its tiers' own expirations (domain 5)."""
    own = (tier.points_expiration for tier in tiers if tier.points_expiration)
    path = (structure.type.lower(), "card_definition_id")
    refuse(
        type(structure).__name__,
        (
            Fault(path, f"must be of a card definition with NO_EXPIRATION or {kind}, which tiers have of their own")
            for kind in sorted({one.type for one in own if not may_replace(one, wallet)})
        ),
    )


def shown(tier: Definition, structure_id: str) -> dict[str, Any]:
    """Return a tier as answers and activities show it (contract: Tier)."""
    answer = {**tier.shown(), "tier_structure_id": structure_id}
    del answer["status"]
    return answer
