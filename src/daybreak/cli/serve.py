"""The command ``serve``: a store over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines

if TYPE_CHECKING:
    from daybreak.server.options import ServerOptions
    from daybreak.server.process import RunningServer
    from daybreak.service.serving import ServiceOptions

HostOption = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all interfaces.")]
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any free port.")]
KeysOption = Annotated[
    str,
    typer.Option("--keys", metavar="WHEN", help="When to require API keys: auto, on or off."),
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="Allowed Host header when no keys are required; repeatable."
    ),
]
BodyMbOption = Annotated[float, typer.Option(metavar="MB", help="Maximum size of a JSON body.")]
UploadMbOption = Annotated[
    float, typer.Option(metavar="MB", help="Maximum size of an uploaded file.")
]
BatchOption = Annotated[int, typer.Option(min=1, help="Maximum number of rows in one body.")]
LongestOption = Annotated[
    int, typer.Option(min=1, max=10_000, help="Maximum length of a list.")
]
RateOption = Annotated[
    float, typer.Option(help="Rate limit per key [requests/s]; 0: no limit.")
]
TimeoutOption = Annotated[
    float, typer.Option(metavar="SECONDS", help="Maximum duration of a request.")
]
ConcurrencyOption = Annotated[
    int, typer.Option(min=1, help="Maximum number of concurrent requests.")
]
GraceOption = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Maximum wait for running requests at shutdown."),
]
RetrainOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="Retrain automatically: auto, or conditions like every=12h,events=0.2,drift=0.25.",
    ),
]
TrainBudgetOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="With --retrain: time limit of a training."),
]
ExploreOption = Annotated[bool, typer.Option("--explore", help="Explore new items by default.")]
ExposureOption = Annotated[
    int, typer.Option(min=1, help="Impressions that exploration gives each new item.")
]
ExposureDaysOption = Annotated[
    float,
    typer.Option(metavar="DAYS", help="Period within which a new item gets its impressions."),
]
RetentionOption = Annotated[
    float | None,
    typer.Option(
        "--retention",
        metavar="DAYS",
        help="Delete events and logged answers after this period.",
    ),
]
PseudonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--pseudonyms", metavar="FILE", help="File with the key that pseudonymizes user ids."
    ),
]
LogLevelOption = Annotated[
    str, typer.Option(metavar="LEVEL", help="Log level: debug, info, warning or error.")
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
    retrain: RetrainOption = None,
    train_budget: TrainBudgetOption = None,
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
    concurrency: ConcurrencyOption = 512,
    grace: GraceOption = 30.0,
    log_level: LogLevelOption = "info",
    json: options.JsonOption = False,
) -> None:
    """Serve recommendations over HTTP and accept events, items and users."""
    from daybreak.server.ops.logs import log_as_json
    from daybreak.server.process import serve as run_server

    server_options = _server_options(
        host=host,
        port=port,
        keys=keys,
        hosts=tuple(allow_host or ()),
        body_mb=body_mb,
        upload_mb=upload_mb,
        batch=batch,
        longest=longest,
        rate=rate,
        timeout_s=timeout,
        concurrency=concurrency,
        grace_s=grace,
    )
    settings = options.load_settings(store=store, encoder=encoder, seed=seed)
    service_options = _service_options(
        retrain, train_budget, (explore, exposure, exposure_days), retention, pseudonyms
    )
    with log_as_json(level=log_level):
        run_server(
            settings,
            server_options,
            service_options,
            lambda started: _announce(started, as_json=json),
        )


def _server_options(**chosen: Any) -> "ServerOptions":
    from daybreak.server.options import ServerOptions

    return ServerOptions(**chosen)


def _service_options(
    retrain: str | None,
    train_budget: float | None,
    exploration: tuple[bool, int, float],
    retention: float | None,
    pseudonyms: Path | None,
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
    lines = [f"Daybreak serves {answers} at {started.url}; documentation: {started.url}/docs"]
    if started.first_key:
        lines.append(f"admin key, printed only once: {started.first_key}")
    elif started.keys:
        lines.append("requests need an API key; create one with: daybreak keys create")
    return [*lines, *(f"note: {note}" for note in started.notes)]
