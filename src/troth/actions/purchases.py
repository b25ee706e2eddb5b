"""Buy rewards, in batches of one project's commands, and look at what was bought (domain 11)."""

from collections.abc import Sequence

from troth.actions.desk import close_desk, look_at_desk
from troth.actions.engine import Engine
from troth.actions.issuing import ISSUING, due_at_once
from troth.actions.members import get_member
from troth.actions.purchase_facts import purchase_facts
from troth.actions.turns import open_desk_in_turn
from troth.core.batches import BUSY, Busy
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.purchases.decision import Purchase
from troth.core.purchases.shop import Buy, Shop
from troth.core.purchases.transactions import RewardTransaction
from troth.core.refusals import Refusal
from troth.db import purchases
from troth.db.database import Connection, Unit


async def buy(
    engine: Engine, project_id: str, commands: Sequence[Buy], *, patient: bool = False
) -> Sequence[RewardTransaction | Refusal | Busy]:
    """Buy rewards and return each purchase, which waits to be issued, or why it was refused.

    Each sees what those before it took. A command whose member another transaction has locked is answered `BUSY`; with
    `patient` it is waited for, which only a batch about a single member may do.
    """

    async def attempt(unit: Unit) -> list[RewardTransaction | Refusal | Busy]:
        desk, busy = await open_desk_in_turn(
            engine, unit, project_id, {one.member_id for one in commands}, patient=patient
        )
        free = [one for one in commands if one.member_id not in busy]
        holdings = {one: found for one in {one.member_id for one in free} if (found := desk.at(one)[0])}
        shop = Shop(await purchase_facts(engine, unit.connection, project_id, free, holdings, desk.present, lock=True))
        made: list[Purchase] = []
        answers: list[RewardTransaction | Refusal | Busy] = []
        for command in commands:
            if command.member_id in busy:
                answers.append(BUSY)
                continue
            member, present = desk.at(command.member_id)
            try:
                bought = shop.buy(command, member, present)
            except Refusal as refusal:
                answers.append(refusal)
                continue
            assert member is not None, "nobody else can buy"
            desk.book(command.member_id, member.after(bought.booked), [bought.booked.entry], command.source)
            made.append(bought)
            answers.append(bought.transaction)
        groups = await close_desk(engine, unit, project_id, desk)
        if made:
            await purchases.save(unit, project_id, made, groups, shop.taken, due_at_once(engine))
        return answers

    answers = await engine.database.transact(attempt)
    if any(isinstance(one, RewardTransaction) for one in answers):
        engine.wake(ISSUING)
    return answers


async def simulate(engine: Engine, project_id: str, command: Buy) -> RewardTransaction:
    """Return a purchase as it would be made now, by the same decision; nothing is written.

    Raises the refusal that the purchase itself would be answered with.
    """

    async def look(connection: Connection) -> RewardTransaction:
        desk = await look_at_desk(engine, connection, project_id, [command.member_id])
        settled, present = desk.at(command.member_id)
        holdings = {command.member_id: settled} if settled else {}
        facts = await purchase_facts(engine, connection, project_id, [command], holdings, present, lock=False)
        return Shop(facts).buy(command, settled, present).transaction

    return await engine.database.read(look)


async def purchase_page(
    engine: Engine, project_id: str, path: tuple[str, str], declaration: ListDeclaration, query: ListQuery
) -> Page[RewardTransaction]:
    """Return one page of a member's purchases and refunds. Raises a refusal with `NOT_FOUND` for program or member."""
    found = await get_member(engine, project_id, path)

    async def look(connection: Connection) -> Page[RewardTransaction]:
        return await purchases.page(connection, declaration, query, found.member.id)

    return await engine.database.read(look)
