"""Knock-outs: what pictures and sounds of new items give, against ones that say nothing.

A fifth of the items is hidden, and all of them are ranked for each user with events of hidden
and of other items. The pictures or sounds are then replaced by values without any information;
a gain that stays is no gain of the pictures.
"""

import hashlib
import io
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from scipy import sparse

from daybreak.data import EventRules, Tables
from daybreak.data.canonical import canonical_tables
from daybreak.data.dataset import Queries
from daybreak.data.fields import ContentField, infer_fields
from daybreak.data.media.pictures import import_pillow, keep_picture
from daybreak.data.media.sounds import SOUND_DIM, SOUND_PREFIX
from daybreak.errors import DataError
from daybreak.estimates import Estimate, PairedDifference, bootstrap, paired_bootstrap
from daybreak.evaluation.report import format_estimate
from daybreak.metrics import ndcg
from daybreak.models import models
from daybreak.ranked_lists import top_k
from daybreak.rng import create_generator
from daybreak.service.benchmarking.leaderboard import BenchmarkOptions
from daybreak.service.inputs.dataset import DatasetConfig, encode_dataset
from daybreak.service.training.encoder_choice import choose_encoder
from daybreak.types import Doubles, Progress, ignore_progress

HIDDEN_SHARE = 0.2
"""Share of the items that is hidden."""
LIST_LENGTH = 10
KNOCK_OUT_REPEATS = 3
"""Default number of repeats, each with other hidden items."""
MIN_LISTS = 20
"""Number of lists below which nothing is reported."""
LEFT_OUT = "left out"
"""Name of the content without the columns."""
KNOCK_OUT_MODEL = "content_ridge"
"""Model that ranks hidden items by their content."""
NOISE_PIXELS = (180, 120)
"""Height and width of a picture of noise."""
MEDIA_ROLES = ("picture", "sound")
"""Roles of columns that are knocked out; their blocks of content have the same names."""

Replacement: TypeAlias = Callable[[pl.Series, str, np.random.Generator], list[str | None]]
"""From a column, its role and a generator to other values; missing ones stay missing."""


@dataclass(frozen=True)
class KnockOutRow:
    """NDCG@10 of new items with one kind of content."""

    role: str
    """``picture`` or ``sound``."""
    content: str
    """``as they are``, ``left out``, or a kind of knock-out."""
    ndcg: Estimate
    difference: PairedDifference | None
    """To the content without this role, paired; None: it is that content."""
    weight: float
    """Mean learned weight in the similarity of items."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        return {
            "role": self.role,
            "content": self.content,
            "ndcg": self.ndcg.mean,
            "low": self.ndcg.low,
            "high": self.ndcg.high,
            "difference": None if self.difference is None else self.difference.difference,
            "difference_low": None if self.difference is None else self.difference.low,
            "difference_high": None if self.difference is None else self.difference.high,
            "weight": self.weight,
        }


@dataclass(frozen=True)
class NewItemLists:
    """Lists of hidden items, and what the content of the catalogue weighs."""

    ndcg: Mapping[str, Doubles]
    """(n_users,) NDCG@10 by model"""
    block_weights: Mapping[str, float]
    """Learned weight of each block of content."""


def run_knock_outs(
    name: str,
    tables: Tables,
    options: BenchmarkOptions,
    progress: Progress = ignore_progress,
) -> tuple[KnockOutRow, ...]:
    """Measure pictures and sounds as they are, left out, and replaced by what says nothing.

    Args:
        name: Name of the data set.
        tables: The data set.
        options: Encoder, rules, seed and repeats (default: 3).
        progress: Called with a description of each step.

    Raises:
        DataError: Items have no pictures and sounds, or there is too little data to hide any.
    """
    tables, _ = canonical_tables(tables)
    fields = infer_fields(tables.items, "item_id")
    rules = (options.rules or EventRules()).resolve(tables.events)
    events = tables.events.filter(rules.signs(tables.events) > 0)
    tables = replace(tables, events=events.with_columns(value=None, event_type=None))
    if not any(field.role in MEDIA_ROLES for field in fields):
        raise DataError(f"{name} has no column with pictures or sounds to leave out")
    encoder = choose_encoder(options.encoder, tables.items).encoder
    config = DatasetConfig(encoder, EventRules(), None, options.seed)
    rows: list[KnockOutRow] = []
    for role in MEDIA_ROLES:
        columns = [field for field in fields if field.role == role]
        found: dict[str, list[NewItemLists]] = {}
        for content, replacement in REPLACEMENTS.items() if columns else ():
            progress(f"new items, {role}s {content}")
            items = _replace_columns(tables.items, columns, replacement, options.seed)
            found[content] = [
                rank_new_items(replace(tables, items=items), config, [KNOCK_OUT_MODEL], repeat)
                for repeat in range(options.repeats or KNOCK_OUT_REPEATS)
            ]
        rows += _summarize(name, role, found) if found else ()
    return tuple(rows)


def knock_out_table(rows: Sequence[KnockOutRow]) -> pl.DataFrame:
    """Return a row for each kind of content, with intervals (95 %).

    Example:
        >>> row = KnockOutRow("picture", "left out", Estimate(0.2, 0.1, 0.3), None, 0.0)
        >>> knock_out_table([row]).row(0)
        ('picture', 'left out', '.200 [.100, .300]', '', 0.0)
    """
    schema = {"modality": pl.String, "content": pl.String, "ndcg@10": pl.String}
    cells = [
        (row.role, row.content, format_estimate(row.ndcg), _format_difference(row), row.weight)
        for row in rows
    ]
    full = {**schema, "difference": pl.String, "weight": pl.Float64}
    return pl.DataFrame(cells, schema=full, orient="row")


def _format_difference(row: KnockOutRow) -> str:
    if row.difference is None:
        return ""
    mean, low, high, _ = row.difference
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def rank_new_items(
    tables: Tables, config: DatasetConfig, names: Sequence[str], repeat: int
) -> NewItemLists:
    """Rank hidden items for the users who chose some of them, by models of content.

    Without any content the lists are by chance.

    Args:
        tables: The data set, with positive events only.
        config: How the visible part is encoded.
        names: Models.
        repeat: Number of the repeat: other items are hidden in each.
    """
    hidden_ids = hide_items(tables.items["item_id"].to_list(), repeat)
    is_hidden = tables.events["item_id"].is_in(hidden_ids)
    visible = encode_dataset(replace(tables, events=tables.events.filter(~is_hidden)), config)
    data, later = visible.data, tables.events.filter(is_hidden)
    hidden = data.items.ids.rows(hidden_ids)
    user = visible.users.rows(later["user_id"].to_list())
    item = data.items.ids.rows(later["item_id"].to_list())
    shape = (data.n_users, len(data.items))
    wanted = sparse.csr_array((np.ones(len(user), np.float32), (user, item)), shape=shape)
    wanted = sparse.csr_array(sparse.csc_array(wanted)[:, hidden])
    users = np.intersect1d(np.flatnonzero(np.diff(wanted.indptr)), data.events.user)
    found = {}
    for name in names:
        scores = create_generator(repeat, "chance").random((len(users), len(hidden)))
        if data.items.blocks:
            fitted: Any = models[name]().fit(data)
            queries = Queries.for_users(data, data.events, users)
            scores = fitted.score(queries, data.items.take(hidden))
        found[name] = ndcg(top_k(scores, LIST_LENGTH), wanted[users])
    return NewItemLists(found, visible.content.block_weights)


def hide_items(ids: Sequence[str], repeat: int) -> list[str]:
    """Return a fifth of the ids, by their hash.

    Example:
        >>> len(hide_items([str(number) for number in range(50)], 0))
        10
    """
    order = sorted(ids, key=lambda id_: hashlib.blake2b(f"{repeat} {id_}".encode()).digest())
    return order[: round(HIDDEN_SHARE * len(ids))]


def draw_noise_picture(rng: np.random.Generator) -> str:
    """Return a picture of random pixels, as items keep it."""
    buffer = io.BytesIO()
    pixels = rng.integers(0, 256, (*NOISE_PIXELS, 3), dtype=np.uint8)
    import_pillow().fromarray(pixels).save(buffer, "PNG")
    return keep_picture(buffer.getvalue())


def draw_noise_sound(rng: np.random.Generator) -> str:
    """Return random features of a sound, as items keep them."""
    features = rng.normal(size=SOUND_DIM).astype("<f4")
    return SOUND_PREFIX + b64encode(features.tobytes()).decode("ascii")


def _keep(column: pl.Series, role: str, rng: np.random.Generator) -> list[str | None]:
    return column.to_list()


def _repeat_first(column: pl.Series, role: str, rng: np.random.Generator) -> list[str | None]:
    known = column.drop_nulls().to_list()
    return [None if value is None else known[0] for value in column]


def _permute(column: pl.Series, role: str, rng: np.random.Generator) -> list[str | None]:
    known = column.drop_nulls().to_list()
    others = iter([known[row] for row in rng.permutation(len(known)).tolist()])
    return [None if value is None else next(others) for value in column]


def _draw_noise(column: pl.Series, role: str, rng: np.random.Generator) -> list[str | None]:
    draw = draw_noise_picture if role == "picture" else draw_noise_sound
    return [None if value is None else draw(rng) for value in column]


REPLACEMENTS: Mapping[str, Replacement | None] = {
    LEFT_OUT: None,
    "as they are": _keep,
    "the same for all": _repeat_first,
    "of other items": _permute,
    "noise": _draw_noise,
}
"""Kinds of content; None: without the columns."""


def _replace_columns(
    items: pl.DataFrame,
    columns: Sequence[ContentField],
    replacement: Replacement | None,
    seed: int,
) -> pl.DataFrame:
    if replacement is None:
        return items.drop([field.name for field in columns])
    rng = create_generator(seed, "knock-outs")
    return items.with_columns(
        pl.Series(field.name, replacement(items[field.name], field.role, rng), pl.String)
        for field in columns
    )


def _summarize(
    name: str, role: str, found: Mapping[str, Sequence[NewItemLists]]
) -> list[KnockOutRow]:
    values = {
        content: np.concatenate([lists.ndcg[KNOCK_OUT_MODEL] for lists in repeats])
        for content, repeats in found.items()
    }
    without = values[LEFT_OUT]
    if len(without) < MIN_LISTS:
        raise DataError(
            f"{name} has {len(without)} users with events of hidden and of other items, too "
            "few to measure new items"
        )
    return [
        KnockOutRow(
            role,
            content,
            bootstrap(own),
            None if content == LEFT_OUT else paired_bootstrap(own, without),
            float(np.mean([one.block_weights.get(role, 0) for one in found[content]])),
        )
        for content, own in values.items()
    ]
