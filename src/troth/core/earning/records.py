"""Why: what is kept of each rule that was evaluated, and shown by a member's earning evaluations (domain 8)."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from troth.core.earning.effects import BenefitGiven, Given
from troth.core.earning.evaluation import Outcome, Passed, RefusedBy
from troth.core.earning.operators import MOST_SEEN, Refused
from troth.core.ledger.limits import Cut

LONGEST_SEEN: Final = 200
"""How many characters of a text that a condition saw are kept."""


class Posted(NamedTuple):
    """What became of points that a rule gives: what limits left of them, and the transaction that they are in."""

    cut: Cut
    transaction_id: str | None = None


class Conclusion(NamedTuple):
    """How a rule ended once its points were posted: `reason` is None if it earned.

    `succeeded` says that something was given, which counts for the rule's cooldown and frequency.
    """

    reason: RefusedBy | None
    succeeded: bool
    shown: dict[str, Any]


def conclude(outcome: Outcome, posted: Mapping[int, Posted]) -> Conclusion:
    """Return how a rule ended; `posted` has what became of its points, by the place of their effect."""
    granted = outcome.given if outcome.reason is None else ()
    grants = any(isinstance(one, BenefitGiven) for one in granted)
    succeeded = grants or any(one.cut.points > 0 for one in posted.values())
    reason = outcome.reason
    if reason is None and not succeeded and any(one.cut.limit for one in posted.values()):
        reason = RefusedBy.LIMIT
    details = dict(outcome.details)
    if outcome.rule.message and reason:
        details["message"] = outcome.rule.message
    if outcome.passed:
        details["earnings"] = [_passed(one) for one in outcome.passed]
    if outcome.given:
        details["effects"] = [_effect(one, posted.get(one.place)) for one in outcome.given]
    transactions = [
        {"id": made.transaction_id, "card_id": one.card_id, "points": made.cut.points}
        for one in outcome.given
        if not isinstance(one, BenefitGiven) and (made := posted.get(one.place)) and made.transaction_id
    ]
    shown = {
        "earning_rule_id": outcome.rule.id,
        "earning_item_id": outcome.earning_item_id,
        "outcome": "REFUSED" if reason else "EARNED",
        "reason": reason,
        "details": details,
        "transactions": transactions,
    }
    return Conclusion(reason, succeeded, shown)


def _effect(given: Given, posted: Posted | None) -> dict[str, Any]:
    if isinstance(given, BenefitGiven):
        return {"type": "BENEFIT", "benefit_id": given.benefit_id}
    shown = {"type": "POINTS", "card_definition_id": given.card_definition_id, "points": given.points}
    if given.base is not None:
        shown["base"] = given.base
    if posted and (limit := posted.cut.limit):
        told = {"points": posted.cut.points, "points_before_limits": given.points}
        return {**shown, **told, "reason": limit, "limit": posted.cut.details}
    return {**shown, "reason": given.missing} if given.missing else shown


def _passed(passed: Passed) -> dict[str, Any]:
    shown: dict[str, Any] = {"earning_item_id": passed.earning_item_id, "reason": passed.reason}
    if passed.conditions:
        shown["conditions"] = [_condition(one) for one in passed.conditions]
    return shown


def _condition(refused: Refused) -> dict[str, Any]:
    shown = {"number": refused.number, "name": refused.name, "operator": refused.operator, "seen": _seen(refused.seen)}
    return {**shown, "message": refused.message} if refused.message else shown


def _seen(value: Any) -> Any:
    """Return a value as far as a record tells it: metadata may be large."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_SEEN else value[:LONGEST_SEEN] + "…"
    if isinstance(value, list | tuple):
        return [_seen(one) for one in value[:MOST_SEEN]]
    return {"properties": len(value)} if isinstance(value, dict) else value
