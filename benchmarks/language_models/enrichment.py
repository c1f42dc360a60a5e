"""Enrichment: do texts of a language model help new items of which only the title is known?

Some items are new: their events are hidden, and only their titles are known. The model chooses
attributes and keywords of the catalogue for them. The content ridge ranks the new items for
their users with the title alone, with what the model wrote, and with the true attributes, the
most that a model could give.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.language_models.asking import Answer, MeasuredUse, Question, sum_costs
from benchmarks.language_models.data import load_tables
from daybreak import Recommender
from daybreak.data.fields import infer_fields
from daybreak.estimates import bootstrap, paired_bootstrap
from daybreak.language_models import LanguageModel
from daybreak.metrics import ndcg_of_ids
from daybreak.service.imagined_buyers import learning_split
from daybreak.service.language.enrichment import (
    CatalogueVocabulary,
    ItemEnricher,
    ItemText,
)

MAX_USERS = 400
LIST_LENGTH = 10


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each new item."""
    tables, column = load_tables(folder)
    visible, buyers = learning_split(tables, options.n, seed=1)
    known = visible.items.filter(~pl.col("item_id").is_in(list(buyers)))
    vocabulary = CatalogueVocabulary.of(known)
    titles = dict(tables.items.select("item_id", column).iter_rows())

    def write(item: str, model: LanguageModel) -> Answer:
        given = ItemText(item, {column: str(titles[item])}, {})
        found = ItemEnricher(model, vocabulary).enrich(given)
        return {"item": item, **asdict(found), "text": found.text}

    for item in sorted(buyers):
        yield item, partial(write, item)


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return NDCG@10 among the new items by what is known of them."""
    tables, column = load_tables(folder)
    rows = answers
    _, buyers = learning_split(tables, options.n, seed=1)
    texts = {row["item"]: row["text"] for row in rows}
    new = [item for item in sorted(buyers) if item in texts]
    visible = tables.events.filter(~pl.col("item_id").is_in(list(buyers)))
    truth = (
        tables.events.filter(pl.col("item_id").is_in(new)).group_by("user_id").agg("item_id")
    )
    active = truth.join(visible.select("user_id").unique(), on="user_id", how="semi")
    active = active.sort("user_id").head(MAX_USERS)
    values = {}
    for name in ("title", "written", "true"):
        items = _variant(tables.items, column, frozenset(buyers), texts, name)
        model = Recommender(strategies=["content/ridge"], encoder="none").fit(
            visible, items, tables.users
        )
        lists = model.recommend(active["user_id"].to_list(), items=new, k=LIST_LENGTH)
        by_user = dict(
            lists.group_by("user_id", maintain_order=True).agg("item_id").iter_rows()
        )
        values[name] = np.array(
            [
                ndcg_of_ids(by_user.get(user, []), set(liked), LIST_LENGTH)
                for user, liked in active.iter_rows()
            ]
        )
    return {
        "items": len(new),
        "users": len(active),
        **{name: tuple(bootstrap(found)) for name, found in values.items()},
        "gain": tuple(paired_bootstrap(values["written"], values["title"])),
        "examples": [(row["item"], row["text"]) for row in rows[:3]],
        **sum_costs(answers),
    }


def _variant(
    items: pl.DataFrame, column: str, new: frozenset[str], texts: Mapping[str, str], name: str
) -> pl.DataFrame:
    """Return titles and one text: attributes of known items, and what is known of new ones."""
    fields = [
        field.name
        for field in infer_fields(items, "item_id")
        if field.role in {"text", "category"} and field.name != column
    ]
    parts = [pl.col(field).cast(pl.String).fill_null("") for field in fields]
    about = pl.concat_str(parts, separator=" ") if parts else pl.lit("")
    rows = items.select("item_id", column, about.str.replace_all(r"\|", " ").alias("about"))
    if name == "true":
        return rows
    written = [
        (texts.get(item, "") if name == "written" else "") if item in new else text
        for item, text in rows.select("item_id", "about").iter_rows()
    ]
    return rows.with_columns(pl.Series("about", [text or None for text in written]))


USE = MeasuredUse(questions, report)
