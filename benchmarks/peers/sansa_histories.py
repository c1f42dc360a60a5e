"""Train SANSA on histories alone, and write the lists of held-out users.

    python sansa_histories.py FOLDER OPTIONS

The same files as ``benchmarks.quality.train_histories``, in an environment with ``sansa``.

Source:
    Spišák et al. 2023, "Scalable approximate nonsymmetric autoencoder for collaborative
    filtering".
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sansa import (
    SANSA,
    ICFGramianFactorizerConfig,
    SANSAConfig,
    UMRUnitLowerTriangleInverterConfig,
)

K = 20
USERS_PER_BLOCK = 100


def main() -> None:
    """Train, rank, write, print the cost."""
    folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    train = sp.csr_matrix(sp.load_npz(folder / "train.npz"))
    known = sp.csr_matrix(sp.load_npz(folder / "known.npz"))
    config = SANSAConfig(
        options["l2"],
        options["density"],
        ICFGramianFactorizerConfig(),
        UMRUnitLowerTriangleInverterConfig(),
    )
    model = SANSA(config)
    start = time.process_time()
    model.fit(train)
    seconds = time.process_time() - start
    left, right = model.weights
    lists = []
    for first in range(0, known.shape[0], USERS_PER_BLOCK):
        history = known[first : first + USERS_PER_BLOCK]
        scores = (history @ left @ right).toarray()
        scores[history.nonzero()] = -np.inf
        lists.append(np.argsort(-scores, axis=1, kind="stable")[:, :K])
    np.save(folder / "lists.npy", np.concatenate(lists))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 2), "peak_mb": round(peak)}))


if __name__ == "__main__":
    main()
