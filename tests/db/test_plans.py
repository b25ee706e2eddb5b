"""Lists that grow are answered by an index: the plan of each order that one serves has neither a sort nor a full scan.

Other orders and filters read all rows of their scope: a program's members, a project's customers (docs/performance.md).
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.conftest import TestProject

from troth.core.lists import Junction, ListDeclaration, ListQuery, Order, read_order
from troth.db import listing
from troth.db.database import Connection, Database
from troth.db.queries import queries
from troth.http.routes.customers import CUSTOMERS
from troth.http.routes.members import MEMBER_HISTORY, MEMBERS
from troth.http.routes.orders import ORDERS
from troth.http.routes.payments import PAYMENTS
from troth.http.routes.tier_transactions import TIER_TRANSACTIONS

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 3000
INDEXES = (
    "members_of_program",
    "member_activities_pkey",
    "customers_of_project",
    "tier_transactions_pkey",
    "orders_of_project",
    "order_transactions_pkey",
)


def query(declaration: ListDeclaration, order: str, *, later: bool) -> ListQuery:
    fields: tuple[Order, ...] = read_order(declaration, [order])
    return ListQuery(
        limit=10,
        order=fields,
        filters=(),
        junction=Junction.AND,
        as_of=NOW,
        after=tuple(NOW if one.field == "created_at" else "x_5" for one in fields) if later else None,
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def explained(
    connection: Connection, declaration: ListDeclaration, asked: ListQuery, source: str, *scope: str
) -> list[dict[str, Any]]:
    text, arguments = listing.statement(declaration, asked, source, scope)
    rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {text}", *arguments)
    return list(nodes(json.loads(rows[0][0])[0]["Plan"]))


async def filled(connection: Connection, project_id: str) -> None:
    """Insert two programs' members, and for one of them a long history."""
    await connection.execute(
        "INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)"
        " SELECT 'lmbr_' || md5($1 || n), $1, 'lprg_' || md5($1 || n % 2), 'cust_' || md5($1 || n), 'ACTIVE', '{}',"
        " $2::timestamptz - random() * interval '1 year' FROM generate_series(1, $3::int) AS n",
        project_id, NOW, ROWS,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)"
        " SELECT 'lmbr_' || md5($1), 'lambr_' || md5($1 || n), 'lmbr_' || md5($1), 'vl.member.updated', '{}', 'lgrp_1',"
        " '{}', $2::timestamptz - n * interval '1 second' FROM generate_series(1, $3::int) AS n",
        project_id, NOW, ROWS,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO customers (id, project_id, metadata, created_at)"
        " SELECT 'cust_' || md5($1 || n), $1, '{}', $2::timestamptz - random() * interval '1 year'"
        " FROM generate_series(1, $3::int) AS n",
        project_id, NOW, ROWS,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO tier_transactions (member_id, id, card_id, card_definition_id, tier_structure_id, type, status,"
        " tier_from, tier_to, points, start_at, group_id, created_at)"
        " SELECT 'lmbr_' || md5($1), 'lttx_' || md5($1 || n), 'lcrd_1', 'lcdef_1', 'lts_1', 'UPGRADED', 'APPROVED',"
        " 'lt_1', 'lt_2', 5, $2, 'lgrp_1', $2::timestamptz - n * interval '1 second'"
        " FROM generate_series(1, $3::int) AS n",
        project_id, NOW, ROWS,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO orders (id, project_id, status, amount, discount_amount, items, metadata, created_at)"
        " SELECT 'ord_' || md5($1 || n), $1, 'CREATED', 0, 0, '[]', '{}',"
        " $2::timestamptz - random() * interval '1 year' FROM generate_series(1, $3::int) AS n",
        project_id, NOW, ROWS,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO order_transactions (member_id, id, project_id, program_id, card_id, card_definition_id,"
        " card_transaction_id, order_id, number, amount, points, details, group_id, created_at)"
        " SELECT 'lmbr_' || md5($1), 'lotx_' || md5($1 || n), $1, 'lprg_1', 'lcrd_1', 'lcdef_1', 'lctx_1', 'ord_1', n,"
        " 5, 5, '{}', 'lgrp_1', $2::timestamptz - n * interval '1 second' FROM generate_series(1, $3::int) AS n",
        project_id, NOW, ROWS,
    )  # fmt: skip
    await connection.execute(
        "ANALYZE customers, members, member_activities, tier_transactions, orders, order_transactions"
    )


@pytest.mark.parametrize("later", [False, True], ids=["first page", "later page"])
@pytest.mark.parametrize("order", ["created_at", "-created_at"])
async def test_lists_that_grow_are_read_in_the_order_of_an_index(
    database: Database, project: TestProject, order: str, *, later: bool
) -> None:
    sql = queries("members")
    async with database.connection() as connection:
        await filled(connection, project.id)
        program_id = await connection.fetchval("SELECT 'lprg_' || md5($1 || 1)", project.id)
        member_id = await connection.fetchval("SELECT 'lmbr_' || md5($1)", project.id)
        lists: list[tuple[ListDeclaration, str, tuple[str, ...]]] = [
            (MEMBERS, sql.listed, (project.id, program_id)),
            (MEMBER_HISTORY, sql.activities, (member_id, member_id)),
            (CUSTOMERS, queries("customers").listed, (project.id,)),
            (TIER_TRANSACTIONS, queries("tiering").transactions, (member_id,)),
            (ORDERS, queries("orders").listed, (project.id,)),
            (PAYMENTS, queries("payments").listed, (member_id,)),
        ]
        plans = [
            await explained(connection, declaration, query(declaration, order, later=later), source, *scope)
            for declaration, source, scope in lists
        ]
    for plan, index in zip(plans, INDEXES, strict=True):
        kinds = {node["Node Type"] for node in plan}
        assert "Sort" not in kinds
        assert "Seq Scan" not in kinds
        assert index in {node.get("Index Name") for node in plan}


async def test_a_customers_last_order_is_a_step_of_an_index(database: Database, project: TestProject) -> None:
    """However many orders it has, cancelled ones included."""
    customer_id = f"cust_{project.id.removeprefix('proj_')}"
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO customers (id, project_id, metadata, created_at) VALUES ($1, $2, '{}', $3)",
            customer_id, project.id, NOW,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO orders (id, project_id, customer_id, status, amount, discount_amount, items, metadata,"
            " paid_at, created_at) SELECT 'ord_' || md5($1 || n), $1, $2,"
            " CASE WHEN n > 1500 THEN 'CANCELED' ELSE 'PAID' END, n, 0, '[]', '{}', $3,"
            " $3::timestamptz + n * interval '1 second' FROM generate_series(1, $4::int) AS n",
            project.id, customer_id, NOW, ROWS,
        )  # fmt: skip
        await connection.execute("INSERT INTO customer_orders VALUES ($1, 1, 1500)", customer_id)
        await connection.execute("ANALYZE orders, customer_orders, customers")
        text = queries("customer_orders").summaries
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", [customer_id])
        (read,) = (
            node
            for node in nodes(json.loads(rows[0][0])[0]["Plan"])
            if node.get("Index Name") == "orders_of_customer" and node["Node Type"].startswith("Index")
        )
        assert (read["Actual Rows"], read["Actual Loops"]) == (1, 1)
        (found,) = await connection.fetch(text, [customer_id])
    assert found["last_amount"] == 1500
