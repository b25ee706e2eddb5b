"""Look up what a customer is a member of (domain 6)."""

from collections.abc import Mapping

from troth.actions.engine import Engine
from troth.actions.settling import TierProgress, up_to_date, with_tiers
from troth.core.members import MemberWithCards
from troth.core.memberships import IdentificationType, Membership, Owner
from troth.core.refusals import not_found
from troth.db import memberships
from troth.db.database import Connection


async def list_memberships(
    engine: Engine, project_id: str, identification_type: IdentificationType, reference: str
) -> tuple[Owner, list[Membership]]:
    """Return a customer and its memberships, oldest first; those of deleted programs too.

    Raises a refusal with `NOT_FOUND` for the customer or, where it is named by one, for the member.
    """

    async def look(connection: Connection) -> tuple[Owner, list[Membership]]:
        owner = await memberships.find_owner(connection, project_id, identification_type, reference)
        if owner is None:
            raise not_found("member" if identification_type == "member_id" else "customer", reference)
        found = await memberships.find(connection, project_id, owner.id)
        members = {one.member.member.id: one.member for one in found}
        present = await up_to_date(engine, connection, project_id, members)
        return owner, [one._replace(member=present[one.member.member.id]) for one in found]

    return await engine.database.read(look)


async def get_membership(
    engine: Engine, project_id: str, program_id: str, identification_type: IdentificationType, reference: str
) -> tuple[Membership, Mapping[str, TierProgress]]:
    """Return a customer's membership in a program, and the tier progress of its cards that have one, by their ids.

    Raises a refusal with `NOT_FOUND` for the program, the customer, the member that names it, or the membership.
    """

    async def look(connection: Connection) -> bool:
        return await memberships.has_program(connection, project_id, program_id)

    if not await engine.database.read(look):
        raise not_found("program", program_id)
    _, found = await list_memberships(engine, project_id, identification_type, reference)
    for one in found:
        if one.program.id == program_id and (identification_type != "member_id" or one.member.member.id == reference):
            member, progress = await _with_tiers(engine, project_id, one.member)
            return one._replace(member=member), progress
    raise not_found("member" if identification_type == "member_id" else "membership", reference)


async def _with_tiers(
    engine: Engine, project_id: str, found: MemberWithCards
) -> tuple[MemberWithCards, Mapping[str, TierProgress]]:
    async def look(connection: Connection) -> tuple[MemberWithCards, Mapping[str, TierProgress]]:
        return await with_tiers(engine, connection, project_id, found)

    return await engine.database.read(look)
