"""Look at how members came to their tiers (domain 10)."""

from troth.actions.desk import close_desk
from troth.actions.engine import Engine
from troth.actions.members import MemberPath
from troth.actions.turns import open_desk_in_turn
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.points import find_member
from troth.core.tiering.state import StoredTierTransaction
from troth.db import tiering
from troth.db.database import Connection, Unit


async def transaction_page(
    engine: Engine, project_id: str, path: MemberPath, declaration: ListDeclaration, query: ListQuery
) -> Page[StoredTierTransaction]:
    """Return one page of a member's tier transactions. Raises a refusal with `NOT_FOUND` for program or member.

    The member is settled up to now first, and that is saved, so that the list can be paged through as it is.
    """
    program_id, member_id = path

    async def settle(unit: Unit) -> None:
        desk, _ = await open_desk_in_turn(engine, unit, project_id, [member_id], patient=True)
        find_member(program_id, member_id, *desk.at(member_id))
        await close_desk(engine, unit, project_id, desk)

    await engine.database.transact(settle)

    async def look(connection: Connection) -> Page[StoredTierTransaction]:
        return await tiering.transaction_page(connection, declaration, query, member_id)

    return await engine.database.read(look)
