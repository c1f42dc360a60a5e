"""What a language model gives: one use on some data sets; every answer is kept.

    python -m benchmarks.language_models explanations --data SHARED/data --sets ml100k \
        --answers WORK/answers --n 60 --seconds 200

A run that is stopped continues with the next question. ``--seconds 0`` only reports.
"""

import argparse
import json
from pathlib import Path

from benchmarks.language_models import (
    assistants,
    buyers,
    enrichment,
    explanations,
    grades,
    guesses,
    interview,
    rankings,
    reading,
)
from benchmarks.language_models.asking import MeasuredUse, ask_questions, read_answers
from daybreak.language_models import load_language_model

USES: dict[str, MeasuredUse] = {
    "explanations": explanations.USE,
    "guesses": guesses.USE,
    "buyers": buyers.USE,
    "enrichment": enrichment.USE,
    "grades": grades.USE,
    "rankings": rankings.USE,
    "interview": interview.USE,
    "reading": reading.USE,
    "assistants": assistants.USE,
}
MIN_ANSWERS = 2


def main() -> None:
    """Ask, then print one JSON line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("use", choices=list(USES))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=["ml100k", "gift_shop"])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument(
        "--encoder",
        default="sentence-transformers/all-MiniLM-L6-v2",
        help="text encoder, for grades and rankings",
    )
    parser.add_argument("--answers", type=Path, required=True, help="folder of the answers")
    parser.add_argument("--n", type=int, default=60, help="users, pairs or items")
    parser.add_argument(
        "--users", type=int, default=0, help="users in the fit, for buyers; 0: all"
    )
    parser.add_argument("--seconds", type=float, default=200.0, help="time for each data set")
    parser.add_argument(
        "--ways",
        nargs="+",
        default=list(interview.MODEL_WAYS),
        choices=list(interview.MODEL_WAYS),
        help="what the model does in interviews",
    )
    options = parser.parse_args()
    options.answers.mkdir(parents=True, exist_ok=True)
    use, model = USES[options.use], load_language_model(options.model, threads=1)
    if model is None:
        raise SystemExit("--model must not be none")
    for name in options.sets:
        folder = options.data / name
        file = options.answers / f"{options.use} {options.model} {name}.jsonl"
        if options.seconds > 0:
            ask_questions(use.questions(folder, options), model, file, options.seconds)
        answers = read_answers(file)
        if len(answers) >= MIN_ANSWERS:
            found = {"use": options.use, "data": name, "model": options.model}
            found |= use.report(folder, answers, options)
            print(json.dumps(found, ensure_ascii=False, default=str), flush=True)


if __name__ == "__main__":
    main()
