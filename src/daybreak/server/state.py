"""The state that all routes share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from starlette.requests import HTTPConnection

from daybreak.server.access import AccessControl
from daybreak.server.connections import ConnectionLimit
from daybreak.server.http.bodies import BodyLimits
from daybreak.server.ops.batches import CallBatcher
from daybreak.server.ops.metrics import ServerMetrics
from daybreak.server.ops.pools import WorkerPools
from daybreak.server.options import ServerOptions
from daybreak.server.probe import StatusProbe
from daybreak.service.api_keys import ApiKeyStore

if TYPE_CHECKING:
    from daybreak.server.links.worker_links import WorkerLinks
    from daybreak.service.serving import IngestResult, RecommenderService


@dataclass
class ServerState:
    """Service, options and limits of one server."""

    service: "RecommenderService"
    options: ServerOptions
    access: AccessControl
    body_limits: BodyLimits
    metrics: ServerMetrics
    pools: WorkerPools
    probe: StatusProbe
    keys: ApiKeyStore
    connections: ConnectionLimit
    events: CallBatcher[Sequence[Any], "IngestResult"]
    """Adds the events of concurrent requests together."""
    links: "WorkerLinks | None" = None
    """Links to the other workers of the server; None: this process is the server."""
    shutting_down: bool = False
    """Whether the server is being stopped."""


def state_of(request: HTTPConnection) -> ServerState:
    """Return the state of the server that received a request."""
    return cast("ServerState", request.app.state.daybreak)
