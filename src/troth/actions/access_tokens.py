"""Bearer tokens: short-lived credentials that a key gets for itself and may hand on (domain 2).

They are JSON Web Tokens, HMAC-SHA256 under a secret of the installation. A token is no better than the key it was got
with: it has the key's role, and is dead as soon as the key is revoked or rotated.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from troth.actions.access import digest, ensure_secret, unauthorized
from troth.actions.engine import Engine
from troth.core.access import Caller
from troth.core.projects import Key
from troth.core.refusals import Reason, Refusal
from troth.db import access
from troth.db.access import Credential
from troth.db.database import Connection, Unit

LIFETIME_SECONDS: Final = 15 * 60
LONGEST_TOKEN: Final = 4096
"""How many characters a bearer token may have; longer ones are not even decoded."""

SCOPES: Final = (
    "api",
    "async-actions",
    "campaigns",
    "clock",
    "customers",
    "events",
    "loyalties",
    "metadata-schemas",
    "orders",
    "product-collections",
    "products",
    "segments",
    "skus",
    "vouchers",
)
"""`api` is everything, `loyalties` all of v2, each of the others the v1 group of that name."""

FORGET_AFTER: Final = timedelta(minutes=5)
"""How long a revocation is kept beyond the token's end: more than the clocks of two machines differ."""

FORGET_AT_ONCE: Final = 1000

_PURPOSE: Final = "access_tokens"
_ISSUER: Final = "troth"
_AUDIENCE: Final = "troth-api"
_ALGORITHM: Final = "HS256"
_TEXTS: Final = ("sub", "project", "scope", "jti")
_NUMBERS: Final = ("iat", "nbf", "exp", "key_since")
_OPTIONS: Final[Any] = {
    "require": ["iss", "aud", *_TEXTS, *_NUMBERS],
    "strict_aud": True,
    "enforce_minimum_key_length": True,
    # Times are checked here, against the injected clock: the library would ask the machine's.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a bearer token says.

    `scope` is its scopes separated by spaces, `expires_at` seconds since 1970, `key_since` the milliseconds since 1970
    from which the key has had the token that this one was got with.
    """

    id: str
    app_id: str
    project_id: str
    scope: str
    expires_at: int
    key_since: int


@dataclass(frozen=True, slots=True)
class ActiveToken:
    """A bearer token that is valid, as its holder is told; `expires_in` counts seconds, `expires_at` since 1970."""

    text: str = field(repr=False)
    app_id: str
    scope: str
    expires_at: int
    expires_in: int


async def issue_token(engine: Engine, caller: Caller, app_token: str, scope: str) -> ActiveToken:
    """Make a bearer token for the caller's key, valid for 15 minutes.

    `app_token` is the key's token once more: it is compared with the stored one and not with what this process
    remembers, so that a token that was just rotated away gets no successor. `scope` is a list of `SCOPES`, separated
    by spaces. Raises a refusal with `FORBIDDEN` for a caller that is a bearer token itself, `INVALID_PAYLOAD` for the
    scope, `UNAUTHORIZED` for a key that is not valid any more.
    """
    _assert_key(caller)
    scopes = _checked_scopes(scope)
    secret = await ensure_secret(engine, _PURPOSE)

    async def attempt(connection: Connection) -> Credential | None:
        return await access.find_credential(connection, caller.app_id)

    credential = await engine.database.read(attempt)
    if credential is None or not hmac.compare_digest(credential.token_digest, digest(app_token)):
        raise unauthorized()
    now = engine.clock.milliseconds() // 1000
    token = AccessToken(
        id=secrets.token_hex(16),
        app_id=caller.app_id,
        project_id=caller.project_id,
        scope=scopes,
        expires_at=now + LIFETIME_SECONDS,
        key_since=_since(credential.key),
    )
    return ActiveToken(_encode(token, secret, now), token.app_id, scopes, token.expires_at, LIFETIME_SECONDS)


async def introspect(engine: Engine, caller: Caller, text: str) -> ActiveToken | None:
    """Return what a bearer token of the caller's project is worth.

    None if it is expired, revoked, of another project or no bearer token at all; nothing says which. Raises a refusal
    with `FORBIDDEN` for a caller that is a bearer token itself.
    """
    token = await _find_active(engine, caller, text)
    if token is None:
        return None
    left = (token.expires_at * 1000 - engine.clock.milliseconds()) // 1000
    return ActiveToken(text, token.app_id, token.scope, token.expires_at, max(0, left))


async def revoke_token(engine: Engine, caller: Caller, text: str) -> None:
    """End a bearer token of the caller's project before its time.

    Raises a refusal with `NOT_FOUND` for what introspection calls inactive, and with `FORBIDDEN` for a caller that is
    a bearer token itself.
    """
    unknown = Refusal(
        Reason.NOT_FOUND, "Cannot find an active access token with this value", resource_type="access_token"
    )
    token = await _find_active(engine, caller, text)
    if token is None:
        raise unknown
    row = (token.id, token.project_id, datetime.fromtimestamp(token.expires_at, UTC))

    async def attempt(unit: Unit) -> bool:
        return await access.revoke_access_token(unit, *row)

    if not await engine.database.transact(attempt):
        raise unknown


async def forget_expired(engine: Engine) -> int:
    """Delete up to `FORGET_AT_ONCE` revocations of bearer tokens that have expired, and return how many."""
    until = engine.clock.now() - FORGET_AFTER

    async def attempt(unit: Unit) -> int:
        return await access.forget_expired(unit, until, FORGET_AT_ONCE)

    return await engine.database.transact(attempt)


async def find_signing_secret(engine: Engine) -> bytes | None:
    """Return the secret that signs bearer tokens; None before the first one is issued."""

    async def attempt(connection: Connection) -> bytes | None:
        return await access.find_secret(connection, _PURPOSE)

    return await engine.database.read(attempt)


async def find_holder(engine: Engine, token: AccessToken) -> Key | None:
    """Return the key that a decoded bearer token stands for; None if the one or the other is not valid any more."""

    async def attempt(connection: Connection) -> Credential | None:
        return await access.find_credential(connection, token.app_id, token.id)

    found = await engine.database.read(attempt)
    if found is None or found.token_revoked:
        return None
    same = found.key.project_id == token.project_id and _since(found.key) == token.key_since
    return found.key if same else None


def decode(text: str, secret: bytes, now_milliseconds: int) -> AccessToken | None:
    """Return what a bearer token says; None unless it is signed by us, whole, and valid at this instant."""
    if len(text) > LONGEST_TOKEN or not text.isascii():
        return None
    try:
        claims = jwt.decode(text, secret, algorithms=[_ALGORITHM], audience=_AUDIENCE, issuer=_ISSUER, options=_OPTIONS)
    except jwt.PyJWTError:
        return None
    if not all(isinstance(claims[name], str) for name in _TEXTS) or not all(
        type(claims[name]) is int for name in _NUMBERS
    ):
        return None
    if max(claims["iat"], claims["nbf"]) * 1000 > now_milliseconds or claims["exp"] * 1000 <= now_milliseconds:
        return None
    return AccessToken(
        claims["jti"], claims["sub"], claims["project"], claims["scope"], claims["exp"], claims["key_since"]
    )


def _encode(token: AccessToken, secret: bytes, now: int) -> str:
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": token.app_id,
        "project": token.project_id,
        "scope": token.scope,
        "jti": token.id,
        "iat": now,
        "nbf": now,
        "exp": token.expires_at,
        "key_since": token.key_since,
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


async def _find_active(engine: Engine, caller: Caller, text: str) -> AccessToken | None:
    _assert_key(caller)
    secret = await find_signing_secret(engine)
    token = decode(text, secret, engine.clock.milliseconds()) if secret else None
    if token is None or token.project_id != caller.project_id:
        return None
    return token if await find_holder(engine, token) else None


def _assert_key(caller: Caller) -> None:
    if caller.scopes is not None:
        raise Refusal(Reason.FORBIDDEN, "Access tokens are managed with X-App-Id and X-App-Token, not with one of them")


def _checked_scopes(scope: str) -> str:
    scopes = tuple(dict.fromkeys(scope.split()))
    unknown = [one for one in scopes if one not in SCOPES]
    if unknown or not scopes:
        was = f", not {unknown[0][:50]!r}" if unknown else ""
        raise Refusal(Reason.INVALID_PAYLOAD, f"scope: must be a space-separated list of {', '.join(SCOPES)}{was}")
    return " ".join(scopes)


def _since(key: Key) -> int:
    return round((key.rotated_at or key.created_at).timestamp() * 1000)
