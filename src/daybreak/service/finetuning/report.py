"""The verdict on a fine-tuned encoder, and the card beside its files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import polars as pl

from daybreak.encoders.folders import atomic_write
from daybreak.errors import DataError, NoGainError
from daybreak.service.finetuning.cold_items import (
    COLD_ITEMS_GOAL,
    SIMILAR,
    SIMILAR_GOAL,
    SIMILAR_TEXTS,
    TEXT_ALONE,
    SliceGain,
)

CARD_FILE = "README.md"
Verdict: TypeAlias = Literal["helps", "tie", "hurts"]
_SENTENCES: Mapping[str, str] = {
    "helps": "It ranks {what} significantly better than the original encoder.",
    "tie": "A tie: no significant difference from the original encoder on {what}.",
    "hurts": "It ranks {what} significantly worse than the original encoder. Do not use it.",
}
_RANKED = {COLD_ITEMS_GOAL: "simulated cold items", SIMILAR_GOAL: "similar items"}
"""What the verdict is about."""


def order_by_goal(slices: tuple[SliceGain, ...], goal: str) -> tuple[SliceGain, ...]:
    """Return the gains with the one first that decides the verdict.

    Args:
        slices: Gains.
        goal: What the encoder is judged by.

    Raises:
        DataError: There are too few users for lists of similar items.
    """
    if goal == COLD_ITEMS_GOAL:
        return slices
    decisive = tuple(one for one in slices if one.strategy == SIMILAR)
    if not decisive:
        raise DataError("the goal similar needs more users with two hidden items")
    return (*decisive, *(one for one in slices if one.strategy != SIMILAR))


@dataclass(frozen=True)
class FinetuningResult:
    """A fine-tuned encoder in a folder, and what it is worth."""

    folder: Path
    """Folder of the encoder, which is also its name."""
    method: str
    base: str
    """Name of the original encoder"""
    slices: tuple[SliceGain, ...]
    """Gain on the hidden items; the first one decides the verdict."""
    facts: Mapping[str, Any]
    """Data, selected options, and what they were selected by"""
    seconds: float = field(compare=False)

    @property
    def verdict(self) -> Verdict:
        """``helps``, ``tie`` or ``hurts``: where the interval of the gain lies."""
        gain = self.slices[0].gain
        if gain.is_better:
            return "helps"
        return "hurts" if gain.is_worse else "tie"

    @property
    def better_uses(self) -> tuple[SliceGain, ...]:
        """Other uses of the vectors in which they are significantly better.

        These are the texts as the only content, and lists of similar items.
        """
        uses = {TEXT_ALONE, SIMILAR, SIMILAR_TEXTS}
        others = self.slices[1:]
        return tuple(one for one in others if one.strategy in uses and one.gain.is_better)

    @property
    def sentence(self) -> str:
        """The verdict in words, and in what else the encoder is better."""
        verdict = _SENTENCES[self.verdict].format(what=_RANKED[self.facts["goal"]])
        if self.verdict == "tie" and not self.better_uses:
            verdict += " Keep the original one; it needs one step less."
        if self.better_uses:
            gains = [
                f"{one.strategy} {100 * one.relative[0]:+.1f} %" for one in self.better_uses
            ]
            verdict += f" Significantly better in other uses: {'; '.join(gains)}."
        return verdict

    def check(self) -> None:
        """Raise an error unless the encoder helps.

        Raises:
            NoGainError: It is not significantly better than the original one.
        """
        if self.verdict != "helps":
            raise NoGainError(f"{str(self.folder)!r}: {self.sentence}")

    def table(self) -> pl.DataFrame:
        """Return one row for each slice and strategy."""
        return pl.DataFrame(
            [
                {
                    "slice": one.slice,
                    "strategy": one.strategy,
                    "queries": one.n_queries,
                    "original": round(one.base, 4),
                    "tuned": round(one.tuned, 4),
                    "gain [%]": "{:+.1f} ({:+.1f} to {:+.1f})".format(
                        *(100 * part for part in one.relative)
                    ),
                }
                for one in self.slices
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "folder": str(self.folder),
            "method": self.method,
            "base": self.base,
            "verdict": self.verdict,
            "slices": slice_records(self.slices),
            "facts": dict(self.facts),
            "seconds": round(self.seconds, 1),
        }


def slice_records(slices: tuple[SliceGain, ...]) -> list[dict[str, Any]]:
    """Return the gains as JSON values.

    Args:
        slices: Gains.
    """
    return [
        {
            "slice": one.slice,
            "strategy": one.strategy,
            "queries": one.n_queries,
            "original": round(one.base, 4),
            "tuned": round(one.tuned, 4),
            "gain": one.gain.to_list(),
        }
        for one in slices
    ]


def write_card(result: FinetuningResult) -> None:
    """Write a page about the encoder into its folder: data, gain, cost.

    Args:
        result: The encoder and its measurement.
    """
    facts = result.facts
    chosen = {key: value for key, value in facts.items() if not isinstance(value, dict | list)}
    head = "| slice | strategy | queries | original | tuned | gain [%] |"
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in result.table().iter_rows()]
    lines = [
        "# Fine-tuned text encoder",
        "",
        f"Made by Daybreak from `{result.base}` with the method `{result.method}` on "
        f"{time.strftime('%Y-%m-%d')}. Use: give this folder as the name of the text encoder.",
        "",
        f"Verdict: **{result.verdict}**. {result.sentence}",
        "",
        "## Gain",
        "",
        "NDCG@10 on items whose events were hidden from the",
        "training of the encoder and from the regressions; gain with its 95 % interval,",
        "clustered by user and item. The first row decides the verdict.",
        "",
        head,
        "| --- | --- | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        "## Data and options",
        "",
        *(f"- {key}: {value}" for key, value in chosen.items()),
        "",
        "## Cost",
        "",
        f"{result.seconds:.0f} s, with the measurement.",
    ]
    with atomic_write(result.folder / CARD_FILE) as draft:
        draft.write_text("\n".join(lines) + "\n", "utf-8")
