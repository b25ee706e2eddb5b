"""Customers in bulk over HTTP: bodies and CSV files, taken on, worked off and reported (domain 9)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project

from troth.actions.access import create_key
from troth.actions.customer_imports import ROWS_AT_ONCE, Importer
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door
from troth.http.uploads import LARGEST_UPLOAD

pytestmark = pytest.mark.anyio

BULK = "/v1/customers/bulk/async"
IMPORT = "/v1/customers/importCSV"


@pytest.fixture
async def client(engine: Engine, door: Door, project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, project.headers) as opened:
        yield opened
    await worked_off(engine)  # nothing is left for the tests that come after


async def worked_off(engine: Engine) -> None:
    importer = Importer()
    while (await importer.work_off(engine)).more:
        pass


async def sent(client: httpx.AsyncClient, file: bytes | list[Any]) -> str:
    """Send a file, or the entries of a body, and return the id of the async action."""
    given: dict[str, Any] = {"files": {"file": file}} if isinstance(file, bytes) else {"json": file}
    answer = await client.post(IMPORT if isinstance(file, bytes) else BULK, **given)
    assert answer.status_code == 202, answer.text
    assert list(answer.json()) == ["async_action_id"]
    return str(answer.json()["async_action_id"])


async def action(client: httpx.AsyncClient, action_id: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/async-actions/{action_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def report(client: httpx.AsyncClient, action_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/async-actions/{action_id}/report")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def imported(
    client: httpx.AsyncClient, engine: Engine, file: bytes | list[Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Import, and return the async action when it is over with the lines of its report."""
    action_id = await sent(client, file)
    await worked_off(engine)
    return await action(client, action_id), await report(client, action_id)


async def found(client: httpx.AsyncClient, reference: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/customers/{reference}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_file_creates_and_updates_customers(client: httpx.AsyncClient, engine: Engine) -> None:
    await client.post("/v1/customers", json={"source_id": "crm/2", "name": "Grace", "phone": "1", "metadata": {"a": 1}})
    file = (
        "\ufeffSource ID,name,E-mail,email,Birthdate,Address line 1,address_city,COUNTRY,description,vip,metadata.name"
        "\r\n"
        'crm/1,"Lovelace,\nAda",odd,ada@example.com,1815-12-10,"12 ""St"" James",London,UK,"two\nlines",yes,Ada\n'
        "\n"
        "crm/2,,,,,,,,,no,\r\n"
    )
    done, lines = await imported(client, engine, file.encode())
    ada, grace = await found(client, "crm%2F1"), await found(client, "crm%2F2")
    assert {name: ada[name] for name in ("name", "email", "birthday", "description", "address", "metadata")} == {
        "name": "Lovelace,\nAda",
        "email": "ada@example.com",
        "birthday": "1815-12-10",
        "description": "two\nlines",
        "address": {"city": "London", "line_1": '12 "St" James', "country": "UK"},
        "metadata": {"E-mail": "odd", "vip": "yes", "name": "Ada"},
    }
    assert (grace["name"], grace["phone"], grace["metadata"]) == ("Grace", "1", {"a": 1, "vip": "no"})
    assert lines == [
        {"row": 2, "source_id": "crm/1", "customer_id": ada["id"], "status": "DONE", "key": None, "details": None},
        {"row": 6, "source_id": "crm/2", "customer_id": grace["id"], "status": "DONE", "key": None, "details": None},
    ]
    assert (done["type"], done["status"], done["operation_status"], done["progress"]) == (
        "CUSTOMERS.IMPORT_CSV",
        "DONE",
        "SUCCESS",
        100,
    )
    assert done["result"] == {
        "message": "2 customers were created or updated, 0 rows failed",
        "done_count": 2,
        "failed_count": 0,
        "failed": [],
    }


async def test_a_bad_row_is_reported_with_its_line_and_harms_no_other(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    file = (
        b"source_id,email,id\n"
        b"good-1,a@b,\n"
        b'bad-email,"no\nmail",\n'
        b"\xff,a@b,\n"
        b"too,few\n"
        b"too,many,,cells\n"
        b"nul\x00,a@b,\n"
        b'"x"y,a@b,\n'
        b",a@b,cust_0\n"
        b"good-2,,\n"
        b",,\n"
        b'last,"never closed\n'
    )
    done, lines = await imported(client, engine, file)
    failed = [(line["row"], line["source_id"], line["key"], line["details"]) for line in lines if line["key"]]
    assert failed == [
        (3, "bad-email", "invalid_payload", failed[0][3]),
        (5, None, "invalid_payload", "the row is not UTF-8: byte 0xff"),
        (6, None, "invalid_payload", "the row has 2 cells where the header has 3"),
        (7, None, "invalid_payload", "the row has 4 cells where the header has 3"),
        (8, None, "invalid_payload", "the row must not contain the character U+0000"),
        (9, None, "invalid_payload", "the row has text after a closing quote; a quote within quotes is written twice"),
        (10, None, "not_found", "Cannot find customer with id cust_0"),
        (13, None, "invalid_payload", "the row has a quote that is never closed"),
    ]
    assert failed[0][3].startswith("email: must be an email address")
    assert [(line["row"], line["source_id"]) for line in lines if line["status"] == "DONE"] == [
        (2, "good-1"),
        (11, "good-2"),
    ]
    assert (done["result"]["done_count"], done["result"]["failed_count"]) == (2, 8)
    assert done["result"]["failed"][1] == {"row": 5, "source_id": "", "reason": "the row is not UTF-8: byte 0xff"}
    assert (await client.get("/v1/customers")).json()["total"] == 2


async def test_a_row_without_a_source_id_is_a_new_customer(client: httpx.AsyncClient, engine: Engine) -> None:
    _, lines = await imported(client, engine, b"name\nAda\nAda\n")
    assert len({line["customer_id"] for line in lines}) == 2
    (_, second) = [line["customer_id"] for line in lines]
    _, lines = await imported(client, engine, f"id,name,source_id\n{second},Eve,given\n".encode())
    assert lines[0]["customer_id"] == second
    assert (await found(client, "given"))["name"] == "Eve"


@pytest.mark.parametrize(
    ("header", "details"),
    [
        (b"", "file: is empty; its first row must name the columns"),
        (b"\xef\xbb\xbf\n\n", "file: is empty; its first row must name the columns"),
        (b"name,Name\n", "file: columns 1 (name) and 2 (Name) mean the same; only one may be there"),
        (b"birthday,birthdate\n", "file: columns 1 (birthday) and 2 (birthdate) mean the same; only one may be there"),
        (b"city,address.city\n", "file: columns 1 (city) and 2 (address.city) mean the same; only one may be there"),
        (b"x,metadata.x\n", "file: columns 1 (x) and 2 (metadata.x) mean the same; only one may be there"),
        (b"name,,x\n", "file: column 2 has no name"),
        (b"name,\n", "file: column 2 has no name"),
        (b'"a\nb"\n', "file: column 1: a name has at most 200 characters, none of control"),
        (b"x" * 201, "file: column 1: a name has at most 200 characters, none of control"),
        (b"name;email\n", "file: the header has one column and ';' in it; cells are separated by commas"),
        (b"name\temail\n", "file: column 1: a name has at most 200 characters, none of control"),
        (b"\xff\xfen\x00a\x00", "file: the header is not UTF-8: byte 0xff"),
        (b'"name\n1\n', "file: the header has a quote that is never closed"),
        (",".join(map(str, range(501))).encode(), "file: the header has 501 columns; 500 are allowed"),
    ],
)
async def test_a_header_that_means_nothing_is_refused(
    client: httpx.AsyncClient, engine: Engine, header: bytes, details: str
) -> None:
    answer = await client.post(IMPORT, files={"file": header})
    assert (answer.status_code, answer.json()["details"]) == (400, details)
    await nothing_is_left(engine)
    assert (await client.get("/v1/async-actions")).json()["total"] == 0


async def nothing_is_left(engine: Engine) -> None:
    async with engine.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM customer_imports") == 0
        assert await connection.fetchval("SELECT count(*) FROM customer_import_blocks") == 0


@pytest.mark.parametrize("file", [b"name", b"name\n", b"name,email\n\n,\n\n", []])
async def test_nothing_to_do_is_done_at_once(
    client: httpx.AsyncClient, engine: Engine, file: bytes | list[Any]
) -> None:
    action_id = await sent(client, file)
    done = await action(client, action_id)
    assert (done["status"], done["progress"], done["result"]["done_count"]) == ("DONE", 100, 0)
    assert await report(client, action_id) == []
    await nothing_is_left(engine)


async def test_long_files_are_worked_off_in_chunks_and_in_order(client: httpx.AsyncClient, engine: Engine) -> None:
    count = 3 * ROWS_AT_ONCE + 1
    rows = [f'customer {number % 700},"{"é" * 150}\n{number}"\n' for number in range(count)]
    action_id = await sent(client, ("source_id,description\n" + "".join(rows)).encode())
    assert (await action(client, action_id))["status"] == "ENQUEUED"
    progress = await Importer().work_off(engine)
    assert (progress.done, progress.more) == (ROWS_AT_ONCE, True)
    halfway = await action(client, action_id)
    assert (halfway["status"], halfway["progress"]) == ("IN_PROGRESS", 33)
    assert halfway["result"]["done_count"] == ROWS_AT_ONCE
    assert len(await report(client, action_id)) == ROWS_AT_ONCE
    await worked_off(engine)
    lines = await report(client, action_id)
    assert [line["row"] for line in lines] == [2 + 2 * number for number in range(count)]
    assert len({line["customer_id"] for line in lines}) == 700
    assert (await found(client, "customer 1"))["description"] == "é" * 150 + f"\n{(count - 2) // 700 * 700 + 1}"
    await nothing_is_left(engine)


async def test_what_was_read_ahead_is_used_only_where_it_goes_on(client: httpx.AsyncClient, engine: Engine) -> None:
    """Two take turns at two files: whoever works off a chunk, each row is worked off once, in its order."""
    count = 5 * ROWS_AT_ONCE + 7
    files = ["name\n" + "".join(f"{name} {number}\n" for number in range(count)) for name in "ab"]
    actions = [await sent(client, file.encode()) for file in files]
    one, other = Importer(), Importer()
    while (await one.work_off(engine)).more:
        await other.work_off(engine, actions[0])
    for action_id in actions:
        lines = await report(client, action_id)
        assert [line["row"] for line in lines] == list(range(2, count + 2))
        assert len({line["customer_id"] for line in lines}) == count
    assert (await client.get("/v1/customers")).json()["total"] == 2 * count
    for line in (await report(client, actions[1]))[:: ROWS_AT_ONCE - 1]:
        assert (await found(client, line["customer_id"]))["name"] == f"b {line['row'] - 2}"


async def test_long_stretches_without_rows_are_passed_over(client: httpx.AsyncClient, engine: Engine) -> None:
    _, lines = await imported(client, engine, b"name\n" + b"\n" * 6_000_000 + b"Ada\n" + b"x" * 2_000_000 + b"\nEve")
    assert [(line["row"], line["status"]) for line in lines] == [
        (6_000_002, "DONE"),
        (6_000_003, "FAILED"),
        (6_000_004, "DONE"),
    ]


async def test_a_body_creates_and_updates_customers(client: httpx.AsyncClient, engine: Engine) -> None:
    entries = [
        {"source_id": "a", "name": "Ada", "metadata": {"level": 1, "score": 1.5}},
        {"name": "Nobody"},
        "not an object",
        {"source_id": "b", "email": "no mail", "metadata": {"note": "line\nbreak"}},
        {"source_id": "a", "name": None, "metadata": {"level": None}},
        {"source_id": "c", "id": "ignored"},
    ]
    done, lines = await imported(client, engine, entries)
    assert [(line["index"], line["source_id"], line["status"], line["details"]) for line in lines] == [
        (0, "a", "DONE", None),
        (1, None, "FAILED", "source_id: is required"),
        (2, None, "FAILED", "body: must be an object"),
        (3, "b", "FAILED", lines[3]["details"]),
        (4, "a", "DONE", None),
        (5, "c", "DONE", None),
    ]
    assert "name" not in await found(client, "a")
    assert (await found(client, "a"))["metadata"] == {"score": 1.5}
    result = done["result"]
    assert (done["type"], result["done_count"], result["failed_count"]) == ("CUSTOMERS.BULK_UPDATE", 3, 3)
    assert result["reports"] == [f"/v1/async-actions/{done['id']}/report"]
    assert result["reports_available_till"] > done["created_at"]
    assert result["errors"][0] == {
        "message": "Entry 1 failed",
        "details": "source_id: is required",
        "key": "invalid_payload",
        "source_id": "",
    }


async def test_a_hundred_failures_are_shown_and_all_are_reported(client: httpx.AsyncClient, engine: Engine) -> None:
    done, lines = await imported(client, engine, [{"name": "x"}] * (ROWS_AT_ONCE + 10))
    assert done["status"] == "DONE"
    assert done["result"]["failed_count"] == len(lines) == ROWS_AT_ONCE + 10
    assert [one["message"] for one in done["result"]["errors"]] == [f"Entry {index} failed" for index in range(100)]


async def test_imports_take_turns(client: httpx.AsyncClient, engine: Engine) -> None:
    long_one = await sent(client, [{"source_id": str(number)} for number in range(ROWS_AT_ONCE * 3)])
    short_one = await sent(client, [{"source_id": "x"}])
    importer = Importer()
    for _ in range(2):
        await importer.work_off(engine)
    assert (await action(client, short_one))["status"] == "DONE"
    assert (await action(client, long_one))["progress"] == 33


async def test_what_is_no_array_is_refused(client: httpx.AsyncClient) -> None:
    for body in ({}, "x", 5):
        answer = await client.post(BULK, json=body)
        assert (answer.status_code, answer.json()["details"]) == (400, "body: must be an array")


async def test_imports_are_their_projects_own(engine: Engine, door: Door, client: httpx.AsyncClient) -> None:
    await client.post("/v1/customers", json={"source_id": "same", "name": "Ours"})
    ours = await found(client, "same")
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        done, lines = await imported(stranger, engine, f"source_id,name,id\nsame,Theirs,\n,,{ours['id']}\n".encode())
        assert [line["status"] for line in lines] == ["DONE", "FAILED"]
        assert (await found(stranger, "same"))["name"] == "Theirs"
        assert (await client.get(f"/v1/async-actions/{done['id']}/report")).status_code == 404
    assert await found(client, "same") == ours


def multipart(*parts: bytes, end: bytes = b"--X--\r\n") -> bytes:
    return b"".join(b"--X\r\n" + part + b"\r\n" for part in parts) + end


FILE = b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nname\nAda\n'
OTHER = b'Content-Disposition: form-data; name="note"\r\n\r\nhello'
KIND = "multipart/form-data; boundary=X"


@pytest.mark.parametrize(
    ("body", "kind", "status", "details"),
    [
        (multipart(OTHER, FILE, OTHER), KIND, 202, None),
        (multipart(FILE.replace(b"file", b'"file"', 1)), KIND, 400, "file: is required"),
        (multipart(OTHER), KIND, 400, "file: is required"),
        (b"", KIND, 400, "body: is not multipart/form-data: its last boundary is missing"),
        (multipart(FILE, FILE), KIND, 400, "file: only one is allowed"),
        (multipart(FILE, end=b""), KIND, 400, "body: is not multipart/form-data: its last boundary is missing"),
        (b"name\nAda\n", KIND, 400, "body: is not multipart/form-data: "),
        (multipart(FILE), "multipart/form-data", 400, "body: multipart/form-data needs a boundary in its Content-Type"),
        (multipart(FILE), f"{KIND}{'X' * 300}", 400, "body: is not multipart/form-data: "),
        (b"name\nAda\n", "text/csv", 415, "The body must be multipart/form-data"),
    ],
)
async def test_a_body_holds_one_file(
    client: httpx.AsyncClient, engine: Engine, body: bytes, kind: str, status: int, details: str | None
) -> None:
    async def bytewise() -> AsyncIterator[bytes]:
        for byte in body:
            yield bytes([byte])

    for content in (body, bytewise()):
        answer = await client.post(IMPORT, content=content, headers={"Content-Type": kind})
        assert answer.status_code == status, answer.text
        assert details is None or answer.json()["details"].startswith(details)
        await worked_off(engine)
        await nothing_is_left(engine)


async def test_what_is_too_large_or_not_allowed_is_refused(
    engine: Engine, door: Door, client: httpx.AsyncClient, project: TestProject
) -> None:
    headers = {"Content-Type": KIND, "Content-Length": str(LARGEST_UPLOAD + 1)}
    answer = await client.post(IMPORT, content=b"", headers=headers)
    assert (answer.status_code, answer.json()["key"]) == (413, "payload_too_large")
    answer = await client.post(IMPORT, files={"file": b"name\n"}, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["key"]) == (406, "not_acceptable")
    reader = await create_key(engine, project.id, "Reader", Role.READ_ONLY)
    async with client_of(door, {"X-App-Id": reader.key.app_id, "X-App-Token": reader.token}) as other:
        answer = await other.post(IMPORT, files={"file": b"name\n"})
        assert (answer.status_code, answer.json()["key"]) == (403, "forbidden")
