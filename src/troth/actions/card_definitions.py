"""What card definitions have of their own among definitions."""

from collections.abc import Collection
from typing import Final

from troth.actions.card_codes import due_at_once
from troth.actions.definitions import Noun
from troth.actions.engine import Engine
from troth.actions.members import CARD_CODES
from troth.core.card_definitions import CardDefinitionConfiguration, references
from troth.core.definitions import Definition
from troth.core.earning_rules import EarningRuleConfiguration, own_expirations
from troth.core.expiration import PointsExpiration, check_carried
from troth.core.lifecycle import CARD_DEFINITION, EARNING_RULE, TIER_STRUCTURE
from troth.core.tiers import TierConfiguration
from troth.db import definitions, tiers
from troth.db.database import Connection, Unit


async def _updated(
    engine: Engine, unit: Unit, project_id: str, changed: Definition, names: Collection[str]
) -> str | None:
    if "points_expiration" in names:
        carried = await _carried(unit.connection, project_id, changed.id)
        check_carried(PointsExpiration.model_validate(changed.configuration["points_expiration"]), carried)
    if "code_config" not in names:
        return None
    await definitions.retry_codes(unit, project_id, changed.id, due_at_once(engine))
    return CARD_CODES


async def _carried(
    connection: Connection, project_id: str, card_definition_id: str
) -> list[tuple[str, PointsExpiration]]:
    """Return the expirations of their own that points get from rules and tiers, with words for where (domain 5)."""
    holders = await definitions.holders(connection, project_id, card_definition_id)
    found: list[tuple[str, PointsExpiration]] = []
    for one in (await definitions.find_several(connection, project_id, {one.id for one in holders})).values():
        if one.kind == EARNING_RULE.kind:
            rule = EarningRuleConfiguration.model_validate(one.configuration)
            found += ((f"an effect of {one.id}", own) for own in own_expirations(rule, card_definition_id))
        elif one.kind == TIER_STRUCTURE.kind:
            present = (await tiers.all_of(connection, one)).values()
            configured = (TierConfiguration.model_validate(tier.configuration) for tier in present)
            found += ((f"a tier of {one.id}", own) for tier in configured if (own := tier.points_expiration))
    return found


CARD_DEFINITIONS: Final = Noun(
    lifecycle=CARD_DEFINITION, configuration=CardDefinitionConfiguration, references=references, updated=_updated
)
