"""Look up what a customer is a member of (domain 6)."""

from collections.abc import Mapping, Sequence

from troth.actions.engine import Engine
from troth.actions.settling import MemberInFull, in_full, up_to_date
from troth.core.memberships import (
    IdentificationType,
    Membership,
    MembershipInFull,
    MembershipPath,
    Named,
    Owner,
)
from troth.core.refusals import Refusal, not_found
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
        by_id = {one.member.member.id: one.member for one in found}
        present = await up_to_date(engine, connection, project_id, by_id)
        return owner, [one._replace(member=present[one.member.member.id]) for one in found]

    return await engine.database.read(look)


async def get_memberships(
    engine: Engine, project_id: str, asked: Sequence[MembershipPath]
) -> Sequence[MembershipInFull | Refusal]:
    """Return each membership in a program with the tier progress of its cards, or what of its path cannot be found."""

    async def look(connection: Connection) -> tuple[Sequence[Named], Mapping[str, MemberInFull]]:
        found = await memberships.named(connection, project_id, asked)
        return found.named, await in_full(engine, connection, project_id, found)

    named, found = await engine.database.read(look)
    return [_answer(path, one, found) for path, one in zip(asked, named, strict=True)]


def _answer(path: MembershipPath, named: Named, found: Mapping[str, MemberInFull]) -> MembershipInFull | Refusal:
    by_member = path.identification_type == "member_id"
    if named.program is None:
        return not_found("program", path.program_id)
    if named.customer_id is None:
        return not_found("member" if by_member else "customer", path.reference)
    one = found.get(named.member_id or "")
    if one is None or (by_member and named.member_id != path.reference):
        return not_found("member" if by_member else "membership", path.reference)
    return MembershipInFull(Membership(one.member, named.program), one.tier_progress)
