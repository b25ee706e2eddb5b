"""What changes make of a member, and what is told of them (domain 6)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.cards import ZERO, Card
from troth.core.configuration import LARGEST_METADATA
from troth.core.json import decode
from troth.core.lifecycle import Verb
from troth.core.members import Change, Member, MemberStatus, departure, moved, shown, updated
from troth.core.metadata import same
from troth.core.refusals import Reason, Refusal

THEN = datetime(2026, 3, 1, tzinfo=UTC)
NOW = THEN + timedelta(days=1)


def counting() -> Callable[[str], str]:
    numbers = count(1)
    return lambda prefix: f"{prefix}_{next(numbers):04}"


def member(status: MemberStatus = "ACTIVE", **metadata: Any) -> Member:
    return Member("lmbr_1", "cust_1", "lprg_1", status, metadata, THEN, None)


def told(change: Change) -> list[tuple[str, str, Any]]:
    assert [one.id for one in change.activities] != []
    return [(one.type, one.subject_id, decode(one.data)) for one in change.activities]


@pytest.mark.parametrize(
    ("before", "verb", "after", "past"),
    [
        ("INACTIVE", Verb.ACTIVATE, "ACTIVE", "activated"),
        ("ACTIVE", Verb.DEACTIVATE, "INACTIVE", "deactivated"),
    ],
)
def test_a_move_and_what_is_told_of_it(before: MemberStatus, verb: Verb, after: MemberStatus, past: str) -> None:
    change = moved(member(before, a=1), verb, NOW, counting())
    assert change.member == Member("lmbr_1", "cust_1", "lprg_1", after, {"a": 1}, THEN, NOW)
    assert told(change) == [(f"vl.member.{past}", "lmbr_1", {"member": shown(change.member)})]


@pytest.mark.parametrize(("status", "verb"), [("ACTIVE", Verb.ACTIVATE), ("INACTIVE", Verb.DEACTIVATE)])
def test_a_move_to_the_present_status_is_refused(status: MemberStatus, verb: Verb) -> None:
    with pytest.raises(Refusal, match=f"Cannot {verb} member with id lmbr_1: its status is {status}") as refused:
        moved(member(status), verb, NOW, counting())
    assert refused.value.reason is Reason.INVALID_MOVE
    assert (refused.value.resource_id, refused.value.resource_type) == ("lmbr_1", "member")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)
GIVEN = st.dictionaries(st.sampled_from("abcde"), VALUES, max_size=5)
STORED = st.dictionaries(st.sampled_from("abcde"), VALUES.filter(lambda value: value is not None), max_size=5)


@given(STORED, GIVEN)
def test_given_metadata_are_merged_and_null_clears(present: dict[str, Any], given: dict[str, Any]) -> None:
    change = updated(member(**present), given, NOW, counting())
    after = present if change is None else change.member.metadata
    for name in {*present, *given, *after}:
        wanted = given[name] if name in given else present[name]
        assert (wanted is None) == (name not in after)
        assert wanted is None or same(after[name], wanted)
    if change is not None:
        assert not same(after, present)
        assert change.member == member(**after)._replace(updated_at=NOW)
        assert told(change) == [("vl.member.updated", "lmbr_1", {"member": shown(change.member)})]


def test_null_in_the_place_of_metadata_clears_them_all() -> None:
    change = updated(member(a=1, b=2), None, NOW, counting())
    assert change is not None
    assert change.member.metadata == {}
    assert updated(member(), None, NOW, counting()) is None


def test_true_is_not_1() -> None:
    change = updated(member(a=1), {"a": True}, NOW, counting())
    assert change is not None
    assert change.member.metadata["a"] is True


def test_metadata_have_a_bound_once_merged() -> None:
    half = "x" * (LARGEST_METADATA // 2)
    with pytest.raises(Refusal, match="metadata: must have at most 65536 bytes as JSON once merged"):
        updated(member(a=half), {"b": half}, NOW, counting())
    exact = {"a": "x" * (LARGEST_METADATA - len('{"a":""}'))}
    change = updated(member(b=half), {**exact, "b": None}, NOW, counting())
    assert change is not None
    assert change.member.metadata == exact


def test_a_departure_unassigns_the_cards_and_deletes_the_member() -> None:
    cards = [Card(f"lcrd_{number}", "lcdef_1", None, ZERO, THEN) for number in (1, 2)]
    change = departure(member("INACTIVE", a=1), cards, NOW, counting())
    assert change.member == member("INACTIVE", a=1)._replace(status="DELETED", updated_at=NOW)
    assert [(kind, subject) for kind, subject, _ in told(change)] == [
        ("vl.card.unassigned", "lcrd_1"),
        ("vl.member.card.unassigned", "lmbr_1"),
        ("vl.card.unassigned", "lcrd_2"),
        ("vl.member.card.unassigned", "lmbr_1"),
        ("vl.member.deleted", "lmbr_1"),
    ]
    data = [one[2] for one in told(change)]
    assert [data[0], data[2]] == [{"member_id": "lmbr_1", "role": "OWNER"}] * 2
    assert [one["member_card"]["card"]["id"] for one in (data[1], data[3])] == ["lcrd_1", "lcrd_2"]
    assert data[-1] == {"member": shown(change.member)}
    digits = [one.id.partition("_")[2] for one in change.activities]
    assert digits == sorted(digits), "an entry made later has a later id"
