"""Bearer tokens: what they are worth, and every way in which one is worth nothing (domain 2)."""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.moving_clock import MovingClock

from troth.actions import access, access_tokens
from troth.actions.access import NewKey
from troth.actions.engine import Engine
from troth.core.access import Caller
from troth.core.projects import Project
from troth.core.refusals import Reason, Refusal

pytestmark = pytest.mark.anyio

# Long enough for HS512 too, so that only the algorithm can be what is refused.
SECRET = bytes(range(64))
NOW = 1_600_000_000
CLAIMS = {
    "iss": "troth",
    "aud": "troth-api",
    "sub": "9d1f0c1e-5f0a-4a4e-8a58-3a9c7d4d8a11",
    "project": "proj_1",
    "scope": "api",
    "jti": "0" * 32,
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 900,
    "key_since": 1_500_000_000_000,
}


def signed(secret: bytes = SECRET, **claims: Any) -> str:
    given_claims = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    return jwt.encode(given_claims, secret, algorithm="HS256")


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def dotted(parts: list[bytes]) -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def by_hand(header: dict[str, Any], *, secret: bytes = SECRET, sha: Any = hashlib.sha256, sign: bool = True) -> str:
    text = f"{segment(header)}.{segment(CLAIMS)}"
    mac = hmac.new(secret, text.encode(), sha).digest() if sign else b""
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def decoded(text: str, now: float = NOW + 1) -> access_tokens.AccessToken | None:
    return access_tokens.decode(text, SECRET, int(now * 1000))


def test_a_good_token_says_what_was_signed() -> None:
    assert decoded(signed()) == access_tokens.AccessToken(
        CLAIMS["jti"], CLAIMS["sub"], "proj_1", "api", NOW + 900, CLAIMS["key_since"]
    )
    assert decoded(by_hand({"alg": "HS256"})) == decoded(signed())


FORGED = (
    {
        "another secret": signed(secret=bytes(32)),
        "an empty secret": by_hand({"alg": "HS256"}, secret=b""),
        "no algorithm": by_hand({"typ": "JWT"}),
        "alg none": by_hand({"alg": "none"}, sign=False),
        "alg None": by_hand({"alg": "None"}, sign=False),
        "alg none, signed": by_hand({"alg": "none"}),
        "alg as a list": by_hand({"alg": ["HS256"]}),
        "HS256 without a signature": by_hand({"alg": "HS256"}, sign=False),
        "RS256 in the header, our secret as the key": by_hand({"alg": "RS256"}),
        "HS512 with our secret": by_hand({"alg": "HS512"}, sha=hashlib.sha512),
        "HS384 with our secret": by_hand({"alg": "HS384"}, sha=hashlib.sha384),
        "an unknown critical extension": by_hand({"alg": "HS256", "crit": ["exp"], "exp": 1}),
        "detached payload": by_hand({"alg": "HS256", "b64": False, "crit": ["b64"]}),
        "another issuer": signed(iss="elsewhere"),
        "another audience": signed(aud="troth-hub"),
        "one audience of several": signed(aud=["troth-api", "troth-hub"]),
        "subject not a text": signed(sub=7),
        "project not a text": signed(project=7),
        "scope not a text": signed(scope=["api"]),
        "id not a text": signed(jti=7),
        "expiry as a text": signed(exp=str(NOW + 900)),
        "expiry true": signed(exp=True),
        "issue time true": signed(iat=True),
        "expiry as a fraction": signed(exp=NOW + 900.5),
        "payload a list": jwt.api_jws.encode(b"[]", SECRET, algorithm="HS256"),
        "payload not JSON": jwt.api_jws.encode(b"\xff", SECRET, algorithm="HS256"),
        "payload nested": jwt.api_jws.encode(b"[" * 2000, SECRET, algorithm="HS256"),
        "oversized, though signed": signed(scope="api " * 1024),
        "empty": "",
        "dots": "..",
        "many dots": "." * 4000,
        "one segment": segment(CLAIMS),
        "not ASCII": signed() + "é",
        "a lone surrogate": signed() + "\ud800",
        "with a blank": signed().replace(".", ". ", 1),
    }
    | {f"without {name}": signed(**{name: ...}) for name in CLAIMS}
    | {f"{name} null": signed(**{name: None}) for name in CLAIMS if name != "iss"}
)


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED.keys())
def test_forged_and_broken_tokens_say_nothing(text: str) -> None:
    assert decoded(text) is None


@pytest.mark.parametrize(
    ("now", "valid"),
    [(NOW - 0.001, False), (NOW, True), (NOW + 899.999, True), (NOW + 900, False), (NOW + 10**6, False), (0, False)],
)
def test_a_token_is_valid_from_its_issue_until_its_expiry(now: float, valid: bool) -> None:
    assert (decoded(signed(), now) is not None) is valid


@pytest.mark.parametrize("years", [-40, 0, 40])
def test_only_the_given_clock_counts(years: int) -> None:
    then = NOW + years * 31_557_600
    assert decoded(signed(iat=then, nbf=then, exp=then + 900), then + 1) is not None


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_of_the_future_is_not_valid_yet(name: str) -> None:
    text = signed(**{name: NOW + 60})
    assert decoded(text, NOW + 59.999) is None
    assert decoded(text, NOW + 60) is not None


@given(st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    text = signed()
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.characters().filter(lambda one: one != text[position]))
    assert decoded(text[:position] + character + text[position + 1 :]) is None


@given(st.text() | st.lists(st.binary(max_size=40), min_size=2, max_size=4).map(dotted))
def test_any_text_is_answered_and_none_believed(text: str) -> None:
    assert decoded(text) is None


@dataclass
class Shop:
    """A project at work, with a clock of its own."""

    engine: Engine
    clock: MovingClock
    project: Project
    made: NewKey
    caller: Caller

    async def issue(self, scope: str = "api") -> str:
        return (await access_tokens.issue_token(self.engine, self.caller, self.made.token, scope)).text

    async def is_active(self, text: str) -> bool:
        return await access_tokens.introspect(self.engine, self.caller, text) is not None


async def open_shop(engine: Engine) -> Shop:
    clock = MovingClock(engine.clock)
    engine = replace(engine, clock=clock)
    project, made = await access.create_project(engine, "Shop")
    return Shop(engine, clock, project, made, Caller(project.id, made.key.app_id, made.key.name, made.key.role))


@pytest.fixture
async def shop(engine: Engine) -> Shop:
    return await open_shop(engine)


async def test_a_token_is_issued_for_a_quarter_of_an_hour(shop: Shop) -> None:
    token = await access_tokens.issue_token(shop.engine, shop.caller, shop.made.token, "loyalties  customers loyalties")
    now = shop.clock.milliseconds() // 1000
    assert (token.app_id, token.scope) == (shop.made.key.app_id, "loyalties customers")
    assert (token.expires_in, token.expires_at) == (900, now + 900)
    assert token.text not in repr(token)
    assert len(token.text) <= access_tokens.LONGEST_TOKEN
    assert (await shop.issue()) != (await shop.issue())

    shop.clock.move(100)
    seen = await access_tokens.introspect(shop.engine, shop.caller, token.text)
    left = (token.expires_at * 1000 - shop.clock.milliseconds()) // 1000
    assert seen == replace(token, expires_in=left)
    shop.clock.move(token.expires_at - shop.clock.milliseconds() / 1000 - 0.001)
    assert await shop.is_active(token.text)
    shop.clock.move(0.001)
    assert not await shop.is_active(token.text)


async def test_a_token_with_every_scope_fits(shop: Shop) -> None:
    text = await shop.issue(" ".join(access_tokens.SCOPES * 3))
    assert await shop.is_active(text)


@pytest.mark.parametrize("scope", ["", "  ", "API", "api,loyalties", "admin", "api admin", "api\x00", "x" * 100_000])
async def test_scopes_are_a_closed_list(shop: Shop, scope: str) -> None:
    with pytest.raises(Refusal, match="scope: must be a space-separated list of api, async-actions, ") as refused:
        await shop.issue(scope)
    assert refused.value.reason is Reason.INVALID_PAYLOAD
    assert len(refused.value.details) < 400


async def test_a_token_cannot_get_another_or_judge_others(shop: Shop) -> None:
    text = await shop.issue()
    bearer = replace(shop.caller, scopes=frozenset({"api"}))
    for attempt in (
        access_tokens.issue_token(shop.engine, bearer, shop.made.token, "api"),
        access_tokens.introspect(shop.engine, bearer, text),
        access_tokens.revoke_token(shop.engine, bearer, text),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.reason is Reason.FORBIDDEN
    assert await shop.is_active(text)


async def test_who_is_remembered_with_a_dead_key_gets_no_token(shop: Shop) -> None:
    await access.rotate_key(shop.engine, shop.made.key.app_id)
    with pytest.raises(Refusal) as rotated:
        await shop.issue()
    await access.revoke_key(shop.engine, shop.made.key.app_id)
    with pytest.raises(Refusal) as revoked:
        await shop.issue()
    assert rotated.value.reason is revoked.value.reason is Reason.UNAUTHORIZED
    assert rotated.value.details == revoked.value.details == access.unauthorized().details


async def test_a_token_dies_with_the_key_that_it_was_got_with(shop: Shop) -> None:
    text = await shop.issue()
    assert await shop.is_active(text)
    shop.clock.move(0.001)
    shop.made = await access.rotate_key(shop.engine, shop.made.key.app_id)
    assert not await shop.is_active(text)
    text = await shop.issue()
    assert await shop.is_active(text)
    await access.revoke_key(shop.engine, shop.made.key.app_id)
    assert not await shop.is_active(text)


async def test_a_revoked_token_is_inactive_and_revoked_once(shop: Shop) -> None:
    text, other = await shop.issue(), await shop.issue()
    await access_tokens.revoke_token(shop.engine, shop.caller, text)
    assert not await shop.is_active(text)
    assert await shop.is_active(other)
    with pytest.raises(Refusal) as refused:
        await access_tokens.revoke_token(shop.engine, shop.caller, text)
    assert refused.value.reason is Reason.NOT_FOUND


async def test_tokens_of_another_project_or_installation_are_unknown(shop: Shop, engine: Engine) -> None:
    foreign = await (await open_shop(engine)).issue()
    secret = await access_tokens.find_signing_secret(shop.engine)
    assert secret
    app_id, project_id = shop.made.key.app_id, shop.project.id
    now = shop.clock.milliseconds() // 1000
    since = round(shop.made.key.created_at.timestamp() * 1000)
    own = {"sub": app_id, "project": project_id, "iat": now, "nbf": now, "exp": now + 900, "key_since": since}
    assert await shop.is_active(signed(secret, **own))
    for text in (
        foreign,
        signed(secrets.token_bytes(32), **own),
        signed(secret, **own | {"project": "proj_1"}),
        signed(secret, **own | {"sub": CLAIMS["sub"]}),
        signed(secret, **own | {"key_since": since - 1}),
        signed(secret, **own | {"exp": now}),
        "garbage",
        "x" * 100_000,
    ):
        assert not await shop.is_active(text)
        with pytest.raises(Refusal) as refused:
            await access_tokens.revoke_token(shop.engine, shop.caller, text)
        assert refused.value.reason is Reason.NOT_FOUND


async def test_revocations_are_forgotten_only_when_no_clock_can_bring_the_token_back(shop: Shop) -> None:
    # Long ago, so that what other tests revoke at the same time is out of reach of this one's clock.
    past = datetime(1980, 1, 1, tzinfo=UTC)
    ids = [f"forgotten {shop.project.id} {place}" for place in range(3)]
    async with shop.engine.database.connection() as connection:
        await connection.executemany(
            "INSERT INTO revoked_access_tokens (token_id, project_id, expires_at) VALUES ($1, $2, $3)",
            [(token_id, shop.project.id, past + timedelta(minutes=place)) for place, token_id in enumerate(ids)],
        )

        async def left() -> list[str]:
            rows = await connection.fetch(
                "SELECT token_id FROM revoked_access_tokens WHERE project_id = $1 ORDER BY token_id", shop.project.id
            )
            return [row["token_id"] for row in rows]

        shop.clock.move((past + access_tokens.FORGET_AFTER - shop.clock.now()).total_seconds() - 0.001)
        await access_tokens.forget_expired(shop.engine)
        assert await left() == ids
        shop.clock.move(60.001)
        assert await access_tokens.forget_expired(shop.engine) >= 2
        assert await left() == ids[2:]
        shop.clock.move(60)
        await access_tokens.forget_expired(shop.engine)
        assert await left() == []
        assert await access_tokens.forget_expired(shop.engine) == 0
