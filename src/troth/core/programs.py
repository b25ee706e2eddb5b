"""Programs: what of a program is configured besides its name and what is assigned to it (domain 5, Programs)."""

from typing import Final

from troth.core.validity import ValidityWindow

MOST_IN_A_BATCH: Final = 10
"""How many one request assigns, and how many it unassigns."""


class ProgramConfiguration(ValidityWindow):
    """When the program is in force: outside of it nothing is earned, spent or adjusted."""
