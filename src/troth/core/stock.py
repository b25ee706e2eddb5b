"""How many there are of a reward in a program, or of a benefit (domain 5, 11 and 13)."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer
from troth.core.sections import Choice


class LimitedStock(Configuration):
    """So many are left to give."""

    quantity: Annotated[Integer, Field(ge=0, le=LARGEST_INTEGER)]


class Stock(Choice):
    """Any number, or a limited one."""

    parts: ClassVar = {"LIMITED": ("limited",)}

    type: Literal["UNLIMITED", "LIMITED"]
    limited: LimitedStock | None = None


UNLIMITED: Final = Stock(type="UNLIMITED")
