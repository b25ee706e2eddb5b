"""What is assigned to a program, and what a batch makes of it (domain 5, Programs).

The order of a batch's checks is domain 4's: the program's state, then whether everything named exists and is in a state
for it, then conflicts, then how many there may be, and last what an ACTIVE program needs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from troth.core.activities import Activity
from troth.core.configuration import timestamp
from troth.core.definitions import Definition, shown_instant
from troth.core.json import text
from troth.core.lifecycle import CARD_DEFINITION, EARNING_RULE, REWARD, TIER_STRUCTURE, Lifecycle, Status
from troth.core.refusals import Reason, Refusal, not_found


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What definitions of one kind are to a program.

    At most `largest` of them are assigned, only while the program is a draft if `draft_only`, and in any status unless
    `non_active` says how one that is not ACTIVE is refused.
    """

    lifecycle: Lifecycle
    largest: int
    draft_only: bool = False
    non_active: Reason | None = None

    @property
    def assignment(self) -> str:
        """What the API calls an assignment of the kind."""
        return f"program_{self.lifecycle.kind}"


ROLES: Final[Mapping[str, Role]] = {
    role.lifecycle.kind: role
    for role in (
        Role(lifecycle=CARD_DEFINITION, largest=10, draft_only=True, non_active=Reason.NON_ACTIVE_CARD_DEFINITION),
        Role(lifecycle=TIER_STRUCTURE, largest=1, draft_only=True, non_active=Reason.NON_ACTIVE_TIER_STRUCTURE),
        Role(lifecycle=EARNING_RULE, largest=100),
        Role(lifecycle=REWARD, largest=100),
    )
}
"""Every kind that can be assigned, in the order in which a new program's are."""


class Assignment(NamedTuple):
    """A definition in a program; `stock_quantity` counts a reward's units, None for as many as are asked for."""

    kind: str
    definition_id: str
    stock_quantity: int | None
    redeemed_count: int
    created_at: datetime
    updated_at: datetime | None = None


class Assigned(NamedTuple):
    """What decisions need to know of a present assignment: the definition's status and the ids that it refers to."""

    assignment: Assignment
    status: str
    references: frozenset[str]


class Assign(NamedTuple):
    """One definition to assign; the stock is a reward's, None for unlimited."""

    kind: str
    definition_id: str
    stock_quantity: int | None = None


class Unassign(NamedTuple):
    """One definition to take out."""

    kind: str
    definition_id: str


class Batch(NamedTuple):
    """What a request asks for: first `unassign`, then `assign`, all of it or nothing; neither names one twice."""

    assign: tuple[Assign, ...] = ()
    unassign: tuple[Unassign, ...] = ()

    @property
    def named(self) -> tuple[Assign | Unassign, ...]:
        """Everything that it names."""
        return (*self.unassign, *self.assign)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of what it names."""
        return frozenset(one.kind for one in self.named)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of what it names."""
        return frozenset(one.definition_id for one in self.named)


class Outcome(NamedTuple):
    """What a batch changes, in the order of the request."""

    assigned: tuple[Assignment, ...]
    unassigned: tuple[Assignment, ...]


def decide_batch(
    program: Definition | None,
    present: Mapping[str, Assigned],
    definitions: Mapping[str, Definition],
    batch: Batch,
    now: datetime,
) -> Outcome:
    """Return what a batch changes in a program; None is the one that is being made, a draft.

    `present` are the program's assignments, `definitions` those of the batch that exist, both by id. Raises a refusal
    with `NON_DRAFT_PROGRAM`, `NOT_FOUND`, the kind's `non_active`, `DUPLICATE_KEY`, `IN_USE`,
    `CARD_DEFINITION_NOT_ASSIGNED`, `INVALID_PAYLOAD` or `MISSING_ACTIVE_EARNING_RULE`.
    """
    if program:
        _check_draft_only(program, batch)
    _check_named(batch, present, definitions)
    left = {one.definition_id for one in batch.unassign}
    staying = {id_: one for id_, one in present.items() if id_ not in left}
    entering = [
        Assigned(
            Assignment(one.kind, one.definition_id, one.stock_quantity, 0, now),
            definitions[one.definition_id].status,
            frozenset(),
        )
        for one in batch.assign
    ]
    after = [*staying.values(), *entering]
    _check_conflicts(batch, staying, definitions)
    _check_limits(batch, after, path="assign" if program else None)
    if program and program.status == Status.ACTIVE and EARNING_RULE.kind in batch.kinds:
        _check_active(program, after, EARNING_RULE, Reason.MISSING_ACTIVE_EARNING_RULE)
    return Outcome(
        tuple(one.assignment for one in entering),
        tuple(present[one.definition_id].assignment for one in batch.unassign),
    )


def check_ready(program: Definition | None, assigned: Iterable[Assigned]) -> None:
    """Raise a refusal unless a program has what it needs to be ACTIVE: a card definition and an earning rule that are.

    The reasons are `MISSING_ACTIVE_CARD_DEFINITION` and `MISSING_ACTIVE_EARNING_RULE`, in this order.
    """
    facts = tuple(assigned)
    _check_active(program, facts, CARD_DEFINITION, Reason.MISSING_ACTIVE_CARD_DEFINITION)
    _check_active(program, facts, EARNING_RULE, Reason.MISSING_ACTIVE_EARNING_RULE)


def wallets(definition: Definition) -> frozenset[str]:
    """Return the card definitions of which a program needs at least one for this definition, none if it needs none.

    A rule's are those of its effects (a benefit's own do not count), a reward's those of its costs.
    """
    parts: Iterable[Mapping[str, Any]] = ()
    configuration = definition.configuration
    match definition.kind:
        case EARNING_RULE.kind:
            parts = (
                part for earning in configuration["earnings"] for one in earning["effects"] for part in _parts(one)
            )
        case REWARD.kind:
            parts = (spending for cost in configuration.get("costs", ()) for spending in cost["spending"])
        case TIER_STRUCTURE.kind:
            parts = _parts(configuration)
    return frozenset(part["card_definition_id"] for part in parts if "card_definition_id" in part)


def _parts(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for part in value.values() if isinstance(part, dict)]


def shown(assignment: Assignment) -> dict[str, Any]:
    """Return an assignment as answers and activities show it (contract: Program…Assignment)."""
    kind = assignment.kind
    answer: dict[str, Any] = {
        f"{kind}_id": assignment.definition_id,
        "created_at": timestamp(assignment.created_at),
        "object": ROLES[kind].assignment,
    }
    match kind:
        case CARD_DEFINITION.kind:
            answer["card_type"] = "INDIVIDUAL"
        case REWARD.kind:
            answer["stock"] = shown_stock(assignment.stock_quantity)
            answer["redeemed"] = assignment.redeemed_count
            answer["updated_at"] = shown_instant(assignment.updated_at)
    return answer


def shown_stock(quantity: int | None) -> dict[str, Any]:
    """Return a reward's stock in a program (contract: ProgramRewardAssignmentStock)."""
    return {"type": "UNLIMITED"} if quantity is None else {"type": "LIMITED", "limited": {"quantity": quantity}}


def told(
    program: Mapping[str, Any],
    assignments: Iterable[Assignment],
    past: str,
    definitions: Mapping[str, Definition],
    fresh: Callable[[str], str],
) -> Iterator[Activity]:
    """Yield what the histories of a program and of definitions tell of assignments that were `assigned`, `unassigned`.

    `program` is the program as it is shown, `definitions` holds those of the assignments; `fresh` makes an id of a
    prefix.
    """
    for one in assignments:
        role = ROLES[one.kind]
        facts = {"program": program, role.assignment: shown(one)}
        yield Activity(fresh("laprg"), program["id"], f"vl.program.{one.kind}.{past}", text(facts))
        facts = {one.kind: definitions[one.definition_id].shown(), **facts}
        prefix = role.lifecycle.activity_prefix
        yield Activity(fresh(prefix), one.definition_id, f"vl.{one.kind}.{past}", text(facts))


def _check_draft_only(program: Definition, batch: Batch) -> None:
    for kind, role in ROLES.items():
        if kind in batch.kinds and role.draft_only and program.status != Status.DRAFT:
            words = kind.replace("_", " ")
            raise Refusal(
                Reason.NON_DRAFT_PROGRAM,
                f"Program {program.id} is {program.status}; {words}s are assigned and unassigned while it is DRAFT",
                resource_id=program.id,
                resource_type="program",
            )


def _check_named(batch: Batch, present: Mapping[str, Assigned], definitions: Mapping[str, Definition]) -> None:
    for leaving in batch.unassign:
        if leaving.definition_id not in present:
            raise not_found(ROLES[leaving.kind].assignment, leaving.definition_id)
    for entering in batch.assign:
        if entering.definition_id not in definitions:
            raise not_found(entering.kind, entering.definition_id)
    for entering in batch.assign:
        non_active, status = ROLES[entering.kind].non_active, definitions[entering.definition_id].status
        if non_active and status != Status.ACTIVE:
            raise _refusal(non_active, entering, f"is {status}; it can be assigned while it is ACTIVE")


def _check_conflicts(batch: Batch, staying: Mapping[str, Assigned], definitions: Mapping[str, Definition]) -> None:
    for entering in batch.assign:
        if entering.definition_id in staying:
            raise _refusal(Reason.DUPLICATE_KEY, entering, "is assigned to the program already")
    ids = staying.keys() | {one.definition_id for one in batch.assign}
    for leaving in batch.unassign:
        if leaving.definition_id not in ids:
            _check_unused(leaving, staying)
    for entering in batch.assign:
        needed = wallets(definitions[entering.definition_id])
        if needed and not needed & ids:
            words = f"needs one of {', '.join(sorted(needed))} to be assigned to the program"
            raise _refusal(Reason.CARD_DEFINITION_NOT_ASSIGNED, entering, words, CARD_DEFINITION.kind, sorted(needed))


def _check_unused(leaving: Unassign, staying: Mapping[str, Assigned]) -> None:
    for kind in ROLES:
        of_kind = (one for one in staying.values() if one.assignment.kind == kind)
        users = sorted(one.assignment.definition_id for one in of_kind if leaving.definition_id in one.references)
        if users:
            words = f"is used by {kind.replace('_', ' ')} {', '.join(users)} in the program"
            raise _refusal(Reason.IN_USE, leaving, words, kind, users)


def _check_limits(batch: Batch, after: Iterable[Assigned], path: str | None) -> None:
    kinds = [one.assignment.kind for one in after]
    for kind in {one.kind: None for one in batch.assign}:
        count, largest = kinds.count(kind), ROLES[kind].largest
        if count > largest:
            raise Refusal(
                Reason.INVALID_PAYLOAD,
                f"{path or f'{kind}s'}: the program would have {count}; at most {largest} can be assigned",
            )


def _check_active(
    program: Definition | None, assigned: Iterable[Assigned], lifecycle: Lifecycle, missing: Reason
) -> None:
    if not any(one.assignment.kind == lifecycle.kind and one.status == Status.ACTIVE for one in assigned):
        raise Refusal(
            missing,
            f"An ACTIVE program needs at least one assigned {lifecycle.kind.replace('_', ' ')} that is ACTIVE",
            resource_id=program.id if program else None,
            resource_type="program",
        )


def _refusal(
    reason: Reason,
    one: Assign | Unassign,
    words: str,
    related_type: str | None = None,
    related_ids: Iterable[str] = (),
) -> Refusal:
    return Refusal(
        reason,
        f"{one.kind.replace('_', ' ').capitalize()} {one.definition_id} {words}",
        resource_id=one.definition_id,
        resource_type=one.kind,
        related_ids=tuple(related_ids),
        related_type=related_type,
    )
