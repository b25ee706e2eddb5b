"""Examine rewards: what could be bought, decided as the purchase is, and not saved (domain 14)."""

from collections.abc import Mapping, Sequence
from typing import Any

from troth.actions.engine import Engine
from troth.actions.project_time import read_project_now
from troth.actions.purchase_facts import purchase_facts
from troth.core.ledger.holdings import now_for, up_to
from troth.core.lifecycle import Status
from troth.core.memberships import IdentificationType, Membership
from troth.core.metadata import merged
from troth.core.points import Present
from troth.core.purchases.examine import Opportunity, estimates, shown
from troth.core.purchases.shop import Buy, Shop
from troth.core.refusals import not_found
from troth.db import customers, definitions, ledger, memberships
from troth.db.database import Connection


async def examine_rewards(
    engine: Engine,
    project_id: str,
    kind: IdentificationType,
    reference: str,
    customer_metadata: Mapping[str, Any],
    member_metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """Return which rewards a customer's ACTIVE memberships could buy now (contract: ExamineRewardsResponse).

    Given metadata go before those that are stored, property by property. Raises a refusal with `NOT_FOUND` for the
    customer, or for the member that names it.
    """

    async def look(connection: Connection) -> dict[str, Any]:
        owner = await memberships.find_owner(connection, project_id, kind, reference)
        customer = await customers.find(connection, project_id, owner.id) if owner else None
        if customer is None:
            raise not_found("member" if kind == "member_id" else "customer", reference)
        version = await definitions.version(connection, project_id)
        in_force = await engine.definitions.at(connection, project_id, version)
        now = await read_project_now(engine, connection, project_id)
        found = [
            one
            for one in await memberships.find(connection, project_id, customer.id)
            if one.member.member.status == one.program.status == Status.ACTIVE and one.program.id in in_force.programs
        ]
        present = Present(in_force, now, engine.identifiers.fresh)
        opportunities = await _opportunities(
            engine, connection, project_id, found, present, customer_metadata, member_metadata
        )
        return shown(customer, opportunities)

    return await engine.database.read(look)


async def _opportunities(
    engine: Engine,
    connection: Connection,
    project_id: str,
    found: Sequence[Membership],
    present: Present,
    customer_metadata: Mapping[str, Any],
    member_metadata: Mapping[str, Any],
) -> list[Opportunity]:
    in_force = present.definitions
    members = {one.member.member.id: one.member.member for one in found}
    for id_, member in members.items():
        members[id_] = member._replace(metadata=merged(member.metadata, member_metadata))
    holdings = await ledger.holdings(connection, members, in_force)
    programs = {one.program.id for one in found}
    offered = await engine.definitions.rewards(connection, project_id, in_force.version, programs)
    asked = {
        one.member.member.id: [Buy(one.program.id, one.member.member.id, id_, "") for id_ in offered[one.program.id]]
        for one in found
    }
    commands = [command for of_member in asked.values() for command in of_member]
    facts = await purchase_facts(engine, connection, project_id, commands, holdings, present, lock=False)
    customers_told = {
        id_: one._replace(metadata=merged(one.metadata, customer_metadata)) for id_, one in facts.customers.items()
    }
    shop = Shop(facts._replace(customers=customers_told))
    opportunities = []
    for one in found:
        member_id, program = one.member.member.id, in_force.programs[one.program.id]
        then = present._replace(now=now_for(holdings[member_id], present.now))
        settled, _ = up_to(holdings[member_id], then.now, in_force.zone)
        offers = [shop.offer(command, settled) for command in asked[member_id]]
        opportunities.append(Opportunity(one, list(estimates(offers, program, settled, then))))
    return opportunities
