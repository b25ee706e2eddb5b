"""Whom a command names, what is merged how, and that batches decide as single commands would (domain 9)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.definitions import definitions, segment

from troth.core.configuration import LARGEST_METADATA
from troth.core.customers import Customer, CustomerFacts, Upsert, Upserts, decide_upserts, shown
from troth.core.refusals import Reason, Refusal
from troth.core.segments import Membership

THEN = datetime(2026, 3, 1, tzinfo=UTC)
NOW = THEN + timedelta(days=1)


def counting() -> Callable[[str], str]:
    numbers = count(1)
    return lambda prefix: f"{prefix}_new{next(numbers)}"


def customer(key: str, **properties: Any) -> Customer:
    known = {"source_id": None, "metadata": {}, "created_at": THEN, "updated_at": None} | properties
    return Customer(**dict.fromkeys(Customer._fields) | known | {"id": f"cust_{key}"})


def decide(commands: Sequence[Upsert], *found: Customer) -> Upserts:
    return decide_upserts(commands, CustomerFacts(found, ()), definitions(), NOW, counting())


def changed(present: Customer, changes: Mapping[str, Any]) -> Customer:
    outcome = decide([Upsert(changes, existing=present.id)], present)
    assert len(outcome.answers) == 1
    answer = outcome.answers[0]
    assert isinstance(answer, Customer)
    assert outcome.saved == (() if answer is present else (answer,))
    return answer


def test_without_a_name_a_customer_is_always_new() -> None:
    outcome = decide([Upsert({"name": "Ada"}), Upsert({"name": "Ada"})])
    assert [one.id for one in outcome.saved] == ["cust_new1", "cust_new2"]
    assert outcome.saved == outcome.answers
    assert outcome.taken == ()
    assert outcome.created_id == "cust_new2"
    assert (outcome.saved[0].created_at, outcome.saved[0].updated_at) == (NOW, None)


def test_a_source_id_makes_one_customer() -> None:
    outcome = decide([Upsert({"name": "Ada"}, source_id="a"), Upsert({"phone": "1"}, source_id="a")])
    first, second = outcome.answers
    assert isinstance(first, Customer)
    assert second == first._replace(phone="1", updated_at=NOW)
    assert outcome.saved == (second,)
    assert outcome.taken == (("a", first.id),)


A, B, PLAIN = customer("a", source_id="a"), customer("b", source_id="b"), customer("plain")
SOURCE_LIKE_AN_ID = customer("c", source_id="cust_a")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"existing": "cust_a"}, "cust_a"),
        ({"existing": "b"}, "cust_b"),
        ({"customer_id": "cust_a"}, "cust_a"),
        ({"customer_id": "cust_a", "source_id": "a"}, "cust_a"),
        ({"customer_id": "cust_plain", "source_id": "new"}, "cust_plain"),
        ({"source_id": "cust_a"}, "cust_c"),
        ({"source_id": "new"}, "cust_new1"),
        ({"existing": "cust_x"}, Reason.NOT_FOUND),
        ({"customer_id": "cust_x"}, Reason.NOT_FOUND),
        ({"customer_id": "cust_x", "source_id": "new"}, Reason.NOT_FOUND),
        ({"customer_id": "a"}, Reason.NOT_FOUND),
        ({"customer_id": "cust_a", "source_id": "new"}, Reason.INVALID_PAYLOAD),
        ({"customer_id": "cust_a", "source_id": "b"}, Reason.INVALID_PAYLOAD),
        ({"customer_id": "cust_plain", "source_id": "b"}, Reason.DUPLICATE_KEY),
    ],
)
def test_whom_a_command_names(named: dict[str, str], expected: str | Reason) -> None:
    outcome = decide([Upsert({"name": "Ada"}, **named)], A, B, PLAIN, SOURCE_LIKE_AN_ID)
    answer = outcome.answers[0]
    if isinstance(answer, Refusal):
        assert answer.reason is expected
        assert (outcome.saved, outcome.taken, outcome.created_id) == ((), (), None)
    else:
        assert (answer.id, answer.name) == (expected, "Ada")
        assert outcome.taken == ((("new", answer.id),) if named.get("source_id") == "new" else ())
        assert answer.source_id == named.get("source_id", answer.source_id)


HOME = {"city": "Rome", "country": "IT"}


@pytest.mark.parametrize(
    ("present", "changes", "expected"),
    [
        ({"name": "Ada", "email": "a@b"}, {"name": "Eve"}, {"name": "Eve", "email": "a@b"}),
        ({"name": "Ada", "email": "a@b"}, {"name": None}, {"name": None, "email": "a@b"}),
        ({}, {"birthday": date(1990, 2, 28)}, {"birthday": date(1990, 2, 28)}),
        ({"address": HOME}, {"address": {"city": "Oslo"}}, {"address": {"city": "Oslo", "country": "IT"}}),
        ({"address": HOME}, {"address": {"city": None}}, {"address": {"country": "IT"}}),
        ({"address": HOME}, {"address": {"city": None, "country": None}}, {"address": None}),
        ({"address": HOME}, {"address": None}, {"address": None}),
        ({}, {"address": {"city": "Oslo", "state": None}}, {"address": {"city": "Oslo"}}),
        ({"metadata": {"a": 1, "b": 2}}, {"metadata": {"a": 3}}, {"metadata": {"a": 3, "b": 2}}),
        ({"metadata": {"a": 1, "b": 2}}, {"metadata": {"a": None}}, {"metadata": {"b": 2}}),
        ({"metadata": {"a": {"x": 1}}}, {"metadata": {"a": {"y": 1}}}, {"metadata": {"a": {"y": 1}}}),
        ({}, {"metadata": {"a": {"x": None}, "b": None}}, {"metadata": {"a": {"x": None}}}),
    ],
)
def test_what_is_given_is_merged(present: dict[str, Any], changes: dict[str, Any], expected: dict[str, Any]) -> None:
    before = customer("a", **present)
    assert changed(before, changes) == before._replace(**expected, updated_at=NOW)


@pytest.mark.parametrize(
    ("changes"),
    [
        {},
        {"name": "Ada"},
        {"phone": None},
        {"address": {}},
        {"address": {"city": "Rome", "state": None}},
        {"metadata": {}},
        {"metadata": {"a": Decimal("1.0"), "none": None}},
        {"metadata": {"b": {"y": 2, "x": [1]}}},
    ],
)
def test_what_is_the_same_already_changes_nothing(changes: dict[str, Any]) -> None:
    before = customer("a", name="Ada", address=HOME, metadata={"a": 1, "b": {"x": [1], "y": 2}})
    assert changed(before, changes) is before


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), ([1], [True]), ({"x": 1}, {"x": True}), ([1], [1, 1]), ({"x": 1}, {"y": 1}), ("1", 1)],
)
def test_values_of_other_kinds_are_no_present_values(one: Any, other: Any) -> None:
    after = changed(customer("a", metadata={"a": one}), {"metadata": {"a": other}})
    assert type(after.metadata["a"]) is type(other)
    assert after.updated_at == NOW


def test_metadata_stays_bounded_when_merged() -> None:
    half = "x" * (LARGEST_METADATA // 2)
    before = customer("a", source_id="a", metadata={"one": half})
    outcome = decide(
        [Upsert({"metadata": {"two": half}}, source_id="a"), Upsert({"name": "Ada"}, source_id="a")], before
    )
    refused, updated = outcome.answers
    assert isinstance(refused, Refusal)
    assert refused.details == "metadata: must have at most 65536 bytes as JSON once merged"
    assert outcome.saved == (updated,) == (before._replace(name="Ada", updated_at=NOW),)


ids = st.sampled_from(["cust_a", "cust_b", "cust_plain", "cust_c", "cust_x"])
source_ids = st.sampled_from(["a", "b", "cust_a", "new", "newer"])
changes = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Ada", None]),
        "metadata": st.dictionaries(st.sampled_from("ab"), st.integers(0, 2) | st.none(), max_size=2),
    },
)
commands = st.lists(
    st.builds(Upsert, changes, customer_id=st.none() | ids, source_id=st.none() | source_ids)
    | st.builds(Upsert, changes, existing=ids | source_ids),
    max_size=8,
)


RULES = definitions(
    segment("ada", name={"$is": ["Ada"]}),
    segment("some", metadata__a={"$more_than": [0]}, metadata__b={"$is_unknown": []}),
    segment("quiet", fires=False, name={"$is": ["Ada"]}),
    customer={"properties": {"b": {"type": "number", "lte": 1}}},
)
PRESENT = (Membership(A.id, "seg_some"), Membership(A.id, "seg_static"), Membership(B.id, "seg_ada"))


@given(commands, st.sets(st.integers(1, 7)))
def test_any_split_into_batches_gives_the_same_answers(batch: list[Upsert], cuts: set[int]) -> None:
    found = (A, B, PLAIN, SOURCE_LIKE_AN_ID)
    whole = decide_upserts(batch, CustomerFacts(found, PRESENT), RULES, NOW, counting())
    stored, present = {one.id: one for one in found}, set(PRESENT)
    fresh, answers, taken, entered = counting(), [], [], []
    for begin, end in pairwise(sorted({0, *cuts, len(batch)})):
        facts = CustomerFacts(tuple(stored.values()), tuple(present))
        part = decide_upserts(batch[begin:end], facts, RULES, NOW, fresh)
        stored |= {one.id: one for one in part.saved}
        present = present - set(part.crossings.left) | set(part.crossings.joined)
        answers += part.answers
        taken += part.taken
        entered += part.crossings.entered
    told = [one if isinstance(one, Customer) else (one.reason, one.details) for one in answers]
    assert told == [one if isinstance(one, Customer) else (one.reason, one.details) for one in whole.answers]
    assert sorted(taken) == list(whole.taken)
    assert entered == list(whole.crossings.entered)
    assert present == set(PRESENT) - set(whole.crossings.left) | set(whole.crossings.joined)
    assert stored == {one.id: one for one in (*found, *whole.saved)}
    keys = [one.source_id for one in stored.values() if one.source_id is not None]
    assert len(keys) == len(set(keys))


def test_metadata_must_fit_their_schema_where_they_are_new_or_change() -> None:
    rules = definitions(customer={"properties": {"size": {"type": "number", "optional": False}}})
    old = customer("old", metadata={"size": "L"})

    def answer(command: Upsert) -> Any:
        return decide_upserts([command], CustomerFacts([old], ()), rules, NOW, counting()).answers[0]

    for refused, words in (
        (Upsert({}), "metadata.size: is required"),
        (Upsert({"metadata": {"x": 1}}, existing=old.id), "metadata.size: must be a number"),
        (Upsert({"metadata": {"size": None}}, existing=old.id), "metadata.size: is required"),
    ):
        refusal = answer(refused)
        assert (refusal.reason, refusal.details) == (Reason.INVALID_PAYLOAD, words)
    assert answer(Upsert({"name": "Ada", "metadata": {"size": "L"}}, existing=old.id)).name == "Ada"
    assert answer(Upsert({"metadata": {"size": Decimal("1.10")}}, existing=old.id)).metadata == {"size": Decimal("1.1")}


def test_a_customer_is_shown_without_what_it_does_not_have() -> None:
    assert set(shown(PLAIN, {})) == {
        "id", "metadata", "summary", "loyalty", "referrals", "system_metadata", "created_at", "object",
    }  # fmt: skip
    full = shown(customer("a", source_id="a", birthday=date(1990, 2, 28), address=HOME, updated_at=NOW), {})
    assert full["birthday"] == full["birthdate"] == "1990-02-28"
    assert full["address"] == HOME
    assert (full["created_at"], full["updated_at"]) == ("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z")
