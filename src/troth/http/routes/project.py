"""The project that a caller's credentials are of."""

from typing import cast

from troth.actions import access, projects
from troth.core.projects import shown
from troth.http.routing import Call, Routes
from troth.http.shapes.project import Project, ProjectUpdateRequest

# No scope but `api`, which is all of them.
routes = Routes(tag="Project", scope="project")


@routes.get("/v1/project", operation_id="getProject")
async def get_project(call: Call) -> Project:
    """Get project."""
    return cast("Project", shown(await access.get_project(call.engine, call.caller.project_id)))


@routes.put("/v1/project", operation_id="updateProject")
async def update_project(call: Call, body: ProjectUpdateRequest) -> Project:
    """Update project.

    Its time zone can be changed as long as the project has no members.
    """
    changed = await projects.update_project(
        call.engine, call.caller.project_id, name=body.name, time_zone=body.time_zone
    )
    return cast("Project", shown(changed))
