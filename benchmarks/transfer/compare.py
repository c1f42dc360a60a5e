"""The whole training with a source beside its peers, on the same test users and items.

Run ``python -m benchmarks.transfer.compare FOLDER --shared SHARED``; it prints one row of the
table for each case: NDCG@10 of the blend without and with the source, of EMCDR, of the
personalised bridge after PTUPCDR and of BiTGCF (needs torch), and paired differences. Test
users have no event in the target; all of its items with training events are candidates.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.transfer.bridges import encode, ndcg
from benchmarks.transfer.run import (
    TWO_DOMAIN_FOLDERS,
    Case,
    fit,
    measure,
    two_domain_cases,
)
from daybreak.estimates import paired_bootstrap
from daybreak.models import models

PEERS = {"EMCDR": "source_emcdr", "PTUPCDR, linear": "source_personalised"}
"""Models of peers by name."""
GRAPH = "BiTGCF"
"""Peer that needs torch."""
BLENDS: dict[str, tuple[str, ...] | None] = {"no transfer": None, "Daybreak": ()}
"""Strategies of the source by name of a whole training."""
METHODS = (*BLENDS, *PEERS, GRAPH)


def blend_values(
    case: Case, names: tuple[str, ...] | None, encoder: str = "none"
) -> tuple[np.ndarray, str]:
    """Return NDCG@10 of each test user, and the bridges that the training uses.

    Args:
        case: The transfer.
        names: Strategies of the source; None: without it, empty: the default ones.
        encoder: Text encoder.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit(case, names, encoder)
        values = measure(model, case, 10)["ndcg"]
    slices = model.report.get("sources", ())
    return values, ", ".join(sorted({one["bridge"] for one in slices if one["used"]}))


def peer_values(case: Case, name: str) -> np.ndarray:
    """Return NDCG@10 of each test user for a peer; no number if it learns nothing.

    Args:
        case: The transfer.
        name: Name of the peer.
    """
    data, queries, targets = encode(case)
    rows = data.train_item_rows
    if name == GRAPH:
        from benchmarks.peers.bitgcf import Interactions, fit_scores  # noqa: PLC0415 - needs torch

        assert data.sources is not None
        own = data.events.to_matrix(data.n_users, len(data.items))[:, rows]
        tested = np.arange(data.n_users - len(queries), data.n_users)  # as ``encode`` has them
        scores = fit_scores(Interactions(data.sources.histories, own), tested)
        return ndcg(scores, targets[:, rows])
    scores = models[PEERS[name]]().fit(data).score(queries, data.items)[:, rows]
    return np.zeros(0) if np.isnan(scores).all() else ndcg(scores, targets[:, rows])


def all_values(
    case: Case, folder: Path | None, parts: Sequence[str], encoder: str = "none"
) -> tuple[dict[str, np.ndarray], str]:
    """Return NDCG@10 of each test user by method, and the bridges that are used.

    Args:
        case: The transfer.
        folder: Folder that keeps values between runs; None: nothing is kept.
        parts: Methods that are measured if they are not kept.
        encoder: Text encoder of the whole trainings.
    """
    values, used = {}, ""
    for name in parts:
        slug = "".join(c if c.isalnum() else "_" for c in f"{case.name} {name}")
        file = None if folder is None else folder / f"{slug}.npz"
        if file is not None and file.exists():
            kept = np.load(file)
            found, bridges = kept["values"], str(kept["used"])
        elif name in BLENDS:
            found, bridges = blend_values(case, BLENDS[name], encoder)
        else:
            found, bridges = peer_values(case, name), ""
        if file is not None and not file.exists():
            np.savez(file, values=found, used=bridges)
        used = bridges or used
        if len(found):
            values[name] = found
    return values, used


def row_of(case: Case, values: dict[str, np.ndarray], used: str) -> str:
    """Return the row of the table of a case.

    Args:
        case: The transfer.
        values: NDCG@10 of each test user by method.
        used: Bridges that the blend uses.
    """
    peers = {name: one for name, one in values.items() if name not in BLENDS}
    best = max(peers, key=lambda name: float(peers[name].mean()), default="")
    own = values["Daybreak"]
    cells = [case.name, f"{len(own):,}", f"{values['no transfer'].mean():.4f}"]
    cells += [f"**{own.mean():.4f}**", _difference(own, values["no transfer"])]
    cells += [f"{peers[n].mean():.4f}" if n in peers else "–" for n in (*PEERS, GRAPH)]
    cells.append(_difference(own, peers[best]) if best else "–")
    return f"| {' | '.join([*cells, used or 'refused'])} |"


def _difference(first: np.ndarray, second: np.ndarray) -> str:
    gain = paired_bootstrap(first, second)
    return f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def main() -> None:
    """Print the rows of both directions of a data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", choices=TWO_DOMAIN_FOLDERS)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--match", default="", help="part of the name of the case")
    parser.add_argument("--others", type=int, default=2_000)
    parser.add_argument("--people", type=int, help="people in both domains; default: all")
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--method", action="append", choices=METHODS, help="default: all")
    parser.add_argument("--encoder", default="none", help="text encoder, or auto")
    parser.add_argument("--values", type=Path, help="folder that keeps values between runs")
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
    chosen = options.method or METHODS
    if options.values is not None:
        options.values.mkdir(parents=True, exist_ok=True)
    for case in cases:
        if options.match in case.name:
            started = time.process_time()
            values, used = all_values(case, options.values, chosen, options.encoder)
            if {*BLENDS} <= {*values}:
                print(row_of(case, values, used), flush=True)
            print(f"{case.name}: {time.process_time() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
