"""Texts found whatever their case, by patterns that hold nothing but their letters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.patterns import PATTERNS, pattern


@pytest.mark.parametrize(
    ("operator", "value", "text", "found"),
    [
        ("$contains", "łódź", "w ŁÓDŹ.", True),
        ("$contains", "a.b", "aXb", False),
        ("$contains", "50%", "only 50% off", True),
        ("$contains", "", "", True),
        ("$starts_with", "a", "\na", False),
        ("$starts_with", "ä", "Ä\n", True),
        ("$ends_with", "z", "aZ", True),
        ("$ends_with", "z", "z\n", False),
        ("$ends_with", "[a]|b", "x[A]|B", True),
        ("$contains", "straße", "STRASSE", False),
        ("$contains", "straße", "STRAßE", True),
    ],
)
def test_a_value_is_found_by_its_letters(operator: str, value: str, text: str, found: bool) -> None:
    assert bool(re.search(pattern(operator, [value]), text)) is found


@given(st.sampled_from(PATTERNS), st.lists(st.text(max_size=5), min_size=1, max_size=3), st.data())
def test_every_value_is_found_in_itself_whatever_its_case(
    operator: str, values: list[str], data: st.DataObject
) -> None:
    value = data.draw(st.sampled_from(values))
    letters = [one.upper() if len(one.upper()) == 1 and data.draw(st.booleans()) else one for one in value]
    assert re.search(pattern(operator, values), "".join(letters))
