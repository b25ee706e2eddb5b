"""Formulas: what they mean, that they are exact, and that no text does any harm (domain 12)."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.formulas import DEEPEST, Facts, FormulaError, read

FACTS = Facts(
    order={"rate": Decimal("0.1"), "tier": "gold", "text": "2.5", "vip": True, "list": [1], "huge": 10**700},
    customer={"factor": 3, "tier": "silver"},
)


def value(text: str, facts: Facts = FACTS) -> Fraction:
    return read(text).value(facts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("2.", 2),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("100 / 10 / 2", 5),
        ("1 / 3 * 3", 1),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("--2", 2),
        ("3 - -2", 5),
        ("-(-4)", 4),
        ("MIN(3; 1; 2)", 1),
        ("MAX(3, 1, 2)", 3),
        ("min(5)", 5),
        ("ROUND(2.5)", 3),
        ("-ROUND(-2.5)", 3),
        ("ROUND(2.345; 2)", Fraction(235, 100)),
        ("ROUND(1234; -2)", 1200),
        ("FLOOR(2.9)", 2),
        ("-FLOOR(-2.1)", 3),
        ("CEIL(2.1)", 3),
        ("IF(1 < 2; 10; 20)", 10),
        ("IF(1 >= 2; 10; 20)", 20),
        ("IF(2 = 2.0; 1; 2)", 1),
        ("IF(2 != 2; 1; 2)", 2),
        ("IF(2 <> 3; 1; 2)", 1),
        ("IF(1 > 2; 1 / 0; 7)", 7),
        ('ORDER_METADATA("rate") * 10', 1),
        ('ORDER_METADATA("text") * 2', 5),
        ('CUSTOMER_METADATA("factor")', 3),
        ('IF(ORDER_METADATA("tier") = "gold"; 1; 2)', 1),
        ('IF(CUSTOMER_METADATA("tier") == ORDER_METADATA("tier"); 1; 2)', 2),
        ('IF(ORDER_METADATA("vip"); 1; 2)', 1),
        (" 1\n+\t1 ", 2),
    ],
)
def test_a_formula_has_its_exact_value(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", 1, "a number, a function or '(' is expected, not 'the end'"),
        ("1 +", 4, "a number, a function or '(' is expected, not 'the end'"),
        ("1 2", 3, "'2' is not expected here"),
        ("(1", 3, "')' is missing before 'the end'"),
        ("1)", 2, "')' is not expected here"),
        ("1 & 2", 3, "'&' has no place in a formula"),
        ("1 < 2 < 3", 7, "'<' is not expected here"),
        (
            "SUM(1)",
            1,
            "SUM is no function; known are CEIL, CUSTOMER_METADATA, FLOOR, IF, MAX, MIN, ORDER_METADATA, ROUND",
        ),
        ("2 * pi", 5, "pi is no function; known are"),
        ("IF(1 < 2; 3)", 1, "IF takes 3 arguments, not 2"),
        ("ROUND(1; 2; 3)", 1, "ROUND takes 1 to 2 arguments, not 3"),
        ("MIN()", 5, "a number, a function or '(' is expected, not ')'"),
        ('"open', 1, "'\"' has no place in a formula"),
        ("(" * 40 + "1" + ")" * 40, DEEPEST + 1, f"a formula may be nested {DEEPEST} levels deep"),
        ("-" * 2000 + "1", DEEPEST + 1, f"a formula may be nested {DEEPEST} levels deep"),
        ("9" * 700, 1, "the value has too many digits"),
        ("1 \u00a0+ 1", 3, "'\\xa0' has no place in a formula"),
        ("1 + 1\u2003", 6, "'\\u2003' has no place in a formula"),
        ("\u0661", 1, "'\u0661' has no place in a formula"),
    ],
)
def test_what_is_no_formula_is_told_with_its_place(text: str, place: int, words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read(text)
    assert caught.value.place == place
    assert caught.value.words.startswith(words)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("0", 1, "the result must be above zero, it is 0"),
        ("1 - 3", 1, "the result must be above zero, it is -2"),
        ("1 < 2", 1, "a number is expected, not a comparison"),
        ('"gold"', 1, "a number is expected, not the text 'gold'"),
        ("1 / (2 - 2)", 3, "division by zero"),
        ('1 + "gold"', 3, "a number is expected, not the text 'gold'"),
        ('IF("a" < "b"; 1; 2)', 8, "a number is expected, not the text 'a'"),
        ("IF(1; 2; 3)", 1, "IF takes a comparison first"),
        ("1 + (2 < 3)", 3, "a number is expected, not a comparison"),
        ("2 * ROUND(1; 0.5)", 5, "ROUND takes a whole number of digits from -15 to 15"),
        ("ROUND(1; 99)", 1, "ROUND takes a whole number of digits from -15 to 15"),
        ('1 + ORDER_METADATA("none")', 5, "the order's metadata none is missing"),
        ('CUSTOMER_METADATA("none")', 1, "the customer's metadata none is missing"),
        ('ORDER_METADATA("list")', 1, "the order's metadata list is no number, text or flag"),
        ('ORDER_METADATA("huge")', 1, "the value has too many digits"),
        ("ORDER_METADATA(1)", 1, 'ORDER_METADATA takes a name in quotes, such as "tier"'),
        ("*".join(["9" * 300] * 4), 602, "the value has too many digits"),
    ],
)
def test_what_has_no_value_is_told_with_its_place(text: str, place: int, words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        value(text)
    assert (caught.value.place, caught.value.words) == (place, words)


PIECES = st.sampled_from(
    [
        *"0123456789.+-*/()<>=;, \"'_",
        "IF(",
        "MIN(",
        "MAX(",
        "ROUND(",
        "FLOOR(",
        "CEIL(",
        'ORDER_METADATA("',
        "__import__",
        "**",
    ]
)


@given(st.text() | st.lists(PIECES, max_size=60).map("".join))
def test_any_text_has_an_exact_value_or_is_told_why_not(text: str) -> None:
    try:
        found: Fraction | FormulaError = value(text)
    except FormulaError as error:
        found = error
    if isinstance(found, FormulaError):
        assert 1 <= found.place <= len(text) + 1
        assert found.words
    else:
        assert found > 0


@pytest.mark.parametrize("sign", "+-*/")
def test_a_formula_as_long_as_it_may_be_is_worked_out(sign: str) -> None:
    expected = {"+": 2000, "-": 2, "*": 1, "/": 1}[sign]
    start = {"+": "1001", "-": "1001"}.get(sign, "1")
    assert value(sign.join([start, *"1" * 999])) == expected


NUMBERS = st.decimals("0.01", "1000", places=2).map(str)


@given(
    st.recursive(
        NUMBERS,
        lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]}{0[1]}{0[2]})".format),
        max_leaves=12,
    )
)
def test_arithmetic_is_that_of_fractions(text: str) -> None:
    exact = re.sub(r"\d+\.\d+", lambda one: f"Fraction('{one[0]}')", text)
    try:
        expected = eval(exact, {"Fraction": Fraction})
    except ZeroDivisionError:
        expected = None
    if expected is not None and expected > 0:
        assert value(text) == expected
    else:
        with pytest.raises(FormulaError):
            value(text)
