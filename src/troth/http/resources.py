"""What the routes of all definitions do alike: each hands its request to the resource it is about (domain 5)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import ValidationError

from troth.actions import definitions
from troth.actions.definitions import Noun
from troth.core.activities import StoredActivity
from troth.core.configuration import timestamp
from troth.core.definitions import Definition
from troth.core.lifecycle import Verb
from troth.core.lists import Field, ListDeclaration, choices, instants, texts
from troth.core.payloads import invalid
from troth.core.refusals import Reason
from troth.http.editing import expected_tags, tag
from troth.http.lists import answer_list
from troth.http.paging import ListAnswer
from troth.http.routing import Call

T = TypeVar("T")
Answer = TypeVar("Answer")
Entry = TypeVar("Entry")
Shown = dict[str, Any]

LISTING: Final = (Reason.INVALID_QUERY, Reason.INVALID_CURSOR)
"""How a list is refused."""

ACTIVE_MEMBER: Final = (Reason.NON_ACTIVE_PROGRAM, Reason.OUTSIDE_VALIDITY_WINDOW, Reason.NON_ACTIVE_MEMBER)
"""How whatever moves a member's points by hand is refused for what the program and the member are."""

SPENDING: Final = (Reason.INSUFFICIENT_BALANCE, Reason.GLOBAL_SPENDING_LIMIT, Reason.TRANSACTION_SPENDING_LIMIT)
"""How spending is refused for what it costs."""


def _as_stored(shown: Shown) -> Shown:
    return shown


def definition_list(
    cursor_prefix: str,
    id_field: Field,
    *,
    orders: Sequence[str],
    statuses: Sequence[str],
    more: Mapping[str, Field] | None = None,
) -> ListDeclaration:
    """Declare the list of one kind of definition; `more` are its fields besides those that every kind has."""
    fields = {"id": id_field, "name": texts(), **(more or {}), "status": choices(statuses), "created_at": instants()}
    return ListDeclaration(fields=fields, orders=tuple(orders), cursor_prefix=cursor_prefix)


def history_list(
    cursor_prefix: str,
    id_field: Field,
    *,
    noun: str,
    pasts: Sequence[str],
    stored_noun: str = "",
) -> ListDeclaration:
    """Declare the history of one kind of definition: what can have been done to it is in `pasts`."""
    types = choices(
        (f"vl.{noun}.{past}" for past in pasts),
        stored=lambda type_: type_.replace(f"vl.{noun}.", f"vl.{stored_noun or noun}."),
    )
    return ListDeclaration(
        fields={"id": id_field, "type": types, "created_at": instants()}, cursor_prefix=cursor_prefix
    )


class Resource(Generic[Answer, Entry]):
    """One kind of definition as the API offers it: its answers are `Answer`, the entries of its history `Entry`.

    Where a kind has another face, `face` turns the stored form of an answer into the one that is shown, and
    `activity_prefix` is that of its activities' ids.
    """

    def __init__(
        self,
        noun: Noun[Any],
        *,
        listed: ListDeclaration,
        history: ListDeclaration,
        face: Callable[[Shown], Shown] = _as_stored,
        activity_prefix: str = "",
    ) -> None:
        self.noun = noun
        self._listed = listed
        self._history = history
        self._face = face
        self._activity_prefix = activity_prefix or noun.lifecycle.activity_prefix

    async def create(self, call: Call, body: Any) -> Answer:
        """Create a definition."""
        return self._shown(await fitting(definitions.create(call.engine, call.caller, self.noun, body)))

    async def get(self, call: Call, definition_id: str) -> Answer:
        """Show a definition and its tag."""
        found = await definitions.get(call.engine, call.caller.project_id, self.noun, definition_id)
        tag(call, found)
        return self._shown(found)

    async def update(self, call: Call, definition_id: str, body: Any) -> Answer:
        """Change a definition, in the state that the request expects if it expects one."""
        tags = expected_tags(call)
        changed = definitions.update(call.engine, call.caller, self.noun, definition_id, body, if_match=tags)
        return self._shown(await fitting(changed))

    async def move(self, call: Call, definition_id: str, verb: Verb) -> Answer:
        """Change a definition's status."""
        return self._shown(await definitions.move(call.engine, call.caller, self.noun, definition_id, verb))

    async def delete(self, call: Call, definition_id: str) -> Answer:
        """Delete a definition and show it for the last time."""
        return self._shown(await definitions.delete(call.engine, call.caller, self.noun, definition_id))

    async def list(self, call: Call) -> ListAnswer[Answer]:
        """Show a page of the definitions."""
        return await answer_list(
            call,
            self._listed,
            lambda query: definitions.list_page(call.engine, call.caller.project_id, self.noun, self._listed, query),
            self._shown,
        )

    async def history(self, call: Call, definition_id: str) -> ListAnswer[Entry]:
        """Show a page of a definition's history."""
        return await answer_list(
            call,
            self._history,
            lambda query: definitions.activity_page(
                call.engine,
                call.caller.project_id,
                self.noun,
                definition_id,
                declaration=self._history,
                query=query,
            ),
            self._entry,
            self.noun.lifecycle.stored(definition_id),
        )

    def _shown(self, definition: Definition) -> Answer:
        return cast("Answer", self._face(definition.shown()))

    def _entry(self, activity: StoredActivity) -> Entry:
        lifecycle = self.noun.lifecycle
        data = dict(activity.data)
        data[lifecycle.noun] = self._face(data.pop(lifecycle.kind))
        entry = {
            "id": activity.id.replace(lifecycle.activity_prefix, self._activity_prefix, 1),
            f"{lifecycle.noun}_id": lifecycle.named(activity.subject_id),
            "type": activity.type.replace(lifecycle.kind, lifecycle.noun, 1),
            "data": data,
            "created_at": timestamp(activity.created_at),
            "group_id": activity.group_id,
            "source": activity.source,
        }
        return cast("Entry", entry)


async def fitting(change: Awaitable[T]) -> T:
    """Refuse a change whose sections do not fit together, as a body is refused whose own parts do not."""
    try:
        return await change
    except ValidationError as error:
        raise invalid(error) from None
