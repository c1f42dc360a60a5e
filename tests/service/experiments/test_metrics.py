import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, ContentBlock, Items
from daybreak.service.experiments.metrics import RunningSums, list_diversity


def unit(matrix):
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0)


def lists(**named):
    rows = [(name, item) for name, items in named.items() for item in items]
    return pl.DataFrame(rows, ["recommendation_id", "item_id"], orient="row")


@pytest.fixture
def content():
    """Five items in two blocks; nothing is known of the last."""
    rng = np.random.default_rng(0)
    words, meaning = (unit(rng.random((5, dim)).astype(np.float32)) for dim in (4, 3))
    words[4] = meaning[4] = 0
    blocks = (ContentBlock("words", sp.csr_array(words)), ContentBlock("meaning", meaning))
    return Items(Vocabulary("abcde"), blocks)


def test_it_is_the_mean_over_pairs(content):
    similar = content.similarity(content) / (1 + BLOCK_SIMILARITY_WEIGHTS["meaning"])
    pairs = [(0, 1), (0, 2), (1, 2)]
    found = dict(list_diversity(content, lists(x="abc", y="ad")).rows())
    assert found["x"] == pytest.approx(np.mean([1 - similar[a, b] for a, b in pairs]), abs=1e-6)
    assert found["y"] == pytest.approx(1 - similar[0, 3], abs=1e-6)


def test_items_without_content_are_left_out(content):
    found = dict(list_diversity(content, lists(x="abe", y="ab", z="ae", w=["a", "new"])).rows())
    assert found["x"] == pytest.approx(found["y"])
    assert set(found) == {"x", "y"}


def test_no_impressions_and_no_attributes_are_not_an_error(content):
    assert list_diversity(content, lists(x="").clear()).height == 0
    assert list_diversity(Items(Vocabulary([])), lists(x="ab")).height == 0


def test_running_sums_do_not_depend_on_when_they_are_added_up():
    frames = [pl.DataFrame({"user": ["a", f"b{n}"], "clicks": [1.0, 2.0]}) for n in range(9)]
    early, late = RunningSums("user", max_pending=3), RunningSums("user")
    for frame in frames:
        early.add(frame)
        late.add(frame)
    assert early.totals().equals(late.totals())
    assert early.totals().row(0) == ("a", 9.0)
