"""Undo purchases of rewards (domain 11)."""

from troth.actions.desk import close_desk
from troth.actions.engine import Engine
from troth.actions.turns import open_desk_in_turn
from troth.core.points import Present
from troth.core.purchases.issuing import Waiting
from troth.core.purchases.refunds import Fate, Refund, check, fate_of, refunded
from troth.core.purchases.transactions import RewardTransaction
from troth.core.refusals import not_found
from troth.db import definitions, purchases, vouchers
from troth.db.database import Unit


async def refund(engine: Engine, project_id: str, command: Refund) -> RewardTransaction:
    """Undo a purchase and return its refund.

    Raises a refusal with `NOT_FOUND`, or one of those of `check` and `refunded`.
    """

    async def attempt(unit: Unit) -> RewardTransaction:
        seen = await _found(engine, unit, project_id, command)
        # Its member is not locked yet, but what was taken of which bucket never changes.
        member_id = seen.transaction.member_id
        desk, _ = await open_desk_in_turn(engine, unit, project_id, [member_id], buckets=seen.consumed, patient=True)
        holdings, present = desk.at(member_id)
        if holdings is None:
            raise not_found("reward_transaction", command.transaction_id)
        bought = await _found(engine, unit, project_id, command)
        is_refundable = await purchases.is_refundable(unit.connection, project_id, bought.transaction.reward_id)
        check(command, bought.transaction, is_refundable=is_refundable)
        fate = await _fate(unit, project_id, bought)
        done = refunded(bought, fate, holdings, present)
        desk.book(member_id, done.holdings, [booked.entry for booked in done.booked], command.source)
        groups = await close_desk(engine, unit, project_id, desk)
        await _end(unit, project_id, fate, present)
        await purchases.save_refund(
            unit, project_id, done.purchase, done.refund, groups[member_id], write_off=command.write_off
        )
        return done.refund

    return await engine.database.transact(attempt)


async def _found(engine: Engine, unit: Unit, project_id: str, command: Refund) -> Waiting:
    version = await definitions.version(unit.connection, project_id)
    in_force = await engine.definitions.at(unit.connection, project_id, version)
    if command.program_id not in in_force.programs:
        raise not_found("program", command.program_id)
    found = await purchases.find(unit.connection, project_id, command.transaction_id)
    if found is None or found.transaction.program_id != command.program_id:
        raise not_found("reward_transaction", command.transaction_id)
    return found


async def _fate(unit: Unit, project_id: str, bought: Waiting) -> Fate | None:
    voucher_id = bought.voucher_id
    voucher = await vouchers.lock(unit, project_id, voucher_id) if voucher_id else None
    return fate_of(voucher) if voucher else None


async def _end(unit: Unit, project_id: str, fate: Fate | None, present: Present) -> None:
    if fate and fate.result == "DELETED":
        await vouchers.delete(unit, project_id, fate.voucher.id)
    elif fate and fate.result == "CREDITS_SUBTRACTED":
        await vouchers.save_balance(unit, project_id, fate.voucher.id, fate.balance, present.now)
