"""The web page: ``/`` and its files below ``/console``."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from daybreak.console.assets import (
    CONTENT_SECURITY_POLICY,
    INDEX,
    ConsoleAsset,
    load_assets,
)
from daybreak.server.http.problems import HttpProblem

router = APIRouter(include_in_schema=False)

_METHODS = ["GET", "HEAD"]


@router.api_route("/", methods=_METHODS)
async def index(request: Request) -> Response:
    """Return the page."""
    return _asset_response(request, load_assets()[INDEX])


@router.api_route("/console/{path:path}", methods=_METHODS)
async def asset(request: Request, path: str) -> Response:
    """Return a file of the page."""
    found = load_assets().get(path)
    if found is None:
        raise HttpProblem("no_such_path", f"the page has no file {path[:200]!r}")
    return _asset_response(request, found)


def _asset_response(request: Request, asset: ConsoleAsset) -> Response:
    """Return a file, or status 304 if the browser has it; it asks each time."""
    headers = {
        "ETag": asset.etag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Vary": "Accept-Encoding",
    }
    if asset.matches(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = asset.compressed
    return Response(body, headers=headers, media_type=asset.media_type)
