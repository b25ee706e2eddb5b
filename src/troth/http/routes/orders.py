"""Orders: what customers buy."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import order_imports, orders
from troth.core.order_requests import OrderCreateRequest, OrderUpdateRequest
from troth.core.orders import Order as OrderRecord
from troth.core.orders import shown
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered, plain_list
from troth.http.routing import Call, Routes
from troth.http.shapes.async_actions import AsyncActionReference
from troth.http.shapes.orders import Order, OrderImportRequest, OrderList

OrderId = Annotated[str, Path(alias="orderId", description="The order's `id` or its `source_id`.")]

ORDERS: Final = plain_list("orders")

routes = Routes(tag="Orders", scope="orders")


@routes.get("/v1/orders", operation_id="listOrders", reasons=(Reason.INVALID_QUERY,), query=query_parameters(ORDERS))
async def list_orders(call: Call) -> OrderList:
    """List orders."""
    answer = await answer_numbered(
        call, ORDERS, lambda query: orders.list_orders(call.engine, call.caller.project_id, ORDERS, query), shown
    )
    return cast("OrderList", answer)


@routes.post("/v1/orders", operation_id="createOrder", reasons=(Reason.NOT_FOUND, Reason.DUPLICATE_KEY))
async def create_order(call: Call, body: OrderCreateRequest) -> Order:
    """Create or update order.

    The one that has the given `source_id` or `id` is updated.

    Without either the order is always a new one. An `id` must exist. The customer is created or updated with the order.
    What an order earns, its customer's members earn once: when it becomes PAID for the first time.
    """
    return _answer(await call.lanes.put_order.submit(call.caller.project_id, body.creation()))


@routes.post("/v1/orders/import", operation_id="importOrders")
async def import_orders(call: Call, body: OrderImportRequest) -> AsyncActionReference:
    """Import orders.

    Creates or updates orders in the background, each for itself; being the past, they earn nothing, now or later.

    The async action tells how far it is, its report what came of each entry.
    """
    action_id = await order_imports.import_orders(call.engine, call.caller.project_id, body, call.request_id)
    return {"async_action_id": action_id}


@routes.get("/v1/orders/{orderId}", operation_id="getOrder")
async def get_order(call: Call, order_id: OrderId) -> Order:
    """Get order."""
    return _answer(await orders.get_order(call.engine, call.caller.project_id, order_id))


@routes.put("/v1/orders/{orderId}", operation_id="updateOrder", reasons=(Reason.DUPLICATE_KEY,))
async def update_order(call: Call, order_id: OrderId, body: OrderUpdateRequest) -> Order:
    """Update order.

    What is absent stays as it is. Metadata are merged property by property; items replace those that there were, and
    their sum is the amount unless one is given. Once an order was paid, its customer stays.
    """
    return _answer(await call.lanes.put_order.submit(call.caller.project_id, body.command(order_id)))


def _answer(order: OrderRecord) -> Order:
    return cast("Order", shown(order))
