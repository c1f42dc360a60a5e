"""The command ``serve``: a store over HTTP."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines
from daybreak.memory import paused_collections

if TYPE_CHECKING:
    from collections.abc import Callable

    from daybreak.config import Settings
    from daybreak.server.options import ServerOptions
    from daybreak.server.process import RunningServer
    from daybreak.service.serving import ServiceOptions

HostOption = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all interfaces.")]
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any free port.")]
KeysOption = Annotated[
    str,
    typer.Option(
        "--keys",
        metavar="MODE",
        help="Whether API keys are required: on, off or auto (if other machines have access).",
    ),
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Further host name that a server without API keys accepts; repeatable.",
    ),
]
AllowOriginOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ORIGIN",
        help="Origin whose pages may use the server (CORS), as in https://shop.example; "
        "*: all, with API keys only; repeatable.",
    ),
]
BodyMbOption = Annotated[
    float,
    typer.Option(metavar="MB", help="Maximum size of a JSON body, also after decompression."),
]
UploadMbOption = Annotated[
    float,
    typer.Option(
        metavar="MB", help="Maximum size of an uploaded file, also after decompression."
    ),
]
BatchOption = Annotated[int, typer.Option(min=1, help="Maximum number of rows in one body.")]
LongestOption = Annotated[
    int, typer.Option(min=1, max=10_000, help="Maximum number of items in a list.")
]
RateOption = Annotated[
    float,
    typer.Option(
        help="Maximum mean rate per key, or per address without keys [requests/s]; 0: no limit."
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="Time limit of a request; of imports, dumps and restores: ten times as long.",
    ),
]
StoreWaitOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="Maximum wait of a request for a store that is locked or away; then: status 503.",
    ),
]
ConcurrencyOption = Annotated[
    int, typer.Option(min=1, help="Maximum number of concurrent requests.")
]
ConnectionsOption = Annotated[
    int,
    typer.Option(
        min=1, help="Maximum number of connections; idle ones are closed for new ones."
    ),
]
GraceOption = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Maximum wait for running requests at shutdown."),
]
RetrainOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="Retraining policy: auto, or conditions as in every=12h,events=0.2,drift=0.25.",
    ),
]
TrainBudgetOption = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="Time limit of each training; enables the slow strategies."
    ),
]
ExploreOption = Annotated[
    bool,
    typer.Option("--explore", help="Explore new items in requests that do not set `explore`."),
]
ExposureOption = Annotated[
    int, typer.Option(min=1, help="Number of impressions that exploration gives each new item.")
]
ExposureDaysOption = Annotated[
    float,
    typer.Option(
        metavar="DAYS", help="Age up to which an item is new and gets these impressions."
    ),
]
RetentionOption = Annotated[
    float | None,
    typer.Option(
        "--retention",
        metavar="DAYS",
        help="Age at which events and logged recommendations are deleted. Default: never.",
    ),
]
PseudonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--pseudonyms",
        metavar="FILE",
        help="File with the key for pseudonyms. Default: DAYBREAK_PSEUDONYM_KEY, or none.",
    ),
]
WorkersOption = Annotated[
    int,
    typer.Option(min=1, help="Number of processes that answer requests; they share the store."),
]
LogLevelOption = Annotated[
    str,
    typer.Option(
        metavar="LEVEL", help="Lowest level that is logged: debug, info, warning or error."
    ),
]


def serve(
    store: options.StoreOption = None,
    encoder: options.EncoderOption = None,
    seed: options.SeedOption = None,
    *,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    keys: KeysOption = "auto",
    allow_host: AllowHostOption = None,
    allow_origin: AllowOriginOption = None,
    retrain: RetrainOption = None,
    train_budget: TrainBudgetOption = None,
    popularity: options.PopularityOption = None,
    unknown_items: options.UnknownItemsOption = None,
    explore: ExploreOption = False,
    exposure: ExposureOption = 100,
    exposure_days: ExposureDaysOption = 7.0,
    retention: RetentionOption = None,
    pseudonyms: PseudonymsOption = None,
    body_mb: BodyMbOption = 16.0,
    upload_mb: UploadMbOption = 512.0,
    batch: BatchOption = 10_000,
    longest: LongestOption = 1_000,
    rate: RateOption = 1_000.0,
    timeout: TimeoutOption = 30.0,
    store_wait: StoreWaitOption = 10.0,
    concurrency: ConcurrencyOption = 512,
    connections: ConnectionsOption = 4_096,
    grace: GraceOption = 30.0,
    workers: WorkersOption = 1,
    log_level: LogLevelOption = "info",
    json: options.JsonOption = False,
) -> None:
    """Serve recommendations over HTTP and accept events, items and users."""
    server_options = _server_options(
        host=host,
        port=port,
        keys=keys,
        hosts=tuple(allow_host or ()),
        origins=tuple(allow_origin or ()),
        body_mb=body_mb,
        upload_mb=upload_mb,
        batch=batch,
        longest=longest,
        rate=rate,
        timeout_s=timeout,
        store_wait_s=store_wait,
        concurrency=concurrency,
        connections=connections,
        grace_s=grace,
        workers=workers,
    )
    settings = options.load_settings(
        store=store, encoder=encoder, seed=seed, unknown_items=unknown_items
    )
    exploration = (explore, exposure, exposure_days)
    service_options = _service_options(
        retrain, train_budget, exploration, retention, pseudonyms, popularity
    )
    announce = partial(_announce, as_json=json)
    _run_server(settings, server_options, service_options, announce, log_level)


def serve_in_browser(settings: "Settings", port: int, place: str, *, as_json: bool) -> None:
    """Serve a store on this machine and open a page of it in the browser.

    Args:
        settings: Store and text model.
        port: Port; 0: any free one.
        place: Page that is opened, such as ``try``.
        as_json: Whether to print the address as JSON.
    """

    def announce(started: "RunningServer") -> None:
        _announce(started, as_json=as_json)
        _open_browser(f"{started.url}/#/{place}")

    server_options = _server_options(port=port, keys="off")
    service_options = _service_options(None, None, (False, 100, 7.0), None, None, None)
    _run_server(settings, server_options, service_options, announce, "warning")


def _open_browser(url: str) -> None:
    """Open the browser of this machine, if it has one; a thread waits for it."""
    import webbrowser
    from threading import Thread

    Thread(target=webbrowser.open, args=[url], daemon=True).start()


def _run_server(
    settings: "Settings",
    server_options: "ServerOptions",
    service_options: "ServiceOptions",
    announce: "Callable[[RunningServer], None]",
    log_level: str,
) -> None:
    with paused_collections():  # modules are many objects that stay
        from daybreak.server.ops.logs import log_as_json
        from daybreak.server.process import serve as run_server
        from daybreak.server.workers.parent import serve_workers

    with log_as_json(level=log_level):
        if server_options.workers > 1:
            serve_workers(settings, server_options, service_options, announce, log_level)
        else:
            run_server(settings, server_options, service_options, announce)


@paused_collections()
def _server_options(**chosen: Any) -> "ServerOptions":
    from daybreak.server.options import ServerOptions

    return ServerOptions(**chosen)


@paused_collections()
def _service_options(
    retrain: str | None,
    train_budget: float | None,
    exploration: tuple[bool, int, float],
    retention: float | None,
    pseudonyms: Path | None,
    popularity: float | None,
) -> "ServiceOptions":
    from daybreak.service.privacy import Pseudonyms, Retention
    from daybreak.service.release_training import TrainOptions
    from daybreak.service.serving import ExposureBudget, ServiceOptions
    from daybreak.service.training.fit import TrainingBudget
    from daybreak.service.training.retraining import RetrainPolicy

    explore, impressions, days = exploration
    key = Pseudonyms.from_environment()
    return ServiceOptions(
        pseudonyms=key if pseudonyms is None else Pseudonyms.from_file(pseudonyms),
        retention=None if retention is None else Retention(retention),
        retrain=None if retrain is None else RetrainPolicy.parse(retrain),
        training=TrainOptions(budget=TrainingBudget(train_budget)),
        explore=explore,
        exposure=ExposureBudget(impressions, days),
        popularity=popularity,
    )


def _announce(started: "RunningServer", *, as_json: bool) -> None:
    """Print the URL of the service."""
    import sys

    if as_json:
        show_json(vars(started))
    else:
        show_lines(_startup_lines(started))
    sys.stdout.flush()


def _startup_lines(started: "RunningServer") -> list[str]:
    answers = f"release {started.release}" if started.release else "popular and new items"
    lines = [
        f"Daybreak serves {answers} at {started.url}; open this address in a browser; "
        f"documentation of the API: {started.url}/docs"
    ]
    if started.first_key:
        lines.append(f"admin key, printed only once: {started.first_key}")
    elif started.keys:
        lines.append("requests need an API key; create one with: daybreak keys create")
    return [*lines, *(f"note: {note}" for note in started.notes)]
