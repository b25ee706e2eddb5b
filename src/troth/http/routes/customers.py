"""Customers: the persons known to a project."""

from typing import Annotated, Final, cast
from zoneinfo import ZoneInfo

from fastapi import Path

from troth.actions import customers
from troth.actions.access import get_project
from troth.core.customers import Customer as CustomerRecord
from troth.core.customers import Upsert, shown
from troth.core.lists import Operator, PageDeclaration, instants, texts
from troth.core.refusals import Reason, not_found
from troth.http.list_parameters import query_parameters
from troth.http.numbered_pages import numbered_envelope, parse_numbered
from troth.http.query_strings import single, take_apart
from troth.http.routing import Call, Routes
from troth.http.shapes.customers import Customer, CustomerCreateRequest, CustomerList, CustomerUpdateRequest

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
    """Create customer, or update the one that has the given `source_id` or `id`.

    Without either the customer is always a new one. An `id` must exist; a customer without a source id may be given
    one, but never another.
    """
    return _answer(await call.lanes.upsert_customer.submit(call.caller.project_id, body.command()))


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
    """List customers."""
    query_string = call.scope["query_string"]
    project = await get_project(call.engine, call.caller.project_id)
    query = parse_numbered(CUSTOMERS, query_string, now=call.engine.clock.now(), zone=ZoneInfo(project.time_zone))
    if segment_id := single(take_apart(query_string), "segment_id"):
        # There are no segments that a customer could be in.
        raise not_found("segment", segment_id)
    page, total = await customers.list_customers(call.engine, project.id, CUSTOMERS, query)
    envelope = numbered_envelope(CUSTOMERS, page, [shown(one) for one in page.rows], total)
    return cast("CustomerList", envelope)


def _answer(customer: CustomerRecord) -> Customer:
    return cast("Customer", shown(customer))
