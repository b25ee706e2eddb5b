"""Bearer tokens: got, looked into and revoked with a key's own credentials (domain 2)."""

from troth.actions import access_tokens
from troth.actions.access_tokens import ActiveToken
from troth.core.refusals import Reason
from troth.http.routing import Call, Routes
from troth.http.shapes.oauth import (
    OAuthTokenGenerateRequestBody,
    OAuthTokenGenerateResponseBody,
    OAuthTokenIntrospectRequestBody,
    OAuthTokenIntrospectResponseBody,
    OAuthTokenRevokeRequestBody,
)

routes = Routes(tag="OAuth", scope="oauth")


@routes.post("/v1/oauth/token", operation_id="generate-oauth-token", form=True, changes=False, keyed=False)
async def generate_oauth_token(call: Call, body: OAuthTokenGenerateRequestBody) -> OAuthTokenGenerateResponseBody:
    """Generate an access token.

    It is valid for 15 minutes, for the scopes asked for, with the role of the key that asks. A request that is repeated
    gets another one: no token is kept to be given again.
    """
    app_token = call.headers.get("x-app-token", "")
    return _shown(await access_tokens.issue_token(call.engine, call.caller, app_token, body.scope))


@routes.post("/v1/oauth/introspect", operation_id="introspect-oauth-token", form=True, changes=False)
async def introspect_oauth_token(call: Call, body: OAuthTokenIntrospectRequestBody) -> OAuthTokenIntrospectResponseBody:
    """Introspect an access token.

    A token that is expired, revoked, of another project or no token at all is not active, and nothing says which.
    """
    token = await access_tokens.introspect(call.engine, call.caller, body.access_token)
    if token is None:
        return {
            "access_token": body.access_token,
            "client_id": "",
            "expires_at": 0,
            "expires_in": 0,
            "scope": "",
            "token_type": "Bearer",
            "active": False,
        }
    return {**_shown(token), "active": True}


@routes.post(
    "/v1/oauth/token/revoke",
    operation_id="revoke-oauth-token",
    form=True,
    changes=False,
    status=204,
    reasons=(Reason.NOT_FOUND,),
)
async def revoke_oauth_token(call: Call, body: OAuthTokenRevokeRequestBody) -> None:
    """Revoke an access token.

    It stops being valid within a second.
    """
    await access_tokens.revoke_token(call.engine, call.caller, body.access_token)


def _shown(token: ActiveToken) -> OAuthTokenGenerateResponseBody:
    return {
        "access_token": token.text,
        "client_id": token.app_id,
        "expires_at": token.expires_at,
        "expires_in": token.expires_in,
        "scope": token.scope,
        "token_type": "Bearer",
    }
