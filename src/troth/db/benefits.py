"""Benefits that were granted to members: claimed, decided, listed; and what is left of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from troth.core.configuration import instant
from troth.core.definitions import Definition
from troth.core.earning.fulfilment import BenefitTransaction
from troth.core.earning.working import Grant
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.triggers import TriggerKind, WaitingTrigger
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.definitions import definition
from troth.db.queries import queries

_SQL = queries("benefits")


class Claimed(NamedTuple):
    """A grant that is to be fulfilled, locked until the transaction ends."""

    member_id: str
    project_id: str
    grant: Grant
    created_at: datetime
    failures: int


async def claim(unit: Unit, now: datetime, limit: int, project_id: str | None) -> list[Claimed]:
    """Return grants of one project that are due, the oldest first, passing over those that others are at."""
    return [_claimed(row) for row in await unit.connection.fetch(_SQL.claim, now, limit, project_id)]


async def hold_definitions(unit: Unit, project_id: str) -> None:
    """Keep the project's definitions, what is left of benefits included, as they are until the transaction ends."""
    await unit.connection.execute(_SQL.hold_definitions, project_id)


async def definitions(connection: Connection, project_id: str, ids: Collection[str]) -> dict[str, Definition]:
    """Return definitions by their ids, also those that are deleted."""
    return {row["id"]: definition(row) for row in await connection.fetch(_SQL.definitions, project_id, list(ids))}


async def take(unit: Unit, project_id: str, left: Mapping[str, int]) -> None:
    """Save what is left of limited benefits."""
    if left:
        await unit.connection.execute(_SQL.take, project_id, list(left), list(left.values()))


async def save(
    unit: Unit, project_id: str, done: Sequence[BenefitTransaction], groups: Sequence[tuple[str, bool]], now: datetime
) -> None:
    """Save what became of grants, each in a group of its member's, which may be a new one for it alone."""
    unit.prove(_SQL.is_saved, done[0].member_id, done[0].created_at, done[0].id)
    await unit.connection.execute(
        _SQL.save,
        project_id,
        now,
        [one.member_id for one in done],
        [one.created_at for one in done],
        [one.id for one in done],
        [one.status for one in done],
        [text(one.details) for one in done],
        [one.updated_at for one in done],
        [group_id for group_id, _ in groups],
        [is_alone for _, is_alone in groups],
    )


async def put_off(unit: Unit, failed: Claimed, due_at: datetime) -> None:
    """Try a grant again later, if nobody has decided it meanwhile."""
    await unit.connection.execute(_SQL.put_off, failed.member_id, failed.created_at, failed.grant.id, due_at)


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str
) -> Page[BenefitTransaction]:
    """Return one page of a member's benefit transactions."""
    page = await listing.page(connection, declaration, query, _SQL.listed, member_id)
    return Page([_transaction(row) for row in page.rows], page.position)


def _claimed(row: Row) -> Claimed:
    told = decode(row["trigger"])
    trigger = WaitingTrigger(
        row["member_id"], 0, row["project_id"], TriggerKind(told["kind"]), told["subject_id"],
        instant(told["occurred_at"]), told["payload"], 0, None,
    )  # fmt: skip
    grant = Grant(
        row["id"], row["benefit_id"], row["program_id"], row["earning_rule_id"], row["earning_item_id"], trigger
    )
    return Claimed(row["member_id"], row["project_id"], grant, row["created_at"], row["failures"])


def _transaction(row: Row) -> BenefitTransaction:
    details = decode(row["details"]) if row["details"] else None
    return BenefitTransaction(
        row["id"], row["member_id"], row["benefit_id"], row["program_id"], row["earning_rule_id"], row["status"],
        details, row["created_at"], row["updated_at"],
    )  # fmt: skip
