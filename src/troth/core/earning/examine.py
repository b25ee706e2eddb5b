"""Examine: what rules would give, by the same decision as the deed, and how that is shown (domain 8)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from troth.core.cards import Card
from troth.core.customers import Customer
from troth.core.definitions import Definition
from troth.core.earning.arithmetic import less, product, total
from troth.core.earning.booking import Limited
from troth.core.earning.effects import BenefitGiven
from troth.core.earning.evaluation import EarningRule, Outcome
from troth.core.earning.examine_requests import Examined, ExamineOrder, ExamineOrderItem
from troth.core.earning.facts import Amount, CustomEvent, Line, Order, OrderPaid, SegmentEntered, TriggerFacts
from troth.core.memberships import Membership
from troth.core.order_items import Good


class Opportunity(NamedTuple):
    """What one membership would earn, kind of trigger by kind of trigger; and its rules in their order."""

    membership: Membership
    rules: Sequence[EarningRule]
    outcomes: Sequence[Outcome]
    points: Sequence[Limited]


def line(item: ExamineOrderItem, known_product: Good | None, known_sku: Good | None) -> Line:
    """Return an item as rules see it, without its collections; as an order would keep it (domain 8, Order amounts)."""
    told_product, told_sku = item.product, item.sku
    price = item.price
    for known, told in ((known_sku, told_sku), (known_product, told_product)):
        if price is None:
            price = known.price if known else told.price if told else None
    quantity: Amount = 1 if item.quantity is None else item.quantity
    amount = product(price or 0, quantity) if item.amount is None else item.amount
    of_product = known_product.metadata if known_product else told_product.metadata if told_product else {}
    of_sku = known_sku.metadata if known_sku else {}
    return Line(
        product_id=known_product and known_product.id,
        product_source_id=known_product.source_id if known_product else next(iter(item.product_source_ids), None),
        sku_id=known_sku and known_sku.id,
        sku_source_id=known_sku.source_id if known_sku else next(iter(item.sku_source_ids), None),
        quantity=quantity,
        price=price,
        amount=amount,
        subtotal_amount=max(less(amount, item.discount_amount or 0), 0),
        metadata={**of_product, **of_sku, **item.metadata},
    )


def happening(asked: Examined, lines: Sequence[Line] | None) -> TriggerFacts:
    """Return an examined trigger as rules see it; `lines` are its order's items, None if nothing is told of them."""
    if asked.event == "customer.segment.entered":
        return SegmentEntered(None)
    if asked.event == "customer.custom_event":
        return CustomEvent(asked.schema_id, asked.event_metadata)
    return OrderPaid(_order(asked.order, lines) if asked.order else None)


def shown(
    event: str | None, customer: Customer, opportunities: Iterable[Opportunity], benefits: Mapping[str, Definition]
) -> dict[str, Any]:
    """Return what examining found (contract: ExamineEarningRulesResponse); `benefits` are those that are granted."""
    memberships: list[dict[str, Any]] = []
    giving: dict[str, Definition] = {}
    for one in opportunities:
        points, grants = _given(one)
        memberships.append(_shown_membership(one, points, grants, benefits))
        given = {rule_id for by_rule in (*points.values(), *grants.values()) for rule_id in by_rule}
        giving |= {rule.id: rule.definition for rule in one.rules if rule.id in given}
    return {
        "event": event,
        "customer": {
            "id": customer.id,
            "source_id": customer.source_id,
            "metadata": customer.metadata,
            "object": "customer",
        },
        "earning_rules": [
            {"id": one.id, "name": one.name, "metadata": one.metadata, "object": "earning_rule"}
            for one in giving.values()
        ],
        "memberships": memberships,
        "object": "earnings_examine_result",
    }


def benefits_of(opportunities: Iterable[Opportunity]) -> set[str]:
    """Return the ids of the benefits that would be granted."""
    return {benefit_id for one in opportunities for benefit_id in _given(one)[1]}


_ByRule = dict[str, dict[str, int]]
"""Points or grants, by card or benefit and then by rule."""


def _given(opportunity: Opportunity) -> tuple[_ByRule, _ByRule]:
    points: _ByRule = defaultdict(lambda: defaultdict(int))
    grants: _ByRule = defaultdict(lambda: defaultdict(int))
    for outcome, given, cut in opportunity.points:
        if cut.points and given.card_id:
            points[given.card_id][outcome.rule.id] += cut.points
    for outcome in opportunity.outcomes:
        for one in outcome.given if outcome.reason is None else ():
            if isinstance(one, BenefitGiven):
                grants[one.benefit_id][outcome.rule.id] += 1
    return points, grants


def _shown_membership(
    one: Opportunity, points: _ByRule, grants: _ByRule, benefits: Mapping[str, Definition]
) -> dict[str, Any]:
    member, cards = one.membership.member
    program = one.membership.program
    order = [rule.id for rule in one.rules]
    return {
        "member": {
            "id": member.id,
            "customer_id": member.customer_id,
            "program_id": member.program_id,
            "metadata": member.metadata,
            "object": "member",
        },
        "program": {"id": program.id, "name": program.name, "metadata": program.metadata, "object": "program"},
        "cards": [_shown_card(card, points[card.id], order) for card in cards if card.id in points],
        "benefits": [
            _shown_benefit(benefits[id_], by_rule, order) for id_, by_rule in grants.items() if id_ in benefits
        ],
        "object": "member_earnings_opportunity",
    }


def _shown_card(card: Card, by_rule: Mapping[str, int], order: Iterable[str]) -> dict[str, Any]:
    return {
        "card": {
            "id": card.id,
            "card_definition_id": card.card_definition_id,
            "card_type": "INDIVIDUAL",
            "code": card.code,
            "object": "card",
        },
        "points_estimation": sum(by_rule.values()),
        "earning_rules": [
            {**_estimation(rule_id), "points_estimation": by_rule[rule_id]} for rule_id in order if rule_id in by_rule
        ],
        "object": "card_estimation",
    }


def _shown_benefit(benefit: Definition, by_rule: Mapping[str, int], order: Iterable[str]) -> dict[str, Any]:
    return {
        "benefit": {
            "id": benefit.id,
            "name": benefit.name,
            "type": benefit.configuration["type"],
            "object": "benefit",
        },
        "earning_rules": [_estimation(rule_id) for rule_id in order if rule_id in by_rule],
        "object": "benefit_estimation",
    }


def _estimation(rule_id: str) -> dict[str, Any]:
    return {"earning_rule": {"id": rule_id, "object": "earning_rule"}, "object": "earning_rule_estimation"}


def _order(asked: ExamineOrder, lines: Sequence[Line] | None) -> Order:
    """Return an order with both amounts: one that is missing comes from the items, else from the other one."""
    discounts = total((asked.discount_amount or 0, *(one.discount_amount or 0 for one in asked.items or ())))
    before, after = asked.initial_amount, asked.amount
    if before is None and lines is not None:
        before = total(one.amount for one in lines)
    elif before is None and after is not None:
        before = total((after, discounts))
    if after is None and before is not None:
        after = max(less(before, discounts), 0)
    return Order(before, before, after, None if lines is None else tuple(lines), asked.metadata)
