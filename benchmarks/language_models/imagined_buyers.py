"""Imagined first buyers: does a language model find the users of a new item?

The events of some known items are hidden. The content ridge proposes the likeliest users of
each; the model says yes or no from titles alone. The weight of the guesses is learned on half
of the items and measured on the other half. Guesses are kept in a file, so that a stopped run
continues:

    python -m benchmarks.language_models.imagined_buyers --data SHARED/data --sets ml100k \
        --guesses WORK/guesses --items 20 --users 10 --seconds 200
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from daybreak import Tables, read_folder
from daybreak.language_models import load_language_model
from daybreak.service.imagined_buyers import (
    BuyerImaginer,
    ImaginedBuyers,
    fit_proposer,
    learn_guess_weight,
    learning_split,
    ndcg_of_ranking,
    titles_chosen,
)

TITLE_COLUMNS = ("title", "name", "keywords")


def load_tables(folder: Path) -> tuple[Tables, str]:
    """Return the tables with positive events only, and the column with titles."""
    imported = read_folder(folder)
    tables = imported.tables
    if tables.events["value"].null_count() < tables.events.height:
        liked = tables.events.filter(tables.events["value"] >= 4)
        tables = Tables(tables.items, tables.users, liked)
    column = next(name for name in TITLE_COLUMNS if name in tables.items.columns)
    return tables, column


def guess(options: argparse.Namespace, name: str) -> None:
    """Ask the model about items until the time is over; the answers are appended to a file."""
    tables, column = load_tables(options.data / name)
    visible, buyers = learning_split(tables, options.items)
    model = load_language_model(options.model, threads=1)
    if model is None:
        raise SystemExit("--model must not be none")
    imaginer = BuyerImaginer(fit_proposer(visible), titles_chosen(visible, column), model)
    titles = dict(tables.items.select("item_id", column).iter_rows())
    file = options.guesses / f"{name}.jsonl"
    done = {row["item"] for row in read_rows(file)}
    end = time.monotonic() + options.seconds
    for item in sorted(buyers):
        if item in done or time.monotonic() > end:
            continue
        began = time.process_time()
        found = imaginer.imagine(item, str(titles[item])[:120], options.users)
        row = {
            "item": item,
            "users": found.users,
            "scores": found.scores.tolist(),
            "guesses": found.guesses.tolist(),
            "hits": [user in buyers[item] for user in found.users],
            "cpu_s": time.process_time() - began,
            "tokens": model.usage.tokens,
            "faults": model.usage.faults,
        }
        with file.open("a") as out:
            out.write(json.dumps(row) + "\n")


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the kept guesses."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def report(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what was learned on every second item, and what it gives on the others."""
    imagined = [
        ImaginedBuyers(
            row["item"], tuple(row["users"]), np.array(row["scores"]), np.array(row["guesses"])
        )
        for row in rows
    ]
    buyers = {
        row["item"]: frozenset(
            user for user, hit in zip(row["users"], row["hits"], strict=True) if hit
        )
        for row in rows
    }
    learned = learn_guess_weight(imagined[::2], buyers)
    everything = learn_guess_weight(imagined, buyers)
    tested = imagined[1::2]
    ndcg = {
        weight: float(
            np.nanmean(
                [
                    ndcg_of_ranking(
                        np.array([float(u in buyers[one.item_id]) for u in one.ranking(weight)])
                    )
                    for one in tested
                ]
            )
        )
        for weight in (0.0, learned.tried, 1.0)
    }
    return {"learned": learned, "all": everything, "tested_ndcg": ndcg, "n_tested": len(tested)}


def main() -> None:
    """Ask, then print what the guesses kept so far give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["ml100k", "gift_shop"])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--guesses", type=Path, required=True)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=200.0)
    options = parser.parse_args()
    options.guesses.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        if options.seconds > 0:
            guess(options, name)
        rows = read_rows(options.guesses / f"{name}.jsonl")
        if len(rows) > 1:
            print(name, len(rows), report(rows), flush=True)


if __name__ == "__main__":
    main()
