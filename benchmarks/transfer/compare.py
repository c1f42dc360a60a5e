"""The whole training with a source beside its peers, on the same test users and items.

Run ``python -m benchmarks.transfer.compare FOLDER --shared SHARED``; it prints one row of the
table for each case: NDCG@10 of the blend without and with the source, of EMCDR, of the
personalised bridge after PTUPCDR and of BiTGCF (needs torch), and paired differences. Test
users have no event in the target; all of its items with training events are candidates.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.transfer.bridges import encode, ndcg
from benchmarks.transfer.run import Case, fit, measure, two_domain_cases
from daybreak.estimates import paired_bootstrap
from daybreak.models import models

PEERS = {"EMCDR": "source_emcdr", "PTUPCDR, linear": "source_personalised"}
"""Models of peers by name."""


def peer_values(case: Case, *, with_graph: bool) -> dict[str, np.ndarray]:
    """Return NDCG@10 of each test user for each peer that learns anything.

    Args:
        case: The transfer.
        with_graph: Whether BiTGCF is among them.
    """
    data, queries, targets = encode(case)
    rows = data.train_item_rows
    values = {}
    for name, model_name in PEERS.items():
        model = models[model_name]().fit(data)
        scores = model.score(queries, data.items)[:, rows]
        if not np.isnan(scores).all():
            values[name] = ndcg(scores, targets[:, rows])
    if with_graph and data.sources is not None:
        from benchmarks.peers.bitgcf import Interactions, fit_scores  # noqa: PLC0415 - needs torch

        own = data.events.to_matrix(data.n_users, len(data.items))[:, rows]
        both = Interactions(data.sources.histories, own)
        tested = np.arange(data.n_users - len(queries), data.n_users)  # as ``encode`` has them
        values["BiTGCF"] = ndcg(fit_scores(both, tested), targets[:, rows])
    return values


def row_of(case: Case, *, with_graph: bool) -> str:
    """Return the row of the table of a case.

    Args:
        case: The transfer.
        with_graph: Whether BiTGCF is measured.
    """
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models_ = [fit(case, names) for names in (None, ())]
    without, with_source = (measure(model, case, 10)["ndcg"] for model in models_)
    seconds = time.process_time() - started
    peers = peer_values(case, with_graph=with_graph)
    best = max(peers, key=lambda name: float(peers[name].mean()), default="")
    gain = paired_bootstrap(with_source, without)
    cells = [case.name, f"{len(without):,}", f"{without.mean():.4f}"]
    cells.append(f"**{with_source.mean():.4f}**")
    cells.append(f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})")
    for name in (*PEERS, "BiTGCF"):
        cells.append(f"{peers[name].mean():.4f}" if name in peers else "–")
    beside = paired_bootstrap(with_source, peers[best]) if best else None
    cells.append(
        "–"
        if beside is None
        else f"{beside.difference:+.4f} ({beside.low:+.4f} to {beside.high:+.4f})"
    )
    slices = models_[1].report.get("sources", ())
    used = sorted({one["bridge"] for one in slices if one["used"]})
    cells.append(", ".join(used) or "refused")
    cells.append(f"{seconds:.0f}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the rows of both directions of a data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", choices=["food_kitchen", "amazon_beauty_toys"])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--match", default="", help="part of the name of the case")
    parser.add_argument("--others", type=int, default=2_000)
    parser.add_argument("--people", type=int, help="people in both domains; default: all")
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--no-graph", action="store_true", help="leave BiTGCF out")
    options = parser.parse_args()
    shares = options.share or (1.0, 0.1, 0.01, 0.0)
    cases = two_domain_cases(
        options.shared,
        options.folder,
        shares,
        options.test,
        options.others,
        options.people,
    )
    for case in cases:
        if options.match in case.name:
            print(row_of(case, with_graph=not options.no_graph), flush=True)


if __name__ == "__main__":
    main()
