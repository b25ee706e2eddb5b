"""`Idempotency-Key`: whatever is sent again changes nothing more and gets the same answer (domain 17)."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.clubs import Club, new_club
from tests.http.definitions import BASE, NO_WALLET, refused
from tests.http.everything import OPERATIONS, Operation, everything_stored, one_of_everything
from tests.http.programs import PROGRAMS

from troth.actions import customer_imports
from troth.actions.engine import Engine
from troth.db.database import Outrun
from troth.http.app import document
from troth.http.door import Door
from troth.http.lanes import Lanes
from troth.http.routes.products import routes as product_routes
from troth.http.routing import Call
from troth.hub.app import pages

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "k-1"}
KEYED = [one for one in OPERATIONS if one.method in ("POST", "PUT") and one.id != "generate-oauth-token"]
CUSTOMERS = "/v1/customers"


@pytest.fixture
async def client(engine: Engine, door: Door, project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, project.headers) as opened:
        yield opened
    importer = customer_imports.Importer()
    while (await importer.work_off(engine)).more:  # nothing is left for the tests that come after
        pass


@pytest.fixture
async def club(client: httpx.AsyncClient) -> Club:
    return await new_club(client)


def is_replayed(answer: httpx.Response) -> bool:
    """Check the mark of an answer that is given again, and return whether it is there."""
    assert answer.headers.get_list("Idempotent-Replayed") in ([], ["true"])
    return "Idempotent-Replayed" in answer.headers


async def keys(engine: Engine, project: TestProject) -> int:
    async with engine.database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE project_id = $1", project.id))


async def changes(club: Club) -> list[tuple[str, str, dict[str, Any]]]:
    """Return a request of each kind that changes something: method, path, content."""
    client, enrolled = club.client, await club.enrolled()
    member, card = enrolled["id"], enrolled["cards"][0]["card"]["id"]
    draft = await client.post(f"{BASE}/card-definitions", json={"name": "Points", "type": "INDIVIDUAL"})
    await client.post(CUSTOMERS, json={"source_id": "crm/1"})
    return [
        ("POST", club.members, {"json": {"customer_id": await club.customer()}}),
        ("POST", f"{club.members}/batch", {"json": [{"customer_id": await club.customer()}]}),
        ("PUT", f"{club.members}/{member}", {"json": {"metadata": {"x": 1}}}),
        ("POST", f"{club.members}/{member}/cards/{card}/points", {"json": {"points": 5}}),
        ("POST", f"{club.members}/{member}/cards/{card}/points", {"json": {"points": -6}}),
        ("POST", f"{club.members}/{member}/deactivate", {}),
        ("POST", PROGRAMS, {"json": {"name": "Club"}}),
        ("PUT", f"{PROGRAMS}/{club.id}", {"json": {"name": "Circle"}}),
        ("POST", f"{BASE}/card-definitions", {"json": {"name": "Points", "type": "INDIVIDUAL"}}),
        ("POST", f"{BASE}/card-definitions/{draft.json()['id']}/activate", {}),
        ("POST", CUSTOMERS, {"json": {"source_id": "crm/2"}}),
        ("POST", CUSTOMERS, {"json": {"source_id": "crm/2", "name": "Ada"}}),
        ("PUT", f"{CUSTOMERS}/crm%2F1", {"json": {"name": "Grace"}}),
        ("POST", f"{CUSTOMERS}/bulk/async", {"json": [{"source_id": "crm/3"}]}),
        ("POST", f"{CUSTOMERS}/importCSV", {"files": {"file": b"source_id\ncrm/4\n"}}),
        ("POST", "/v1/products", {"json": {"name": "Mug"}}),
    ]


async def test_each_kind_of_request_is_answered_again_and_done_once(
    engine: Engine, project: TestProject, club: Club
) -> None:
    requests, outcomes = await changes(club), Counter[str | None]()
    for number, (method, path, content) in enumerate(requests):
        key = {"Idempotency-Key": f"k {number}"}
        first = await club.client.request(method, path, headers=key, **content)
        assert (first.is_success, is_replayed(first)) == (True, False), (path, first.text)
        before = await everything_stored(engine.database)
        again = await club.client.request(method, path, headers=key, **content)
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert is_replayed(again), path
        assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
        assert await everything_stored(engine.database) == before, path
        outcomes[(again.json().get("transaction") or {}).get("status")] += 1
    assert await keys(engine, project) == len(requests)
    assert (outcomes["APPROVED"], outcomes["REJECTED"]) == (1, 1), "what is rejected is booked too"


@pytest.mark.parametrize("operation", KEYED, ids=lambda one: one.id)
async def test_no_operation_does_more_at_the_second_time(
    engine: Engine, door: Door, client: httpx.AsyncClient, project: TestProject, operation: Operation
) -> None:
    """On one of everything: what is done is answered again, and what is refused or changes nothing keeps no key."""
    ids = await one_of_everything(client, engine)
    async with client_of(door, project.headers | KEY) as keyed:
        first = await operation.call(keyed, ids)
        kept = await keys(engine, project)
        before = await everything_stored(engine.database)
        again = await operation.call(keyed, ids)
    assert (first.is_success, is_replayed(first)) == (again.is_success, False)
    assert is_replayed(again) == bool(kept)
    assert kept <= first.is_success
    assert again.status_code == first.status_code
    if kept:
        assert again.content == first.content
        assert await everything_stored(engine.database) == before


async def test_another_body_is_refused(engine: Engine, project: TestProject, club: Club) -> None:
    for number, (method, path, content) in enumerate(await changes(club)):
        key = {"Idempotency-Key": f"k-{number}"}
        await club.client.request(method, path, headers=key, **content)
        before = await everything_stored(engine.database)
        other: dict[str, Any] = (
            {"files": {"file": b"source_id\ncrm/5\n"}}
            if "files" in content
            else {
                "content": json.dumps(content.get("json", {})) + " ",
                "headers": key | {"Content-Type": "application/json"},
            }
        )
        answer = await club.client.request(method, path, **{"headers": key, **other})
        assert "Idempotency-Key: " in refused(answer, 409, "idempotency_key_reused")["details"]
        assert await everything_stored(engine.database) == before, path


async def test_a_file_may_be_wrapped_anew(client: httpx.AsyncClient) -> None:
    """Most clients part a form at another boundary each time."""
    path, file = f"{CUSTOMERS}/importCSV", b"source_id\ncrm/1\n"
    types = set()
    for _ in range(2):
        request = client.build_request("POST", path, headers=KEY, files={"file": file})
        types.add(request.headers["Content-Type"])
        answer = await client.send(request)
    assert len(types) == 2
    assert is_replayed(answer)


@pytest.mark.parametrize("status", [400, 404, 409, 423])
async def test_who_is_refused_leaves_the_key_free(
    engine: Engine, project: TestProject, club: Club, status: int
) -> None:
    customer_id = await club.customer()
    draft = (await club.client.post(PROGRAMS, json={"name": "Draft"})).json()["id"]
    path = f"{PROGRAMS}/{draft}/members" if status == 423 else club.members
    bad = {
        400: {"customer_id": 5},
        404: {"customer_id": "cust_00000000000000000000000000000000"},
        409: {"customer_id": (await club.enrolled())["customer_id"]},
        423: {"customer_id": customer_id},
    }[status]
    for _ in range(2):
        answer = await club.client.post(path, json=bad, headers=KEY)
        assert (answer.status_code, is_replayed(answer)) == (status, False), answer.text
    assert await keys(engine, project) == 0
    good = await club.client.post(club.members, json={"customer_id": customer_id}, headers=KEY)
    assert (good.status_code, is_replayed(good)) == (200, False), good.text
    assert is_replayed(await club.client.post(club.members, json={"customer_id": customer_id}, headers=KEY))


async def test_who_changes_nothing_leaves_the_key_free(engine: Engine, project: TestProject, club: Club) -> None:
    member = await club.enrolled(metadata={"x": 1})
    path = f"{club.members}/{member['id']}"
    unchanged = await club.client.put(path, json={"metadata": {"x": 1}}, headers=KEY)
    assert (unchanged.status_code, await keys(engine, project)) == (200, 0)
    changed = await club.client.put(path, json={"metadata": {"x": 2}}, headers=KEY)
    assert changed.json()["metadata"] == {"x": 2}
    await club.client.put(path, json={"metadata": {"x": 3}})
    again = await club.client.put(path, json={"metadata": {"x": 2}}, headers=KEY)
    assert again.content == changed.content
    assert (await club.read(f"/{member['id']}"))["metadata"] == {"x": 3}


async def test_twins_at_the_same_time_do_one_change(engine: Engine, project: TestProject, club: Club) -> None:
    """More of them than there are connections, and others that are not kept waiting by them."""
    customers = [await club.customer() for _ in range(5)]
    twins = [club.client.post(club.members, json={"customer_id": customers[0]}, headers=KEY) for _ in range(20)]
    others = [club.client.post(club.members, json={"customer_id": one}) for one in customers[1:]]
    answers = await asyncio.gather(*twins, *others)
    assert [answer.status_code for answer in answers] == [200] * 24
    assert len({answer.content for answer in answers[:20]}) == 1
    assert Counter(map(is_replayed, answers[:20])) == {False: 1, True: 19}
    assert len((await club.client.get(f"{club.members}?limit=100")).json()["data"]) == 5


async def test_twins_with_two_bodies_do_one_change(club: Club) -> None:
    customers = [await club.customer() for _ in range(2)]
    answers = await asyncio.gather(
        *(club.client.post(club.members, json={"customer_id": customers[n % 2]}, headers=KEY) for n in range(20))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 10, 409: 10}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1


async def test_twins_of_which_all_are_refused_are_each_refused_for_themselves(club: Club) -> None:
    body = {"customer_id": (await club.enrolled())["customer_id"]}
    answers = await asyncio.gather(*(club.client.post(club.members, json=body, headers=KEY) for _ in range(12)))
    for answer in answers:
        refused(answer, 409, "member_already_exists")


async def test_keys_of_other_projects_methods_and_paths_do_not_meet(engine: Engine, door: Door, club: Club) -> None:
    requests = [(club.client, *one) for one in await changes(club)]
    theirs = await make_project(engine)
    async with client_of(door, theirs.headers) as stranger:
        requests.append((stranger, "POST", "/v1/products", {"json": {"name": "Mug"}}))
        distinct = {(client, method, path): content for client, method, path, content in requests}
        for (client, method, path), content in distinct.items():
            answer = await client.request(method, path, headers=KEY, **content)
            assert (answer.is_success, is_replayed(answer)) == (True, False), (path, answer.text)


async def test_a_path_is_the_same_however_it_is_written(client: httpx.AsyncClient) -> None:
    await client.post(CUSTOMERS, json={"source_id": "a/b"})
    await client.post(CUSTOMERS, json={"source_id": "a"})
    for path, replayed in (("a%2Fb", False), ("%61%2fb", True), ("a%2Fb/", True), ("a", False), ("%61", True)):
        answer = await client.put(f"{CUSTOMERS}/{path}", json={"name": "Ada"}, headers=KEY)
        assert (answer.status_code, is_replayed(answer)) == (200, replayed), path


@pytest.mark.parametrize(
    "given",
    [[b""], [b" "], [b"k "], [b"a" * 256], [b"a\tb"], ["k\u00fc".encode()], [b"\x7f"], [b"one", b"two"], [b"k", b"k"]],
)
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, given: list[bytes]) -> None:
    headers = [(b"Idempotency-Key", one) for one in given]
    for path in ("/v1/products", f"{BASE}/card-definitions/{NO_WALLET}/activate"):
        answer = await client.post(path, json={"name": "Mug"}, headers=headers)
        body = refused(answer, 400, "invalid_payload")
        assert body["details"].startswith("Idempotency-Key: must be given once and have 1 to 255 printable ASCII")
    assert (await client.get("/v1/products")).json()["total"] == 0


@pytest.mark.parametrize("given", ["k", "a" * 255, '"quoted, with spaces" ~!'])
async def test_what_is_a_key_is_taken(client: httpx.AsyncClient, given: str) -> None:
    answers = [
        await client.post("/v1/products", json={"name": "Mug"}, headers={"idempotency-KEY": given}) for _ in range(2)
    ]
    assert list(map(is_replayed, answers)) == [False, True]


async def test_it_means_nothing_to_reading_and_deleting(engine: Engine, project: TestProject, club: Club) -> None:
    for headers in (KEY, {"Idempotency-Key": ""}):
        member = f"{club.members}/{(await club.enrolled())['id']}"
        for _ in range(2):
            assert (await club.client.get(member, headers=headers)).status_code == 200
        assert (await club.client.delete(member, headers=headers)).status_code == 200
        assert (await club.client.delete(member, headers=headers)).status_code == 404
    assert await keys(engine, project) == 0


async def test_no_bearer_token_is_kept(engine: Engine, project: TestProject, client: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "scope": "api"}
    tokens = [(await client.post("/v1/oauth/token", data=form, headers=KEY)).json()["access_token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    for token in tokens:
        for _ in range(2):
            shown = await client.post("/v1/oauth/introspect", data={"access_token": token}, headers=KEY)
            assert shown.json()["active"]
    assert await keys(engine, project) == 0
    for replayed in (False, True):
        revoked = await client.post("/v1/oauth/token/revoke", data={"access_token": tokens[0]}, headers=KEY)
        assert (revoked.status_code, revoked.content, is_replayed(revoked)) == (204, b"", replayed)


async def test_an_endpoint_that_is_run_again_begins_anew(engine: Engine, client: httpx.AsyncClient) -> None:
    (operation,) = [one for one in product_routes.operations if (one.method, one.path) == ("POST", "/v1/products")]
    runs = 0

    async def outrun(call: Call, *given: Any) -> Any:
        nonlocal runs
        runs += 1
        assert (call.answer_status, call.answer_headers) == (200, [])
        call.answer_status = 201
        call.answer_headers.append((b"x-run", str(runs).encode()))
        shown = await operation.endpoint(call, *given)
        if runs == 1:
            raise Outrun
        return shown

    door = Door(engine, Lanes(engine), [replace(operation, endpoint=outrun)], pages(document))
    async with client_of(door, dict(client.headers)) as other:
        answers = [await other.post("/v1/products", json={"name": "Mug"}, headers=KEY) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get_list("x-run")) for answer in answers] == [(201, ["2"])] * 2
    assert answers[0].content == answers[1].content
    assert (await client.get("/v1/products")).json()["total"] == 1


async def test_workers_are_woken_after_the_commit(
    engine: Engine, project: TestProject, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    enclosed: list[bool] = []

    def wake(job: str) -> None:
        woken.append(job)
        enclosed.append(engine.database.is_enclosed)

    monkeypatch.setattr(engine, "wake", lambda job: engine.database.after_commit(wake, job))
    body = {"customer_id": await club.customer()}
    for _ in range(2):
        assert (await club.client.post(club.members, json=body, headers=KEY)).status_code == 200
    assert (woken, enclosed) == (["card_codes"], [False])


async def test_a_file_that_is_sent_again_is_not_stored_again(engine: Engine, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.post(f"{CUSTOMERS}/importCSV", files={"file": b"source_id\ncrm/1\n"}, headers=KEY)
        assert answer.status_code == 202
        async with engine.database.connection() as connection:
            imports = await connection.fetch("SELECT async_action_id FROM customer_imports")
        assert [row[0] for row in imports] == [answer.json()["async_action_id"]]


def test_it_is_documented_wherever_it_is_taken() -> None:
    for operation in OPERATIONS:
        shape = document()["paths"][operation.path][operation.method.lower()]
        documented = [one for one in shape.get("parameters", []) if one["name"] == "Idempotency-Key"]
        conflict = shape["responses"].get("409", {"description": ""})["description"]
        taken = operation in KEYED
        assert (len(documented), "`idempotency_key_reused`" in conflict) == (taken, taken), operation.id
        assert not taken or "400" in shape["responses"]
