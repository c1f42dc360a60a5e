"""Texts encoded by the workers of an engine have the vectors of one process."""

import numpy as np
import pytest

from daybreak.encoders import CachedEncoder, MemoryVectors, StaticText, load_encoder
from daybreak.encoders.engine_texts import TextTask, encode_task, encode_texts
from daybreak.engines import use_engine
from daybreak.engines.processes import ProcessEngine
from daybreak.engines.serial import SerialEngine
from daybreak.errors import ConfigError
from daybreak.testing.encoders import CountingEncoder, static_parts

WORDS = {"red": [3.0, 4.0, 0.0], "globe": [0.0, 1.0, 2.0], "wooden": [1.0, 0.0, 5.0]}
TEXTS = [f"{'red ' * (n % 3)}globe {'wooden ' * (n % 5)}{n}" for n in range(300)]


class CountingEngine(SerialEngine):
    """A serial engine that counts its tasks."""

    n_tasks = 0

    def submit(self, function, task):
        self.n_tasks += 1
        return super().submit(function, task)


@pytest.fixture
def folder(tmp_path):
    return StaticText(static_parts(WORDS)).save(tmp_path / "model")


@pytest.mark.parametrize(("n_shards", "n_tasks"), [(1, 0), (2, 4), (7, 4)])
def test_vectors_and_their_order_do_not_depend_on_the_workers(folder, n_shards, n_tasks):
    encoder, engine, told = load_encoder(folder), CountingEngine(n_shards), []
    with use_engine(engine):
        found = encode_texts(encoder, TEXTS, lambda *done: told.append(done))
    assert engine.n_tasks == n_tasks
    assert told[-1] == (300, 300)
    np.testing.assert_allclose(found, encoder.encode(TEXTS), atol=encoder.tolerance)


def test_two_processes_fill_the_cache_of_this_one(folder):
    encoder = CachedEncoder(load_encoder(folder), MemoryVectors())
    with ProcessEngine(2) as engine, use_engine(engine):
        found = encoder.encode(TEXTS)
    np.testing.assert_allclose(found, load_encoder(folder).encode(TEXTS), atol=1e-5)
    again = CountingEngine(2)
    with use_engine(again):
        assert np.array_equal(encoder.encode(TEXTS), found)
    assert again.n_tasks == 0


def test_few_texts_and_an_encoder_without_a_name_are_encoded_here(folder):
    engine = CountingEngine(2)
    with use_engine(engine):
        encode_texts(load_encoder(folder), TEXTS[:100])
        encode_texts(CountingEncoder(), TEXTS)
    assert engine.n_tasks == 0


def test_another_model_of_the_same_name_is_an_error(folder):
    with pytest.raises(ConfigError, match="install the same model on all machines"):
        encode_task(TextTask(str(folder), (), "another hash", ["red"]))
