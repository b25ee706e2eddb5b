"""What the answers about all definitions share: stored sections and activities (domain 5)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from troth.core.configuration import Configuration

DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Stored:
    """Documents plain data as a configuration type's stored form: `Annotated[dict[str, Any], Stored(CodeConfig)]`.

    Answers hold what `stored()` gave, so nothing is built or validated on the way out.
    """

    def __init__(self, kind: type[Configuration]) -> None:
        self._kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self._kind)


class ActivityUser(TypedDict):
    """The person who changed the resource in the Hub."""

    id: NotRequired[str]


class ActivityApiKey(TypedDict):
    """The key that the change was requested with."""

    name: NotRequired[str]
    app_id: NotRequired[str]
    client_app_id: NotRequired[str]


class ActivitySource(TypedDict):
    """Where a change came from."""

    channel: Literal["USER_PORTAL", "API", "CLIENT_API", "INTERNAL"]
    user: NotRequired[ActivityUser]
    api_key: NotRequired[ActivityApiKey]


class Activity(TypedDict):
    """One entry of a resource's history; each kind of resource adds its own id, type and data."""

    id: str
    created_at: DateTime
    group_id: NotRequired[str]
    source: NotRequired[ActivitySource]
