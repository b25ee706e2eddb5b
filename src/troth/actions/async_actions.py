"""Look async actions up, and what came of each of their entries."""

from collections.abc import AsyncIterator
from typing import Any

from troth.actions import customer_imports, member_batches, order_imports
from troth.actions.engine import Engine
from troth.core.async_actions import AsyncAction
from troth.core.customer_imports import BULK, CSV
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.order_imports import TYPE as ORDERS
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


async def get_report(engine: Engine, project_id: str, async_action_id: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Return the lines of an async action's report, a page of them at a time.

    Raises a refusal with `NOT_FOUND` also for an async action that has none, being done in one piece.
    """
    action = await get_async_action(engine, project_id, async_action_id)
    if action.type in (CSV, BULK):
        return customer_imports.report(engine, action)
    if action.type == ORDERS:
        return order_imports.report(engine, action)
    return await member_batches.report(engine, project_id, async_action_id)


async def list_async_actions(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[AsyncAction], int]:
    """Return one page of the project's async actions, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[AsyncAction], int]:
        return await async_actions.page(connection, declaration, query, project_id)

    return await engine.database.read(look)
