"""Every move from every status, every property in every status, and what holds what (domain 5)."""

from datetime import UTC, datetime
from itertools import product

import pytest

from troth.core.definitions import Definition
from troth.core.lifecycle import (
    BENEFIT,
    CARD_DEFINITION,
    EARNING_RULE,
    INCENTIVE,
    REWARD,
    TIER_STRUCTURE,
    Holder,
    Lifecycle,
    Verb,
    decide_deletion,
    decide_move,
    decide_update,
)
from troth.core.refusals import Refusal

KINDS = {one.noun: one for one in (CARD_DEFINITION, EARNING_RULE, TIER_STRUCTURE, BENEFIT, INCENTIVE, REWARD)}
DRAFT, ACTIVE, INACTIVE = "DRAFT", "ACTIVE", "INACTIVE"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROGRAM = Holder("program", "lprg_1", ACTIVE)
RULE = Holder("earning_rule", "lern_1", ACTIVE)


def definition(lifecycle: Lifecycle, status: str, **sections: object) -> Definition:
    return Definition(
        id=f"{lifecycle.id_prefix}_1",
        kind=lifecycle.kind,
        name="One",
        status=status,
        configuration=sections,
        metadata={},
        created_at=NOW,
    )


def moved(lifecycle: Lifecycle, status: str, verb: Verb, *holders: Holder) -> str:
    """What a move leads to: the new status and activity, or the answer's status and key."""
    try:
        move = decide_move(lifecycle, definition(lifecycle, status), verb, holders)
    except Refusal as refusal:
        return f"{refusal.reason.value.code} {refusal.reason.value.key}"
    return f"{move.target} {move.activity}"


TWO_STATUSES = {(DRAFT, "activate"): "ACTIVE activated", (ACTIVE, "draft"): "DRAFT drafted"}
THREE_STATUSES = {
    (DRAFT, "activate"): "ACTIVE activated",
    (INACTIVE, "activate"): "ACTIVE activated",
    (ACTIVE, "deactivate"): "INACTIVE deactivated",
    (ACTIVE, "draft"): "DRAFT drafted",
}
MOVES = {
    "card_definition": ((DRAFT, ACTIVE), ("activate", "draft"), TWO_STATUSES, "409 invalid_state_transition"),
    "benefit": ((DRAFT, ACTIVE), ("activate", "draft"), TWO_STATUSES, "400 invalid_state_transition"),
    "incentive": ((DRAFT, ACTIVE), ("activate", "draft"), TWO_STATUSES, "400 invalid_state_transition"),
    "earning_rule": ((DRAFT, ACTIVE, INACTIVE), tuple(Verb), THREE_STATUSES, "409 invalid_state_transition"),
    "tier_structure": ((DRAFT, ACTIVE, INACTIVE), tuple(Verb), THREE_STATUSES, "409 invalid_state_transition"),
    "reward": ((DRAFT, ACTIVE, INACTIVE), tuple(Verb), THREE_STATUSES, "409 invalid_state_transition"),
}


@pytest.mark.parametrize(
    ("noun", "status", "verb"),
    [
        (noun, status, verb)
        for noun, (statuses, verbs, _, _) in MOVES.items()
        for status, verb in product(statuses, verbs)
    ],
)
def test_every_move_from_every_status(noun: str, status: str, verb: str) -> None:
    _, _, allowed, refused = MOVES[noun]
    assert moved(KINDS[noun], status, Verb(verb)) == allowed.get((status, verb), refused)


@pytest.mark.parametrize("noun", KINDS)
def test_there_are_no_other_moves(noun: str) -> None:
    assert set(KINDS[noun].moves) == set(MOVES[noun][1])


@pytest.mark.parametrize(
    ("noun", "status", "verb", "holder", "outcome"),
    [
        ("card_definition", DRAFT, "activate", PROGRAM, "ACTIVE activated"),
        ("card_definition", ACTIVE, "draft", PROGRAM, "409 invalid_state_transition"),
        ("card_definition", ACTIVE, "draft", RULE, "DRAFT drafted"),
        ("earning_rule", ACTIVE, "deactivate", PROGRAM, "INACTIVE deactivated"),
        ("earning_rule", ACTIVE, "draft", PROGRAM, "DRAFT drafted"),
        ("tier_structure", INACTIVE, "activate", PROGRAM, "ACTIVE activated"),
        ("tier_structure", ACTIVE, "deactivate", PROGRAM, "409 invalid_state_transition"),
        ("tier_structure", ACTIVE, "draft", PROGRAM, "409 invalid_state_transition"),
        ("tier_structure", ACTIVE, "draft", RULE, "DRAFT drafted"),
        ("reward", ACTIVE, "deactivate", PROGRAM, "INACTIVE deactivated"),
        ("reward", ACTIVE, "draft", PROGRAM, "409 invalid_state_transition"),
        ("benefit", ACTIVE, "draft", RULE, "423 connected_active_earning_rule"),
        ("benefit", ACTIVE, "draft", RULE._replace(status=DRAFT), "DRAFT drafted"),
        ("benefit", ACTIVE, "draft", RULE._replace(status=INACTIVE), "DRAFT drafted"),
        ("incentive", ACTIVE, "draft", RULE, "409 resource_locked"),
        ("incentive", ACTIVE, "draft", RULE._replace(status=INACTIVE), "DRAFT drafted"),
    ],
)
def test_what_holds_a_move(noun: str, status: str, verb: str, holder: Holder, outcome: str) -> None:
    assert moved(KINDS[noun], status, Verb(verb), holder) == outcome


def test_a_wrong_status_is_refused_before_what_holds() -> None:
    assert moved(BENEFIT, DRAFT, Verb.DRAFT, RULE) == "400 invalid_state_transition"


def test_a_held_move_names_all_holders_of_the_first_kind() -> None:
    programs = [Holder("program", "lprg_2", DRAFT), RULE, Holder("program", "lprg_1", INACTIVE)]
    with pytest.raises(Refusal) as caught:
        decide_move(CARD_DEFINITION, definition(CARD_DEFINITION, ACTIVE), Verb.DRAFT, programs)
    refusal = caught.value
    assert refusal.details == "Cannot draft card definition with id lcdef_1 while it is used by program lprg_1, lprg_2"
    assert (refusal.resource_type, refusal.resource_id) == ("card_definition", "lcdef_1")
    assert (refusal.related_type, refusal.related_ids) == ("program", ("lprg_1", "lprg_2"))


def test_the_other_face_is_refused_under_its_own_name() -> None:
    with pytest.raises(Refusal) as caught:
        decide_move(INCENTIVE, definition(INCENTIVE, DRAFT), Verb.DRAFT, ())
    assert caught.value.details == "Cannot draft incentive with id linc_1: its status is DRAFT, not ACTIVE"
    assert (caught.value.resource_type, caught.value.resource_id) == ("incentive", "linc_1")


ANY_KIND = ("program", "earning_rule", "tier_structure", "benefit", "reward")
HELD = {
    "card_definition": (ANY_KIND, "409 resource_in_use"),
    "earning_rule": (("program",), "409 resource_in_use"),
    "tier_structure": (("program",), "409 resource_in_use"),
    "benefit": (("earning_rule",), "400 resource_in_use"),
    "incentive": (("earning_rule",), "409 resource_in_use"),
    "reward": ((), ""),
}


@pytest.mark.parametrize(("noun", "holder", "status"), list(product(KINDS, ANY_KIND, (DRAFT, ACTIVE, INACTIVE))))
def test_what_holds_a_deletion(noun: str, holder: str, status: str) -> None:
    lifecycle = KINDS[noun]
    holders, answer = HELD[noun]
    found = [Holder(holder, "other_1", status)]
    if holder not in holders:
        decide_deletion(lifecycle, definition(lifecycle, ACTIVE), found)
        return
    with pytest.raises(Refusal) as caught:
        decide_deletion(lifecycle, definition(lifecycle, ACTIVE), found)
    assert f"{caught.value.reason.value.code} {caught.value.reason.value.key}" == answer
    assert (caught.value.related_type, caught.value.related_ids) == (holder, ("other_1",))


SECTIONS = {
    "card_definition": (
        ("pay_with_points", "code_config"),
        (
            "points_expiration",
            "pending_points",
            "earning_limits",
            "spending_limits",
            "refunds",
            "balance_settings",
        ),
        "423 resource_locked",
    ),
    "earning_rule": (
        ("earnings", "error", "validity_hours", "start_date", "end_date", "trigger_limits"),
        ("trigger",),
        "400 invalid_payload",
    ),
    "tier_structure": (
        (),
        ("type", "point_balance", "point_earned", "expiration", "downgrade"),
        "400 invalid_payload",
    ),
    "benefit": (
        ("stock",),
        ("type", "points", "points_proportional", "material", "digital"),
        "400 invalid_payload",
    ),
    "incentive": (
        ("stock",),
        ("type", "points", "points_proportional", "material", "digital"),
        "400 invalid_payload",
    ),
    "reward": (
        ("refunds", "validity_hours", "start_date", "end_date", "costs", "purchase_limits"),
        ("type", "material", "digital"),
        "400 invalid_payload",
    ),
}
EDITS = [
    (noun, name, status, status == DRAFT or name in editable)
    for noun, (editable, frozen, _) in SECTIONS.items()
    for name in (*editable, *frozen)
    for status in MOVES[noun][0]
]


@pytest.mark.parametrize(("noun", "name", "status", "allowed"), EDITS)
def test_every_property_in_every_status(noun: str, name: str, status: str, allowed: bool) -> None:
    lifecycle = KINDS[noun]
    present = definition(lifecycle, status, **{name: {"type": "A"}, "same": 1})
    desired = definition(lifecycle, status, **{name: {"type": "B"}, "same": 1})
    if allowed:
        assert decide_update(lifecycle, present, desired) == (name,)
        return
    with pytest.raises(Refusal) as caught:
        decide_update(lifecycle, present, desired)
    assert f"{caught.value.reason.value.code} {caught.value.reason.value.key}" == SECTIONS[noun][2]
    assert caught.value.details.startswith(f"{name}: ")


@pytest.mark.parametrize("noun", KINDS)
def test_present_values_are_no_change(noun: str) -> None:
    lifecycle = KINDS[noun]
    sections = {name: {"type": name} for names in SECTIONS[noun][:2] for name in names}
    for status in MOVES[noun][0]:
        present = definition(lifecycle, status, **sections)
        assert decide_update(lifecycle, present, definition(lifecycle, status, **sections)) == ()


@pytest.mark.parametrize("noun", KINDS)
@pytest.mark.parametrize("status", [DRAFT, ACTIVE])
def test_a_name_may_always_change(noun: str, status: str) -> None:
    lifecycle = KINDS[noun]
    present = definition(lifecycle, status)
    renamed = Definition(
        id=present.id, kind=present.kind, name="Two", status=status, configuration={}, metadata={}, created_at=NOW
    )
    assert decide_update(lifecycle, present, renamed) == ("name",)


def test_a_section_that_appears_or_goes_is_a_change() -> None:
    present = definition(EARNING_RULE, DRAFT, error={"message": "No"})
    assert decide_update(EARNING_RULE, present, definition(EARNING_RULE, DRAFT)) == ("error",)
    assert decide_update(EARNING_RULE, definition(EARNING_RULE, DRAFT), present) == ("error",)


def test_every_frozen_property_is_named() -> None:
    present = definition(REWARD, ACTIVE, type="MATERIAL", material={"type": "PRODUCT"}, costs=[1])
    desired = definition(REWARD, ACTIVE, type="DIGITAL", digital={"type": "GIFT_VOUCHERS"}, costs=[2])
    with pytest.raises(Refusal) as caught:
        decide_update(REWARD, present, desired)
    assert [part.partition(":")[0] for part in caught.value.details.split("; ") if ":" in part] == [
        "digital",
        "material",
        "type",
    ]
