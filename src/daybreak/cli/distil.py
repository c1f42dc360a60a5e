"""The command that makes a small text encoder of a big one: ``distil``."""

from pathlib import Path
from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import show_json, show_lines
from daybreak.cli.progress import working
from daybreak.cli.status import tell

Items = Annotated[Path, typer.Argument(metavar="ITEMS", help="A file of items, or a folder.")]
Teacher = Annotated[
    str,
    typer.Option(metavar="NAME", help="The big text model: an id, a folder, or URL#MODEL."),
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the small one is written.")]
Dim = Annotated[int, typer.Option(min=1, help="Length of its vectors.")]


def distil(
    items: Items,
    *,
    teacher: Teacher,
    out: Out,
    dim: Dim = 256,
    column: options.Column = None,
    json: options.Json = False,
) -> None:
    """Make a small fast text model of a big one, for texts like these."""
    from daybreak.service.distilling import distil as teach

    options.settings()
    sources = options.sources(
        [items] if items.is_dir() else None,
        None if items.is_dir() else {"items": items},
        column,
    )
    with working("asking the teacher") as work:
        made = teach(
            sources,
            teacher,
            out,
            dim=dim,
            progress=lambda done, n: work.step(done, n, "asking the teacher"),
        )
    if json:
        show_json({"folder": made.folder, "texts_per_s": made.texts_per_s, **made.facts})
        return
    show_lines(
        [
            f"{made.folder}: {dim} numbers a text, {made.texts_per_s:,.0f} texts/s",
            f"cosine to the teacher on texts held out: {made.facts['fidelity']:.3f}",
        ]
    )
    tell(f"next: daybreak train --encoder {out}")
