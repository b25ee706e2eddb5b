"""The OAuth operations over HTTP: forms in, a key's own credentials only, and what a token then opens (domain 2)."""

import re
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project

from troth.actions import access
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door

pytestmark = pytest.mark.anyio

TOKEN, INTROSPECT, REVOKE = "/v1/oauth/token", "/v1/oauth/introspect", "/v1/oauth/token/revoke"
GRANT = {"grant_type": "client_credentials", "scope": "api"}
UNKNOWN_MEMBER = "/v2/loyalties/programs/lprg_0/members/lmbr_0"


async def got(client: httpx.AsyncClient, **fields: str) -> dict[str, Any]:
    answer = await client.post(TOKEN, data=GRANT | fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_a_token_is_got_used_looked_into_and_revoked(
    client: httpx.AsyncClient, door: Door, project: TestProject
) -> None:
    token = await got(client, scope="loyalties api")
    assert set(token) == {"access_token", "client_id", "expires_at", "expires_in", "scope", "token_type"}
    assert (token["client_id"], token["expires_in"]) == (project.app_id, 900)
    assert (token["scope"], token["token_type"]) == ("loyalties api", "Bearer")

    async with client_of(door, bearer(token["access_token"])) as holder:
        assert (await holder.get(UNKNOWN_MEMBER)).status_code == 404
        assert (await holder.get(UNKNOWN_MEMBER, headers=project.headers)).status_code == 404

    form = {"access_token": token["access_token"]}
    seen = (await client.post(INTROSPECT, data=form)).json()
    assert 0 < seen.pop("expires_in") <= token.pop("expires_in")
    assert seen == token | {"active": True}

    revoked = await client.post(REVOKE, data=form)
    assert (revoked.status_code, revoked.content) == (204, b"")
    again = await client.post(REVOKE, data=form)
    assert (again.status_code, again.json()["key"]) == (404, "not_found")
    assert (await client.post(INTROSPECT, data=form)).json() == {
        "access_token": token["access_token"],
        "client_id": "",
        "expires_at": 0,
        "expires_in": 0,
        "scope": "",
        "token_type": "Bearer",
        "active": False,
    }


async def test_a_scope_opens_its_group_and_no_other(client: httpx.AsyncClient, door: Door) -> None:
    for scope, status in (("loyalties", 404), ("api", 404), ("customers", 403), ("customers orders", 403)):
        token = await got(client, scope=scope)
        async with client_of(door, bearer(token["access_token"])) as holder:
            assert (await holder.get(UNKNOWN_MEMBER)).status_code == status, scope


async def test_a_token_does_not_open_the_oauth_operations(client: httpx.AsyncClient, door: Door) -> None:
    text = (await got(client))["access_token"]
    async with client_of(door, bearer(text)) as holder:
        for path, form in ((TOKEN, GRANT), (INTROSPECT, {"access_token": text}), (REVOKE, {"access_token": text})):
            answer = await holder.post(path, data=form)
            assert (answer.status_code, answer.json()["key"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "grant_type: is required; scope: is required"),
        ({"grant_type": "password", "scope": "api"}, "grant_type: must be one of 'client_credentials'"),
        ({"grant_type": "client_credentials"}, "scope: is required"),
        (GRANT | {"scope": ""}, "scope: must be a space-separated list of api, "),
        (GRANT | {"scope": "api root"}, "not 'root'"),
        (GRANT | {"client_id": "x"}, "client_id: is not a known property"),
    ],
)
async def test_a_wrong_request_says_what_is_allowed(
    client: httpx.AsyncClient, form: dict[str, str], words: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(TOKEN, data=form, headers=headers)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert words in answer.json()["details"]


async def test_another_project_sees_nothing_of_a_token(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    text = (await got(client))["access_token"]
    stranger = await make_project(engine)
    async with client_of(door, stranger.headers) as other:
        assert (await other.post(INTROSPECT, data={"access_token": text})).json()["active"] is False
        assert (await other.post(REVOKE, data={"access_token": text})).status_code == 404
    assert (await client.post(INTROSPECT, data={"access_token": text})).json()["active"] is True
    async with client_of(door, bearer(text) | stranger.headers) as both:
        assert (await both.get(UNKNOWN_MEMBER)).status_code == 401


async def test_a_read_only_key_gets_tokens_that_change_nothing(
    door: Door, engine: Engine, project: TestProject
) -> None:
    made = await access.create_key(engine, project.id, "Till", Role.READ_ONLY)
    async with client_of(door, {"X-App-Id": made.key.app_id, "X-App-Token": made.token}) as till:
        text = (await got(till))["access_token"]
    async with client_of(door, bearer(text)) as holder:
        assert (await holder.get(UNKNOWN_MEMBER)).status_code == 404
        answer = await holder.post("/v2/loyalties/programs/lprg_0/members", json={"customer_id": "cust_0"})
        assert answer.status_code == 403


async def test_every_refusal_of_credentials_is_the_same_answer(door: Door, project: TestProject) -> None:
    right = project.headers
    answers = set()
    for headers in (
        {},
        {"X-App-Id": project.app_id},
        right | {"X-App-Token": "wrong"},
        right | {"X-App-Id": "9d1f0c1e-5f0a-4a4e-8a58-3a9c7d4d8a11"},
        bearer("garbage"),
        right | bearer("garbage"),
    ):
        async with client_of(door, headers) as stranger:
            answer = await stranger.get(UNKNOWN_MEMBER)
        assert answer.status_code == 401
        kept = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        answers.add((re.sub(r'"request_id":"[^"]+"', "", answer.text), str(kept)))
    assert len(answers) == 1
