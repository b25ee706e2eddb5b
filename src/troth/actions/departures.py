"""What has to end before a member can be deleted (domain 6)."""

from collections.abc import Collection
from typing import Final

from troth.actions.desk import close_desk
from troth.actions.engine import Engine
from troth.actions.turns import open_desk_in_turn
from troth.core.purchases.issuing import Rejection, rejected
from troth.db import purchases
from troth.db.database import Unit

_DELETED: Final = Rejection("member_deleted", {}, "The member was deleted before the reward was issued")


async def leave(engine: Engine, unit: Unit, project_id: str, member_ids: Collection[str], source: str) -> None:
    """Book what fell due for locked members by now; reject what they are buying, and let them leave their tiers."""
    waiting = await purchases.pending(unit.connection, member_ids)
    buckets = [bucket_id for one in waiting for bucket_id in one.consumed]
    desk, _ = await open_desk_in_turn(engine, unit, project_id, member_ids, buckets=buckets)
    ended = []
    for one in waiting:
        holdings, present = desk.at(one.transaction.member_id)
        assert holdings is not None, "the member is locked and not deleted yet"
        end = rejected(one, holdings, _DELETED, present)
        desk.book(one.transaction.member_id, end.holdings, [booked.entry for booked in end.booked], source)
        ended.append(end.transaction)
    for member_id in member_ids:
        holdings, present = desk.at(member_id)
        if holdings is not None:
            desk.book(member_id, holdings.left(present.now), (), source)
    groups = await close_desk(engine, unit, project_id, desk)
    await purchases.save_ended(unit, ended, groups)
