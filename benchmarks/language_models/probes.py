"""Small probes of a language model: a dozen answers each, without training anything.

`explanations`: reasons are two titles that a user chose; is the sentence nothing but them?
`guesses`: half of the pairs of a user and an item are real choices, half random; does the model
say yes to the real ones? `grades`: half of the pairs of items were chosen by the same people,
half are random; does the model grade the first ones higher? Run from the repository:

    python -m benchmarks.language_models.probes --data SHARED/data --set ml100k \
        --use guesses --answers 12
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.language_models.imagined_buyers import load_tables
from daybreak.language_models import LanguageModel, load_language_model, read_prompt
from daybreak.language_models.answers import BuyerAnswer
from daybreak.rng import create_generator
from daybreak.service.imagined_buyers import HISTORY_TITLES, titles_chosen
from daybreak.service.state.explain import RecommendationReason
from daybreak.service.state.explainer import SentenceWriter
from daybreak.service.state.reason_texts import phrase_of
from daybreak.transfer.distil_judgements import judge_pairs

MIN_TITLES = 6

Histories = list[list[str]]


def probe_explanations(model: LanguageModel, histories: Histories, n: int) -> dict[str, Any]:
    """Return how many sentences are used, in both languages."""
    found: dict[str, Any] = {}
    for language in ("en", "zh"):
        writer, texts = SentenceWriter(model, language), []
        for titles in histories[: n // 2]:
            reasons = [
                RecommendationReason("event", title, title, 0.5, phrase_of("event", title, 0.5))
                for title in titles[:2]
            ]
            texts.append(writer.write(titles[-1], reasons))
        used = [sentence.text for sentence in texts if sentence.source == "model"]
        found[language] = {"asked": len(texts), "used": len(used), "example": used[:1]}
    return found


def probe_guesses(model: LanguageModel, histories: Histories, n: int) -> dict[str, Any]:
    """Return the share of yes for real choices and for random items."""
    prompt, rng = read_prompt("buyer"), create_generator(0, "probe of guesses")
    every = [title for titles in histories for title in titles]
    answers: dict[bool, list[bool]] = {True: [], False: []}
    for number, titles in enumerate(histories[:n]):
        is_real = number % 2 == 0
        item = titles[-1] if is_real else every[int(rng.integers(len(every)))]
        data = {"chosen": titles[:-1][-HISTORY_TITLES:], "item": item}
        value = model.complete(prompt.fill(data), BuyerAnswer, max_tokens=24).value
        if value is not None:
            answers[is_real].append(value.chooses)
    return {
        name: {"asked": len(answers[is_real]), "yes": sum(answers[is_real])}
        for name, is_real in (("real", True), ("random", False))
    }


def probe_grades(model: LanguageModel, histories: Histories, n: int) -> dict[str, Any]:
    """Return the mean grade of items of the same people and of random pairs."""
    rng = create_generator(0, "probe of grades")
    every = [title for titles in histories for title in titles]
    pairs = []
    for number, titles in enumerate(histories[:n]):
        other = titles[-1] if number % 2 == 0 else every[int(rng.integers(len(every)))]
        pairs.append((titles[-2], other))
    judged = {(one.first, one.second): one.similarity for one in judge_pairs(model, pairs)}
    grades = [4 * judged[pair] for pair in pairs if pair in judged]
    return {
        "same people": float(np.mean(grades[::2])),
        "random": float(np.mean(grades[1::2])),
        "grades": grades,
    }


PROBES: dict[str, Callable[[LanguageModel, Histories, int], dict[str, Any]]] = {
    "explanations": probe_explanations,
    "guesses": probe_guesses,
    "grades": probe_grades,
}


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", required=True)
    parser.add_argument("--use", choices=list(PROBES), required=True)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--answers", type=int, default=12)
    options = parser.parse_args()
    tables, column = load_tables(options.data / options.set)
    chosen = titles_chosen(tables, column)
    histories = [titles for _, titles in sorted(chosen.items()) if len(titles) >= MIN_TITLES]
    order = create_generator(1, "probed users").permutation(len(histories))
    model = load_language_model(options.model, threads=1)
    if model is None:
        raise SystemExit("--model must not be none")
    began = time.process_time()
    found = PROBES[options.use](model, [histories[row] for row in order], options.answers)
    usage = model.usage
    found |= {
        "set": options.set,
        "use": options.use,
        "model": options.model,
        "cpu_s": round((time.process_time() - began) / max(usage.n_requests, 1), 2),
        "tokens": round(usage.tokens / max(usage.n_requests, 1)),
        "faults": usage.faults,
    }
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
