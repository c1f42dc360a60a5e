"""The command ``enrich``: a language model writes about items with thin text."""

from typing import Annotated

import typer

from daybreak.cli import options
from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.progress import show_progress

LanguageOption = Annotated[
    str, typer.Option("--language", metavar="LANGUAGE", help="Language of the texts: en or zh.")
]
ThinOption = Annotated[
    int,
    typer.Option(
        "--thin-words",
        metavar="NUMBER",
        min=1,
        help="Number of words of an item below which its text is thin.",
    ),
]
UseOption = Annotated[
    str,
    typer.Option(
        "--use",
        metavar="WHEN",
        help="When the texts are used: auto (if simulated new items gain), always or never.",
    ),
]


def enrich(
    language: LanguageOption = "en",
    thin_words: ThinOption = 12,
    use: UseOption = "auto",
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Write about items with thin text, with the language model of the settings."""
    from daybreak.service.enrichment import enrich_store
    from daybreak.service.language import open_language_model

    with (
        options.open_workspace(store=store) as workspace,
        show_progress("reading the store") as progress,
    ):
        model = open_language_model(workspace.settings, workspace.store)
        result = enrich_store(
            workspace,
            model,
            language=language,
            thin_words=thin_words,
            use=use,
            progress=progress.start,
        )
    if json:
        show_json(result.to_dict())
        return
    counts = result.counts
    show_lines(
        [
            f"{counts.thin:,} items with thin text: {counts.written:,} written about now, "
            f"{counts.known:,} before, {counts.dropped:,} without a usable answer, "
            f"{counts.hostile:,} with instructions in their text",
            result.describe_use(),
        ]
    )
    if result.is_used:
        print_message("next: daybreak train")
