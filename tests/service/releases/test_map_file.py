"""The map in the folder of a release."""

import logging

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.releases.map_file import MAP_FILE, read_map, write_map
from daybreak.service.state.item_map import layout_items


@pytest.fixture
def item_map():
    matrix = np.random.default_rng(0).random((9, 4)).astype(np.float32)
    ids = Vocabulary([f"item\n{n}" for n in range(8)] + ["茶"])
    return layout_items(Items(ids, (ContentBlock("words", matrix),)))


def test_a_map_is_read_as_it_was_written(tmp_path, item_map):
    write_map(tmp_path, item_map)
    again = read_map(tmp_path)
    assert again.ids == item_map.ids
    for name in ("places", "landmarks", "landmark_vectors"):
        assert np.array_equal(getattr(again, name), getattr(item_map, name))
    assert np.array_equal(again.directions[0], item_map.directions[0])
    assert [file.name for file in tmp_path.iterdir()] == [MAP_FILE]


def test_a_map_of_a_catalogue_without_content_is_written_too(tmp_path):
    write_map(tmp_path, layout_items(Items(Vocabulary(["a"]))))
    assert read_map(tmp_path).places.tolist() == [[0, 0]]


@pytest.mark.parametrize("change", ["cut", "format", "shape", "landmarks", "ids"])
def test_a_damaged_map_is_not_used(tmp_path, item_map, change, caplog):
    assert read_map(tmp_path) is None
    write_map(tmp_path, item_map)
    path = tmp_path / MAP_FILE
    arrays = load_file(path)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        wrong = {
            "format": np.array([99]),
            "shape": arrays["places"][:3],
            "landmarks": arrays["landmarks"] + 5,
            "ids": arrays["ids"][:-4],
        }
        save_file(arrays | {{"shape": "places"}.get(change, change): wrong[change]}, path)
    with caplog.at_level(logging.WARNING):
        assert read_map(tmp_path) is None
    assert "is not used" in caplog.text
