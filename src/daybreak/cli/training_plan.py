"""The plan of a training, as text."""

from typing import TYPE_CHECKING

from daybreak.cli.output import print_message, show_json, show_lines
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from daybreak.service.training.plan import TrainingPlan


def show_training_plan(plan: "TrainingPlan", *, as_json: bool) -> None:
    """Print what a training will learn, and how much time and memory it takes.

    Args:
        plan: The plan.
        as_json: Whether to print one JSON object instead of text.
    """
    from daybreak.service.benchmarking.plan_tables import (
        describe_plan,
        parts_table,
        strategies_table,
    )

    if as_json:
        show_json({"plan": plan.to_dict()})
        return
    show_frame(strategies_table(plan), "Strategies")
    show_frame(parts_table(plan), "Parts of the training")
    show_lines(describe_plan(plan))
    print_message("next: daybreak train")
