"""Processor time of one list, alone and in a batch, of this code and of an earlier one.

    python -m benchmarks.serving.answer_cost STORE --before EARLIER/src [--out FILE]

Asks the service of a store with a release for lists of known users, in new processes of both
versions of the code in turns, so that other work on the machine meets both. Of each version,
the process with the lowest median counts. The lists must be equal to the last bit.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common.server_process import machine
from daybreak.config import Settings
from daybreak.service.serving import RecommenderService, RecommendRequest

N_USERS = 300
N_ROUNDS = 5
"""Rounds of all users in one process."""
N_TURNS = 3
"""Processes of each version."""
BATCH_SIZE = 20
HEADER = "| version | a list alone [ms] | a list in a batch of 20 [ms] |\n| --- | ---: | ---: |"


def main() -> None:
    """Parse the arguments, measure both versions in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="URL of a store with a release")
    parser.add_argument("--before", type=Path, help="folder src of the earlier code")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    parser.add_argument("--once", action="store_true", help="measure this process only")
    options = parser.parse_args()
    if options.once:
        print(json.dumps(measure(options.store)))
        return
    versions = {"before": options.before.resolve(), "now": Path(__file__).parents[2] / "src"}
    turns = [(name, measure_in_process(options.store, path)) for _ in range(N_TURNS)
             for name, path in versions.items()]  # fmt: skip
    if len({found["lists"] for _, found in turns}) > 1:
        raise SystemExit("the two versions give other lists")
    n_items = turns[0][1]["items"]
    rows = [HEADER] + [
        f"| {name} | {best(turns, name, 'alone'):.2f} | {best(turns, name, 'batch'):.2f} |"
        for name in versions
    ]
    table = "\n".join(rows)
    print(f"{n_items:,} items, {machine()}\n\n{table}")
    if options.out is not None:
        title, about = __doc__.splitlines()[0].rstrip("."), __doc__.split("\n\n")[2]
        text = f"# {title}\n\n{about.strip()}\n\n{n_items:,} items; {machine()}.\n\n{table}\n"
        options.out.write_text(text, encoding="utf-8")


def best(turns: list[tuple[str, dict[str, Any]]], name: str, kind: str) -> float:
    """Return the lowest median of a version [ms]."""
    return min(float(found[kind]) for version, found in turns if version == name)


def measure_in_process(store: str, source: Path) -> dict[str, Any]:
    """Measure a version of the code in a new process."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "benchmarks.serving.answer_cost", store, "--once"]
    environment = {"PYTHONPATH": f"{source}:{root}", "PATH": "/usr/bin:/bin"}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - this interpreter and this module
        command, env=environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(store: str) -> dict[str, Any]:
    """Return the processor times of this process, and a digest of its lists."""
    with RecommenderService(Settings(store=store, encoder="none")) as service:
        users = [row["user_id"] for row in service.users.page(None, N_USERS).rows]
        requests = [RecommendRequest(user_id=user, n=10, record=False) for user in users]
        digest = hashlib.sha256()
        for request in requests:
            for item in service.recommend(request).items:
                digest.update(f"{item.item_id} {item.score.hex()} {item.strategy};".encode())

        def ask_alone() -> None:
            for request in requests:
                service.recommend(request)

        def ask_in_batches() -> None:
            for start in range(0, len(requests), BATCH_SIZE):
                service.recommend_many(requests[start : start + BATCH_SIZE])

        return {
            "items": len(service.releases.current.catalogue.items),
            "alone": milliseconds(ask_alone, len(requests)),
            "batch": milliseconds(ask_in_batches, len(requests)),
            "lists": digest.hexdigest(),
        }


def milliseconds(ask: Callable[[], None], n_lists: int) -> float:
    """Return the median processor time of a list [ms]."""
    times = []
    for _ in range(N_ROUNDS):
        start = time.process_time()
        ask()
        times.append(1_000 * (time.process_time() - start) / n_lists)
    return median(times)


if __name__ == "__main__":
    main()
