"""Train one model on histories alone, and write the lists of held-out users.

    python -m benchmarks.quality.train_histories FOLDER MODEL OPTIONS

``FOLDER`` has ``train.npz`` and ``known.npz`` (histories as sparse matrices); OPTIONS are those
of the model, as JSON. Writes ``lists.npy``, (n_users, 20) item rows, and prints the cost as
JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models import models

K = 20
USERS_PER_BLOCK = 100
"""Users that are ranked at once [users]."""


def main() -> None:
    """Train, rank, write, print the cost."""
    folder, name, options = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    data = make_dataset(sp.csr_array(sp.load_npz(folder / "train.npz")))
    known = sp.csr_array(sp.load_npz(folder / "known.npz"))
    start = time.process_time()
    model = models[name](**options).fit(data)
    seconds = time.process_time() - start
    lists = []
    for first in range(0, known.shape[0], USERS_PER_BLOCK):
        history = sp.csr_array(known[first : first + USERS_PER_BLOCK])
        profiles = sp.csr_array((history.shape[0], 0), dtype=np.float32)
        queries = Queries.from_history(data.train_items, history, history, profiles)
        scores = model.score(queries, data.train_items)
        scores[history.nonzero()] = -np.inf
        lists.append(np.argsort(-scores, axis=1, kind="stable")[:, :K])
    np.save(folder / "lists.npy", np.concatenate(lists))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 2), "peak_mb": round(peak)}))


def make_dataset(histories: sp.csr_array) -> Dataset:
    """Return histories as a data set without content and times."""
    user = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    events = Events.of(user, histories.indices, np.full(histories.nnz, np.nan))
    ids = Vocabulary(str(row) for row in range(histories.shape[1]))
    return Dataset(Items(ids), events, histories.shape[0])


if __name__ == "__main__":
    main()
