"""Alignment of the content of two domains by pairs: a map that tells pairs from all others."""

import numpy as np

from daybreak.types import Floats

PAIR_TEMPERATURE = 0.1
"""Temperature of the contrastive loss; similarities are cosines."""
PAIR_SHRINKAGE = 0.03
"""Strength with which a contrastive map is shrunk to the identity."""
PAIR_BATCH = 512
"""Pairs of one step, each of which is compared with all others."""
PAIR_MOMENTUM = 0.9
MAX_PAIR_STEPS = 300
PAIR_CHECK = 5
"""Steps between two measurements on the held-out pairs."""
PAIR_PATIENCE = 6
"""Measurements without a gain after which the training ends."""
MIN_PAIRS = 10
"""Smallest number of pairs from which a map is learned; a fifth of them is held out, at most
:data:`PAIR_BATCH`."""


def contrastive_map(source: Floats, target: Floats, rng: np.random.Generator) -> Floats:
    """Return the (dim, dim) map of the source under which pairs are told from all others.

    It minimises the mean of both cross entropies of ``S W T'/τ`` (each row of the source finds
    its row of the target among all, and vice versa) plus ``λ/2 ‖W - I‖²``, from the identity,
    on four fifths of the pairs, and returns the map that was best on the others: the identity,
    if no other was.

    Args:
        source: (n, dim) rows of length 1.
        target: (n, dim) rows of length 1, the pairs of those of the source.
        rng: Generator of the split and of the batches.

    Source:
        van den Oord, Li and Vinyals 2018, "Representation learning with contrastive predictive
        coding", eq. 4 (InfoNCE with a bilinear score), in both directions.

    Example:
        The target has the axes of the source in the other order.

        >>> rng = np.random.default_rng(0)
        >>> rows = rng.normal(size=(200, 2)).astype(np.float32)
        >>> rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        >>> found = contrastive_map(rows, rows[:, ::-1], rng)
        >>> bool((rows @ found * rows[:, ::-1]).sum() > (rows * rows[:, ::-1]).sum() + 50)
        True
    """
    best = weights = np.eye(source.shape[1], dtype=np.float32)
    if len(source) < MIN_PAIRS:
        return best
    order = rng.permutation(len(source))
    held, fitted = np.split(order, [min(max(len(source) // 5, 2), PAIR_BATCH)])
    lowest, waited = info_nce(weights, source[held], target[held])[0], 0
    size, moved = safe_step(source[fitted]), np.zeros_like(weights)
    for step in range(1, MAX_PAIR_STEPS + 1):
        chosen = rng.permutation(fitted)[:PAIR_BATCH]
        gradient = info_nce(weights, source[chosen], target[chosen])[1]
        gradient += PAIR_SHRINKAGE * (weights - np.eye(len(weights), dtype=np.float32))
        moved = PAIR_MOMENTUM * moved - size * (1 - PAIR_MOMENTUM) * gradient
        weights = weights + moved
        if step % PAIR_CHECK:
            continue
        loss = info_nce(weights, source[held], target[held])[0]
        waited = 0 if loss < lowest else waited + 1
        if loss < lowest:
            lowest, best = loss, weights
        if waited == PAIR_PATIENCE:
            break
    return best


def info_nce(weights: Floats, source: Floats, target: Floats) -> tuple[float, Floats]:
    """Return the contrastive loss of a map, in nats for each pair, and its gradient.

    Args:
        weights: (dim, dim) map W.
        source: (n, dim) rows.
        target: (n, dim) rows of the pairs.

    Example:
        Two pairs that are alike: each is one of two.

        >>> one = np.ones((2, 1), np.float32)
        >>> round(info_nce(np.ones((1, 1), np.float32), one, one)[0], 4)
        0.6931
    """
    logits = source @ weights @ target.T / PAIR_TEMPERATURE
    pull = np.zeros_like(logits)
    loss = 0.0
    for axis in (0, 1):
        shifted = logits - logits.max(axis=axis, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        loss -= float(np.diag(shifted - total).mean()) / 2
        pull += np.exp(shifted - total) / 2
    pull -= np.eye(len(pull), dtype=pull.dtype)
    gradient = source.T @ pull @ target / (len(source) * PAIR_TEMPERATURE)
    return loss, np.asarray(gradient, dtype=np.float32)


def safe_step(source: Floats) -> float:
    """Return a step of gradient descent at which the convex loss falls.

    It is one over a bound of the curvature, ``μ/(2τ²) + λ``, with the largest eigenvalue μ of
    the mean of the products ``s s'``.

    Args:
        source: (n, dim) rows; those of the target have length 1.

    Example:
        Rows of one axis: ``1 / (1/(2 · .01) + .03)``.

        >>> round(safe_step(np.ones((3, 1), np.float32)), 4)
        0.02
    """
    largest = float(np.linalg.norm(source.T @ source / len(source), 2))
    return 1 / (largest / (2 * PAIR_TEMPERATURE**2) + PAIR_SHRINKAGE)
