"""Earning evaluations: one for each trigger and member, with what every rule did and why (domain 8, Why)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from troth.core.configuration import timestamp


class Evaluation(NamedTuple):
    """What came of one trigger for one member.

    `trigger` is its kind and `subject_id` the order, event or segment that it is about. `rules` are shown as they are;
    `earned` says that one of them gave something, which decides for how long the evaluation is kept.
    """

    id: str
    trigger: str
    subject_id: str
    occurred_at: datetime
    rules: Sequence[Mapping[str, Any]]
    earned: bool
    created_at: datetime


def shown(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as answers show it."""
    return {
        "id": evaluation.id,
        "created_at": timestamp(evaluation.created_at),
        "trigger": {
            "type": evaluation.trigger,
            "id": evaluation.subject_id,
            "occurred_at": timestamp(evaluation.occurred_at),
        },
        "rules": evaluation.rules,
        "object": "earning_evaluation",
    }
