import json
from dataclasses import replace

import numpy as np
import pytest

from daybreak.encoders import MappedTextEncoder, StaticText, TextMap, load_encoder, resolve
from daybreak.encoders.lexical import LexicalEncoder
from daybreak.encoders.mapped_text import MappedTextFiles, WordsOfMap, write_text_map
from daybreak.errors import ConfigError, DataError, NotFoundError
from daybreak.testing.encoders import CountingEncoder, static_parts

WORDS = {"red": [3.0, 0.0], "globe": [0.0, 4.0], "lamp": [1.0, 1.0]}
TURN = TextMap(np.array([0.0, 0.0], np.float32), np.array([[0.0], [1.0]], np.float32), 0.36)

READING = TextMap(
    np.zeros(2, np.float32),
    np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32),
    0.36,
    WordsOfMap(LexicalEncoder(("lamp",), np.ones(1)), 0.5),
)
"""A map that keeps the second number, and the word lamp."""


def write_folder(tmp_path, text_map=TURN):
    """The folder of a map whose base is a folder as well."""
    base = StaticText(static_parts(WORDS)).save(tmp_path / "base-model")
    name, hash_ = str(base), load_encoder(base).hash
    write_text_map(
        tmp_path / "tuned", MappedTextFiles(text_map, name, hash_, {"verdict": "tie"})
    )
    return tmp_path / "tuned"


def test_the_cosine_is_the_weighted_sum_of_original_and_mapped(tmp_path):
    encoder = load_encoder(write_folder(tmp_path))
    red_globe, globe, red = encoder.encode(["red globe", "globe", "red"])
    # original: (.6, .8) against (0, 1); mapped to one number, all that is not 0 is 1
    assert red_globe @ globe == pytest.approx(0.64 * 0.8 + 0.36 * 1)
    # the mapped vector of "red" is 0, so that only the original one is left
    assert red_globe @ red == pytest.approx(0.8 * 0.6)


def test_words_count_beside_the_vectors(tmp_path):
    encoder = load_encoder(write_folder(tmp_path, READING))
    globe, lamp, globe_lamp = encoder.encode(["globe", "lamp", "globe lamp"])
    # mapped: globe (1, 0); lamp (.707, 1) after its vector (.707, .707), so (.577, .816)
    assert globe @ lamp == pytest.approx(0.64 * np.sqrt(0.5) + 0.36 / np.sqrt(3))
    # globe lamp: the vector (1, 5) / sqrt(26), so (.981, 1) before the length is 1
    second = 5 / np.sqrt(26)
    mapped = second / np.sqrt(second**2 + 1)
    assert globe @ globe_lamp == pytest.approx(0.64 * second + 0.36 * mapped)


def test_the_words_of_a_map_are_part_of_its_hash(tmp_path):
    encoder = load_encoder(write_folder(tmp_path, READING))
    assert encoder.text_map.hash == READING.hash
    assert encoder.text_map.words.lexical.terms == ("lamp",)
    other = WordsOfMap(LexicalEncoder(("bulb",), np.ones(1)), 0.5)
    assert replace(READING, words=other).hash != READING.hash
    assert replace(READING, words=None).hash != READING.hash


@pytest.mark.parametrize("words", [{"share": 0.5, "terms": []}, {"terms": ["lamp"]}, 3])
def test_damaged_words_are_named(words, tmp_path):
    folder = write_folder(tmp_path, READING)
    path = folder / "mapped_text.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "words": words}))
    with pytest.raises(DataError, match="text map"):
        load_encoder(folder)


def test_a_folder_works_without_the_folder_of_its_base(tmp_path):
    folder = write_folder(tmp_path)
    before = load_encoder(folder).encode(["red globe"])
    (tmp_path / "base-model").rename(tmp_path / "gone")
    np.testing.assert_array_equal(load_encoder(folder).encode(["red globe"]), before)
    assert resolve(folder).kind == "mapped-text"


def test_the_facts_of_a_map_are_read_and_do_not_change_its_hash(tmp_path):
    folder = write_folder(tmp_path)
    first = load_encoder(folder)
    path = folder / "mapped_text.json"
    head = json.loads(path.read_text())
    path.write_text(json.dumps({**head, "facts": {"verdict": "helps"}}))
    assert first.metadata == {"verdict": "tie"}
    assert load_encoder(folder).hash == first.hash


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"share": 0.5},
        {"share": "much"},
        {"hash": "0"},
        {"base": {}},
        {"facts": None},
    ],
)
def test_damaged_files_are_named(change, tmp_path):
    folder = write_folder(tmp_path)
    path = folder / "mapped_text.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match="text map"):
        load_encoder(folder)


def test_another_base_is_refused(tmp_path):
    folder = write_folder(tmp_path)
    with pytest.raises(ConfigError, match="was made for the vectors"):
        MappedTextEncoder(folder, CountingEncoder())


def test_a_map_of_another_length_is_refused():
    with pytest.raises(DataError, match="takes vectors of 2 numbers, its base gives 16"):
        MappedTextEncoder(TURN, CountingEncoder())


def test_a_map_alone_needs_an_encoder():
    with pytest.raises(ConfigError, match="needs the encoder"):
        MappedTextEncoder(TURN)


def test_a_folder_whose_base_is_gone_says_so(tmp_path):
    folder = write_folder(tmp_path)
    for path in (folder / "base").iterdir():
        path.unlink()
    with pytest.raises(NotFoundError):
        load_encoder(folder)
