"""What purchases are decided on besides points: rewards, stock, customers, and what was bought and spent before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from troth.actions.engine import Engine
from troth.core.calendar import instants_of
from troth.core.card_definitions import TimeBased
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.transactions import TransactionType
from troth.core.lifecycle import REWARD
from troth.core.points import Present
from troth.core.purchases.offers import Assigned, Reward
from troth.core.purchases.shop import Buy, Facts
from troth.db import definitions, ledger, purchases
from troth.db.database import Connection

_SPENT: Final = (TransactionType.POINTS_SPENT_ON_REWARD, TransactionType.POINTS_SPENT_ON_ORDER)

Key = tuple[str, str]


async def purchase_facts(
    engine: Engine,
    connection: Connection,
    project_id: str,
    commands: Sequence[Buy],
    holdings: Mapping[str, Holdings],
    present: Present,
    *,
    lock: bool,
) -> Facts:
    """Return the facts of purchases by members whose holdings are given; `lock` keeps others from the stock."""
    version = present.definitions.version
    programs = {one.program_id for one in commands}
    assigned = await engine.definitions.rewards(connection, project_id, version, programs)
    others = await _others(connection, project_id, commands, assigned)
    rewards = _asked(commands, assigned, others)
    buyers = {
        holdings[one.member_id].member.customer_id
        for one in commands
        if one.member_id in holdings and one.reward_id in rewards and rewards[one.reward_id].asks_who_pays
    }
    customers = await purchases.customers(connection, project_id, buyers) if buyers else {}
    zone = present.definitions.zone
    repeated = {
        (one.member_id, one.reward_id, rewards[one.reward_id].counted_from(present.now, zone) or present.now)
        for one in commands
        if one.reward_id in rewards and rewards[one.reward_id].limits_purchases
    }
    bought = await purchases.bought(connection, repeated) if repeated else {}
    spent = await spent_before(connection, programs, holdings, present)
    limited = {
        (one.program_id, one.reward_id)
        for one in commands
        if (found := assigned.get(one.program_id, {}).get(one.reward_id)) and found.is_limited
    }
    left = await purchases.stock(connection, project_id, limited, lock=lock) if limited else {}
    return Facts(assigned, others, customers, left, bought, spent)


async def spent_before(
    connection: Connection, program_ids: Iterable[str], member_ids: Collection[str], present: Present
) -> dict[Key, int]:
    """Return what the cards of members have spent in the present periods that wallets of programs limit, by unit."""
    known = present.definitions.programs
    wallets = [wallet for one in program_ids if one in known for wallet in known[one].wallets.values()]
    limits = (limit for wallet in wallets for limit in wallet.spending_limits.global_.limits)
    periods = {one.period.current_period for one in limits if isinstance(one, TimeBased)}
    spent: dict[Key, int] = {}
    for unit in sorted(period.unit for period in periods if period is not None):
        first, after = instants_of(unit, present.now, present.definitions.zone)
        found = await ledger.sums_in_period(connection, member_ids, _SPENT, first, after)
        spent |= {(card_id, unit): points for (_, card_id), points in found.items()}
    return spent


async def _others(
    connection: Connection, project_id: str, commands: Sequence[Buy], assigned: Mapping[str, Mapping[str, Assigned]]
) -> dict[str, Reward]:
    """Return the rewards that the project has, but not the program in which they are asked for."""
    asked = {one.reward_id for one in commands if one.reward_id not in assigned.get(one.program_id, {})}
    if not asked:
        return {}
    found = await definitions.find_several(connection, project_id, asked)
    return {id_: Reward(one) for id_, one in found.items() if one.kind == REWARD.kind}


def _asked(
    commands: Sequence[Buy], assigned: Mapping[str, Mapping[str, Assigned]], others: Mapping[str, Reward]
) -> dict[str, Reward]:
    rewards = dict(others)
    for one in commands:
        if found := assigned.get(one.program_id, {}).get(one.reward_id):
            rewards[one.reward_id] = found.reward
    return rewards
