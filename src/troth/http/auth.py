"""From the headers of a request to its caller (domain 2)."""

from collections.abc import Sequence
from typing import Final

from troth.actions.access import unauthorized
from troth.actions.access_cache import LONGEST_KEY_PART, AccessCache
from troth.actions.access_tokens import LONGEST_TOKEN
from troth.actions.engine import Engine
from troth.core.access import Caller

_APP_ID: Final = b"x-app-id"
_APP_TOKEN: Final = b"x-app-token"
_AUTHORIZATION: Final = b"authorization"
_SCHEME: Final = b"bearer "


class Authenticator:
    """Finds the caller of a request; one a process."""

    __slots__ = ("_access",)

    def __init__(self, engine: Engine) -> None:
        self._access = AccessCache(engine)

    async def authenticate(self, headers: Sequence[tuple[bytes, bytes]]) -> Caller:
        """Return the caller by `X-App-Id` and `X-App-Token`, by `Authorization: Bearer`, or by both.

        Names of headers are lowercase, as ASGI has them. Given both, both must be valid and of one project; the key
        is the caller then, as its holder could have left the bearer token out. Raises a refusal with `UNAUTHORIZED`
        that does not tell what was wrong.
        """
        app_id = app_token = authorization = None
        for name, value in headers:
            if name == _APP_ID:
                app_id = _only(app_id, value, LONGEST_KEY_PART)
            elif name == _APP_TOKEN:
                app_token = _only(app_token, value, LONGEST_KEY_PART)
            elif name == _AUTHORIZATION:
                authorization = _only(authorization, value, len(_SCHEME) + LONGEST_TOKEN)
        if authorization is None:
            if app_id is None or app_token is None:
                raise unauthorized()
            return _known(await self._access.find_by_key(app_id, app_token))
        if authorization[: len(_SCHEME)].lower() != _SCHEME or (app_id is None) != (app_token is None):
            raise unauthorized()
        bearer = _known(await self._access.find_by_token(authorization[len(_SCHEME) :].strip()))
        if app_id is None or app_token is None:
            return bearer
        caller = _known(await self._access.find_by_key(app_id, app_token))
        if caller.project_id != bearer.project_id:
            raise unauthorized()
        return caller


def _only(before: bytes | None, value: bytes, most: int) -> bytes:
    if before is not None or not 0 < len(value) <= most:
        raise unauthorized()
    return value


def _known(caller: Caller | None) -> Caller:
    if caller is None:
        raise unauthorized()
    return caller
