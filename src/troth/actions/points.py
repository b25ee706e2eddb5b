"""Move the points of cards, in batches of one project's commands, and look at them (domain 7)."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

from troth.actions.desk import close_desk
from troth.actions.engine import Engine
from troth.actions.turns import open_desk_in_turn
from troth.core.batches import BUSY, Busy
from troth.core.ledger.buckets import Bucket, Holder, PendingBucket
from troth.core.ledger.transactions import CardTransaction
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.points import CardPath, Command, decide, find_account
from troth.core.refusals import Refusal
from troth.db import ledger
from troth.db.database import Connection, Unit

Answer: TypeAlias = CardTransaction | None
"""The transaction that a command was booked as, None if it changes nothing."""


async def move(
    engine: Engine, project_id: str, commands: Sequence[Command], *, patient: bool = False
) -> Sequence[Answer | Refusal | Busy]:
    """Do commands on the points of cards and return what each was booked as, or why not (domain 7).

    Each sees what those before it did. A command whose member another transaction has locked is answered `BUSY`; with
    `patient` it is waited for, which only a batch about a single member may do.
    """

    async def attempt(unit: Unit) -> list[Answer | Refusal | Busy]:
        member_ids = {one.path.member_id for one in commands}
        named = [bucket_id for one in commands for bucket_id in one.bucket_ids]
        desk, busy = await open_desk_in_turn(engine, unit, project_id, member_ids, buckets=named, patient=patient)
        answers: list[Answer | Refusal | Busy] = []
        for command in commands:
            member_id = command.path.member_id
            if member_id in busy:
                answers.append(BUSY)
                continue
            holdings, present = desk.at(member_id)
            try:
                booked = decide(command, holdings, present)
            except Refusal as refusal:
                answers.append(refusal)
                continue
            if holdings is None or booked is None:
                answers.append(None)
                continue
            desk.book(member_id, holdings.after(booked), [booked.entry], command.source)
            answers.append(booked.entry.transaction)
        await close_desk(engine, unit, project_id, desk)
        return answers

    return await engine.database.transact(attempt)


async def transaction_page(
    engine: Engine, project_id: str, path: CardPath, declaration: ListDeclaration, query: ListQuery
) -> Page[CardTransaction]:
    """Return one page of a card's history. Raises a refusal with `NOT_FOUND` for any step of its path."""
    await _settled(engine, project_id, path)

    async def look(connection: Connection) -> Page[CardTransaction]:
        return await ledger.transaction_page(connection, declaration, query, path.member_id, path.card_id)

    return await engine.database.read(look)


async def points_bucket_page(
    engine: Engine, project_id: str, path: CardPath, declaration: ListDeclaration, query: ListQuery
) -> Page[tuple[Bucket, date, Holder]]:
    """Return one page of a card's buckets that will expire, each with its last day of use and whose it is.

    Raises a refusal with `NOT_FOUND` for any step of the path.
    """
    holder = await _settled(engine, project_id, path)

    async def look(connection: Connection) -> Page[tuple[Bucket, date]]:
        return await ledger.points_bucket_page(connection, declaration, query, path.member_id, path.card_id)

    page = await engine.database.read(look)
    return Page([(*row, holder) for row in page.rows], page.position)


async def pending_bucket_page(
    engine: Engine, project_id: str, path: CardPath, declaration: ListDeclaration, query: ListQuery
) -> Page[tuple[PendingBucket, Holder]]:
    """Return one page of a card's pending buckets, each with whose it is.

    Raises a refusal with `NOT_FOUND` for any step of the path.
    """
    holder = await _settled(engine, project_id, path)

    async def look(connection: Connection) -> Page[PendingBucket]:
        return await ledger.pending_bucket_page(connection, declaration, query, path.member_id, path.card_id)

    page = await engine.database.read(look)
    return Page([(row, holder) for row in page.rows], page.position)


async def _settled(engine: Engine, project_id: str, path: CardPath) -> Holder:
    """Settle a member up to now and save that, so that the lists of its card can be paged through as they are."""

    async def attempt(unit: Unit) -> Holder:
        desk, _ = await open_desk_in_turn(engine, unit, project_id, [path.member_id], patient=True)
        holdings, present = desk.at(path.member_id)
        account = find_account(path, holdings, present)
        await close_desk(engine, unit, project_id, desk)
        assert holdings is not None, "its account was found"
        return Holder(holdings.member, account.card_id, account.card_definition_id)

    return await engine.database.transact(attempt)
