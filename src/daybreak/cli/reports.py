"""How the report of an evaluation is printed, in the language of the messages."""

from typing import TYPE_CHECKING

from daybreak.cli.language import current_language, message, translate
from daybreak.cli.output import show_lines
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from daybreak import Report

METRICS = ("ndcg", "recall", "coverage")
"""Metrics of the tables."""


def show_report(report: "Report") -> None:
    """Print the tables of all slices and the verdicts.

    The text of a report is English. In another language the same numbers are printed as tables
    with translated headings, below the name of each slice in words.
    """
    if current_language() == "en":
        show_lines([report.table(METRICS), ""])
        return
    from daybreak.service.benchmarking.summary import describe_slice, systems_table

    show_lines([f"note: {note}" for note in report.notes])
    for info in report.slices:
        label = translate(describe_slice(info.name))
        title = message("slice_title", name=info.name, label=label, **info.counts)
        show_frame(systems_table(report, info.name, METRICS), title)
    show_lines([*report.verdicts(), ""])
