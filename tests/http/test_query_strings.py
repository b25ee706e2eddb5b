"""Query strings taken apart: every way to write a list, and what no query string may be."""

import pytest

from troth.core.refusals import Reason, Refusal
from troth.http.query_strings import MOST_PARAMETERS, several, single, take_apart


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a=1&b=2&a=3", {("a",): ["1", "3"], ("b",): ["2"]}),
        ("a", {("a",): [""]}),
        ("a=1+2%2B3", {("a",): ["1 2+3"]}),
        ("a%5Bb%5D[c]=1", {("a", "b", "c"): ["1"]}),
        ("a[]=x&a[]=y", {("a",): ["x", "y"]}),
        ("a[10]=z&a[1]=y&a[0]=x", {("a",): ["x", "y", "z"]}),
        ("a[b][0]=x,y&a[b]=z,w", {("a", "b"): ["x,y", "z", "w"]}),
        ("a[12345]=x", {("a", "12345"): ["x"]}),
        ("a=%C3%A9&b=é", {("a",): ["é"], ("b",): ["é"]}),
    ],
)
def test_parameters_are_found(text: str, expected: dict[tuple[str, ...], list[str]]) -> None:
    for given in (text, text.encode()):
        assert {path: several(values) for path, values in take_apart(given).items()} == expected


def test_only_the_plain_form_is_split_at_commas() -> None:
    parameters = take_apart("a=x,y&b[]=x,y&c[0]=x,y")
    assert [several(parameters[(name,)]) for name in "abc"] == [["x", "y"], ["x,y"], ["x,y"]]


def test_a_single_value_is_none_when_absent_or_empty() -> None:
    parameters = take_apart("a=1&b=")
    assert [single(parameters, name) for name in "abc"] == ["1", None, None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a=%FF", "The query string must be UTF-8 text"),
        (b"a=\xff", "The query string must be UTF-8 text"),
        (b"a=%ED%A0%80", "The query string must be UTF-8 text"),
        ("a=\ud800", "The query string must be UTF-8 text"),
        ("a=x%00y", "The query string must not contain the character NUL"),
        ("a%00=x", "The query string must not contain the character NUL"),
        ("&".join(["a=1"] * (MOST_PARAMETERS + 1)), "The query string must have at most 1000 parameters"),
        ("a[b=1", '"a[b" is no parameter name; brackets must be closed and not nested'),
        ("a[b[c]]=1", '"a[b[c]]" is no parameter name; brackets must be closed and not nested'),
        ("[a]=1", '"[a]" is no parameter name; brackets must be closed and not nested'),
        ("=1", '"" is no parameter name; brackets must be closed and not nested'),
    ],
)
def test_what_is_no_query_string_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        take_apart(text)
    assert (caught.value.reason, caught.value.details) == (Reason.INVALID_QUERY, words)


def test_a_single_value_given_twice_is_refused() -> None:
    with pytest.raises(Refusal, match=r"a\[b\] is given 2 times"):
        single(take_apart("a[b]=1&a[b]=2"), "a", "b")
