"""The project as the API reads and shows it."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Name
from troth.http.shapes.members import DateTime


class ProjectUpdateRequest(Configuration):
    """What is to be changed of the project: what is absent or null stays."""

    name: Name | None = None
    time_zone: Annotated[str, Field(max_length=100, description="An IANA name such as `Europe/Warsaw`.")] | None = None


class Project(TypedDict):
    """The project that the credentials are of.

    Calendar rules are meant in its `time_zone`; of a `sandbox` the clock can be moved.
    """

    id: Annotated[str, Field(pattern=r"^proj_[a-f0-9]+$")]
    name: str
    time_zone: str
    sandbox: bool
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["project"]
