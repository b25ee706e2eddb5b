"""The lifecycle that all definitions share, and the table that tells one kind of definition from another (domain 5).

A kind's row says which moves there are, what may still be edited after DRAFT, what stands in the way of a change, and
how each refusal reads. The functions decide one change by the row and the facts; whoever calls them saves the outcome.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from troth.core.definitions import Definition
from troth.core.references import benefit_id
from troth.core.refusals import Reason, Refusal


class Status(StrEnum):
    """Where a definition stands; a deleted one is never found again."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DELETED = "DELETED"


class Verb(StrEnum):
    """What can be asked of a definition's status."""

    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DRAFT = "draft"


class Standing(Protocol):
    """Whatever has a place in a lifecycle."""

    @property
    def id(self) -> str: ...

    @property
    def status(self) -> str: ...


class Holder(NamedTuple):
    """Something that uses a definition: a program that it is assigned to, or a definition that refers to it."""

    kind: str
    id: str
    status: str


Held: TypeAlias = tuple[str, tuple[str, ...]]
"""What holds: the holders' kind and their ids."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The holders that stand in the way of a change: of these kinds, in one of these statuses."""

    kinds: tuple[str, ...]
    statuses: tuple[Status, ...] = (Status.DRAFT, Status.ACTIVE, Status.INACTIVE)

    def among(self, holders: Iterable[Holder]) -> Held | None:
        """Return the first kind that holds, with the sorted ids of its holders; None if nothing holds."""
        found = [holder for holder in holders if holder.status in self.statuses]
        for kind in self.kinds:
            if ids := tuple(sorted(holder.id for holder in found if holder.kind == kind)):
                return kind, ids
        return None


BY_NOTHING: Final = Hold(())
BY_PROGRAMS: Final = Hold(("program",))
BY_RULES: Final = Hold(("earning_rule",))
BY_ACTIVE_RULES: Final = Hold(("earning_rule",), (Status.ACTIVE,))
BY_ANYTHING: Final = Hold(("program", "earning_rule", "tier_structure", "benefit", "reward"))


@dataclass(frozen=True, slots=True)
class Move:
    """A change of status: from any of the sources to the target, unless it is held."""

    sources: tuple[Status, ...]
    target: Status
    activity: str
    unless: Hold = BY_NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """One kind's row of the table.

    `kind`, `id_prefix` and `activity_prefix` are what is stored; `noun` and `shown_prefix` what the API calls it, which
    differs only for the second face of benefits. `editable` are the properties that may change after DRAFT.
    `refused_move` answers a move from the wrong status, `held_move` one that holders forbid, `in_use` a refused
    deletion, `frozen` a refused edit. `shows_deleted` says whether the contract knows the status DELETED of it; if not,
    what is deleted is shown with the status that it had.
    """

    kind: str
    noun: str
    id_prefix: str
    activity_prefix: str
    moves: Mapping[Verb, Move]
    editable: frozenset[str]
    deletion: Hold
    shown_prefix: str = ""
    shows_deleted: bool = True
    refused_move: Reason = Reason.CONFLICTING_MOVE
    held_move: Reason = Reason.CONFLICTING_MOVE
    in_use: Reason = Reason.IN_USE
    frozen: Reason = Reason.INVALID_PAYLOAD

    def named(self, definition_id: str) -> str:
        """Return a stored id as the API shows it."""
        return f"{self.shown_prefix or self.id_prefix}_{definition_id.partition('_')[2]}"

    def stored(self, definition_id: str) -> str:
        """Return the id that is stored for one of a request, of either face."""
        return benefit_id(definition_id) if self.kind == "benefit" else definition_id

    def described(self, definition_id: str) -> str:
        """Return what a sentence calls a definition."""
        return f"{self.noun.replace('_', ' ')} with id {self.named(definition_id)}"


def _moves(*, deactivation: bool, draft: Hold = BY_NOTHING, deactivated: Hold = BY_NOTHING) -> Mapping[Verb, Move]:
    drafted = Move((Status.ACTIVE,), Status.DRAFT, "drafted", draft)
    if not deactivation:
        return {Verb.ACTIVATE: Move((Status.DRAFT,), Status.ACTIVE, "activated"), Verb.DRAFT: drafted}
    return {
        Verb.ACTIVATE: Move((Status.DRAFT, Status.INACTIVE), Status.ACTIVE, "activated"),
        Verb.DEACTIVATE: Move((Status.ACTIVE,), Status.INACTIVE, "deactivated", deactivated),
        Verb.DRAFT: drafted,
    }


CARD_DEFINITION: Final = Lifecycle(
    kind="card_definition",
    noun="card_definition",
    id_prefix="lcdef",
    activity_prefix="lacd",
    moves=_moves(deactivation=False, draft=BY_PROGRAMS),
    editable=frozenset({"name", "metadata", "pay_with_points", "code_config"}),
    deletion=BY_ANYTHING,
    frozen=Reason.RESOURCE_LOCKED,
)
EARNING_RULE: Final = Lifecycle(
    kind="earning_rule",
    noun="earning_rule",
    id_prefix="lern",
    activity_prefix="laer",
    moves=_moves(deactivation=True),
    editable=frozenset(
        {"name", "earnings", "error", "validity_hours", "start_date", "end_date", "trigger_limits", "metadata"}
    ),
    deletion=BY_PROGRAMS,
    shows_deleted=False,
)
TIER_STRUCTURE: Final = Lifecycle(
    kind="tier_structure",
    noun="tier_structure",
    id_prefix="lts",
    activity_prefix="lats",
    moves=_moves(deactivation=True, draft=BY_PROGRAMS, deactivated=BY_PROGRAMS),
    editable=frozenset({"name", "metadata"}),
    deletion=BY_PROGRAMS,
)
REWARD: Final = Lifecycle(
    kind="reward",
    noun="reward",
    id_prefix="lrew",
    activity_prefix="larew",
    moves=_moves(deactivation=True, draft=BY_PROGRAMS),
    editable=frozenset(
        {"name", "metadata", "refunds", "validity_hours", "start_date", "end_date", "costs", "purchase_limits"}
    ),
    deletion=BY_NOTHING,
)
BENEFIT: Final = Lifecycle(
    kind="benefit",
    noun="benefit",
    id_prefix="lben",
    activity_prefix="laben",
    moves=_moves(deactivation=False, draft=BY_ACTIVE_RULES),
    editable=frozenset({"name", "stock"}),
    deletion=BY_RULES,
    refused_move=Reason.INVALID_MOVE,
    held_move=Reason.CONNECTED_ACTIVE_EARNING_RULE,
    in_use=Reason.BENEFIT_IN_USE,
)
INCENTIVE: Final = replace(
    BENEFIT,
    noun="incentive",
    shown_prefix="linc",
    held_move=Reason.LOCKED_BY_EARNING_RULE,
    in_use=Reason.IN_USE,
)
"""The benefit's other face: the same resource, with refusals of its own (domain 1)."""


def decide_move(lifecycle: Lifecycle, present: Standing, verb: Verb, holders: Iterable[Holder]) -> Move:
    """Return the move that `verb` makes.

    Raises a refusal with the kind's `refused_move` from a status that the move does not start from, and with its
    `held_move`, naming the holders, where they forbid it.
    """
    move = lifecycle.moves[verb]
    if present.status not in move.sources:
        allowed = " or ".join(move.sources)
        details = f"Cannot {verb} {lifecycle.described(present.id)}: its status is {present.status}, not {allowed}"
        raise _refusal(lifecycle, present, lifecycle.refused_move, details)
    if held := move.unless.among(holders):
        details = f"Cannot {verb} {lifecycle.described(present.id)} while it is used by {_listed(held)}"
        raise _refusal(lifecycle, present, lifecycle.held_move, details, held)
    return move


def decide_deletion(lifecycle: Lifecycle, present: Definition, holders: Iterable[Holder]) -> None:
    """Raise a refusal with the kind's `in_use`, naming the holders, if they forbid a deletion."""
    if held := lifecycle.deletion.among(holders):
        details = f"Cannot delete {lifecycle.described(present.id)} while it is used by {_listed(held)}"
        raise _refusal(lifecycle, present, lifecycle.in_use, details, held)


def decide_update(lifecycle: Lifecycle, present: Definition, desired: Definition) -> tuple[str, ...]:
    """Return the names of the properties that an update changes; none if every given value is the present one.

    Raises a refusal with the kind's `frozen`, naming each property, if one may not change after DRAFT.
    """
    before, after = properties(present), properties(desired)
    changed = tuple(name for name in {**before, **after} if before.get(name) != after.get(name))
    frozen = [name for name in changed if name not in lifecycle.editable]
    if frozen and present.status != Status.DRAFT:
        allowed = f"cannot change once the status is {present.status}, only {', '.join(sorted(lifecycle.editable))} can"
        details = "; ".join(f"{name}: {allowed}" for name in sorted(frozen))
        raise _refusal(lifecycle, present, lifecycle.frozen, details)
    return changed


def properties(definition: Definition) -> dict[str, Any]:
    """Return what an update of a definition can change, by the names of the API."""
    return {"name": definition.name, "metadata": definition.metadata, **definition.configuration}


def _refusal(
    lifecycle: Lifecycle, present: Standing, reason: Reason, details: str, held: Held | None = None
) -> Refusal:
    refusal = Refusal(reason, details, resource_id=lifecycle.named(present.id), resource_type=lifecycle.noun)
    if held:
        refusal.related_type, refusal.related_ids = held
    return refusal


def _listed(held: Held) -> str:
    kind, ids = held
    return f"{kind.replace('_', ' ')} {', '.join(ids)}"
