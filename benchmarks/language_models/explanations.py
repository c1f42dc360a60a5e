"""Explanations in words: how many sentences of a language model are nothing but the evidence.

Users with events get lists; each item is explained by the model. A sentence that says more than
the reasons is dropped, and the template writes. Run from the repository:

    python -m benchmarks.language_models.explanations --data SHARED/data --model NAME \
        --sets gift_shop ml100k --out benchmarks/results/language_explanations.md
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daybreak import Recommender, read_folder
from daybreak.language_models import MeteredLanguageModel, load_language_model
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.explainer import SentenceWriter

USERS = 8
ITEMS_PER_USER = 2
MIN_EVENTS = 5
STRATEGIES = ["ease", "content/ridge"]
"""Few strategies, so that most of the time is that of the model."""


def explained_items(folder: Path) -> Iterator[tuple[str, list[RecommendationReason]]]:
    """Yield titles and reasons of the first items of some lists."""
    imported = read_folder(folder)
    tables = imported.tables
    model = Recommender(strategies=STRATEGIES, encoder="none", rules=imported.rules).fit(
        tables.events, tables.items, tables.users
    )
    counts = tables.events["user_id"].value_counts().sort("user_id")
    users = counts.filter(counts["count"] >= MIN_EVENTS)["user_id"].gather_every(37)[:USERS]
    rows = model.recommend(users.to_list(), k=ITEMS_PER_USER, explain=True, titles=True)
    for row in rows.to_dicts():
        title = str(row.get("title") or row["item_id"])
        yield title, [RecommendationReason(**reason) for reason in row["reasons"]]


def measure(pairs: list[Any], name: str, language: str) -> dict[str, Any]:
    """Return counts of one language."""
    inner = load_language_model(name, threads=1)
    if inner is None:
        raise SystemExit("--model must not be none")
    model = MeteredLanguageModel(inner)
    writer = SentenceWriter(model, language)
    began = time.process_time()
    written = [writer.write(title, reasons) for title, reasons in pairs]
    seconds = time.process_time() - began
    asked = model.usage.n_requests
    used = [sentence.text for sentence in written if sentence.source == "model"]
    return {
        "language": language,
        "items": len(pairs),
        "asked": asked,
        "used": len(used),
        "faults": model.usage.faults,
        "tokens": model.usage.tokens / max(asked, 1),
        "cpu_s": seconds / max(asked, 1),
        "examples": used[:2],
    }


def main() -> None:
    """Write one JSON line for each data set and language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["gift_shop", "ml100k"])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    for name in options.sets:
        pairs = list(explained_items(options.data / name))
        for language in ("en", "zh"):
            row = {"data": name, "model": options.model}
            row |= measure(pairs, options.model, language)
            print(json.dumps(row, ensure_ascii=False), flush=True)
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
