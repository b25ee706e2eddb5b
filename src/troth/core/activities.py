"""Activities: what happened to a resource, who did it and how it was afterwards (domain 5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from troth.core.configuration import timestamp


class Activity(NamedTuple):
    """One entry of a resource's history; entries are never changed.

    `data` is JSON text: the resource after the change, under its contract name.
    """

    id: str
    subject_id: str
    type: str
    data: str


class StoredActivity(NamedTuple):
    """An entry as it is read: with when it happened, what it happened together with, and who caused it."""

    id: str
    subject_id: str
    type: str
    data: Mapping[str, Any]
    group_id: str
    source: Mapping[str, Any]
    created_at: datetime


def shown(activity: StoredActivity, subject: str) -> dict[str, Any]:
    """Return an entry as answers show it; `subject` names the property with the subject's id, such as `member_id`."""
    return {
        "id": activity.id,
        subject: activity.subject_id,
        "type": activity.type,
        "data": activity.data,
        "created_at": timestamp(activity.created_at),
        "group_id": activity.group_id,
        "source": activity.source,
    }
