"""What all routes share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from daybreak.server.auth.access import AccessControl
from daybreak.server.auth.keys import ApiKeyStore
from daybreak.server.http.bodies import BodyLimits
from daybreak.server.ops.metrics import ServerMetrics
from daybreak.server.options import ServerOptions

if TYPE_CHECKING:
    from daybreak.service.serving import RecommenderService


@dataclass
class ServerState:
    """One server."""

    service: "RecommenderService"
    options: ServerOptions
    access: AccessControl
    body_limits: BodyLimits
    metrics: ServerMetrics
    keys: ApiKeyStore
    shutting_down: bool = False
    """Whether it has been told to stop."""


def state_of(request: HTTPConnection) -> ServerState:
    """Return the server that a request came to."""
    return cast("ServerState", request.app.state.daybreak)
