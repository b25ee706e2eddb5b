"""All routes together: the OpenAPI document, and the door that serves them."""

import re
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from troth import __version__
from troth.actions.engine import Engine
from troth.http.door import Door
from troth.http.lanes import Lanes
from troth.http.routes import (
    assignments,
    async_actions,
    benefit_transactions,
    benefits,
    campaigns,
    card_definitions,
    clock,
    customers,
    earning_evaluations,
    earning_rules,
    event_schemas,
    events,
    examine,
    health,
    incentives,
    members,
    memberships,
    metadata_schemas,
    oauth,
    orders,
    payments,
    points,
    product_collections,
    products,
    programs,
    project,
    purchases,
    rewards,
    segments,
    tier_structures,
    tier_transactions,
    vouchers,
)
from troth.http.routing import FORM, Routes

ALL_ROUTES: tuple[Routes, ...] = (
    programs.routes,
    assignments.routes,
    members.routes,
    points.routes,
    earning_evaluations.routes,
    memberships.routes,
    tier_transactions.routes,
    examine.routes,
    card_definitions.routes,
    earning_rules.routes,
    tier_structures.routes,
    benefits.routes,
    benefit_transactions.routes,
    incentives.routes,
    rewards.routes,
    purchases.routes,
    customers.routes,
    orders.routes,
    payments.routes,
    events.routes,
    products.routes,
    products.sku_routes,
    product_collections.routes,
    segments.routes,
    event_schemas.routes,
    metadata_schemas.routes,
    campaigns.routes,
    vouchers.routes,
    project.routes,
    async_actions.routes,
    clock.routes,
    oauth.routes,
    health.routes,
)

_SOURCE: Final = re.compile(r"\s*\((?:domain|decision) [^)]*\)")
_SECURITY_SCHEMES: Final = {
    "X-App-Id": {"type": "apiKey", "name": "X-App-Id", "in": "header"},
    "X-App-Token": {"type": "apiKey", "name": "X-App-Token", "in": "header"},
    "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document of the whole API."""
    declared = FastAPI(
        title="Troth",
        version=__version__,
        summary="An open-source loyalty engine whose every point is provable.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url=None,
    )
    for routes in ALL_ROUTES:
        declared.include_router(routes.router)
    made = declared.openapi()
    made["components"]["securitySchemes"] = _SECURITY_SCHEMES
    made["security"] = [{"X-App-Id": [], "X-App-Token": []}, {"bearerAuth": []}]
    public = {(one.path, one.method.lower()) for routes in ALL_ROUTES for one in routes.operations if one.public}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            # FastAPI's own answer to an invalid request; the door answers 400 instead.
            operation["responses"].pop("422", None)
            if (path, method) in public:
                operation["security"] = []
            if operation.pop(FORM, False):
                content = operation["requestBody"]["content"]
                content["application/x-www-form-urlencoded"] = content.pop("application/json")
                operation["security"] = [{"X-App-Id": [], "X-App-Token": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(name, None)
    _drop_sources(made)
    return made


def _drop_sources(node: Any) -> None:
    """Take the sources of rules, which docstrings name for those who read the code, out of all descriptions."""
    if isinstance(node, list):
        for inner in node:
            _drop_sources(inner)
    elif isinstance(node, dict):
        if isinstance(words := node.get("description"), str):
            node["description"] = _SOURCE.sub("", words)
        for inner in node.values():
            _drop_sources(inner)


def application(engine: Engine, pages: ASGIApp, *, access_log: str = "problems") -> Door:
    """Return the ASGI application that serves all routes with an engine, and `pages` at every other path."""
    operations = [operation for routes in ALL_ROUTES for operation in routes.operations]
    return Door(engine, Lanes(engine), operations, pages, access_log=access_log)
