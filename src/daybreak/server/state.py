"""What all routes share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from daybreak.server.access import Gate
from daybreak.server.bodies import Body
from daybreak.server.keys import Keys
from daybreak.server.metrics import Metrics
from daybreak.server.options import ServerOptions

if TYPE_CHECKING:
    from daybreak.service.live import Live


@dataclass
class State:
    """One server."""

    live: "Live"
    options: ServerOptions
    gate: Gate
    body: Body
    metrics: Metrics
    keys: Keys
    leaving: bool = False
    """Whether it has been told to stop."""


def state_of(request: HTTPConnection) -> State:
    """Return the server that a request came to."""
    return cast("State", request.app.state.daybreak)
