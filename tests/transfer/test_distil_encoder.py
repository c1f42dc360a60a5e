from itertools import product

import numpy as np
import pytest

from daybreak.encoders import CachedEncoder, EndpointEncoder, MemoryVectors
from daybreak.errors import ConfigError, DataError
from daybreak.testing.encoders import ENCODER_CHECKS, CountingEncoder
from daybreak.transfer.distil_encoder import (
    distil_encoder,
    find_tokenizer,
    principal_axes,
    teacher_name,
)
from tests.encoders.tiny_models import tiny_torch, tiny_use

COLOURS = ("red", "blue", "green", "black", "white")
THINGS = ("globe", "lamp", "train", "cup", "pot", "box")
TEXTS = [f"{colour} {thing}" for colour, thing in product(COLOURS, THINGS)]


class Opposites(CountingEncoder):
    """A teacher for whom ``not`` turns the word behind it round: no bag of words can follow."""

    def _encode_batch(self, texts):
        rows = super()._encode_batch([text.replace("not ", "") for text in texts])
        signs = np.array([-1.0 if "not " in text else 1.0 for text in texts])
        return (rows * signs[:, None]).astype(np.float32)


@pytest.fixture(scope="module")
def student():
    return distil_encoder(CountingEncoder(), TEXTS, dim=16)


def test_the_student_of_a_bag_of_words_says_what_the_teacher_says(student):
    assert student.parts.metadata["fidelity"] > 0.95
    said = CountingEncoder().encode(TEXTS)
    said = said - said.mean(axis=0)
    mine = student.encode(TEXTS)
    alike = np.corrcoef((mine @ mine.T).ravel(), (said @ said.T).ravel())[0, 1]
    assert alike > 0.9


def test_it_says_so_of_texts_that_it_never_saw(student):
    rows = student.encode(["red globe", "red globe globe", "white box"])
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]


def test_pairs_learn_what_single_words_cannot():
    texts = [f"{negation}{thing}" for negation, thing in product(("", "not "), THINGS)]
    texts = [f"{text} {text}" for text in texts] + texts
    words, pairs = (distil_encoder(Opposites(), texts, dim=4, pairs=n) for n in (0, 100))
    rows = [model.encode(["lamp", "not lamp"]) for model in (words, pairs)]
    assert rows[1][0] @ rows[1][1] < rows[0][0] @ rows[0][1]
    assert (words.parts.metadata["pairs"], pairs.parts.metadata["pairs"] > 0) == (0, True)


def test_the_same_twice_bit_by_bit(student):
    again = distil_encoder(CountingEncoder(), [*TEXTS, " ", TEXTS[0]], dim=16)
    assert again.hash == student.hash


@pytest.mark.parametrize("check", ENCODER_CHECKS)
def test_a_student_is_an_encoder(student, check):
    check(student)


def test_the_facts_tell_where_it_comes_from(student):
    facts = student.parts.metadata
    assert facts["teacher"] == "CountingEncoder"
    assert (facts["teacher_hash"], facts["teacher_dim"], facts["texts"]) == (
        "counting-1",
        16,
        30,
    )


def test_progress_never_goes_back_and_ends_at_all():
    told = []
    distil_encoder(CountingEncoder(), TEXTS, dim=4, progress=lambda *step: told.append(step))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > len(TEXTS)


def test_a_teacher_brings_its_tokenizer(tmp_path):
    pytest.importorskip("transformers", reason="transformers, of the extra deep, is missing")
    from daybreak.encoders import TorchTextEncoder  # noqa: PLC0415 - needs the extra

    teacher = CachedEncoder(TorchTextEncoder(tiny_torch(tmp_path / "model")), MemoryVectors())
    assert find_tokenizer(teacher, TEXTS).token_to_id("kreisel") == 11
    assert teacher_name(teacher) == str(tmp_path / "model")


def test_a_teacher_without_one_gets_one_made_of_the_texts(tmp_path):
    from daybreak.encoders import UseMultilingualEncoder  # noqa: PLC0415 - only this test

    teacher = UseMultilingualEncoder(tiny_use(tmp_path / "use"))
    assert "globe" in find_tokenizer(teacher, TEXTS).get_vocab()


def test_a_server_is_named_by_its_address():
    assert teacher_name(EndpointEncoder("http://h/v1#m")) == "http://h/v1/embeddings#m"


def test_too_few_texts_are_refused():
    with pytest.raises(DataError, match="at least 20 distinct texts, got 1"):
        distil_encoder(CountingEncoder(), ["red globe"] * 50, dim=4)


@pytest.mark.parametrize("dim", [0, 17])
def test_a_length_that_the_teacher_does_not_have_is_refused(dim):
    with pytest.raises(ConfigError, match="dim must be from 1 to 16"):
        distil_encoder(CountingEncoder(), TEXTS, dim=dim)


def test_fewer_than_no_pairs_are_refused():
    with pytest.raises(ConfigError, match="pairs must be 0 or more"):
        distil_encoder(CountingEncoder(), TEXTS, dim=4, pairs=-1)


def test_principal_directions_are_those_of_the_singular_values():
    rows = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    rows -= rows.mean(axis=0)
    wanted = np.linalg.svd(rows)[2][:2]
    np.testing.assert_allclose(np.abs(wanted @ principal_axes(rows, 2)), np.eye(2), atol=1e-4)
