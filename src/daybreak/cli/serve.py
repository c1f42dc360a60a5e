"""The command ``serve``: the shop over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines

if TYPE_CHECKING:
    from daybreak.server.options import ServerOptions
    from daybreak.server.process import RunningServer
    from daybreak.service.serving import ServiceOptions

HostOption = Annotated[
    str, typer.Option(help="Address to listen on; 0.0.0.0: all of this machine.")
]
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any free one.")]
KeysOption = Annotated[
    str, typer.Option("--keys", metavar="WHEN", help="Whether keys are needed: auto, on, off.")
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A name of a server without keys; repeatable."),
]
BodyMbOption = Annotated[float, typer.Option(metavar="MB", help="Largest JSON body.")]
UploadMbOption = Annotated[float, typer.Option(metavar="MB", help="Largest uploaded file.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Most rows in one body.")]
LongestOption = Annotated[int, typer.Option(min=1, max=10_000, help="Longest list.")]
RateOption = Annotated[
    float, typer.Option(help="Requests a second for each key; 0: any number.")
]
TimeoutOption = Annotated[
    float, typer.Option(metavar="SECONDS", help="Longest time of a request.")
]
ConcurrencyOption = Annotated[int, typer.Option(min=1, help="Requests under way at once.")]
GraceOption = Annotated[
    float, typer.Option(metavar="SECONDS", help="Wait for running requests when stopped.")
]
RetrainOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="Train again by itself: auto, or forms like every=12h,events=0.2,drift=0.25.",
    ),
]
TrainBudgetOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="With --retrain: --budget of its trainings."),
]
ExploreOption = Annotated[
    bool, typer.Option("--explore", help="Try new items out on whoever does not say.")
]
ExposureOption = Annotated[
    int, typer.Option(min=1, help="Impressions that every new item gets where it explores.")
]
ExposureDaysOption = Annotated[float, typer.Option(metavar="DAYS", help="Within this time.")]
RetentionOption = Annotated[
    float | None,
    typer.Option("--retention", metavar="DAYS", help="Delete events and answers after this."),
]
PseudonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--pseudonyms", metavar="FILE", help="Key of hashes that take the place of user ids."
    ),
]
LogLevelOption = Annotated[
    str, typer.Option(metavar="LEVEL", help="What is logged: debug, info, warning, error.")
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
    """Serve recommendations over HTTP, and take events, items and users."""
    from daybreak.server.ops.logs import log_as_json
    from daybreak.server.process import serve as serve_shop

    server = _server_options(
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
    duties = _service_options(
        retrain, train_budget, (explore, exposure, exposure_days), retention, pseudonyms
    )
    with log_as_json(level=log_level):
        serve_shop(settings, server, duties, lambda started: _announce(started, as_json=json))


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
    from daybreak.ranking.exploration.exposure import ExposureBudget
    from daybreak.service.serving import ServiceOptions
    from daybreak.service.privacy import Pseudonyms, Retention
    from daybreak.service.training.retraining import RetrainPolicy

    explore, impressions, days = exploration
    key = Pseudonyms.from_environment()
    return ServiceOptions(
        pseudonyms=key if pseudonyms is None else Pseudonyms.from_file(pseudonyms),
        retention=None if retention is None else Retention(retention),
        retrain=None if retrain is None else RetrainPolicy.parse(retrain),
        train_options=() if train_budget is None else ("--budget", str(train_budget)),
        explore=explore,
        exposure=ExposureBudget(impressions, days),
    )


def _announce(started: "RunningServer", *, as_json: bool) -> None:
    """Say where the service is; logs follow on stderr."""
    import sys

    if as_json:
        show_json(vars(started))
    else:
        show_lines(_startup_lines(started))
    sys.stdout.flush()


def _startup_lines(started: "RunningServer") -> list[str]:
    answers = f"release {started.release}" if started.release else "popular and new items"
    lines = [
        f"Daybreak at {started.url} answers with {answers}; description: {started.url}/docs"
    ]
    if started.first_key:
        lines.append(f"admin key, shown this once: {started.first_key}")
    elif started.keys:
        lines.append("requests need a key; make one with: daybreak keys create")
    return [*lines, *(f"note: {note}" for note in started.notes)]
