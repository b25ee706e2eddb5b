"""What card definitions have of their own among definitions."""

from collections.abc import Collection
from typing import Final

from troth.actions.card_codes import due_at_once
from troth.actions.definitions import Noun
from troth.actions.engine import Engine
from troth.actions.members import CARD_CODES
from troth.core.card_definitions import CardDefinitionConfiguration, references
from troth.core.definitions import Definition
from troth.core.lifecycle import CARD_DEFINITION
from troth.db import definitions
from troth.db.database import Unit


async def _updated(
    engine: Engine, unit: Unit, project_id: str, changed: Definition, names: Collection[str]
) -> str | None:
    if "code_config" not in names:
        return None
    await definitions.retry_codes(unit, project_id, changed.id, due_at_once(engine))
    return CARD_CODES


CARD_DEFINITIONS: Final = Noun(
    lifecycle=CARD_DEFINITION, configuration=CardDefinitionConfiguration, references=references, updated=_updated
)
