"""What is served beside the API, without credentials: its document and documentation, and the monitoring's numbers."""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from troth.core.json import encode
from troth.hub.pages.docs import Documentation, curl, json_tokens, paragraphs
from troth.hub.responses import Content, StaticFiles, refused

FOLDER: Final = Path(__file__).parent
CACHED_PAGES: Final = 512


def pages(document: Callable[[], dict[str, Any]]) -> Starlette:
    """Return the application that serves the pages; `document` makes the OpenAPI document when first asked for."""
    static = StaticFiles(FOLDER / "static")
    docs = _Docs(document, static)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def not_served(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        wants_page = error.status_code == 404 and "text/html" in request.headers.get("accept", "")
        return docs.not_found(request) if wants_page else refused(request, error)

    return Starlette(
        routes=[
            Route("/openapi.json", docs.openapi),
            Route("/docs", docs.index),
            Route("/docs/{operation_id}", docs.operation),
            Route("/static/{name}", static.answer),
            Route("/metrics", metrics),
        ],
        exception_handlers={404: not_served, 405: not_served},
    )


class _Docs:
    """The documentation's pages; plain functions, which Starlette keeps off the event loop."""

    def __init__(self, document: Callable[[], dict[str, Any]], static: StaticFiles) -> None:
        environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals["static"] = static.address
        environment.filters.update(json_tokens=json_tokens, paragraphs=paragraphs)
        self._environment = environment
        self._openapi = cache(lambda: Content(encode(document()), "application/json"))
        self._documentation = cache(lambda: Documentation(document()))
        self._operation = lru_cache(CACHED_PAGES)(self._rendered_operation)

    def openapi(self, request: Request) -> Response:
        return self._openapi().answer(request)

    def index(self, request: Request) -> Response:
        return self._page("index.html", base=str(request.base_url)).answer(request)

    def operation(self, request: Request) -> Response:
        found = self._operation(request.path_params["operation_id"], str(request.base_url))
        if found is None:
            raise HTTPException(404)
        return found.answer(request)

    def not_found(self, request: Request) -> Response:
        return self._page("not_found.html").answer(request, status=404)

    def _rendered_operation(self, operation_id: str, base: str) -> Content | None:
        operation = self._documentation().operation(operation_id)
        if operation is None:
            return None
        return self._page("operation.html", operation=operation, command=curl(operation, base))

    def _page(self, template: str, **values: Any) -> Content:
        html = self._environment.get_template(template).render(docs=self._documentation(), **values)
        return Content(html.encode(), "text/html")
