"""Enrichment: do texts of a language model help new items of which only the title is known?

Some items are new: their events are hidden, and only their titles are known. The model chooses
attributes and keywords of the catalogue for them. The content ridge ranks the new items for
their users with the title alone, with what the model wrote, and with the true attributes, the
most that a model could give. Answers are kept in a file, so that a stopped run continues:

    python -m benchmarks.language_models.enrichment --data SHARED/data --sets ml100k \
        --answers WORK/enrichment --items 40 --seconds 200
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.language_models.imagined_buyers import load_tables, read_rows
from daybreak import Recommender
from daybreak.data.fields import infer_fields
from daybreak.estimates import bootstrap, paired_bootstrap
from daybreak.language_models import load_language_model
from daybreak.metrics import ndcg_of_ids
from daybreak.service.imagined_buyers import learning_split
from daybreak.service.language.enrichment import (
    CatalogueVocabulary,
    ItemEnricher,
    ItemText,
)

MAX_USERS = 400
LIST_LENGTH = 10


def write_answers(options: argparse.Namespace, name: str) -> None:
    """Ask the model about new items until the time is over."""
    tables, column = load_tables(options.data / name)
    visible, buyers = learning_split(tables, options.items, seed=1)
    known = visible.items.filter(~pl.col("item_id").is_in(list(buyers)))
    model = load_language_model(options.model, threads=1)
    if model is None:
        raise SystemExit("--model must not be none")
    enricher = ItemEnricher(model, CatalogueVocabulary.of(known))
    titles = dict(tables.items.select("item_id", column).iter_rows())
    file = options.answers / f"{name}.jsonl"
    done = {row["item"] for row in read_rows(file)}
    end = time.monotonic() + options.seconds
    for item in sorted(buyers):
        if item in done or time.monotonic() > end:
            continue
        began = time.process_time()
        found = enricher.enrich(ItemText(item, {column: str(titles[item])}, {}))
        row = {"item": item, **asdict(found), "text": found.text}
        row |= {"cpu_s": time.process_time() - began, "tokens": model.usage.tokens}
        with file.open("a", encoding="utf-8") as out:
            out.write(
                json.dumps(row | {"faults": model.usage.faults}, ensure_ascii=False) + "\n"
            )


def report(folder: Path, rows: list[dict[str, Any]], n_items: int) -> Mapping[str, Any]:
    """Return NDCG@10 among the new items by what is known of them."""
    tables, column = load_tables(folder)
    _, buyers = learning_split(tables, n_items, seed=1)
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
        "cpu_s": float(np.mean([row["cpu_s"] for row in rows])),
        "tokens": rows[-1]["tokens"],
        "faults": rows[-1]["faults"],
        "examples": [(row["item"], row["text"]) for row in rows[:3]],
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


def main() -> None:
    """Ask, then print what the answers kept so far give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["ml100k", "gift_shop"])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=200.0)
    options = parser.parse_args()
    options.answers.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        if options.seconds > 0:
            write_answers(options, name)
        rows = read_rows(options.answers / f"{name}.jsonl")
        if len(rows) > 1:
            print(
                json.dumps({"data": name, **report(options.data / name, rows, options.items)})
            )


if __name__ == "__main__":
    main()
