"""The logic of numbered rules: read as written, refused with the place."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.logic import AllOf, AnyOf, Logic, holds, numbers, parse

ATOMS = st.integers(1, 4).map(str)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", "1"),
        ("12", "12"),
        (" ( 1 ) ", "1"),
        ("1 and 2 and 3", AllOf(("1", "2", "3"))),
        ("1 or 2 and 3", AnyOf(("1", AllOf(("2", "3"))))),
        ("(1 or 2) and 3", AllOf((AnyOf(("1", "2")), "3"))),
        ("1 AND(2 Or 3)", AllOf(("1", AnyOf(("2", "3"))))),
    ],
)
def test_read(text: str, tree: Logic) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "the end does not fit"),
        ("1 and", "the end does not fit"),
        ("(1", "the end does not fit"),
        ("1)", "')' at character 2 does not fit"),
        ("1 2", "'2' at character 3 does not fit"),
        ("1 xor 2", "'x' at character 3 does not fit"),
        ("1 and 2and 3", "'2' at character 7 does not fit"),
        ("0", "'0' at character 1 does not fit"),
        ("1 && 2", "'&' at character 3 does not fit"),
        ("or", "'or' at character 1 does not fit"),
        ("()", "')' at character 2 does not fit"),
    ],
)
def test_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(ValueError, match="must be rule numbers joined by and, or and parentheses; ") as refused:
        parse(text)
    assert str(refused.value).endswith(place)


def test_bounds() -> None:
    assert parse("(" * 32 + "1" + ")" * 32) == "1"
    with pytest.raises(ValueError, match="more than 32 deep"):
        parse("(" * 33 + "1" + ")" * 33)
    with pytest.raises(ValueError, match="at most 2000 characters"):
        parse(" or ".join(["1"] * 500))


@given(EXPRESSIONS)
def test_holds_as_the_same_words_of_python_do(text: str) -> None:
    tree = parse(text)
    for truth in itertools.product([False, True], repeat=4):
        values = dict(zip("1234", truth, strict=True))
        plain = eval("".join(str(values[sign]) if sign in values else sign for sign in text))
        assert holds(tree, values.__getitem__) is plain
    assert set(numbers(tree)) == {sign for sign in text if sign.isdigit()}


def test_asks_no_further_than_needed() -> None:
    asked: list[str] = []

    def rule(number: str) -> bool:
        asked.append(number)
        return number == "2"

    assert holds(parse("(1 and 9) or 2 or 3"), rule)
    assert asked == ["1", "2"]
