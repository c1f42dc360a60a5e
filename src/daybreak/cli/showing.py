"""How the demo is shown."""

import json
from typing import TYPE_CHECKING

from daybreak.cli.output import console, show_frame, show_json
from daybreak.cli.status import tell

if TYPE_CHECKING:
    from daybreak.service.demo import Demo


def show_demo(demo: "Demo", *, as_json: bool) -> None:
    """Print what the demo found: proof first, then the answers."""
    from daybreak.service.summary import overview, training_table

    if as_json:
        show_json(
            {
                "imported": demo.imported,
                "report": json.loads(demo.report.to_json()),
                "training": demo.training.measured,
                "answers": demo.answers,
                "seconds": demo.seconds,
            }
        )
        return
    counts = ", ".join(f"{rows:,} {role}" for role, rows in demo.imported.items())
    out = console()
    out.print(f"[bold]A British gift shop[/]: {counts}\n")
    k = demo.report.k
    title = f"Cold-start report: NDCG@{k} [95 % interval] for users and items it never saw"
    show_frame(overview(demo.report), title)
    levels = training_table(demo.training.measured).drop("weights")
    show_frame(levels, "What training found in its own simulated cold starts")
    for heading, frame in demo.answers.items():
        show_frame(frame, heading)
    for note in demo.training.notes:
        tell(note)
    laps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in demo.seconds.items())
    out.print(f"{sum(demo.seconds.values()):.1f} seconds ({laps})")
