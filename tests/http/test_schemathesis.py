"""Whatever a client makes of the document, the server keeps to it: Schemathesis over a real server.

Each operation is called with bodies and queries made from its schema, right ones and wrong ones, at the path of things
that exist and at made-up paths. No answer may be an error of the server, have a status that the document does not name
or a shape that it does not give; a request that the document rules out must be refused.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.conftest import client_of, make_project
from tests.http.everything import OPERATIONS, Ids, Operation, one_of_everything

from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.http.app import document
from troth.http.door import Door
from troth.http.server import listen, serve

pytestmark = pytest.mark.anyio

EXAMPLES: Final = 6
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CONFIG: Final = {"generation": {"with-security-parameters": False}}
SCHEMA: Final = schemathesis.openapi.from_dict(document(), config=schemathesis.Config.from_dict(CONFIG))
BOUNDED: Final = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
RIGHT_OR_WRONG: Final = st.sampled_from((GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE))


def known(value: Any, ids: Ids) -> Any:
    """Return a body whose made-up ids are those of things that exist, where there are any of their kind."""
    if isinstance(value, dict):
        return {name: known(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [known(inner, ids) for inner in value]
    return ids.get(value.partition("_")[0], value) if isinstance(value, str) else value


class Target:
    """A server, and a project that has one of everything."""

    def __init__(self, url: str, headers: dict[str, str], ids: Ids) -> None:
        self._url = url
        self._ids = ids
        self._by_prefix = {one.partition("_")[0]: one for one in ids.values()}
        self._session = requests.Session()
        self._session.headers.update(headers)

    def explore(self, operation: Operation) -> set[int]:
        """Call an operation in many ways, check every answer, and return the statuses that were seen."""
        declared = SCHEMA[operation.path][operation.method]
        path = {name: self._ids[name] for name in operation.parameters}
        seen = set()

        @BOUNDED
        @given(st.data())
        def each(data: st.DataObject) -> None:
            mode = data.draw(RIGHT_OR_WRONG)
            at = data.draw(st.sampled_from((path, path, None)))
            case = data.draw(declared.as_strategy(generation_mode=mode, path_parameters=at))
            if mode is GenerationMode.POSITIVE and operation.media_type and data.draw(st.booleans()):
                case.body = known(case.body, self._by_prefix)
            seen.add(self._check(case))

        each()
        return seen

    def _check(self, case: Case) -> int:
        response = case.call(base_url=self._url, session=self._session)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            # No plain exception: it would end the loop that all tests share.
            raise AssertionError(str(group)) from None
        return response.status_code


@pytest.fixture(scope="module")
async def url(door: Door) -> AsyncIterator[str]:
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(door, WallClock(), listener, stop))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    await serving


async def stocked(engine: Engine, door: Door, url: str) -> Target:
    project = await make_project(engine)
    async with client_of(door, project.headers) as client:
        return Target(url, project.headers, await one_of_everything(client, engine))


@pytest.fixture(scope="module")
async def kept(engine: Engine, door: Door, url: str) -> Target:
    """A project for all operations that only read."""
    return await stocked(engine, door, url)


def test_the_document_is_valid() -> None:
    SCHEMA.validate()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
async def test_an_operation_keeps_to_the_document(
    engine: Engine, door: Door, url: str, kept: Target, operation: Operation
) -> None:
    target = await stocked(engine, door, url) if operation.changes else kept
    seen = await asyncio.to_thread(target.explore, operation)
    if operation.method == "GET":
        assert 200 in seen, "what is never found is not proved"
