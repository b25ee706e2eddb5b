"""Issue what was bought, in the background and exactly once (domain 11)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from prometheus_client import Counter

from troth.actions import vouchers
from troth.actions.desk import LATE, close_desk
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.actions.turns import open_desk_in_turn
from troth.actions.vouchers import Wanted
from troth.core.purchases.issuing import Ended, Rejection, Waiting, issued
from troth.core.refusals import Refusal
from troth.core.retries import pause_after
from troth.core.vouchers import Voucher
from troth.db import purchases
from troth.db.database import Unit
from troth.db.purchases import Claimed

ISSUING: Final = "reward_purchases"
PURCHASES_AT_ONCE: Final = 200

ended = Counter("troth_reward_purchases_ended_total", "Purchases of rewards that were decided.", ["status"])
failures = Counter("troth_reward_purchase_failures_total", "Purchases of rewards that could not be decided yet.")

log = structlog.get_logger()


def due_at_once(engine: Engine) -> datetime:
    """Return when a purchase is due to be issued: now, by the wall clock, which its retries go by too."""
    return engine.clock.now()


async def work_off(engine: Engine, project_id: str | None = None) -> Progress:
    """Issue the purchases of one project, or of the given one, that wait longest, passing over members others are at.

    Claim, effect and decision are one commit. Where that breaks, the first purchase is tried alone; if it is that one,
    it is put off, longer each time.
    """
    try:
        return await _round(engine, project_id, PURCHASES_AT_ONCE, [])
    except Refusal:
        raise
    except Exception:
        log.exception("reward_purchases.failed")
    tried: list[Claimed] = []
    try:
        return await _round(engine, project_id, 1, tried)
    except Refusal:
        raise
    except Exception:
        log.exception("reward_purchase.failed", purchases=[one.shown() for one in tried])
        failures.inc(len(tried))
    for one in tried:
        due_at = engine.clock.now() + pause_after(one.failures + 1)
        await engine.database.transact(partial(purchases.put_off, failed=one, due_at=due_at))
    return Progress(0, more=bool(tried))


async def _round(engine: Engine, project_id: str | None, most: int, tried: list[Claimed]) -> Progress:
    async def attempt(unit: Unit) -> Sequence[Ended]:
        tried[:] = claimed = await purchases.claim(unit, engine.clock.now(), most, project_id)
        return await _issue(engine, unit, claimed) if claimed else []

    done = await engine.database.transact(attempt)
    for one in done:
        ended.labels(one.transaction.status).inc()
    return Progress(len(done), more=bool(done))


async def _issue(engine: Engine, unit: Unit, claimed: Sequence[Claimed]) -> list[Ended]:
    project_id = claimed[0].project_id
    waiting = await purchases.waiting(unit.connection, claimed)
    buckets = [bucket_id for one in waiting for bucket_id in one.consumed]
    members = {one.member_id for one in claimed}
    desk, busy = await open_desk_in_turn(engine, unit, project_id, members, buckets=buckets)
    done: list[Ended] = []
    free = [one for one in waiting if one.transaction.member_id not in busy]
    made = await _vouchers(engine, unit, project_id, free, desk.present.now)
    for one in free:
        member_id = one.transaction.member_id
        holdings, present = desk.at(member_id)
        assert holdings is not None, "whoever deletes a member ends its purchases first"
        end = issued(one, holdings, made.get(one.transaction.id), present)
        desk.book(member_id, end.holdings, [booked.entry for booked in end.booked], LATE)
        done.append(end)
    groups = await close_desk(engine, unit, project_id, desk)
    await purchases.save_ended(unit, [one.transaction for one in done], groups)
    return done


async def _vouchers(
    engine: Engine, unit: Unit, project_id: str, waiting: Sequence[Waiting], now: datetime
) -> Mapping[str, Voucher | Rejection]:
    """Make the vouchers that purchases wait for, by the purchase; or tell why there is none."""
    asked = [(one, campaign_id) for one in waiting if (campaign_id := one.campaign_id)]
    wanted = [Wanted(campaign_id, one.customer_id, one.credit) for one, campaign_id in asked]
    made = await vouchers.issue(engine, unit, project_id, wanted, now)
    return {one.transaction.id: voucher for (one, _), voucher in zip(asked, made, strict=True)}
