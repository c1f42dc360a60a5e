"""The OpenAPI 3.1 description: keys, errors, and a page without any script."""

import html
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from daybreak.server.http.problems import PROBLEM_MEDIA_TYPE
from daybreak.server.schemas.common import ProblemOut

API_DESCRIPTION = """Recommendations from the first day: for new users, new items, new catalogues.

Ids may be any text; in paths they are percent-encoded, slashes too. Unknown users are normal.
Every answer carries a `request_id`; every error is `application/problem+json` with a `code`.
"""
_PROBLEM_CONTENT = {"schema": {"$ref": "#/components/schemas/Problem"}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "The request is wrong.",
        "content": {PROBLEM_MEDIA_TYPE: _PROBLEM_CONTENT},
    },
    "5XX": {
        "description": "The service cannot answer now.",
        "content": {PROBLEM_MEDIA_TYPE: _PROBLEM_CONTENT},
    },
}
"""What every route may answer instead."""
_SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description of every route; built once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=API_DESCRIPTION,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        parts = found.setdefault("components", {})
        parts["securitySchemes"] = _SECURITY_SCHEMES
        parts.setdefault("schemas", {})["Problem"] = _problem_schema()
        app.openapi_schema = found
    return app.openapi_schema


def render_api_page(openapi: dict[str, Any]) -> str:
    """Return the description as a page that loads nothing from anywhere."""
    rows = "".join(
        _render_operation(method, path, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    )
    title = html.escape(openapi["info"]["title"])
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        "<style>body{font:15px system-ui;margin:2rem;max-width:70rem}"
        "td{padding:.3rem .8rem;border-top:1px solid #ccc;vertical-align:top}</style>"
        f"<h1>{title}</h1><p>Machine-readable: <a href='openapi.json'>openapi.json</a>"
        f" (OpenAPI {html.escape(openapi['openapi'])})</p><table>{rows}</table></html>"
    )


def _render_operation(method: str, path: str, operation: dict[str, Any]) -> str:
    cells = (
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        f"key: {operation['x-role']}" if "x-role" in operation else "no key",
    )
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _problem_schema() -> dict[str, Any]:
    return ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
