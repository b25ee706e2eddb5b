"""What an action may answer to one command of a batch besides its own answer and a refusal."""

from enum import Enum
from typing import Final


class Busy(Enum):
    """The command's member is locked by another transaction: the command goes with a later batch."""

    BUSY = "BUSY"


BUSY: Final = Busy.BUSY
