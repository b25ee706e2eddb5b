"""Formulas: how many points one minor unit of money costs, worked out exactly (domain 12).

    formula     = comparison
    comparison  = sum [("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") sum]
    sum         = product {("+" | "-") product}
    product     = sign {("*" | "/") sign}
    sign        = ("+" | "-") sign | atom
    atom        = number | text | name "(" formula {(";" | ",") formula} ")" | "(" formula ")"

Numbers are decimals such as `0.25`, texts stand in double quotes. Arithmetic is on fractions, so nothing is ever
rounded but by ROUND, FLOOR and CEIL. A formula has no loops and no names but its functions: its cost is its size.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any, Final, NamedTuple, TypeAlias

DEEPEST: Final = 32
"""How deep parentheses, functions and signs may be nested."""

LARGEST_BITS: Final = 2048
"""How many bits the numerator and the denominator of a value may have."""

LONGEST_SHOWN: Final = 64
"""How many bits a value has at most that is shown to people."""

MOST_DIGITS: Final = 15
"""To how many digits ROUND rounds at most, before and after the point."""

Value: TypeAlias = Fraction | str | bool
Metadata: TypeAlias = Mapping[str, Any]

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z_]+)|"(?P<text>[^"]*)"|(?P<sign>==|!=|<>|<=|>=|[-+*/()<>=;,]))""",
    re.ASCII,
)
_BLANKS: Final = " \t\n\r\f\v"
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})", re.ASCII)
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Final[Mapping[str, Callable[[Fraction, Fraction], Fraction]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_EQUALITY: Final = frozenset({"=", "==", "!=", "<>"})


class FormulaError(ValueError):
    """What is wrong with a formula, and at which of its characters, counted from 1."""

    def __init__(self, place: int, words: str) -> None:
        super().__init__(f"at character {place}: {words}")
        self.place = place
        self.words = words


class Facts(NamedTuple):
    """What a formula may look at: the order's metadata and the customer's."""

    order: Metadata
    customer: Metadata


_Node: TypeAlias = Callable[[Facts], Value]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that can be worked out."""

    _node: _Node

    def value(self, facts: Facts) -> Fraction:
        """Return the exact value. Raises FormulaError if there is none, or none above zero."""
        value = _number(self._node(facts), 1)
        if value <= 0:
            raise FormulaError(1, f"the result must be above zero, it is {_shown(value)}")
        return value


@lru_cache(maxsize=1024)
def read(text: str) -> Formula:
    """Return the formula of a text. Raises FormulaError with the place of the first mistake."""
    return Formula(_Parser(text).whole())


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def _tokens(text: str) -> list[_Token]:
    tokens, end = [], 0
    while rest := text[end:].lstrip(_BLANKS):
        match = _TOKEN.match(text, end)
        if match is None or match.lastgroup is None:
            place = len(text) - len(rest)
            raise FormulaError(place + 1, f"{text[place]!r} has no place in a formula")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        end = match.end()
    return [*tokens, _Token("end", "the end", len(text) + 1)]


class _Parser:
    """Reads one formula from left to right; each method reads one rule of the grammar above."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0

    def whole(self) -> _Node:
        node = self._comparison()
        if self._next.kind != "end":
            raise FormulaError(self._next.place, f"{self._next.text!r} is not expected here")
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _taken(self, *signs: str) -> _Token | None:
        token = self._next
        if token.kind != "sign" or token.text not in signs:
            return None
        self._position += 1
        return token

    def _demanded(self, sign: str) -> None:
        if not self._taken(sign):
            raise FormulaError(self._next.place, f"{sign!r} is missing before {self._next.text!r}")

    def _comparison(self) -> _Node:
        left = self._sum()
        if token := self._taken(*_COMPARISONS):
            return _compared(left, token, self._sum())
        return left

    def _sum(self) -> _Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> _Node:
        return self._chain(self._signed, "*", "/")

    def _chain(self, operand: Callable[[], _Node], *signs: str) -> _Node:
        first = operand()
        rest = []
        while token := self._taken(*signs):
            rest.append((token, operand()))
        return _calculated(first, rest) if rest else first

    def _signed(self) -> _Node:
        self._deeper()
        token = self._taken("+", "-")
        node = _signed(token, self._signed()) if token else self._atom()
        self._depth -= 1
        return node

    def _atom(self) -> _Node:
        token = self._next
        if self._taken("("):
            node = self._comparison()
            self._demanded(")")
            return node
        self._position += 1
        match token.kind:
            case "number":
                value = _bounded(Fraction(token.text), token.place)
                return lambda _: value
            case "text":
                return lambda _: token.text
            case "name":
                return self._function(token)
        raise FormulaError(token.place, f"a number, a function or '(' is expected, not {token.text!r}")

    def _function(self, name: _Token) -> _Node:
        function = _FUNCTIONS.get(name.text.upper())
        if function is None:
            raise FormulaError(name.place, f"{name.text} is no function; known are {', '.join(sorted(_FUNCTIONS))}")
        self._demanded("(")
        arguments = [self._comparison()]
        while self._taken(";", ","):
            arguments.append(self._comparison())
        self._demanded(")")
        if not function.least <= len(arguments) <= (function.most or len(arguments)):
            raise FormulaError(name.place, f"{name.text.upper()} takes {function.takes}, not {len(arguments)}")
        return function.made(arguments, name.place)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError(self._next.place, f"a formula may be nested {DEEPEST} levels deep")


def _compared(left: _Node, token: _Token, right: _Node) -> _Node:
    compare = _COMPARISONS[token.text]

    def node(facts: Facts) -> Value:
        one, other = left(facts), right(facts)
        if token.text in _EQUALITY and isinstance(one, str) and isinstance(other, str):
            return compare(one, other)
        return compare(_number(one, token.place), _number(other, token.place))

    return node


def _calculated(first: _Node, rest: Sequence[tuple[_Token, _Node]]) -> _Node:
    """Return a chain of one precedence, worked out from left to right."""

    def node(facts: Facts) -> Value:
        value = _number(first(facts), rest[0][0].place)
        for token, operand in rest:
            other = _number(operand(facts), token.place)
            if token.text == "/" and other == 0:
                raise FormulaError(token.place, "division by zero")
            value = _bounded(_ARITHMETIC[token.text](value, other), token.place)
        return value

    return node


def _signed(token: _Token, operand: _Node) -> _Node:
    factor = -1 if token.text == "-" else 1
    return lambda facts: factor * _number(operand(facts), token.place)


class _Function(NamedTuple):
    """How many arguments a function takes, from `least` to `most` (None: any number), and how it is made of them."""

    least: int
    most: int | None
    made: Callable[[Sequence[_Node], int], _Node]

    @property
    def takes(self) -> str:
        if self.most is None:
            return f"{self.least} arguments or more"
        return f"{self.least} to {self.most} arguments" if self.least < self.most else f"{self.least} arguments"


def _of_numbers(calculate: Callable[..., int | Fraction]) -> Callable[[Sequence[_Node], int], _Node]:
    def made(arguments: Sequence[_Node], place: int) -> _Node:
        return lambda facts: Fraction(calculate(*(_number(one(facts), place) for one in arguments)))

    return made


def _rounded(arguments: Sequence[_Node], place: int) -> _Node:
    def node(facts: Facts) -> Value:
        value = _number(arguments[0](facts), place)
        digits = _number(arguments[1](facts), place) if len(arguments) > 1 else Fraction(0)
        if digits.denominator != 1 or abs(digits) > MOST_DIGITS:
            raise FormulaError(place, f"ROUND takes a whole number of digits from -{MOST_DIGITS} to {MOST_DIGITS}")
        unit = Fraction(10) ** -int(digits)
        away = floor(abs(value) / unit + Fraction(1, 2)) * unit
        return away if value >= 0 else -away

    return node


def _chosen(arguments: Sequence[_Node], place: int) -> _Node:
    condition, then, otherwise = arguments

    def node(facts: Facts) -> Value:
        holds = condition(facts)
        if not isinstance(holds, bool):
            raise FormulaError(place, "IF takes a comparison first")
        return then(facts) if holds else otherwise(facts)

    return node


def _looked_up(source: str) -> Callable[[Sequence[_Node], int], _Node]:
    def made(arguments: Sequence[_Node], place: int) -> _Node:
        def node(facts: Facts) -> Value:
            name = arguments[0](facts)
            if not isinstance(name, str):
                raise FormulaError(place, f'{source.upper()}_METADATA takes a name in quotes, such as "tier"')
            return _known(getattr(facts, source).get(name), f"the {source}'s metadata {name}", place)

        return node

    return made


_FUNCTIONS: Final[Mapping[str, _Function]] = {
    "MIN": _Function(1, None, _of_numbers(lambda *values: min(values))),
    "MAX": _Function(1, None, _of_numbers(lambda *values: max(values))),
    "ROUND": _Function(1, 2, _rounded),
    "FLOOR": _Function(1, 1, _of_numbers(floor)),
    "CEIL": _Function(1, 1, _of_numbers(ceil)),
    "IF": _Function(3, 3, _chosen),
    "ORDER_METADATA": _Function(1, 1, _looked_up("order")),
    "CUSTOMER_METADATA": _Function(1, 1, _looked_up("customer")),
}


def _known(value: object, what: str, place: int) -> Value:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | Decimal):
        return _bounded(Fraction(value), place)
    raise FormulaError(place, f"{what} is missing" if value is None else f"{what} is no number, text or flag")


def _number(value: Value, place: int) -> Fraction:
    """Return a value as a number; a text must be the text of one."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Fraction(value.strip())
    raise FormulaError(place, f"a number is expected, not {_shown(value)}")


def _bounded(value: Fraction, place: int) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise FormulaError(place, "the value has too many digits")
    return value


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "a comparison"
    if isinstance(value, str):
        return f"the text {value[:50]!r}"
    return str(value) if max(value.numerator.bit_length(), value.denominator.bit_length()) < LONGEST_SHOWN else "not so"
