"""Vouchers of campaigns."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from troth.core.earning.facts import Amount
from troth.core.json import decode
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import PlatformResource
from troth.core.vouchers import Voucher
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.platform_resources import resource
from troth.db.queries import queries

_SQL = queries("vouchers")


async def campaigns(unit: Unit, project_id: str, ids: Collection[str]) -> dict[str, PlatformResource]:
    """Return those of the campaigns that the project has; none of them is deleted before the transaction ends."""
    return {row["id"]: resource(row) for row in await unit.connection.fetch(_SQL.campaigns, project_id, sorted(ids))}


async def take(unit: Unit, project_id: str, wanted: Sequence[Voucher], now: datetime) -> set[str]:
    """Save new vouchers whose codes nobody has, and return the ids of those."""
    # In order, so that two workers who want the same codes never wait for each other crosswise.
    ordered = sorted(wanted, key=lambda one: one.code)
    rows = await unit.connection.fetch(
        _SQL.take,
        project_id,
        [one.code for one in ordered],
        [one.id for one in ordered],
        [one.campaign_id for one in ordered],
        [one.holder_id for one in ordered],
        [one.amount for one in ordered],
        now,
    )
    return {row[0] for row in rows}


async def lock(unit: Unit, project_id: str, voucher_id: str) -> Voucher | None:
    """Return a voucher; nobody else changes it until the transaction ends."""
    row = await unit.connection.fetchrow(_SQL.lock, project_id, voucher_id)
    return voucher(row) if row else None


async def delete(unit: Unit, project_id: str, voucher_id: str) -> None:
    """Delete a voucher; its code is free again."""
    await unit.connection.execute(_SQL.delete, project_id, voucher_id)


async def save_balance(unit: Unit, project_id: str, voucher_id: str, balance: Amount | None, now: datetime) -> None:
    """Save what is left of a gift card's credit."""
    await unit.connection.execute(_SQL.save_balance, project_id, voucher_id, balance, now)


async def find(connection: Connection, project_id: str, code: str) -> tuple[Voucher, PlatformResource] | None:
    """Return the voucher that has a code, and its campaign."""
    row = await connection.fetchrow(_SQL.one, project_id, code)
    return (voucher(row), _campaign(row)) if row else None


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str
) -> tuple[Page[tuple[Voucher, PlatformResource]], int]:
    """Return one page of a project's vouchers, each with its campaign, and how many all pages have."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id)
    total = await listing.count(connection, declaration, query, _SQL.listed, project_id)
    return Page([(voucher(row), _campaign(row)) for row in rows], position), total


def _campaign(row: Row) -> PlatformResource:
    return PlatformResource(
        id=row["campaign_id"],
        kind="campaign",
        name=row["name"],
        configuration=decode(row["configuration"]),
        created_at=row["campaign_created_at"],
    )


def voucher(row: Row) -> Voucher:
    """Return the voucher of a row."""
    amount, balance = map(_amount, (row["amount"], row["balance"]))
    return Voucher(
        row["id"], row["code"], row["campaign_id"], row["holder_id"], amount, balance, row["redeemed_count"],
        row["created_at"], row["updated_at"],
    )  # fmt: skip


def _amount(stored: Decimal | None) -> Amount | None:
    return int(stored) if stored is not None and stored == int(stored) else stored
