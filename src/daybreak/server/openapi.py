"""The OpenAPI 3.1 description of the API, and the same as an HTML page without scripts."""

import html
import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from daybreak.server.http.problems import PROBLEM_MEDIA_TYPE
from daybreak.server.schemas.common import ProblemOut

API_DESCRIPTION = """Recommendations for new users, new items and new catalogues.

Ids may be any text; in paths they are percent-encoded, slashes included. Unknown users are
allowed. Every response has a `request_id`; every error is `application/problem+json` with a
`code`.
"""
_PROBLEM_CONTENT = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is invalid.", "content": _PROBLEM_CONTENT},
    "5XX": {"description": "The service cannot answer.", "content": _PROBLEM_CONTENT},
}
"""Error responses of every route."""
_SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
_REFERENCE = "#/components/schemas/"
_GORSE = "Gorse"


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description of every route; it is built once."""
    if app.openapi_schema is None:
        openapi = get_openapi(
            title=app.title,
            version=app.version,
            description=API_DESCRIPTION,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        components = openapi.setdefault("components", {})
        components["securitySchemes"] = _SECURITY_SCHEMES
        components.setdefault("schemas", {})["Problem"] = ProblemOut.model_json_schema()
        app.openapi_schema = _with_gorse_names(openapi)
    return app.openapi_schema


def render_api_page(openapi: dict[str, Any]) -> str:
    """Return the description as an HTML page that loads nothing."""
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


def _with_gorse_names(openapi: dict[str, Any]) -> dict[str, Any]:
    """Return a description in which gorse's schemas have the names that gorse gives them."""
    schemas = openapi["components"]["schemas"]
    renamed = {name.removeprefix(_GORSE): schema for name, schema in sorted(schemas.items())}
    openapi["components"]["schemas"] = renamed
    text = json.dumps(openapi).replace(f'"{_REFERENCE}{_GORSE}', f'"{_REFERENCE}')
    described: dict[str, Any] = json.loads(text)
    return described
