"""What an experiment has found, in plain words."""

from collections.abc import Sequence

from daybreak.service.experiments.comparing import PEOPLE, WITNESSES, Difference
from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.measures import MEASURES
from daybreak.service.experiments.report import SPLIT_ALPHA, Split


def verdict_of(plan: Experiment, found: Sequence[Difference], split: Split) -> str:
    """Return one sentence for each variant; or why nothing can be said.

    Only the measure that was chosen before the start decides.
    """
    if not any(split.people.values()):
        return "Nobody has been shown anything yet."
    if not split.sound:
        came = ", ".join(f"{name} {n:,}" for name, n in split.people.items())
        share = ", ".join(f"{name} {part:.1%}" for name, part in split.planned.items())
        return (
            f"The split is broken: {came} people, planned {share} (p {split.p_value:.1g}, "
            f"below {SPLIT_ALPHA}). Do not read the differences; find who is lost on the way."
        )
    deciding = [line for line in found if line.measure == plan.metric]
    if not deciding:
        return "Only shadows are compared; nobody saw them, so nothing is better or worse."
    return " ".join(_sentence(line, plan.shown[0].name) for line in deciding)


def notes_of(plan: Experiment, crossed: int, known: Knowledge) -> tuple[str, ...]:
    """Return what a careful reader should know."""
    said = []
    if crossed:
        said.append(
            f"people who saw more than one variant, as when a session is merged into a user, "
            f"count for the one they saw first: {crossed:,}"
        )
    if len(plan.shown) > 2:
        said.append(
            f"{len(plan.shown) - 1} variants are compared with the first, so each interval has "
            f"level {1 - plan.alpha / (len(plan.shown) - 1):.2%} (Bonferroni)"
        )
    if plan.shadows:
        said.append(
            "what people would have done with the lists of a shadow is not known; only how "
            "much they agree with what was shown"
        )
    if known.content is None:
        said.append("no diversity: the content of the items is not known here")
    return tuple(said)


def _sentence(line: Difference, first: str) -> str:
    label = MEASURES[line.measure].label
    numbers = (
        f"{label} {_share(line.value)} against {_share(line.first)}, a difference of "
        f"{_points(line.difference)} [{_points(line.low)}, {_points(line.high)}] "
        f"that holds at any time with {line.level:.4g}"
    )
    if line.word == "too early":
        return (
            f"Too early to judge {line.variant!r}: it takes {PEOPLE} people in each variant, "
            f"and {WITNESSES} in both with a {label} other than 0."
        )
    if line.word in {"better", "worse"}:
        return f"{line.variant!r} is {line.word} than {first!r}: {numbers}."
    if line.word == "open":
        return f"Not decided between {line.variant!r} and {first!r}: {numbers}{_more(line)}."
    return f"{line.variant!r} is as good as {first!r}, within {line.effect:g}: {numbers}."


def _more(line: Difference) -> str:
    if line.people_needed is None:
        return ""
    return (
        f"; a difference of {_points(line.effect)} would show after about "
        f"{line.people_needed:,.0f} people in both"
    )


def _share(value: float) -> str:
    return f"{value:.2%}"


def _points(value: float) -> str:
    return f"{100 * value:+.2f}"
