"""Examine: what would be earned, decided as the deed is, and not saved (domain 8)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from troth.actions.earning_facts import earned_before, in_collections, successes
from troth.actions.engine import Engine
from troth.actions.project_time import read_project_now
from troth.core.customers import Customer
from troth.core.definitions import Definitions
from troth.core.earning.booking import Cause, EarnedBefore, Limited, limited, member_facts
from troth.core.earning.evaluation import EarningRule, Outcome, evaluate
from troth.core.earning.examine import Opportunity, benefits_of, happening, line, shown
from troth.core.earning.examine_requests import Examined, ExamineEarningRulesRequest
from troth.core.earning.facts import CustomerFacts, Line, Successes
from troth.core.earning.scenes import Scene
from troth.core.ledger.holdings import Holdings, now_for, up_to
from troth.core.lifecycle import Status
from troth.core.memberships import IdentificationType, Membership
from troth.core.metadata import merged
from troth.core.order_items import named
from troth.core.refusals import not_found
from troth.db import customers, definitions, ledger, memberships, orders, segments
from troth.db.database import Connection


class _Facts(NamedTuple):
    """A customer, its ACTIVE memberships of ACTIVE programs, and what is decided against."""

    customer: Customer
    segment_ids: frozenset[str]
    memberships: Sequence[Membership]
    holdings: Mapping[str, Holdings]
    rules: Mapping[str, tuple[EarningRule, ...]]
    successes: Mapping[str, Mapping[str, Successes]]
    earned_before: EarnedBefore
    in_force: Definitions
    now: datetime


async def examine_earning_rules(engine: Engine, project_id: str, request: ExamineEarningRulesRequest) -> dict[str, Any]:
    """Return what a customer's memberships would earn by triggers (contract: ExamineEarningRulesResponse).

    Raises a refusal with `NOT_FOUND` for the customer, for the member that names it, for the event's schema, or for a
    product or SKU that an item names by its id.
    """
    identification = request.customer_identification

    async def look(connection: Connection) -> dict[str, Any]:
        facts = await _facts(engine, connection, project_id, identification.type, identification.reference)
        scenes = [await _scene(connection, project_id, facts, one) for one in request.examined()]
        found = [_opportunity(facts, one, scenes) for one in facts.memberships]
        granted = benefits_of(found)
        benefits = await definitions.find_several(connection, project_id, granted) if granted else {}
        return shown(request.event, facts.customer, found, benefits)

    return await engine.database.read(look)


async def _facts(
    engine: Engine, connection: Connection, project_id: str, kind: IdentificationType, reference: str
) -> _Facts:
    owner = await memberships.find_owner(connection, project_id, kind, reference)
    customer = await customers.find(connection, project_id, owner.id) if owner else None
    if customer is None:
        raise not_found("member" if kind == "member_id" else "customer", reference)
    in_force = await engine.definitions.at(connection, project_id, await definitions.version(connection, project_id))
    now = await read_project_now(engine, connection, project_id)
    found = [
        one
        for one in await memberships.find(connection, project_id, customer.id)
        if one.member.member.status == one.program.status == Status.ACTIVE and one.program.id in in_force.programs
    ]
    members = {one.member.member.id: one.member.member for one in found}
    programs = {one.program.id: in_force.programs[one.program.id] for one in found}
    rules = await engine.definitions.earning_rules(connection, project_id, in_force.version, programs)
    asked = [(one.id, rule, now) for one in members.values() for rule in rules[one.program_id]]
    return _Facts(
        customer=customer,
        segment_ids=frozenset(one.segment_id for one in await segments.memberships(connection, [customer.id])),
        memberships=found,
        holdings=await ledger.holdings(connection, members, in_force),
        rules=rules,
        successes=await successes(connection, asked, in_force.zone),
        earned_before=await earned_before(connection, programs.values(), members, now, in_force.zone),
        in_force=in_force,
        now=now,
    )


async def _scene(connection: Connection, project_id: str, facts: _Facts, asked: Examined) -> Scene:
    schema_ids = {one.id for one in facts.in_force.event_schemas.values()}
    if asked.schema_id is not None and asked.schema_id not in schema_ids:
        raise not_found("event_schema", asked.schema_id)
    lines: list[Line] | None = None
    if asked.order is not None and asked.order.items is not None:
        items, rules = asked.order.items, [rule for of_program in facts.rules.values() for rule in of_program]
        goods = await orders.goods(connection, project_id, named(items))
        known = [line(item, *goods.find(item)) for item in items]
        lines = await in_collections(connection, project_id, known, rules, now=facts.now, zone=facts.in_force.zone)
    metadata = merged(facts.customer.metadata, asked.customer_metadata)
    customer = CustomerFacts(metadata, facts.segment_ids)
    return Scene(happening(asked, lines), facts.now, facts.in_force.zone, customer)


def _opportunity(facts: _Facts, membership: Membership, scenes: Sequence[Scene]) -> Opportunity:
    member = membership.member.member
    program, rules = facts.in_force.programs[membership.program.id], facts.rules[membership.program.id]
    before = facts.holdings[member.id]
    holdings, _ = up_to(before, now_for(before, facts.now), facts.in_force.zone)
    asked = member_facts(program, holdings, facts.successes.get(member.id))
    decided: list[Outcome] = []
    points: list[Limited] = []
    for scene in scenes:
        outcomes = evaluate(program, rules, scene, asked)
        decided += outcomes
        points += limited(program, holdings, outcomes, Cause("", scene, facts.earned_before))
    return Opportunity(membership, rules, decided, points)
