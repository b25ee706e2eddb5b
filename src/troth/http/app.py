"""All routes together: the OpenAPI document, and the door that serves them."""

from functools import cache
from typing import Any

from starlette.types import ASGIApp

from troth.actions.engine import Engine
from troth.http.document import document_of
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
from troth.http.routing import Routes

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


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document of the whole API."""
    return document_of(ALL_ROUTES)


def application(engine: Engine, pages: ASGIApp, *, access_log: str = "problems") -> Door:
    """Return the ASGI application that serves all routes with an engine, and `pages` at every other path."""
    operations = [operation for routes in ALL_ROUTES for operation in routes.operations]
    return Door(engine, Lanes(engine), operations, pages, access_log=access_log)
