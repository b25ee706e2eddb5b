"""What may be assigned to a program, what may leave it, and in which order that is checked (domain 4 and 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.assignments import (
    ROLES,
    Assign,
    Assigned,
    Assignment,
    Batch,
    Outcome,
    Unassign,
    check_ready,
    decide_batch,
    shown,
    told,
    wallets,
)
from troth.core.definitions import Definition
from troth.core.json import decode
from troth.core.refusals import Reason, Refusal

THEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)

GOLD, SILVER = "lcdef_1", "lcdef_2"
RULE, OTHER_RULE, BENEFITS_ONLY = "lern_1", "lern_2", "lern_3"
STRUCTURE, OTHER_STRUCTURE = "lts_1", "lts_2"
REWARD = "lrew_1"

KINDS = {"lcdef": "card_definition", "lern": "earning_rule", "lts": "tier_structure", "lrew": "reward"}


def definition(id_: str, status: str = "ACTIVE", configuration: Mapping[str, Any] | None = None) -> Definition:
    return Definition(
        id=id_,
        kind=KINDS[id_.partition("_")[0]],
        name=id_,
        status=status,
        configuration=configuration or {},
        metadata={},
        created_at=THEN,
    )


def rule(id_: str, *card_definition_ids: str, status: str = "ACTIVE") -> Definition:
    effects = [{"type": "POINTS", "points": {"value": 1, "card_definition_id": one}} for one in card_definition_ids]
    benefit = {"type": "BENEFIT", "benefit": {"id": "lben_1"}}
    return definition(id_, status, {"earnings": [{"id": "lernei_1", "effects": [*effects, benefit]}]})


def structure(id_: str, card_definition_id: str, status: str = "ACTIVE") -> Definition:
    balance = {"card_definition_id": card_definition_id}
    return definition(id_, status, {"type": "POINT_BALANCE", "point_balance": balance})


def reward(id_: str, *card_definition_ids: str, status: str = "ACTIVE") -> Definition:
    costs = [{"spending": [{"points": 5, "card_definition_id": one}]} for one in card_definition_ids]
    return definition(id_, status, {"costs": costs})


CATALOG = {
    one.id: one
    for one in (
        definition(GOLD),
        definition(SILVER),
        rule(RULE, GOLD),
        rule(OTHER_RULE, GOLD, SILVER),
        rule(BENEFITS_ONLY),
        structure(STRUCTURE, GOLD),
        structure(OTHER_STRUCTURE, GOLD),
        reward(REWARD, SILVER),
    )
}


def program(status: str = "DRAFT") -> Definition:
    return Definition(
        id="lprg_1", kind="program", name="Club", status=status, configuration={}, metadata={}, created_at=THEN
    )


def assigned(*ids: str, catalog: Mapping[str, Definition] = CATALOG) -> dict[str, Assigned]:
    return {
        one: Assigned(
            Assignment(catalog[one].kind, one, None, 0, THEN), catalog[one].status, frozenset(wallets(catalog[one]))
        )
        for one in ids
    }


def batch(*, assign: Iterable[str] = (), unassign: Iterable[str] = ()) -> Batch:
    return Batch(
        tuple(Assign(KINDS[one.partition("_")[0]], one) for one in assign),
        tuple(Unassign(KINDS[one.partition("_")[0]], one) for one in unassign),
    )


def refused(
    status: str, present: Iterable[str], asked: Batch, catalog: Mapping[str, Definition] = CATALOG
) -> Refusal | None:
    try:
        decide_batch(program(status), assigned(*present), catalog, asked, NOW)
    except Refusal as refusal:
        return refusal
    return None


@pytest.mark.parametrize(
    ("status", "present", "asked", "reason"),
    [
        ("DRAFT", [], batch(assign=[GOLD, SILVER]), None),
        ("DRAFT", [], batch(), None),
        ("ACTIVE", [GOLD], batch(assign=[SILVER]), Reason.NON_DRAFT_PROGRAM),
        ("INACTIVE", [GOLD], batch(unassign=[GOLD]), Reason.NON_DRAFT_PROGRAM),
        ("INACTIVE", [GOLD], batch(assign=[STRUCTURE]), Reason.NON_DRAFT_PROGRAM),
        ("DRAFT", [], batch(unassign=[GOLD]), Reason.NOT_FOUND),
        ("DRAFT", [], batch(assign=["lcdef_9"]), Reason.NOT_FOUND),
        ("DRAFT", [GOLD], batch(assign=[GOLD]), Reason.DUPLICATE_KEY),
        ("DRAFT", [GOLD], batch(assign=[GOLD], unassign=[GOLD]), None),
        ("DRAFT", [GOLD, RULE], batch(assign=[GOLD], unassign=[GOLD]), None),
        ("DRAFT", [GOLD, RULE], batch(unassign=[GOLD]), Reason.IN_USE),
        ("DRAFT", [GOLD, SILVER, OTHER_RULE], batch(unassign=[SILVER]), Reason.IN_USE),
        ("DRAFT", [SILVER, REWARD], batch(unassign=[SILVER]), Reason.IN_USE),
        ("DRAFT", [GOLD, STRUCTURE], batch(unassign=[GOLD]), Reason.IN_USE),
        ("DRAFT", [GOLD, SILVER, RULE], batch(unassign=[SILVER]), None),
        ("DRAFT", [], batch(assign=[STRUCTURE]), Reason.CARD_DEFINITION_NOT_ASSIGNED),
        ("DRAFT", [GOLD], batch(assign=[STRUCTURE]), None),
        ("DRAFT", [GOLD], batch(assign=[STRUCTURE, OTHER_STRUCTURE]), Reason.INVALID_PAYLOAD),
        ("DRAFT", [GOLD, STRUCTURE], batch(assign=[OTHER_STRUCTURE]), Reason.INVALID_PAYLOAD),
        ("DRAFT", [GOLD, STRUCTURE], batch(assign=[OTHER_STRUCTURE], unassign=[STRUCTURE]), None),
        ("ACTIVE", [GOLD, RULE], batch(assign=[OTHER_RULE]), None),
        ("ACTIVE", [SILVER, RULE], batch(assign=[OTHER_RULE]), None),
        ("INACTIVE", [], batch(assign=[RULE]), Reason.CARD_DEFINITION_NOT_ASSIGNED),
        ("INACTIVE", [], batch(assign=[BENEFITS_ONLY]), None),
        ("ACTIVE", [GOLD, RULE], batch(unassign=[RULE]), Reason.MISSING_ACTIVE_EARNING_RULE),
        ("ACTIVE", [GOLD, RULE], batch(assign=[OTHER_RULE], unassign=[RULE]), None),
        ("INACTIVE", [GOLD, RULE], batch(unassign=[RULE]), None),
        ("ACTIVE", [GOLD, RULE], batch(assign=[REWARD]), Reason.CARD_DEFINITION_NOT_ASSIGNED),
        ("ACTIVE", [SILVER, OTHER_RULE], batch(assign=[REWARD]), None),
        ("ACTIVE", [SILVER, OTHER_RULE, REWARD], batch(unassign=[REWARD]), None),
    ],
)
def test_batches(status: str, present: list[str], asked: Batch, reason: Reason | None) -> None:
    refusal = refused(status, present, asked)
    assert (refusal.reason if refusal else None) is reason


@pytest.mark.parametrize(
    ("one", "allowed"),
    [
        (replace(CATALOG[GOLD], status="DRAFT"), Reason.NON_ACTIVE_CARD_DEFINITION),
        (replace(CATALOG[STRUCTURE], status="INACTIVE"), Reason.NON_ACTIVE_TIER_STRUCTURE),
        (replace(CATALOG[RULE], status="DRAFT"), None),
        (replace(CATALOG[RULE], status="INACTIVE"), None),
        (replace(CATALOG[REWARD], status="DRAFT"), None),
    ],
)
def test_only_card_definitions_and_tier_structures_must_be_active(one: Definition, allowed: Reason | None) -> None:
    present = [SILVER, GOLD] if one.id != GOLD else []
    refusal = refused("DRAFT", present, batch(assign=[one.id]), {**CATALOG, one.id: one})
    assert (refusal.reason if refusal else None) is allowed
    if refusal:
        assert (refusal.resource_id, refusal.resource_type) == (one.id, one.kind)


def test_an_inactive_rule_does_not_keep_an_active_program_alive() -> None:
    catalog = {**CATALOG, OTHER_RULE: replace(CATALOG[OTHER_RULE], status="INACTIVE")}
    refusal = refused("ACTIVE", [GOLD, RULE], batch(assign=[OTHER_RULE], unassign=[RULE]), catalog)
    assert refusal
    assert refusal.reason is Reason.MISSING_ACTIVE_EARNING_RULE


def test_a_refusal_names_what_is_in_the_way() -> None:
    used = refused("DRAFT", [GOLD, SILVER, OTHER_RULE, RULE], batch(unassign=[GOLD]))
    assert used
    assert (used.resource_id, used.related_ids, used.related_type) == (GOLD, (RULE, OTHER_RULE), "earning_rule")
    alone = refused("INACTIVE", [], batch(assign=[OTHER_RULE]))
    assert alone
    assert (alone.resource_id, alone.resource_type) == (OTHER_RULE, "earning_rule")
    assert (alone.related_ids, alone.related_type) == ((GOLD, SILVER), "card_definition")
    absent = refused("DRAFT", [], batch(unassign=[GOLD]))
    assert absent
    assert absent.details == f"Cannot find program_card_definition with id {GOLD}"


def test_a_rule_that_asks_for_a_tier_holds_its_structure() -> None:
    holding = Assigned(Assignment("earning_rule", RULE, None, 0, THEN), "ACTIVE", frozenset({GOLD, STRUCTURE, "lt_1"}))
    present = {**assigned(GOLD, STRUCTURE), RULE: holding}
    with pytest.raises(Refusal) as refusal:
        decide_batch(program(), present, CATALOG, batch(unassign=[STRUCTURE]), NOW)
    assert refusal.value.reason is Reason.IN_USE
    assert refusal.value.related_ids == (RULE,)


@pytest.mark.parametrize(
    ("status", "present", "asked", "reason"),
    [
        ("ACTIVE", [], batch(unassign=["lcdef_9"]), Reason.NON_DRAFT_PROGRAM),
        ("DRAFT", [], batch(assign=[OTHER_RULE, "lern_9"]), Reason.NOT_FOUND),
        ("DRAFT", [GOLD], batch(assign=[GOLD, "lcdef_9"]), Reason.NOT_FOUND),
        ("DRAFT", [GOLD, STRUCTURE], batch(assign=[STRUCTURE, OTHER_STRUCTURE]), Reason.DUPLICATE_KEY),
        ("ACTIVE", [RULE], batch(assign=[OTHER_RULE], unassign=[RULE]), Reason.CARD_DEFINITION_NOT_ASSIGNED),
    ],
)
def test_checks_stand_in_their_order(status: str, present: list[str], asked: Batch, reason: Reason) -> None:
    refusal = refused(status, present, asked)
    assert refusal
    assert refusal.reason is reason


def test_everything_named_exists_before_its_status_counts() -> None:
    catalog = {GOLD: replace(CATALOG[GOLD], status="DRAFT")}
    refusal = refused("DRAFT", [], batch(assign=[GOLD, SILVER]), catalog)
    assert refusal
    assert (refusal.reason, refusal.resource_id) == (Reason.NOT_FOUND, SILVER)


@pytest.mark.parametrize(
    ("kind", "prefix", "largest"),
    [("card_definition", "lcdef", 10), ("earning_rule", "lern", 100), ("reward", "lrew", 100)],
)
def test_how_many_a_program_has_at_most(kind: str, prefix: str, largest: int) -> None:
    full = [f"{prefix}_{place:x}" for place in range(largest)]
    new = f"{prefix}_fff"
    make = {"lcdef": definition, "lern": rule, "lrew": reward}[prefix]
    catalog = {one: make(one) for one in (*full, new)}
    present = assigned(*full[1:], catalog=catalog)
    decide_batch(program(), present, catalog, batch(assign=[new]), NOW)
    present = assigned(*full, catalog=catalog)
    with pytest.raises(Refusal) as refusal:
        decide_batch(program(), present, catalog, batch(assign=[new]), NOW)
    assert refusal.value.reason is Reason.INVALID_PAYLOAD
    assert refusal.value.details == f"assign: the program would have {largest + 1}; at most {largest} can be assigned"
    outcome = decide_batch(program(), present, catalog, batch(assign=[new], unassign=full[:1]), NOW)
    assert [one.definition_id for one in outcome.assigned] == [new]


def test_a_new_program_is_a_draft_that_takes_all_kinds_at_once() -> None:
    asked = Batch((*batch(assign=[GOLD, SILVER, STRUCTURE, RULE]).assign, Assign("reward", REWARD, 7)))
    outcome = decide_batch(None, {}, CATALOG, asked, NOW)
    assert [one.definition_id for one in outcome.assigned] == [GOLD, SILVER, STRUCTURE, RULE, REWARD]
    assert outcome.assigned[-1] == Assignment("reward", REWARD, 7, 0, NOW)
    assert outcome.unassigned == ()


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        ([], Reason.MISSING_ACTIVE_CARD_DEFINITION),
        ([BENEFITS_ONLY], Reason.MISSING_ACTIVE_CARD_DEFINITION),
        ([GOLD], Reason.MISSING_ACTIVE_EARNING_RULE),
        ([GOLD, STRUCTURE, REWARD], Reason.MISSING_ACTIVE_EARNING_RULE),
        ([GOLD, RULE], None),
    ],
)
def test_what_an_activation_needs(present: list[str], reason: Reason | None) -> None:
    if reason is None:
        check_ready(program(), assigned(*present).values())
        return
    with pytest.raises(Refusal) as refusal:
        check_ready(program(), assigned(*present).values())
    assert (refusal.value.reason, refusal.value.resource_id) == (reason, "lprg_1")


def test_what_is_not_active_does_not_count_for_an_activation() -> None:
    catalog = {**CATALOG, RULE: replace(CATALOG[RULE], status="DRAFT")}
    with pytest.raises(Refusal) as refusal:
        check_ready(None, assigned(GOLD, RULE, catalog=catalog).values())
    assert (refusal.value.reason, refusal.value.resource_id) == (Reason.MISSING_ACTIVE_EARNING_RULE, None)


@pytest.mark.parametrize(
    ("one", "needed"),
    [
        (CATALOG[GOLD], set()),
        (CATALOG[OTHER_RULE], {GOLD, SILVER}),
        (CATALOG[BENEFITS_ONLY], set()),
        (CATALOG[STRUCTURE], {GOLD}),
        (
            definition(
                STRUCTURE, configuration={"type": "POINT_EARNED", "point_earned": {"card_definition_id": SILVER}}
            ),
            {SILVER},
        ),
        (CATALOG[REWARD], {SILVER}),
        (
            definition(
                RULE,
                configuration={
                    "earnings": [
                        {"effects": [{"type": "BENEFIT", "benefit": {"id": "lben_1"}}]},
                        {
                            "effects": [
                                {"type": "POINTS_PROPORTIONAL", "points_proportional": {"card_definition_id": GOLD}}
                            ]
                        },
                    ]
                },
            ),
            {GOLD},
        ),
    ],
)
def test_wallets(one: Definition, needed: set[str]) -> None:
    assert wallets(one) == needed


def test_how_assignments_are_shown() -> None:
    created = "2026-01-31T12:00:00.000Z"
    assert shown(Assignment("card_definition", GOLD, None, 0, THEN)) == {
        "card_type": "INDIVIDUAL",
        "card_definition_id": GOLD,
        "created_at": created,
        "object": "program_card_definition",
    }
    assert shown(Assignment("tier_structure", STRUCTURE, None, 0, THEN)) == {
        "tier_structure_id": STRUCTURE,
        "created_at": created,
        "object": "program_tier_structure",
    }
    assert shown(Assignment("reward", REWARD, 3, 2, THEN, NOW)) == {
        "reward_id": REWARD,
        "stock": {"type": "LIMITED", "limited": {"quantity": 3}},
        "redeemed": 2,
        "created_at": created,
        "updated_at": "2026-02-01T12:00:00.000Z",
        "object": "program_reward",
    }
    assert shown(Assignment("reward", REWARD, None, 0, THEN))["stock"] == {"type": "UNLIMITED"}


def test_both_histories_tell_of_an_assignment() -> None:
    fresh = iter("abcdef")
    entries = list(
        told(
            {"id": "lprg_1"},
            [Assignment("reward", REWARD, None, 0, NOW)],
            "unassigned",
            CATALOG,
            lambda prefix: f"{prefix}_{next(fresh)}",
        )
    )
    assert [(one.id, one.subject_id, one.type) for one in entries] == [
        ("laprg_a", "lprg_1", "vl.program.reward.unassigned"),
        ("larew_b", REWARD, "vl.reward.unassigned"),
    ]
    assert set(decode(entries[0].data)) == {"program", "program_reward"}
    data = decode(entries[1].data)
    assert set(data) == {"reward", "program", "program_reward"}
    assert (data["reward"]["id"], data["program"]["id"]) == (REWARD, "lprg_1")


IDS = st.lists(st.sampled_from(sorted(CATALOG)), unique=True)


@given(st.sampled_from(["DRAFT", "ACTIVE", "INACTIVE"]), IDS, IDS, IDS)
def test_what_a_batch_leaves_is_sound(status: str, present: list[str], assign: list[str], unassign: list[str]) -> None:
    """Whatever is asked of a program that is sound, it is sound afterwards, or nothing of it was done."""
    if not _is_sound(status, present):
        return
    asked = batch(assign=assign, unassign=unassign)
    try:
        outcome = decide_batch(program(status), assigned(*present), CATALOG, asked, NOW)
    except Refusal:
        return
    after = [one for one in present if one not in unassign] + assign
    assert _changed(outcome) == (assign, unassign)
    assert len(set(after)) == len(after)
    assert _is_sound(status, after)


def _changed(outcome: Outcome) -> tuple[list[str], list[str]]:
    return [one.definition_id for one in outcome.assigned], [one.definition_id for one in outcome.unassigned]


def _is_sound(status: str, ids: list[str]) -> bool:
    held = {one for id_ in ids for one in wallets(CATALOG[id_])}
    kinds = [CATALOG[one].kind for one in ids]
    return (
        all(wallets(CATALOG[one]) & set(ids) for one in ids if wallets(CATALOG[one]))
        and all(kinds.count(kind) <= role.largest for kind, role in ROLES.items())
        and (status != "ACTIVE" or ("earning_rule" in kinds and bool(held)))
    )
