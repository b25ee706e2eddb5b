"""The documentation of the API: its OpenAPI document as what the pages show, operation by operation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from troth.core.json import encode
from troth.hub.pages.examples import example_of
from troth.hub.pages.schemas import Property, Schemas, Shape, shape_of

METHODS: Final = ("get", "post", "put", "patch", "delete")
PLACES: Final = ("path", "query", "header")
_JSON: Final = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)')

Tokens = tuple[tuple[str, str], ...]
"""A text in pieces, each with what it is: key, string, number, word, code, command, or nothing in particular."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation in a list of operations; `search` is what a filter looks in, in lower case."""

    id: str
    method: str
    path: str
    summary: str
    search: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    tag: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """A body that is sent or answered: its media type, what it may be, and an example."""

    media_type: str
    shape: Shape
    example: Any
    required: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status means; `meaning` is the document's description, for a refusal its keys."""

    status: str
    phrase: str
    meaning: str
    body: Body | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with everything that there is to know for calling it.

    `refusals` are the statuses from 400 on; `refused` are the different bodies that they answer, usually one.
    `target` is the path with examples of what it asks for.
    """

    entry: Entry
    tag: str
    description: str
    public: bool
    parameters: tuple[tuple[str, tuple[Property, ...]], ...]
    body: Body | None
    answers: tuple[Answer, ...]
    refusals: tuple[Answer, ...]
    refused: tuple[Body, ...]
    target: str


class Documentation:
    """An OpenAPI document, read for people. The document must not change afterwards."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.title: str = document["info"]["title"]
        self.version: str = document["info"]["version"]
        self.summary: str = document["info"].get("summary", "")
        self._schemas: Schemas = document.get("components", {}).get("schemas", {})
        self._declared = {entry.id: (entry, operation) for entry, operation in _operations(document)}

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The operations by tag, in the document's order."""
        groups: dict[str, list[Entry]] = {}
        for entry, operation in self._declared.values():
            groups.setdefault(_tag(operation), []).append(entry)
        return tuple(Group(tag, tuple(entries)) for tag, entries in groups.items())

    def operation(self, operation_id: str) -> Operation | None:
        """Return an operation by its id, or None if the document has none of that id."""
        if operation_id not in self._declared:
            return None
        entry, declared = self._declared[operation_id]
        answers = [self._answer(status, answer) for status, answer in declared["responses"].items()]
        refusals = tuple(one for one in answers if one.status[0] in "45d")
        refused = {one.body.shape: one.body for one in refusals if one.body}
        description = declared.get("description", "").strip()
        return Operation(
            entry=entry,
            tag=_tag(declared),
            description="" if description.rstrip(".") == entry.summary else description,
            public=declared.get("security") == [],
            parameters=self._parameters(declared),
            body=self._body(declared.get("requestBody", {})),
            answers=tuple(one for one in answers if one not in refusals),
            refusals=refusals,
            refused=tuple(refused.values()),
            target=self._target(entry.path, declared),
        )

    def _parameters(self, declared: Mapping[str, Any]) -> tuple[tuple[str, tuple[Property, ...]], ...]:
        by_place: dict[str, list[Property]] = {place: [] for place in PLACES}
        for one in declared.get("parameters", ()):
            schema = {"description": one["description"], **one["schema"]} if "description" in one else one["schema"]
            shape = shape_of(schema, self._schemas)
            by_place.setdefault(one["in"], []).append(Property(one["name"], one.get("required", False), shape))
        return tuple((place, tuple(found)) for place, found in by_place.items() if found)

    def _body(self, declared: Mapping[str, Any]) -> Body | None:
        for media_type, content in declared.get("content", {}).items():
            schema = content.get("schema", {})
            shape, example = shape_of(schema, self._schemas), example_of(schema, self._schemas)
            return Body(media_type, shape, example, declared.get("required", True))
        return None

    def _answer(self, status: str, declared: Mapping[str, Any]) -> Answer:
        phrase = HTTPStatus(int(status)).phrase if status.isdigit() else ""
        meaning = declared.get("description", "")
        return Answer(status, phrase, "" if meaning == phrase else meaning, self._body(declared))

    def _target(self, path: str, declared: Mapping[str, Any]) -> str:
        needed = {}
        for one in declared.get("parameters", ()):
            example = example_of(one["schema"], self._schemas, name=one["name"])
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", quote(str(example), safe=""))
            elif one["in"] == "query" and one.get("required"):
                needed[one["name"]] = example
        return f"{path}?{urlencode(needed)}" if needed else path


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[Entry, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if declared := item.get(method):
                id_, summary = declared["operationId"], declared.get("summary", declared["operationId"])
                search = " ".join((method, path, summary, id_, _tag(declared))).lower()
                yield Entry(id_, method.upper(), path, summary, search), declared


def _tag(declared: Mapping[str, Any]) -> str:
    tags = declared.get("tags") or ["Other"]
    return str(tags[0])


def curl(operation: Operation, base: str) -> Tokens:
    """Return the command that calls an operation of the Troth at `base`; credentials come from two shell variables."""
    lines = [f"curl --request {operation.entry.method}", _quoted(base.rstrip("/") + operation.target)]
    if not operation.public:
        lines += ['--header "X-App-Id: $APP_ID"', '--header "X-App-Token: $APP_TOKEN"']
    body = operation.body
    if body is None:
        return (("command", " \\\n  ".join(lines)),)
    if body.media_type == "application/x-www-form-urlencoded":
        lines += [f"--data-urlencode {_quoted(f'{name}={value}')}" for name, value in body.example.items()]
        return (("command", " \\\n  ".join(lines)),)
    if body.media_type == "multipart/form-data":
        lines += [f"--form {name}=@PATH" for name in body.example]
        return (("command", " \\\n  ".join(lines)),)
    lines += [f"--header 'Content-Type: {body.media_type}'", "--data '"]
    inside = tuple((kind, text.replace("'", "'\\''")) for kind, text in json_tokens(body.example))
    return (("command", " \\\n  ".join(lines)), *inside, ("", "'"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def json_tokens(value: Any) -> Tokens:
    """Return the indented JSON of plain data in pieces: keys, strings, numbers, words, and what is between them."""
    text, place, found = msgspec.json.format(encode(value), indent=2).decode(), 0, []
    for match in _JSON.finditer(text):
        quoted, colon, number, word = match.groups()
        end = match.end(1) if quoted else match.end()
        kind = "number" if number else "word" if word else "key" if colon else "string"
        found += [("", text[place : match.start()]), (kind, text[match.start() : end])]
        place = end
    return tuple(one for one in (*found, ("", text[place:])) if one[1])


def paragraphs(text: str) -> tuple[Tokens, ...]:
    """Return a description's paragraphs; what stood between backticks is code."""
    return tuple(
        tuple(("code" if place % 2 else "", piece) for place, piece in enumerate(one.split("`")) if piece)
        for one in re.split(r"\n\s*\n", text.strip())
        if one
    )
