"""The OpenAPI 3.1 description: keys, errors, and a page without any script."""

import html
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from daybreak.server.problems import MEDIA_TYPE
from daybreak.server.schemas.basics import Problem

DESCRIPTION = """Recommendations from the first day: for new users, new items, new catalogues.

Ids may be any text; in paths they are percent-encoded, slashes too. Unknown users are normal.
Every answer carries a `request_id`; every error is `application/problem+json` with a `code`.
"""
_PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is wrong.", "content": {MEDIA_TYPE: _PROBLEM}},
    "5XX": {"description": "The service cannot answer now.", "content": {MEDIA_TYPE: _PROBLEM}},
}
"""What every route may answer instead."""
_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of every route; built once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=DESCRIPTION,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        parts = found.setdefault("components", {})
        parts["securitySchemes"] = _SCHEMES
        parts.setdefault("schemas", {})["Problem"] = _problem_schema()
        app.openapi_schema = found
    return app.openapi_schema


def page(found: dict[str, Any]) -> str:
    """Return the description as a page that loads nothing from anywhere."""
    rows = "".join(
        _row(method, path, operation)
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    )
    title = html.escape(found["info"]["title"])
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        "<style>body{font:15px system-ui;margin:2rem;max-width:70rem}"
        "td{padding:.3rem .8rem;border-top:1px solid #ccc;vertical-align:top}</style>"
        f"<h1>{title}</h1><p>Machine-readable: <a href='openapi.json'>openapi.json</a>"
        f" (OpenAPI {html.escape(found['openapi'])})</p><table>{rows}</table></html>"
    )


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    cells = (
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        f"key: {operation['x-role']}" if "x-role" in operation else "no key",
    )
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _problem_schema() -> dict[str, Any]:
    return Problem.model_json_schema(ref_template="#/components/schemas/{model}")
