"""The release gate: a recommender that is worse than the one in service stays outside."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from daybreak.data import Tables
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DaybreakError, GateRefusedError
from daybreak.ranking.duel import Catalogue, Recipe, duel
from daybreak.service.dataset import Reading, catalogue_of, dataset_of, kernel_of
from daybreak.service.inputs import as_tables
from daybreak.service.learning import Learned
from daybreak.service.release import has_release, read_learned
from daybreak.service.verdict import Verdict, verdict_of

FEWER = 0.8
"""A training that knew less than this share of the events before is told of."""
ARRIVING = 0.5
"""Likeness from which new items count as arrivals."""
ONE_LIST = ("cold_item_all", "cold_item_3_all", "both_cold_all")
"""Slices where items hidden at random are in one list with old ones."""

SEED = 1_000_003
"""Of what is hidden: the same for every comparison, and far from what people choose."""

Progress = Callable[[str], None]


def compare(
    new: Learned,
    old: Learned,
    data: Any,
    items: Any = None,
    users: Any = None,
    *,
    progress: Progress | None = None,
) -> Verdict:
    """Let two recommenders play the same simulated cold starts, and judge every slice.

    Both start from nothing in every round, with their own strategies, options, weights and text
    encoder: what they have learned would know what is hidden. What a positive event is, ``new``
    says.

    Args:
        new: The one that wants to take over.
        old: The one in service.
        data: Events or tables that both are asked about.
        items: As for :meth:`Recommender.fit`.
        users: As for ``fit``.
        progress: Told of each step.
    """
    say = progress or (lambda _: None)
    tables = as_tables(data, items, users, None)[0]
    say("encoding the catalogue")
    reading, other = (_reading(side, tables) for side in (new, old))
    known = dataset_of(tables, reading).data
    content = None
    if not _alike(reading, other):
        _, theirs = catalogue_of(tables.items, other)
        content = Catalogue(theirs, kernel_of(theirs))
    sides = (
        Recipe(new.blend, new.fitted.strategies),
        Recipe(old.blend, old.fitted.strategies, content),
    )
    bouts = duel(known, *sides, seed=SEED, say=say)
    # A blend puts new items among old ones as arrivals or as any item, whichever they are.
    skipped = ONE_LIST if new.blend.likeness >= ARRIVING else ("arriving_all",)
    return verdict_of(bouts, skipped, _notes(new, old))


def enter(
    folder: Path, new: Learned, data: Any = None, *, force: bool = False, **options: Any
) -> Verdict:
    """Return the verdict on taking the place of the release in a folder.

    Args:
        folder: Where the release in service is; without one everything passes.
        new: Who wants to take its place.
        data: As for :func:`compare`; None is enough where there is no release.
        force: Whether to pass whatever is found, also when the release cannot be read.
        **options: Of :func:`compare`.

    Raises:
        GateRefusedError: A slice got significantly worse.
        ConfigError: There is a release, but no data to compare on.
    """
    if not has_release(folder):
        return Verdict(notes=("there was no release before",))
    if data is None:
        if force:
            return Verdict(notes=("released without a comparison",), forced=True)
        raise ConfigError(
            f"{folder} holds a release; give data= to be compared with it on, or force=True"
        )
    try:
        old = read_learned(folder, _encoder(new))
    except DaybreakError as error:
        if not force:
            raise
        return Verdict(notes=(f"the release before cannot be read: {error}",), forced=True)
    verdict = replace(compare(new, old, data, **options), forced=force)
    refuse(verdict)
    return verdict


def refuse(verdict: Verdict) -> None:
    """Stop a release that did not pass, unless it is forced.

    Raises:
        GateRefusedError: A slice got significantly worse.
    """
    if verdict.passed or verdict.forced:
        return
    what = "; ".join(f"{line}" for line in verdict.worse)
    raise GateRefusedError(
        f"worse than the release in service on {len(verdict.worse)} of {len(verdict.lines)} "
        f"slices: {what}. Nothing was written; give more data or other strategies, or release "
        "it all the same with --force (force=True)",
        verdict.to_dict(),
    )


def _reading(learned: Learned, tables: Tables) -> Reading:
    """Return how a recommender reads tables; columns that it never saw tell it nothing."""
    known = {field.name: field.role for field in learned.content.attributes.fields}
    columns = [name for name in tables.items.columns if name != "item_id"]
    roles = {name: known.get(name, "ignore") for name in columns}
    return Reading(_encoder(learned), learned.rules, roles, SEED)


def _encoder(learned: Learned) -> Encoder | None:
    meaning = learned.content.meaning
    return None if meaning is None else meaning.encoder


def _alike(first: Reading, second: Reading) -> bool:
    hashes = [None if r.encoder is None else r.encoder.hash for r in (first, second)]
    return hashes[0] == hashes[1] and first.fields == second.fields


def _notes(new: Learned, old: Learned) -> list[str]:
    found = []
    if new.facts.n_events < FEWER * old.facts.n_events:
        found.append(
            f"it learned from {new.facts.n_events:,} events, the one in service from "
            f"{old.facts.n_events:,}; the comparison cannot see what is missing"
        )
    if new.rules != old.rules:
        found.append(
            f"the two call other events positive; both were asked by the new rules: "
            f"{new.rules.describe()}"
        )
    return found


__all__ = ["compare", "enter", "refuse"]
