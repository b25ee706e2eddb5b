"""No project sees or touches another, nor does who has no right: proved for every operation of the document.

Operations that are added later are covered by themselves; a path parameter without an example fails here.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.everything import (
    LATER,
    NAMES_NOT_IDS,
    OPERATIONS,
    Ids,
    Operation,
    everything_stored,
    one_of_everything,
)

from troth.actions.access import create_key
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door

pytestmark = pytest.mark.anyio

PARAMETERS = sorted({name for one in OPERATIONS for name in one.parameters})
WITH_IDS = [one for one in OPERATIONS if set(one.parameters) - NAMES_NOT_IDS]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda one: one.id)


@dataclass(frozen=True)
class Stock:
    """A project with one of everything."""

    project: TestProject
    client: httpx.AsyncClient
    ids: Ids


async def stocked(engine: Engine, door: Door) -> AsyncIterator[Stock]:
    project = await make_project(engine)
    async with client_of(door, project.headers) as client:
        yield Stock(project, client, await one_of_everything(client, engine))


@pytest.fixture(scope="module")
async def ours(engine: Engine, door: Door) -> AsyncIterator[Stock]:
    async for one in stocked(engine, door):
        yield one


@pytest.fixture(scope="module")
async def theirs(engine: Engine, door: Door) -> AsyncIterator[Stock]:
    async for one in stocked(engine, door):
        yield one


def mixed(operation: Operation, ours: Ids, theirs: Ids) -> Iterator[Ids]:
    """Yield the ids of a path in every mixture of two projects but the one that is all ours."""
    foreign = [name for name in operation.parameters if name not in NAMES_NOT_IDS]
    for choice in product((ours, theirs), repeat=len(foreign)):
        ids = {**ours, **{name: source[name] for name, source in zip(foreign, choice, strict=True)}}
        if ids != ours:
            yield ids


async def test_every_path_parameter_has_an_example(ours: Stock) -> None:
    assert set(PARAMETERS) - set(ours.ids) == set()


@each(WITH_IDS)
async def test_an_id_of_another_project_is_not_found(
    engine: Engine, ours: Stock, theirs: Stock, operation: Operation
) -> None:
    before = await everything_stored(engine.database)
    for ids in mixed(operation, ours.ids, theirs.ids):
        answer = await operation.call(ours.client, ids, named=ours.ids)
        assert (answer.status_code, answer.json()["key"]) == (404, "not_found"), (operation.url(ids), answer.text)
    assert await everything_stored(engine.database) == before


MALFORMED = ("x", "lprg_", "0", "null", "%20", "%1F", "lprg_%1Flprg_1", "%F0%9F%8D%8B", "%FF", "a%2Fb", "a" * 3000)


@each(WITH_IDS)
async def test_a_malformed_id_is_not_found(engine: Engine, ours: Stock, operation: Operation) -> None:
    before = await everything_stored(engine.database)
    for name in set(operation.parameters) - NAMES_NOT_IDS:
        own = ours.ids[name]
        for malformed in (
            *MALFORMED,
            own + "0",
            own.upper(),
            own[:-1],
            f"{own}%00",
            f"{own}%1F",
            f"%1F{own}",
            f"{own}%20",
        ):
            ids = {**ours.ids, name: malformed}
            answer = await operation.call(ours.client, ids, named=ours.ids)
            assert (answer.status_code, answer.json()["key"]) == (404, "not_found"), (operation.url(ids), answer.text)
    assert await everything_stored(engine.database) == before


@each([one for one in OPERATIONS if not one.public])
async def test_a_stranger_is_refused(engine: Engine, door: Door, ours: Stock, operation: Operation) -> None:
    before = await everything_stored(engine.database)
    async with client_of(door, {}) as stranger:
        answer = await operation.call(stranger, ours.ids)
    assert (answer.status_code, answer.json()["key"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await everything_stored(engine.database) == before


@each([one for one in OPERATIONS if not one.public])
async def test_a_read_only_key_reads_and_changes_nothing(
    engine: Engine, door: Door, ours: Stock, operation: Operation
) -> None:
    made = await create_key(engine, ours.project.id, "Till", Role.READ_ONLY)
    before = await everything_stored(engine.database)
    async with client_of(door, {"X-App-Id": made.key.app_id, "X-App-Token": made.token}) as till:
        answer = await operation.call(till, ours.ids)
    if operation.changes:
        assert (answer.status_code, answer.json()["key"]) == (403, "forbidden")
    else:
        assert answer.status_code != 403
    assert await everything_stored(engine.database) == before


EMPTY = (
    "/tier-structures", "/pending-points", "/earning-evaluations", "/benefits/transactions", "/incentives/transactions",
)  # fmt: skip
"""Lists of what workers make, or of what nothing was made of."""


@each([one for one in OPERATIONS if one.method == "GET" and not one.public])
async def test_what_is_read_is_our_own(ours: Stock, theirs: Stock, operation: Operation) -> None:
    answer = await operation.call(ours.client, ours.ids)
    assert answer.status_code == 200, answer.text
    foreign = {value for name, value in theirs.ids.items() if name not in NAMES_NOT_IDS}
    assert {value for value in foreign if value in answer.text} == set()
    own = {value for name, value in ours.ids.items() if name not in NAMES_NOT_IDS}
    if operation.parameters and not operation.path.endswith(EMPTY):
        assert {value for value in own if value in answer.text}, "an answer that names nothing of ours proves nothing"


NAMING = [
    one
    for one in OPERATIONS
    if one.id not in LATER
    and one.body(dict.fromkeys(PARAMETERS, "ours")) != one.body(dict.fromkeys(PARAMETERS, "theirs"))
]


@each(NAMING)
async def test_a_body_cannot_name_what_another_project_has(
    engine: Engine, ours: Stock, theirs: Stock, operation: Operation
) -> None:
    before = await everything_stored(engine.database)
    for name in PARAMETERS:
        named = {**ours.ids, name: theirs.ids[name]}
        if operation.body(named) != operation.body(ours.ids):
            answer = await operation.call(ours.client, ours.ids, named=named)
            assert (answer.status_code, answer.json()["key"]) == (404, "not_found"), (name, answer.text)
    assert await everything_stored(engine.database) == before


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/customers", "customerId"),
        ("/v1/orders", "orderId"),
        ("/v1/products", "productId"),
        ("/v1/products/{productId}/skus", "skuId"),
    ],
)
async def test_an_upsert_cannot_name_what_another_project_has(
    engine: Engine, ours: Stock, theirs: Stock, path: str, name: str
) -> None:
    before = await everything_stored(engine.database)
    answer = await ours.client.post(path.format_map(ours.ids), json={"id": theirs.ids[name], "metadata": {"x": 1}})
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")
    assert await everything_stored(engine.database) == before
