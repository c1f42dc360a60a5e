"""From settings to a running server: store, service, keys, application, socket."""

from collections.abc import Callable
from dataclasses import dataclass

from daybreak.config import Settings
from daybreak.server.app import create_app
from daybreak.server.heap import compact_heap
from daybreak.server.keys import Keys
from daybreak.server.options import ServerOptions
from daybreak.server.promptness import prompt
from daybreak.server.running import listen, run, url_of
from daybreak.service.live import Live, LiveOptions


@dataclass(frozen=True)
class Started:
    """What whoever started a server should know."""

    url: str
    keys: bool
    """Whether requests need a key."""
    first_key: str | None
    """The admin key of a store that had none; it is shown this once."""
    release: str
    """Which answers; empty: nothing has been trained yet."""
    notes: tuple[str, ...]


def serve(
    settings: Settings,
    options: ServerOptions,
    duties: LiveOptions,
    tell: Callable[[Started], None],
) -> None:
    """Serve a shop until the process is told to stop.

    Args:
        settings: Which store, which text model.
        options: Of the server.
        duties: What the service does besides answering.
        tell: Called once, before the first request is answered.

    Raises:
        ConfigError: The address cannot be used.
        StoreError: The store cannot be used.
    """
    compact_heap()  # before the threads and matrices of the service are made
    with listen(options) as listening, Live(settings, options=duties) as live:
        first = first_key(Keys(live.journal)) if options.needs_keys else None
        status = live.status()
        tell(
            Started(
                url_of(listening),
                options.needs_keys,
                first,
                str(status.get("release") or ""),
                tuple(status.get("notes", ())),
            )
        )
        app = create_app(live, options)
        with prompt():
            run(app, options, listening)


def first_key(keys: Keys) -> str | None:
    """Return a new admin key where there is none yet."""
    if any(key.role == "admin" for key in keys.all()):
        return None
    return keys.create("admin", "first")[1]
