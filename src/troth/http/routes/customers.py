"""Customers: the persons known to a project."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import customer_imports, customers, segments
from troth.actions.customers import CustomerInFull
from troth.actions.project_time import get_project_time
from troth.core.customer_requests import CustomerCreateRequest, CustomerUpdateRequest
from troth.core.customers import Upsert, shown
from troth.core.lists import Operator, PageDeclaration, instants, texts
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.numbered_pages import numbered_envelope, parse_numbered
from troth.http.query_strings import single, take_apart
from troth.http.routing import Call, Routes
from troth.http.shapes.async_actions import AsyncActionReference
from troth.http.shapes.customers import (
    Customer,
    CustomerBulkRequest,
    CustomerList,
    CustomerSegment,
    CustomerSegmentList,
)

CustomerId = Annotated[str, Path(alias="customerId", description="The customer's `id` or its `source_id`.")]

CUSTOMERS: Final = PageDeclaration(
    data_ref="customers",
    fields={
        "source_id": texts(nullable=True),
        "name": texts(nullable=True),
        "email": texts(nullable=True),
        "city": texts(nullable=True),
        "created_at": instants(),
        "updated_at": instants(nullable=True),
    },
    orders=("created_at", "updated_at", "source_id"),
    filter_parameters={
        "email": ("email", Operator.IS),
        "city": ("city", Operator.IS),
        "name": ("name", Operator.IS),
        "created_at[before]": ("created_at", Operator.BEFORE),
        "created_at[after]": ("created_at", Operator.AFTER),
        "updated_at[before]": ("updated_at", Operator.BEFORE),
        "updated_at[after]": ("updated_at", Operator.AFTER),
    },
    largest_page=99,
    starting_after="created_at",
    other_parameters=("segment_id",),
)
SEGMENT_ID: Final = {"name": "segment_id", "in": "query", "required": False, "schema": {"type": "string"}}

routes = Routes(tag="Customers", scope="customers")


@routes.post("/v1/customers", operation_id="createCustomer", reasons=(Reason.NOT_FOUND, Reason.DUPLICATE_KEY))
async def create_customer(call: Call, body: CustomerCreateRequest) -> Customer:
    """Create or update customer.

    The one that has the given `source_id` or `id` is updated.

    Without either the customer is always a new one. An `id` must exist; a customer without a source id may be given
    one, but never another.
    """
    return _answer(await call.lanes.upsert_customer.submit(call.caller.project_id, body.command()))


@routes.post("/v1/customers/bulk/async", operation_id="upsertCustomersInBulk", status=202)
async def upsert_customers_in_bulk(call: Call, body: CustomerBulkRequest) -> AsyncActionReference:
    """Create or update customers in bulk.

    The array is taken on as a whole and worked off in the background; each entry succeeds or fails for itself. The
    async action tells how far it is, its report what came of each entry.
    """
    action_id = await customer_imports.import_entries(call.engine, call.caller.project_id, body, call.request_id)
    return {"async_action_id": action_id}


@routes.post(
    "/v1/customers/importCSV", operation_id="importCustomersCsv", status=202, upload=customer_imports.received_file
)
async def import_customers(call: Call) -> AsyncActionReference:
    """Import customers from a CSV file.

    The first row names the columns: `id`, `source_id`, `name`, `description`, `email`, `phone`, `birthday`, `city`,
    `state`, `line_1`, `line_2`, `country`, `postal_code`, also written `Source ID` or `address_city`; any other is
    metadata. A row creates a customer, or updates the one that has its `id` or `source_id`; an empty cell says nothing.
    The file is UTF-8 with commas, of at most 1 GiB, and worked off in the background. A bad row harms no other: the
    report of the async action tells what came of each, by the line in which it begins.
    """
    action_id = await customer_imports.begin(call.engine, call.caller.project_id, call.received, call.request_id)
    return {"async_action_id": action_id}


@routes.get("/v1/customers/{customerId}", operation_id="getCustomer")
async def get_customer(call: Call, customer_id: CustomerId) -> Customer:
    """Get customer."""
    return _answer(await customers.get_customer(call.engine, call.caller.project_id, customer_id))


@routes.put("/v1/customers/{customerId}", operation_id="updateCustomer")
async def update_customer(call: Call, customer_id: CustomerId, body: CustomerUpdateRequest) -> Customer:
    """Update customer.

    What is absent stays as it is, null clears it. Address and metadata are merged property by property.
    """
    command = Upsert(body.changes(), existing=customer_id)
    return _answer(await call.lanes.upsert_customer.submit(call.caller.project_id, command))


@routes.get("/v1/customers/{customerId}/segments", operation_id="listCustomerSegments")
async def list_customer_segments(call: Call, customer_id: CustomerId) -> CustomerSegmentList:
    """List customer's segments.

    Those that list it, and those whose filter finds it, the oldest first.
    """
    found = await segments.list_segments_of(call.engine, call.caller.project_id, customer_id)
    data: list[CustomerSegment] = [{"id": one.id, "name": one.name, "object": "segment"} for one in found]
    return {"object": "list", "data_ref": "data", "data": data, "total": len(data)}


@routes.delete("/v1/customers/{customerId}", operation_id="deleteCustomer", status=204)
async def delete_customer(call: Call, customer_id: CustomerId) -> None:
    """Delete customer.

    Erases everything personal and deletes the customer's members. The ids and the history of its cards stay; its
    source id is free again.
    """
    await customers.delete_customer(call.engine, call.caller, customer_id)


@routes.get(
    "/v1/customers",
    operation_id="listCustomers",
    reasons=(Reason.INVALID_QUERY, Reason.NOT_FOUND),
    query=[*query_parameters(CUSTOMERS), SEGMENT_ID],
)
async def list_customers(call: Call) -> CustomerList:
    """List customers.

    With `segment_id`, those who are in the segment.
    """
    query_string = call.scope["query_string"]
    now, zone = await get_project_time(call.engine, call.caller.project_id)
    query = parse_numbered(CUSTOMERS, query_string, now=now, zone=zone)
    page, total = await customers.list_customers(
        call.engine,
        call.caller.project_id,
        CUSTOMERS,
        query,
        segment_id=single(take_apart(query_string), "segment_id"),
    )
    envelope = numbered_envelope(CUSTOMERS, page, [_answer(one) for one in page.rows], total)
    return cast("CustomerList", envelope)


def _answer(found: CustomerInFull) -> Customer:
    return cast("Customer", shown(found.customer, found.orders.shown()))
