"""What the Hub answers with: pages and files that a browser may keep, and refusals in the API's shape."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from troth.core.json import encode
from troth.core.refusals import Reason

SECURITY: Final = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
ASK_AGAIN: Final = "no-cache"
KEEP: Final = "public, max-age=31536000, immutable"
_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Content:
    """A body with its media type."""

    body: bytes
    media_type: str

    @cached_property
    def version(self) -> str:
        """What names exactly this body: 16 hexadecimal digits."""
        return sha256(self.body).hexdigest()[:16]

    def answer(self, request: Request, *, status: int = 200, keep: str = ASK_AGAIN) -> Response:
        """Return the content, or 304 Not Modified for a client that has it."""
        headers = {"etag": f'"{self.version}"', "cache-control": keep, **SECURITY}
        known = (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
        if status == 200 and headers["etag"] in known:
            return Response(status_code=304, headers=headers)
        return Response(self.body, status, headers, self.media_type)


class StaticFiles:
    """The files of a folder, held in memory. Their addresses name their version, so that a browser may keep them."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.name: Content(path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in sorted(folder.iterdir())
        }

    def address(self, name: str) -> str:
        """Return the address of a file for use in a page. Raises KeyError for a file that is not there."""
        return f"/static/{name}?v={self._files[name].version}"

    def answer(self, request: Request) -> Response:
        """Return the file that the path's `name` asks for, or raise HTTPException 404."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return found.answer(request, keep=KEEP if request.query_params.get("v") == found.version else ASK_AGAIN)


def refused(request: Request, error: HTTPException) -> Response:
    """Return a refusal of the web framework as the API shows one (domain 4)."""
    reason = Reason.METHOD_NOT_ALLOWED if error.status_code == 405 else Reason.NOT_FOUND
    details = f"{request.method} {request.url.path[:200]} is not served"
    shape = {**reason.value._asdict(), "details": details}
    return Response(encode(shape), reason.value.code, error.headers, "application/json")
