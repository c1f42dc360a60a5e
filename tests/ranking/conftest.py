import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Dataset, Events, Items


@pytest.fixture
def data():
    """Eighty users of four tastes, forty items of four kinds; the last eight have no events."""
    rng = np.random.default_rng(1)
    kind = np.arange(40) % 4
    words = np.eye(4, dtype=np.float32)[kind] + 0.3 * rng.random((40, 4), dtype=np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    items = Items(
        Vocabulary(f"i{row}" for row in range(40)),
        (ContentBlock("words", sp.csr_array(words)),),
    )
    rows = [
        (user, int(place) * 4 + user % 4, float(rng.random() * 1e6))
        for user in range(80)
        for place in rng.permutation(8)[: rng.integers(3, 8)]
    ]
    user, item, at = zip(*rows, strict=True)
    profiles = sp.csr_array(np.eye(4, dtype=np.float32)[np.arange(80) % 4])
    return Dataset(items, Events.of(user, item, at), 80, profiles)
