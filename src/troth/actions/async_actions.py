"""Look async actions up."""

from troth.actions.engine import Engine
from troth.core.async_actions import AsyncAction
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.refusals import not_found
from troth.db import async_actions
from troth.db.database import Connection


async def get_async_action(engine: Engine, project_id: str, async_action_id: str) -> AsyncAction:
    """Return an async action. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> AsyncAction | None:
        return await async_actions.find(connection, project_id, async_action_id)

    found = await engine.database.read(look)
    if found is None:
        raise not_found("async_action", async_action_id)
    return found


async def list_async_actions(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[AsyncAction], int]:
    """Return one page of the project's async actions, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[AsyncAction], int]:
        return await async_actions.page(connection, declaration, query, project_id)

    return await engine.database.read(look)
