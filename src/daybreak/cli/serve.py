"""The command ``serve``: the shop over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines

if TYPE_CHECKING:
    from daybreak.server.options import ServerOptions
    from daybreak.server.serving import Started
    from daybreak.service.live import LiveOptions

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all of this machine.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any free one.")]
NeedKeys = Annotated[
    str, typer.Option("--keys", metavar="WHEN", help="Whether keys are needed: auto, on, off.")
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A name of a server without keys; repeatable."),
]
BodyMb = Annotated[float, typer.Option(metavar="MB", help="Largest JSON body.")]
UploadMb = Annotated[float, typer.Option(metavar="MB", help="Largest uploaded file.")]
Batch = Annotated[int, typer.Option(min=1, help="Most rows in one body.")]
Longest = Annotated[int, typer.Option(min=1, max=10_000, help="Longest list.")]
Rate = Annotated[float, typer.Option(help="Requests a second for each key; 0: any number.")]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="Longest time of a request.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests under way at once.")]
Grace = Annotated[
    float, typer.Option(metavar="SECONDS", help="Wait for running requests when stopped.")
]
Retrain = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="Train again by itself: auto, or forms like every=12h,events=0.2,drift=0.25.",
    ),
]
TrainBudget = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="With --retrain: --budget of its trainings."),
]
Explore = Annotated[
    bool, typer.Option("--explore", help="Try new items out on whoever does not say.")
]
Exposure = Annotated[
    int, typer.Option(min=1, help="Impressions that every new item gets where it explores.")
]
ExposureDays = Annotated[float, typer.Option(metavar="DAYS", help="Within this time.")]
KeepDays = Annotated[
    float | None,
    typer.Option("--retention", metavar="DAYS", help="Delete events and answers after this."),
]
PseudonymKey = Annotated[
    Path | None,
    typer.Option(
        "--pseudonyms", metavar="FILE", help="Key of hashes that take the place of user ids."
    ),
]
LogLevel = Annotated[
    str, typer.Option(metavar="LEVEL", help="What is logged: debug, info, warning, error.")
]


def serve(
    store: options.Store = None,
    encoder: options.Encoder = None,
    seed: options.Seed = None,
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    keys: NeedKeys = "auto",
    allow_host: AllowHost = None,
    retrain: Retrain = None,
    train_budget: TrainBudget = None,
    explore: Explore = False,
    exposure: Exposure = 100,
    exposure_days: ExposureDays = 7.0,
    retention: KeepDays = None,
    pseudonyms: PseudonymKey = None,
    body_mb: BodyMb = 16.0,
    upload_mb: UploadMb = 512.0,
    batch: Batch = 10_000,
    longest: Longest = 1_000,
    rate: Rate = 1_000.0,
    timeout: Timeout = 30.0,
    concurrency: Concurrency = 512,
    grace: Grace = 30.0,
    log_level: LogLevel = "info",
    json: options.Json = False,
) -> None:
    """Serve recommendations over HTTP, and take events, items and users."""
    from daybreak.server.logs import log_as_json
    from daybreak.server.serving import serve as serve_shop

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
    settings = options.settings(store=store, encoder=encoder, seed=seed)
    duties = _duties(
        retrain, train_budget, (explore, exposure, exposure_days), retention, pseudonyms
    )
    with log_as_json(level=log_level):
        serve_shop(settings, server, duties, lambda started: _tell(started, as_json=json))


def _server_options(**chosen: Any) -> "ServerOptions":
    from daybreak.server.options import ServerOptions

    return ServerOptions(**chosen)


def _duties(
    retrain: str | None,
    train_budget: float | None,
    exploring: tuple[bool, int, float],
    retention: float | None,
    pseudonyms: Path | None,
) -> "LiveOptions":
    from daybreak.ranking.exposure import Budget
    from daybreak.service.live import LiveOptions
    from daybreak.service.privacy import Pseudonyms, Retention
    from daybreak.service.retrain_policy import RetrainPolicy

    explore, impressions, days = exploring
    key = Pseudonyms.from_environment()
    return LiveOptions(
        pseudonyms=key if pseudonyms is None else Pseudonyms.from_file(pseudonyms),
        retention=None if retention is None else Retention(retention),
        retrain=None if retrain is None else RetrainPolicy.parse(retrain),
        train_options=() if train_budget is None else ("--budget", str(train_budget)),
        explore=explore,
        exposure=Budget(impressions, days),
    )


def _tell(started: "Started", *, as_json: bool) -> None:
    """Say where the service is; logs follow on stderr."""
    import sys

    if as_json:
        show_json(vars(started))
    else:
        show_lines(_lines(started))
    sys.stdout.flush()


def _lines(started: "Started") -> list[str]:
    answers = f"release {started.release}" if started.release else "popular and new items"
    lines = [
        f"Daybreak at {started.url} answers with {answers}; description: {started.url}/docs"
    ]
    if started.first_key:
        lines.append(f"admin key, shown this once: {started.first_key}")
    elif started.keys:
        lines.append("requests need a key; make one with: daybreak keys create")
    return [*lines, *(f"note: {note}" for note in started.notes)]
