"""Fulfil the benefits that rules have granted, in the background and exactly once (domain 13)."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog
from prometheus_client import Counter

from troth.actions import vouchers
from troth.actions.desk import LATE, Desk, close_desk
from troth.actions.earning_facts import earned_before, in_collections
from troth.actions.engine import Engine
from troth.actions.members import MemberPath, get_member
from troth.actions.progress import Progress
from troth.actions.turns import open_desk_in_turn
from troth.actions.vouchers import Wanted
from troth.core.definitions import Definition, ProgramInForce
from troth.core.earning.evaluation import EarningRule
from troth.core.earning.facts import CustomerFacts, OrderPaid, recorded_trigger
from troth.core.earning.fulfilment import (
    Benefit,
    BenefitTransaction,
    Fulfilled,
    Setting,
    details_of,
    fulfilled,
    hindrance,
)
from troth.core.earning.scenes import Scene
from troth.core.earning.working import Worked, take_back
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.orders import evaluated_order
from troth.core.points import Present
from troth.core.purchases.issuing import Rejection
from troth.core.refusals import Refusal
from troth.core.retries import pause_after
from troth.core.triggers import TriggerKind
from troth.core.vouchers import Voucher
from troth.db import benefits, earning, orders
from troth.db.benefits import Claimed
from troth.db.database import Connection, Unit

FULFILMENT: Final = "benefits"
GRANTS_AT_ONCE: Final = 100
_GONE: Final = Rejection("member_deleted", {}, "The member or its program was deleted meanwhile")

fulfilments = Counter("troth_benefits_fulfilled_total", "Granted benefits that were decided.", ["status"])
failures = Counter("troth_benefit_failures_total", "Granted benefits that could not be decided yet.")

log = structlog.get_logger()


async def work_off(engine: Engine, project_id: str | None = None) -> Progress:
    """Fulfil the oldest grants of one project, or of the given one, passing over members whom others are at.

    Claim, effect and decision are one commit. Where that breaks, the first grant is tried alone; if it is that one, it
    is put off, longer each time.
    """
    try:
        return await _round(engine, project_id, GRANTS_AT_ONCE, [])
    except Refusal:
        raise
    except Exception:
        log.exception("benefits.failed")
    tried: list[Claimed] = []
    try:
        return await _round(engine, project_id, 1, tried)
    except Refusal:
        raise
    except Exception:
        log.exception("benefit.failed", grants=[one.grant.id for one in tried])
        failures.inc(len(tried))
    for one in tried:
        due_at = engine.clock.now() + pause_after(one.failures + 1)
        await engine.database.transact(partial(benefits.put_off, failed=one, due_at=due_at))
    return Progress(0, more=bool(tried))


async def transaction_page(
    engine: Engine, project_id: str, path: MemberPath, declaration: ListDeclaration, query: ListQuery
) -> Page[BenefitTransaction]:
    """Return one page of a member's benefit transactions. Raises a refusal with `NOT_FOUND`."""
    found = await get_member(engine, project_id, path)

    async def look(connection: Connection) -> Page[BenefitTransaction]:
        return await benefits.page(connection, declaration, query, found.member.id)

    return await engine.database.read(look)


async def _round(engine: Engine, project_id: str | None, most: int, tried: list[Claimed]) -> Progress:
    async def attempt(unit: Unit) -> Sequence[BenefitTransaction]:
        tried[:] = claimed = await benefits.claim(unit, engine.clock.now(), most, project_id)
        return await _fulfil(engine, unit, claimed) if claimed else []

    done = await engine.database.transact(attempt)
    for status, count in Tally(one.status for one in done).items():
        fulfilments.labels(status).inc(count)
    return Progress(len(done), more=bool(done))


async def _fulfil(engine: Engine, unit: Unit, claimed: Sequence[Claimed]) -> list[BenefitTransaction]:
    project_id = claimed[0].project_id
    await benefits.hold_definitions(unit, project_id)
    named = {id_ for one in claimed for id_ in (one.grant.benefit_id, one.grant.earning_rule_id)}
    known = await benefits.definitions(unit.connection, project_id, named)
    # One grant of a member at a time: it is decided on what those before it have earned.
    first = {one.member_id: one for one in reversed(claimed)}
    desk, busy = await open_desk_in_turn(engine, unit, project_id, first)
    batch = _Batch(engine, unit, project_id, desk, known)
    done = [await batch.decide(one) for member_id, one in first.items() if member_id not in busy]
    if not done:
        return []
    groups = await close_desk(engine, unit, project_id, desk)
    if batch.earnings:
        await earning.save(unit, project_id, batch.earnings, desk.present.now)
    await benefits.take(unit, project_id, batch.left())
    fresh = engine.identifiers.fresh
    in_groups = [(groups[one.member_id], False) if one.member_id in groups else (fresh("lgrp"), True) for one in done]
    await benefits.save(unit, project_id, done, in_groups, desk.present.now)
    return done


class _Batch:
    """Grants of one project as they are decided one after the other; each sees what those before it took."""

    def __init__(
        self, engine: Engine, unit: Unit, project_id: str, desk: Desk, known: Mapping[str, Definition]
    ) -> None:
        self._engine, self._unit, self._project_id, self._desk = engine, unit, project_id, desk
        self._rules = {id_: EarningRule(one) for id_, one in known.items() if one.kind == "earning_rule"}
        self._benefits = {
            id_: Benefit(one) for id_, one in known.items() if one.kind == "benefit" and one.status != "DELETED"
        }
        self._taken: set[str] = set()
        self.earnings: list[earning.Done] = []

    def left(self) -> dict[str, int]:
        """Return what is left of those limited benefits that were given."""
        return {id_: left for id_ in self._taken if (left := self._benefits[id_].left) is not None}

    async def decide(self, one: Claimed) -> BenefitTransaction:
        """Return what becomes of a grant, and book it."""
        grant, (holdings, present) = one.grant, self._desk.at(one.member_id)
        program = present.definitions.programs.get(grant.program_id)
        rule, benefit = self._rules[grant.earning_rule_id], self._benefits.get(grant.benefit_id)
        reason = f"{program.name} / {rule.definition.name}" if program else rule.definition.name
        if holdings is None or program is None:
            return _ended(one, details_of(grant, reason, None, _GONE), present.now)
        why = hindrance(benefit)
        if why or benefit is None:
            return _ended(one, details_of(grant, reason, None, why), present.now)
        customer_id = holdings.member.customer_id
        voucher = await self._voucher(benefit, customer_id, present.now)
        setting = await self._setting(one, rule, benefit, customer_id, program, present)
        done = await self._lowered(one, fulfilled(grant, benefit, voucher, holdings, setting), program, present)
        if done.entries:
            self._desk.book(one.member_id, done.holdings, done.entries, LATE)
            worked = Worked(done.holdings, earnings=done.earnings)
            self.earnings.append(earning.Done(one.member_id, grant.trigger.occurred_at, worked))
        if done.rejection is None and benefit.left is not None:
            benefit.left -= 1
            self._taken.add(grant.benefit_id)
        return _ended(one, details_of(grant, reason, done.result, done.rejection), present.now)

    async def _lowered(self, one: Claimed, done: Fulfilled, program: ProgramInForce, present: Present) -> Fulfilled:
        """Take back what an order that was lowered before its points were there has lost of them (domain 8)."""
        if not done.earnings:
            return done
        trigger = one.grant.trigger
        order = await orders.find(self._unit.connection, self._project_id, trigger.subject_id, None)
        if order is None:
            return done
        changed = trigger._replace(payload={"order": evaluated_order(order), "canceled": False})
        taken = take_back(changed, done.holdings, program, done.earnings, present)
        earnings = taken.earnings or done.earnings
        return done._replace(holdings=taken.holdings, entries=done.entries + taken.entries, earnings=earnings)

    async def _voucher(self, benefit: Benefit, customer_id: str, now: datetime) -> Voucher | Rejection | None:
        if benefit.campaign_id is None:
            return None
        wanted = [Wanted(benefit.campaign_id, customer_id, benefit.credit)]
        (voucher,) = await vouchers.issue(self._engine, self._unit, self._project_id, wanted, now)
        return voucher

    async def _setting(
        self,
        one: Claimed,
        rule: EarningRule,
        benefit: Benefit,
        customer_id: str,
        program: ProgramInForce,
        present: Present,
    ) -> Setting:
        connection, trigger, zone = self._unit.connection, one.grant.trigger, present.definitions.zone
        seen = recorded_trigger(trigger)
        if isinstance(seen, OrderPaid) and seen.order and seen.order.lines and benefit.collection_ids:
            lines = await in_collections(
                connection, self._project_id, seen.order.lines, [benefit], now=present.now, zone=zone
            )
            seen = OrderPaid(seen.order._replace(lines=tuple(lines)))
        customers = await earning.customers(connection, self._project_id, [customer_id])
        scene = Scene(seen, trigger.occurred_at, zone, customers.get(customer_id, CustomerFacts()))
        before = await earned_before(connection, [program], [one.member_id], trigger.occurred_at, zone)
        canceled = False
        if trigger.kind is TriggerKind.ORDER_PAID:
            canceled = bool(await earning.canceled_orders(connection, self._project_id, [trigger.subject_id]))
        return Setting(program, rule, scene, before, canceled, present)


def _ended(one: Claimed, details: Mapping[str, Any], now: datetime) -> BenefitTransaction:
    rejected = details["rejection"] is not None
    return BenefitTransaction(
        one.grant.id, one.member_id, one.grant.benefit_id, one.grant.program_id, one.grant.earning_rule_id,
        "REJECTED" if rejected else "APPROVED", details, one.created_at, now,
    )  # fmt: skip
