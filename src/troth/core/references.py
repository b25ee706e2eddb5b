"""The ids by which definitions refer to other resources, as the API writes them (domain 1)."""

from typing import Annotated

from pydantic import StringConstraints, WithJsonSchema

CardDefinitionId = Annotated[str, StringConstraints(pattern=r"^lcdef_[a-f0-9]+$")]
EarningRuleId = Annotated[str, StringConstraints(pattern=r"^lern_[a-f0-9]+$")]
EarningItemId = Annotated[str, StringConstraints(pattern=r"^lernei_[a-f0-9]+$")]
RewardId = Annotated[str, StringConstraints(pattern=r"^lrew_[a-f0-9]+$")]
TierStructureId = Annotated[str, StringConstraints(pattern=r"^lts_[a-f0-9]+$")]
RewardCostId = Annotated[str, StringConstraints(pattern=r"^lrcst_[a-f0-9]+$")]
RewardSpendingId = Annotated[str, StringConstraints(pattern=r"^lrspn_[a-f0-9]+$")]
TierId = Annotated[str, StringConstraints(pattern=r"^lt_[a-f0-9]+$")]

# The platform's ids are open at the end: older projects carry ids that are not hexadecimal throughout.
EventSchemaId = Annotated[str, StringConstraints(min_length=1, pattern=r"^ms_[a-zA-Z0-9]+")]
SegmentId = Annotated[str, StringConstraints(pattern=r"^seg_[a-zA-Z0-9]+")]
ProductId = Annotated[str, StringConstraints(pattern=r"^prod_[a-f0-9]+")]
SkuId = Annotated[str, StringConstraints(pattern=r"^sku_[a-f0-9]+")]
CollectionId = Annotated[str, StringConstraints(pattern=r"^pc_[a-zA-Z0-9]+")]
CampaignId = Annotated[str, StringConstraints(pattern=r"^camp_[a-zA-Z0-9]+")]

# One resource with two faces: either prefix is read under either name, each name documents its own.
_EITHER_FACE = StringConstraints(pattern=r"^l(ben|inc)_[a-f0-9]+$")
BenefitId = Annotated[str, _EITHER_FACE, WithJsonSchema({"type": "string", "pattern": "^lben_[a-f0-9]+$"})]
IncentiveId = Annotated[str, _EITHER_FACE, WithJsonSchema({"type": "string", "pattern": "^linc_[a-f0-9]+$"})]


def benefit_id(either: str) -> str:
    """Return the `lben_` id of a benefit that is named by its benefit or its incentive id (domain 1)."""
    return "lben_" + either.removeprefix("lben_").removeprefix("linc_")
