"""Which jobs there are: a name, as `Engine.wake` says it, and the action that does one batch."""

from collections.abc import Mapping
from typing import Final

from troth.actions.card_codes import make_card_codes
from troth.actions.members import CARD_CODES
from troth.worker.loop import Job

JOBS: Final[Mapping[str, Job]] = {CARD_CODES: make_card_codes}
