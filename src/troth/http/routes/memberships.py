"""Memberships of a customer."""

from typing import Annotated, Any, Final, cast, get_args

from fastapi import Path

from troth.actions import memberships
from troth.core.lists import invalid_query, shown
from troth.core.memberships import IdentificationType, MembershipPath, shown_result
from troth.core.memberships import shown as shown_membership
from troth.core.refusals import Reason
from troth.http.query_strings import single, take_apart
from troth.http.routes.members import ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.memberships import Membership, MembershipsResult

CustomerId = Annotated[
    str,
    Path(alias="customerId", description="The customer's `id`, its `source_id` or the `id` of one of its members."),
]

_TYPES: Final = get_args(IdentificationType)
_DEFAULT: Final = "customer_id"
IDENTIFICATION_TYPE: Final[dict[str, Any]] = {
    "name": "identification_type",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": list(_TYPES), "default": _DEFAULT},
    "description": "What the path names the customer by.",
}

routes = Routes(tag="Members", scope="loyalties")


@routes.get(
    "/v2/loyalties/memberships/{customerId}",
    operation_id="getCustomerMemberships",
    reasons=(Reason.INVALID_QUERY,),
    query=(IDENTIFICATION_TYPE,),
)
async def list_memberships(call: Call, customer_id: CustomerId) -> MembershipsResult:
    """List memberships of a customer.

    A program that is deleted keeps its members, so that they are shown with its status.
    """
    found = await memberships.list_memberships(
        call.engine, call.caller.project_id, _identification_type(call), customer_id
    )
    return cast("MembershipsResult", shown_result(*found))


@routes.get(
    "/v2/loyalties/programs/{programId}/memberships/{customerId}",
    operation_id="getProgramMembership",
    reasons=(Reason.INVALID_QUERY,),
    query=(IDENTIFICATION_TYPE,),
)
async def get_membership(call: Call, program_id: ProgramId, customer_id: CustomerId) -> Membership:
    """Get membership.

    A customer's membership in one program, and where its cards stand in their tiers.
    """
    path = MembershipPath(program_id, _identification_type(call), customer_id)
    return cast("Membership", shown_membership(await call.lanes.get_membership.submit(call.caller.project_id, path)))


def _identification_type(call: Call) -> IdentificationType:
    given = single(take_apart(call.scope["query_string"]), "identification_type") or _DEFAULT
    if given not in _TYPES:
        raise invalid_query(f"identification_type must be one of {', '.join(_TYPES)}, not {shown(given)}")
    return cast("IdentificationType", given)
