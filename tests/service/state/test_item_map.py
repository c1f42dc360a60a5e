"""The catalogue in two dimensions."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.state.item_map import _turned_to, layout_items


def groups(n_groups=4, size=12, *, sparse=False):
    """Items in groups: those of one group have nearly the same content."""
    rng = np.random.default_rng(1)
    matrix = np.repeat(np.eye(n_groups, 9), size, axis=0) + 0.05 * rng.random(
        (n_groups * size, 9)
    )
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix = matrix.astype(np.float32)
    ids = Vocabulary(f"item-{n}" for n in range(len(matrix)))
    return Items(ids, (ContentBlock("words", sp.csr_array(matrix) if sparse else matrix),))


@pytest.mark.parametrize("sparse", [True, False])
def test_items_with_similar_content_are_close_to_each_other(sparse):
    places = layout_items(groups(sparse=sparse)).places.reshape(4, 12, 2)
    centres = places.mean(axis=1)
    inside = np.linalg.norm(places - centres[:, None], axis=2).max()
    between = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    assert inside < between[~np.eye(4, dtype=bool)].min() / 2
    assert np.abs(places).max() <= 1


def test_the_same_catalogue_has_the_same_map():
    assert np.array_equal(layout_items(groups()).places, layout_items(groups()).places)


def test_the_map_of_a_new_release_is_turned_to_the_one_before():
    items = groups()
    before = layout_items(items)
    turned = type(before)(
        before.ids,
        before.places[:, ::-1].copy(),
        before.directions,
        before.landmarks,
        before.landmark_vectors,
    )
    after = layout_items(items, previous=turned)
    alone = np.linalg.norm(before.places - turned.places, axis=1).mean()
    assert np.linalg.norm(after.places - turned.places, axis=1).mean() < alone / 3


def test_a_new_item_gets_its_place_among_its_neighbours_and_moves_no_other():
    items = groups()
    item_map = layout_items(items.take(np.arange(47)))
    longer = item_map.extended(items)
    assert np.array_equal(longer.places[:47], item_map.places)
    gap = np.linalg.norm(longer.places[:47] - longer.places[47], axis=1)
    assert set(np.argsort(gap)[:5] // 12) == {3}


def test_items_without_content_are_spread_along_the_edge():
    matrix = np.zeros((5, 3), dtype=np.float32)
    matrix[0, 0] = matrix[1, 1] = 1
    items = Items(Vocabulary("abcde"), (ContentBlock("words", matrix),))
    places = layout_items(items).places
    assert np.linalg.norm(places[2:], axis=1) == pytest.approx(1)
    assert len(np.unique(places.round(3), axis=0)) == 5


@pytest.mark.parametrize("n", [0, 1, 2])
def test_small_catalogues_have_maps(n):
    matrix = np.eye(n, 2, dtype=np.float32)
    items = Items(Vocabulary(str(k) for k in range(n)), (ContentBlock("words", matrix),))
    places = layout_items(items).places
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert layout_items(Items(Vocabulary(["a"]))).places.tolist() == [[0, 0]]


def test_the_fit_to_an_earlier_map_by_hand():
    before = np.array([[0, 0], [0.5, 0], [0, 0.25], [np.nan, np.nan]])
    # twice as large, a quarter turn to the left, and moved by (3, -1); the last item is new
    layout = np.array([[3, -1], [3, 0], [2.5, -1], [3, -2]])
    fitted = _turned_to(layout, before)
    assert fitted == pytest.approx(np.array([[0, 0], [0.5, 0], [0, 0.25], [-0.5, 0]]), abs=1e-6)


def test_items_of_an_earlier_map_stay_near_their_places_when_others_come():
    items = groups()
    before = layout_items(items.take(np.arange(0, 48, 2)))
    after = layout_items(items, previous=before)
    moved = np.linalg.norm(after.places[::2] - before.places, axis=1)
    assert np.median(moved) < 0.15
