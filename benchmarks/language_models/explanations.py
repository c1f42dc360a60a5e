"""Explanations in words: how many sentences of a model are nothing but the evidence.

Users with events get lists; one item of each list is explained by the model, in English and in
Chinese. A sentence that says more than the reasons is dropped, and the template writes.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.language_models.asking import (
    Answer,
    MeasuredUse,
    Question,
    share_with_interval,
    sum_costs,
)
from benchmarks.language_models.data import load_tables
from daybreak import Recommender
from daybreak.language_models import LanguageModel
from daybreak.rng import create_generator
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.explainer import SentenceWriter

MIN_EVENTS = 5
STRATEGIES = ["ease", "content/ridge"]
"""Few strategies, so that most of the time is that of the model."""
LANGUAGES = ("en", "zh")


def questions(folder: Path, options: Namespace) -> Iterator[Question]:
    """Yield one question for each user and language."""
    tables, _ = load_tables(folder)
    model = Recommender(strategies=STRATEGIES, encoder="none").fit(
        tables.events, tables.items, tables.users
    )
    counts = tables.events["user_id"].value_counts().sort("user_id")
    users = counts.filter(counts["count"] >= MIN_EVENTS)["user_id"].to_list()
    order = create_generator(0, "explained users").permutation(len(users))[: options.n]
    asked = [users[row] for row in order.tolist()]
    lists = model.recommend(asked, k=1, explain=True, titles=True)
    for row in lists.to_dicts():
        title = str(row.get("title") or row["item_id"])
        reasons = [RecommendationReason(**reason) for reason in row["reasons"]]
        for language in LANGUAGES:
            yield f"{language} {row['user_id']}", partial(_write, title, reasons, language)


def _write(
    title: str, reasons: Sequence[RecommendationReason], language: str, model: LanguageModel
) -> Answer:
    sentence = SentenceWriter(model, language).write(title, reasons)
    return {"language": language, "source": sentence.source, "text": sentence.text}


def report(folder: Path, answers: Sequence[Answer], options: Namespace) -> Mapping[str, Any]:
    """Return the share of the sentences that are used, for each language."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        asked = [one for one in answers if one["language"] == language and one["requests"]]
        used = [one for one in asked if one["source"] == "model"]
        found[language] = {
            "used": (len(used), len(asked)),
            "share": share_with_interval(len(used), len(asked)),
            "examples": [one["text"] for one in used[:3]],
            **sum_costs(asked),
        }
    return found


USE = MeasuredUse(questions, report)
