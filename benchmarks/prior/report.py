"""Measure the prior on data sets that it was not learned from, and write the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.prior.model import LevelBlock, block_ndcg, fit_model
from daybreak.ranking.blending.prior import MIN_SHARE
from daybreak.ranking.blending.shrinkage import shrink_new_item_weights, shrink_weights
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.types import Doubles, Mask

Questions: TypeAlias = tuple[float, float, float]
"""Numbers of queries that the prior counts: for items with events, for the weights of new items
and for their bias."""
OWN_SIMULATION = "own simulation"
QUESTION_COUNTS = (1.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
"""Numbers of queries that the prior may count."""


@dataclass(eq=False)
class LeftOut:
    """NDCG@10 of each block with a prior that was learned without its data set."""

    blocks: list[LevelBlock] = field(default_factory=list)
    priors: list[Doubles] = field(default_factory=list)
    ndcg: dict[str, list[float]] = field(default_factory=dict)
    """By system, in the order of the blocks."""

    @property
    def mean_score(self) -> float:
        """Mean NDCG@10 of the prior alone."""
        return weighted_mean(self.ndcg["prior"], self.blocks)


def weighted_mean(values: Sequence[float], blocks: Sequence[LevelBlock]) -> float:
    """Return the mean over blocks, by their shares."""
    return float(np.average(values, weights=[block.share for block in blocks]))


def measure_left_out(
    blocks: list[LevelBlock],
    names: tuple[str, ...],
    usable: Mask,
    penalty: float,
    iterations: int,
) -> LeftOut:
    """Return the NDCG@10 of blocks with priors learned without their family of data sets."""
    result = LeftOut()
    alone = [row for row, name in enumerate(names) if name.startswith("popular")]
    for family in sorted({block.family for block in blocks}):
        rest = [block for block in blocks if block.family != family]
        model = fit_model(rest, names, usable, penalty, iterations)
        for block in (block for block in blocks if block.family == family):
            prior = drop_small(model.weights(block) * usable)
            result.blocks.append(block)
            result.priors.append(prior)
            by_system = {"prior": prior, OWN_SIMULATION: block.fitted}
            by_system |= {names[row]: only(prior, row) for row in alone}
            for name, weights in by_system.items():
                value = block_ndcg(block, weights) or 0.0
                result.ndcg.setdefault(name, []).append(value)
    return result


def drop_small(weights: Doubles) -> Doubles:
    """Set weights to 0 that :meth:`BlendPrior.predict` leaves out."""
    n = len(weights) // 2
    parts = [weights[:n], weights[n:-1]]
    kept = [np.where(part < MIN_SHARE * part.sum(), 0, part) for part in parts]
    return np.concatenate([*kept, weights[-1:]])


def only(prior: Doubles, row: int) -> Doubles:
    """Return the weights of one strategy, with all items without events last."""
    weights = np.zeros_like(prior)
    weights[row], weights[-1] = 1.0, -1e3
    return weights


def mix(block: LevelBlock, prior: Doubles, questions: Questions) -> Doubles:
    """Return the weights of ``fit`` for a block."""
    n = len(prior) // 2
    own_count, own_new = block.questions
    if own_count == 0:
        warm = prior[:n]
    else:
        warm = shrink_weights(block.fitted[:n], prior[:n], own_count, questions[0])
    total = max(warm.sum(), 1e-9)
    fitted = block.fitted[n:] * total / max(block.fitted[:n].sum(), 1e-9)
    expected = prior[None, n:] * total / max(prior[:n].sum(), 1e-9)
    new = shrink_new_item_weights(fitted, expected, own_new, questions[1:])[0]
    return np.concatenate([warm, new])


def measure_questions(result: LeftOut, questions: Questions) -> list[str]:
    """Return the rows of a table: NDCG@10 if one of the three numbers is another.

    The weights of new items are measured on lists of new items alone. Only shops with a
    simulation of their own count.

    Args:
        result: Left-out data sets.
        questions: Numbers of which one is changed at a time.
    """
    rows = []
    for count in QUESTION_COUNTS:
        values = []
        for place, among_new in ((0, False), (1, True), (2, False)):
            changed = list(questions)
            changed[place] = count
            mean = _mean_of_mix(
                result, (changed[0], changed[1], changed[2]), among_new=among_new
            )
            values.append(f"{mean:.4f}")
        rows.append(f"| {count:g} | {' | '.join(values)} |")
    return rows


def _mean_of_mix(result: LeftOut, questions: Questions, *, among_new: bool) -> float:
    values, shares = [], []
    for block, prior in zip(result.blocks, result.priors, strict=True):
        value = block_ndcg(block, mix(block, prior, questions), among_new=among_new)
        if value is not None and block.fitted.any():
            values.append(value)
            shares.append(block.share)
    return float(np.average(values, weights=shares)) if values else 0.0


def _mean_cell(result: LeftOut, name: str, rows: Sequence[int]) -> str:
    """Return the mean of some blocks; a dash for the simulation of shops without one."""
    simulated = [row for row in rows if result.blocks[row].fitted.any()]
    used = simulated if name == OWN_SIMULATION else rows
    return f"{np.mean([result.ndcg[name][row] for row in used]):.4f}" if used else "–"


def write_page(
    path: Path,
    results: dict[float, LeftOut],
    penalty: float,
    questions: Questions,
    card: dict[str, object],
) -> None:
    """Write the table of the left-out data sets."""
    result = results[penalty]
    result.ndcg["fit"] = [
        block_ndcg(block, mix(block, prior, questions)) or 0.0
        for block, prior in zip(result.blocks, result.priors, strict=True)
    ]
    names = ["fit", *(name for name in result.ndcg if name != "fit")]
    lines = [
        "# The prior of the blend, on data sets that it was not learned from",
        "",
        "NDCG@10, all items are candidates. Each data set is measured with a prior that was",
        "learned without it and without data sets with the same people. Values are those of",
        "pools of candidates with at most 60 targets of a query, in which targets lose ties:",
        "columns can be compared, other tables cannot, and scores with many ties (the best",
        "sellers of five customers) have a lower value than in a full ranking. A dash: not",
        "simulated.",
        f"Command: `{card['made_by']}`.",
        "",
        f"Penalty {penalty:g}. The prior counts {questions[0]:.0f} questions for items with",
        f"events, {questions[1]:.0f} for the weights of items without events and",
        f"{questions[2]:.0f} for their bias. `fit` is the mean of the prior and of the shop's",
        "own simulation by these numbers; the arrival shift and the guard are left out.",
        "",
        "| penalty | NDCG@10 of the prior alone |",
        "| ---: | ---: |",
        *(f"| {value:g} | {one.mean_score:.4f} |" for value, one in results.items()),
        "",
        "NDCG@10 of `fit` with other numbers of questions, of shops with a simulation:",
        "",
        "| questions | items with events | weights of new items, among new | bias |",
        "| ---: | ---: | ---: | ---: |",
        *measure_questions(result, questions),
        "",
    ]
    for title, key in (
        ("customers", lambda b: int(b.shop.rsplit(" ", 1)[1])),
        ("events of the query", lambda b: EVENT_LEVELS[b.level]),
        ("data set", lambda b: b.shop.rsplit(" ", 1)[0]),
        ("shop", lambda b: b.shop),
    ):
        lines += [
            f"| {title} | {' | '.join(names)} |",
            f"| --- |{' ---: |' * len(names)}",
        ]
        keys = sorted({key(block) for block in result.blocks})
        for value in keys:
            rows = [row for row, block in enumerate(result.blocks) if key(block) == value]
            cells = [_mean_cell(result, name, rows) for name in names]
            lines.append(f"| {value} | {' | '.join(cells)} |")
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8")
