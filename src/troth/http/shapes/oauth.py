"""Bearer tokens on the wire: forms in, what is known of a token out."""

from typing import Literal

from typing_extensions import TypedDict

from troth.core.configuration import Configuration


class OAuthTokenGenerateRequestBody(Configuration):
    """What a key asks for: a token with some scopes, separated by spaces."""

    grant_type: Literal["client_credentials"]
    scope: str


class OAuthTokenIntrospectRequestBody(Configuration):
    """The token to be looked into."""

    access_token: str


class OAuthTokenRevokeRequestBody(Configuration):
    """The token to be ended."""

    access_token: str


class OAuthTokenGenerateResponseBody(TypedDict):
    """A bearer token; `expires_at` is seconds since 1970, `expires_in` seconds from now."""

    access_token: str
    client_id: str
    expires_at: int
    expires_in: int
    scope: str
    token_type: Literal["Bearer"]


class OAuthTokenIntrospectResponseBody(OAuthTokenGenerateResponseBody):
    """A token and whether it is worth anything; of an inactive one nothing is told, its properties are 0 or empty."""

    active: bool
