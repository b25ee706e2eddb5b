"""The OpenAPI document, made by FastAPI from the declared operations once somebody asks for it."""

import re
from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from inspect import getdoc, signature
from typing import Any, Final, get_args, get_origin

from fastapi import APIRouter, FastAPI
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, Response

from troth import __version__
from troth.core.idempotency_keys import PATTERN
from troth.core.refusals import Reason
from troth.http.problems import ErrorResponse
from troth.http.routing import JSON, JSON_LINES, Lines, Operation, Routes

FORM: Final = "x-form"
"""Marks an operation of the document whose body is a form; the document is made without the mark."""

ALWAYS: Final = (
    Reason.UNAUTHORIZED,
    Reason.FORBIDDEN,
    Reason.NOT_ACCEPTABLE,
    Reason.TOO_MANY_REQUESTS,
    Reason.INTERNAL_ERROR,
    Reason.OVERLOADED,
)
WITH_BODY: Final = (Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE, Reason.UNSUPPORTED_MEDIA_TYPE)
WITH_KEY: Final = (Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE, Reason.IDEMPOTENCY_KEY_REUSED)

_SOURCE: Final = re.compile(r"\s*\((?:domain|decision) [^)]*\)")
_SECURITY_SCHEMES: Final = {
    "X-App-Id": {"type": "apiKey", "name": "X-App-Id", "in": "header"},
    "X-App-Token": {"type": "apiKey", "name": "X-App-Token", "in": "header"},
    "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
_PROBLEM: Final = {JSON: {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
"""The body of every refusal: by its name, since a model given to each would be worked out a thousand times."""
_UPLOAD: Final = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": PATTERN},
    "description": "Makes the request safe to repeat: for 24 hours the same key with the same body gets the first"
    " answer again, marked by `Idempotent-Replayed: true`. A request that is refused or changes nothing leaves its key"
    " free.",
}


def document_of(all_routes: Sequence[Routes]) -> dict[str, Any]:
    """Return the OpenAPI document of an API with these routes, in their order."""
    declared = FastAPI(
        title="Troth",
        version=__version__,
        summary="An open-source loyalty engine whose every point is provable.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url=None,
    )
    for routes in all_routes:
        for operation in routes.operations:
            _declare(declared.router, routes.tag, operation)
    made = declared.openapi()
    made["components"]["securitySchemes"] = _SECURITY_SCHEMES
    made["security"] = [{"X-App-Id": [], "X-App-Token": []}, {"bearerAuth": []}]
    public = {(one.path, one.method.lower()) for routes in all_routes for one in routes.operations if one.public}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            # FastAPI's own answer to an invalid request; the door answers 400 instead.
            operation["responses"].pop("422", None)
            if (path, method) in public:
                operation["security"] = []
            if operation.pop(FORM, False):
                content = operation["requestBody"]["content"]
                content["application/x-www-form-urlencoded"] = content.pop("application/json")
                operation["security"] = [{"X-App-Id": [], "X-App-Token": []}]
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    made["components"]["schemas"] = dict(sorted({**schemas, "ErrorResponse": _schema_of(ErrorResponse)}.items()))
    _drop_sources(made)
    return made


def _declare(router: APIRouter, tag: str, operation: Operation) -> None:
    endpoint, described = operation.endpoint, operation.described
    answer = signature(endpoint).return_annotation
    is_lines = get_origin(answer) is Lines
    summary, _, description = (getdoc(endpoint) or described.operation_id).partition("\n")
    responses = _refusals(operation)
    if is_lines:
        schema = _schema_of(*get_args(answer))
        responses[operation.status] = {"content": {JSON_LINES: {"schema": schema}}}
    for other, model in {**dict.fromkeys(described.statuses, answer), **described.others}.items():
        responses[other] = {"model": model, "description": HTTPStatus(other).phrase}
    router.add_api_route(
        operation.path,
        endpoint,
        methods=[operation.method],
        tags=[tag],
        status_code=operation.status,
        response_model=None if is_lines else answer,
        response_class=Response if is_lines else JSONResponse,
        response_description=HTTPStatus(operation.status).phrase,
        responses=responses,
        operation_id=described.operation_id,
        summary=summary.rstrip("."),
        description=description.strip(),
        openapi_extra=_beside_the_signature(operation),
    )


def _beside_the_signature(operation: Operation) -> dict[str, Any]:
    """Return what the document has of an operation that its endpoint's signature does not say."""
    parameters = [*operation.described.query, *((_IDEMPOTENCY_KEY,) if operation.keyed else ())]
    extra: dict[str, Any] = {"parameters": parameters} if parameters else {}
    if operation.form:
        extra[FORM] = True
    if operation.upload:
        extra["requestBody"] = {"content": {"multipart/form-data": {"schema": _UPLOAD}}, "required": True}
    return extra


def _schema_of(model: Any) -> dict[str, Any]:
    return TypeAdapter(model).json_schema()


def _refusals(operation: Operation) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation that is refused, a status each with the keys that it may have."""
    reasons = [
        *operation.described.reasons,
        *(WITH_BODY if operation.validate or operation.upload else ()),
        *(WITH_KEY if operation.keyed else ()),
        *(() if operation.public else ALWAYS),
        *((Reason.NOT_FOUND,) if "{" in operation.path else ()),
    ]
    keys: dict[int, list[str]] = defaultdict(list)
    for reason in reasons:
        if reason.value.key not in keys[reason.value.code]:
            keys[reason.value.code].append(reason.value.key)
    for code in operation.described.reserved:
        keys.setdefault(code, [])
    return {
        code: {"description": ", ".join(f"`{key}`" for key in names) or "Reserved", "content": _PROBLEM}
        for code, names in sorted(keys.items())
    }


def _drop_sources(node: Any) -> None:
    """Take the sources of rules, which docstrings name for those who read the code, out of all descriptions."""
    if isinstance(node, list):
        for inner in node:
            _drop_sources(inner)
    elif isinstance(node, dict):
        if isinstance(words := node.get("description"), str):
            node["description"] = _SOURCE.sub("", words)
        for inner in node.values():
            _drop_sources(inner)
