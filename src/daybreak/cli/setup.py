"""Commands about Daybreak itself: ``demo``, ``config``, ``doctor``."""

from pathlib import Path
from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import show_frame, show_json
from daybreak.cli.progress import working
from daybreak.cli.status import FINDINGS, tell

Quick = Annotated[
    bool, typer.Option("--quick", help="A part of the shop, and words only: a few seconds.")
]
PictureFile = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="Write the warm-up curve, SVG.")
]


def demo(
    html: options.Html = None,
    picture: PictureFile = None,
    store: options.Store = None,
    seed: options.Seed = None,
    *,
    quick: Quick = False,
    json: options.Json = False,
) -> None:
    """Show the whole way on the data of a real shop."""
    from daybreak.cli.showing import show_demo
    from daybreak.service.demo import play

    settings = options.settings(seed=seed)
    with working("importing the gift shop") as work:
        shown = play(settings, store=store, quick=quick, say=work.say)
    show_demo(shown, as_json=json)
    for path, write in ((html, shown.write_page), (picture, shown.write_picture)):
        if path is not None:
            write(path)
            tell(f"wrote {path}")


def config(
    store: options.Store = None,
    encoder: options.Encoder = None,
    seed: options.Seed = None,
    k: options.K = None,
    *,
    json: options.Json = False,
) -> None:
    """Print every setting and where it comes from."""
    from dataclasses import replace

    import polars as pl

    from daybreak.config import effective
    from daybreak.store import without_password

    found = [
        replace(setting, value=without_password(str(setting.value)))
        if setting.name == "store"
        else setting
        for setting in effective({"store": store, "encoder": encoder, "seed": seed, "k": k})
    ]
    if json:
        show_json({"settings": found})
        return
    rows = [(setting.name, str(setting.value), setting.origin) for setting in found]
    show_frame(pl.DataFrame(rows, ["setting", "value", "from"], orient="row"))


def doctor(
    store: options.Store = None, encoder: options.Encoder = None, *, json: options.Json = False
) -> None:
    """Check what Daybreak needs; status 1 if anything fails."""
    from daybreak.cli.reading import show_findings
    from daybreak.service.doctor import examine

    findings = examine(options.settings(store=store, encoder=encoder))
    show_findings(findings, as_json=json)
    if any(finding.level == "FAIL" for finding in findings):
        raise typer.Exit(FINDINGS)
