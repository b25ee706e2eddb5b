"""Earn: what follows from triggers for the members whom they reach (domain 8).

The worker's side of the decision in `core/earning`: facts are loaded for a batch of members who are locked, each
trigger sees what those before it did, and everything is saved in the transaction that takes the triggers out of their
queues.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from prometheus_client import Counter

from troth.actions.desk import LATE, Desk, close_desk, open_desk
from troth.actions.earning_facts import earned_before, in_collections, successes
from troth.actions.engine import Engine
from troth.core.calendar import CalendarUnit, day_of, period_of
from troth.core.definitions import Definitions
from troth.core.earning.booking import EarnedBefore
from troth.core.earning.evaluation import EarningRule
from troth.core.earning.facts import NEVER, CustomerFacts, Order, OrderPaid, Period, Successes, recorded_trigger
from troth.core.earning.order_earnings import OrderEarning
from troth.core.earning.scenes import Scene
from troth.core.earning.working import Setting, Worked, pass_by, take_back, work_off
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.transactions import Entry, TransactionType
from troth.core.payments.returns import PaidOrders
from troth.core.triggers import TriggerKind, WaitingTrigger
from troth.db import earning, orders, payments
from troth.db.database import Connection, Unit

SLICE_SECONDS: Final = 0.005
"""For how long a batch decides before the process does something else (architecture, Workers)."""

evaluated = Counter("troth_earning_evaluations_total", "Triggers evaluated for a member.", ["earned"])

_UNITS: Final[tuple[CalendarUnit, ...]] = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
"""The periods that a wallet's limits may count in."""

_NO_RULES: Final = frozenset({TriggerKind.ORDER_CHANGED, TriggerKind.SEGMENT_CROSSED})
_EARNED: Final = frozenset({TransactionType.POINTS_EARNED, TransactionType.PENDING_POINTS_ADDED})


async def evaluate(engine: Engine, unit: Unit, waiting: Sequence[WaitingTrigger]) -> None:
    """Do in a transaction what follows from triggers of several members, who are locked in it; see `triggers.Round`."""
    for project_id, of_project in groupby(sorted(waiting, key=_place), key=lambda one: one.project_id):
        triggers = list(of_project)
        paid = await _lock_paid_orders(unit, project_id, triggers)
        members = {one.member_id for one in triggers}
        desk, _ = await open_desk(engine, unit, project_id, members, buckets=paid.bucket_ids)
        facts = await _Facts.loaded(engine, unit.connection, project_id, desk, triggers, paid)
        done = await _worked(engine, facts, desk, triggers)
        await close_desk(engine, unit, project_id, desk)
        await earning.save(unit, project_id, done, desk.present.now)
        await payments.save_returns(unit, project_id, paid.changed)
        for one in done:
            if one.worked.evaluation:
                evaluated.labels(one.worked.evaluation.earned).inc()


async def _lock_paid_orders(unit: Unit, project_id: str, triggers: Sequence[WaitingTrigger]) -> PaidOrders:
    """Return what was paid with points of orders that have changed: their members are locked, then they are."""
    order_ids = {one.subject_id for one in triggers if one.payload.get("payments")}
    if not order_ids:
        return PaidOrders(())
    await orders.lock_named(unit, project_id, order_ids)
    return PaidOrders(await payments.of_orders(unit.connection, project_id, order_ids))


async def _worked(
    engine: Engine, facts: "_Facts", desk: Desk, triggers: Sequence[WaitingTrigger]
) -> list[earning.Done]:
    """Decide on triggers one after the other, letting others of the process pass after every slice."""
    done: list[earning.Done] = []
    began = engine.clock.seconds()
    for trigger in triggers:
        if one := facts.worked(desk, trigger):
            done.append(one)
        if engine.clock.seconds() - began > SLICE_SECONDS:
            await asyncio.sleep(0)
            began = engine.clock.seconds()
    return done


def _place(trigger: WaitingTrigger) -> tuple[str, str, int]:
    return trigger.project_id, trigger.member_id, trigger.seq


class _Facts:
    """Everything that a batch of one project's triggers is decided by besides holdings, and what it changes of that."""

    def __init__(self, in_force: Definitions, paid: PaidOrders) -> None:
        self._in_force = in_force
        self._paid = paid
        self._rules: Mapping[str, Sequence[EarningRule]] = {}
        self._scenes: dict[tuple[Any, ...], Scene] = {}
        self._canceled: set[str] = set()
        self._earned: dict[date, EarnedBefore] = {}
        self._earned_since: dict[tuple[str, Period], int] = defaultdict(int)
        self._successes: dict[str, dict[str, Successes]] = defaultdict(dict)
        self._earnings: dict[tuple[str, str], list[OrderEarning]] = {}

    @classmethod
    async def loaded(
        cls,
        engine: Engine,
        connection: Connection,
        project_id: str,
        desk: Desk,
        triggers: Sequence[WaitingTrigger],
        paid: PaidOrders,
    ) -> "_Facts":
        in_force = desk.present.definitions
        facts = cls(in_force, paid)
        members = {one: member for one in {one.member_id for one in triggers} if (member := desk.member(one))}
        triggers = [one for one in triggers if one.member_id in members]
        programs = {members[one.member_id].program_id for one in triggers} & in_force.programs.keys()
        facts._rules = await engine.definitions.earning_rules(connection, project_id, in_force.version, programs)
        earning_ones = [one for one in triggers if one.earns and one.kind not in _NO_RULES]
        changes = {(one.member_id, one.subject_id) for one in triggers if one.kind is TriggerKind.ORDER_CHANGED}
        if changes:
            facts._earnings = await earning.order_earnings(connection, changes)
        if order_ids := {one.subject_id for one in earning_ones if one.kind is TriggerKind.ORDER_PAID}:
            facts._canceled = await earning.canceled_orders(connection, project_id, order_ids)
        customer_of = {member_id: member.customer_id for member_id, member in members.items()}
        await facts._load_scenes(connection, project_id, customer_of, earning_ones, desk.present.now)
        facts._successes |= await successes(
            connection,
            [
                (one.member_id, rule, one.occurred_at)
                for one in earning_ones
                for rule in facts._rules.get(members[one.member_id].program_id, ())
            ],
            in_force.zone,
        )
        in_period = [in_force.programs[one] for one in programs]
        for day in {day_of(one.occurred_at, in_force.zone) for one in earning_ones}:
            moment = next(one.occurred_at for one in earning_ones if day_of(one.occurred_at, in_force.zone) == day)
            facts._earned[day] = await earned_before(connection, in_period, list(members), moment, in_force.zone)
        return facts

    def worked(self, desk: Desk, trigger: WaitingTrigger) -> earning.Done | None:
        """Decide on one trigger and book what follows; None if there is no such member or program any more.

        One from before today's midnight is worked off as of then, before what that midnight brings (domain 16).
        """
        zone = self._in_force.zone
        is_late = day_of(trigger.occurred_at, zone) < day_of(desk.present.now, zone)
        holdings, present = desk.at(trigger.member_id, trigger.occurred_at if is_late else None)
        program = self._in_force.programs.get(holdings.member.program_id) if holdings else None
        if holdings is None or program is None:
            return None
        if trigger.kind is TriggerKind.ORDER_CHANGED:
            # What was spent comes back first, so that what was earned can be taken from it.
            given_back = self._paid.give_back(trigger, holdings, program, present)
            earnings = self._earnings.get((trigger.member_id, trigger.subject_id), ())
            done = take_back(trigger, given_back.holdings, program, earnings, present)
            done = done._replace(entries=(*given_back.entries, *done.entries))
        elif trigger.kind is TriggerKind.SEGMENT_CROSSED:
            return None  # at the desk the member's tiers have been evaluated by the segments that it is in
        elif not trigger.earns:
            done = pass_by(trigger, holdings, program, present)
        else:
            scene = self._scenes[_scene_key(holdings, trigger)]
            setting = Setting(
                program, self._rules.get(program.id, ()), scene, self._successes[trigger.member_id],
                self._earned_before(trigger), trigger.subject_id in self._canceled, present,
            )  # fmt: skip
            done = work_off(trigger, holdings, setting)
        desk.book(trigger.member_id, done.holdings, done.entries, LATE)
        self._remember(trigger, done)
        return earning.Done(trigger.member_id, trigger.occurred_at, done)

    async def _load_scenes(
        self,
        connection: Connection,
        project_id: str,
        customer_of: Mapping[str, str],
        triggers: Sequence[WaitingTrigger],
        now: datetime,
    ) -> None:
        customer_ids = {customer_of[one.member_id] for one in triggers}
        if not customer_ids:
            return
        customers = await earning.customers(connection, project_id, customer_ids)
        rules = [rule for of_program in self._rules.values() for rule in of_program]
        zone = self._in_force.zone
        for trigger in triggers:
            customer_id = customer_of[trigger.member_id]
            key = customer_id, trigger.kind, trigger.subject_id, trigger.occurred_at
            if key in self._scenes:
                continue
            seen = recorded_trigger(trigger)
            order: Order | None = seen.order if isinstance(seen, OrderPaid) else None
            if order and order.lines and any(rule.collection_ids for rule in rules):
                lines = await in_collections(connection, project_id, order.lines, rules, now=now, zone=zone)
                seen = OrderPaid(order._replace(lines=tuple(lines)))
            customer = customers.get(customer_id, CustomerFacts())
            self._scenes[key] = Scene(seen, trigger.occurred_at, zone, customer)

    def _earned_before(self, trigger: WaitingTrigger) -> EarnedBefore:
        day = day_of(trigger.occurred_at, self._in_force.zone)
        stored = self._earned[day]

        def earned(card_id: str, unit: Any) -> int:
            return stored(card_id, unit) + self._earned_since[card_id, (unit, period_of(unit, day)[0])]

        return earned

    def _remember(self, trigger: WaitingTrigger, done: Worked) -> None:
        """Let the triggers that follow in this batch see what this one did."""
        day = day_of(trigger.occurred_at, self._in_force.zone)
        for rule in done.succeeded:
            known = self._successes[trigger.member_id].get(rule.id, NEVER)
            period = rule.period(trigger.occurred_at, self._in_force.zone)
            self._successes[trigger.member_id][rule.id] = known.with_another(trigger.occurred_at, period)
        for entry in done.entries:
            self._count(entry, day)
        for one in done.earnings:
            kept = self._earnings.setdefault((trigger.member_id, one.order_id), [])
            kept[:] = [each for each in kept if each.transaction_id != one.transaction_id] + [one]

    def _count(self, entry: Entry, day: date) -> None:
        if entry.transaction.type in _EARNED:
            for unit in _UNITS:
                period: Period = unit, period_of(unit, day)[0]
                self._earned_since[entry.transaction.card_id, period] += sum(one.points for one in entry.postings)


def _scene_key(holdings: Holdings, trigger: WaitingTrigger) -> tuple[Any, ...]:
    return holdings.member.customer_id, trigger.kind, trigger.subject_id, trigger.occurred_at
