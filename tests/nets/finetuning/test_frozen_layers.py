import numpy as np
import pytest
import torch

from daybreak.nets.finetuning.adapters import adapters, transformer_layers
from daybreak.nets.finetuning.frozen_layers import FrozenLayers
from tests.nets.finetuning.tiny_text_model import tiny_model

TEXTS = ["red globe", "an old blue lamp", "clock"]


def frozen_model():
    model = tiny_model()
    adapters["last_layer"]().prepare(model)
    return model, transformer_layers(model)[0]


def test_remembered_results_give_the_same_vectors_in_other_batches():
    expected = tiny_model().encode(TEXTS)
    model, _ = frozen_model()
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(model.encode(TEXTS[::-1])[::-1], expected, atol=1e-6)
    np.testing.assert_allclose(model.encode(TEXTS[:1]), expected[:1], atol=1e-6)


def test_a_known_text_does_not_run_the_frozen_layers():
    model, frozen = frozen_model()
    calls = []
    frozen.layers[0].register_forward_hook(lambda *_: calls.append(1))
    model(TEXTS)
    model(TEXTS[1:])
    assert len(calls) == 1
    model([*TEXTS, "new train"])
    assert len(calls) == 2


def test_frozen_layers_have_neither_dropout_nor_gradients():
    model, frozen = frozen_model()
    model.train()
    assert not frozen.training
    with torch.no_grad():
        frozen_twice = [model.network.embeddings(torch.tensor([[2, 5, 3]])) for _ in range(2)]
    assert torch.equal(*frozen_twice)
    model(TEXTS).sum().backward()
    assert all(weight.grad is None for weight in frozen.parameters())


def test_hidden_words_are_not_remembered():
    model, frozen = frozen_model()
    model.hidden_states(*model.read(TEXTS))
    assert not frozen._known


def test_padding_on_the_left_is_computed_each_time():
    model, frozen = frozen_model()
    ids, mask = torch.tensor([[0, 2, 5, 3]]), torch.tensor([[0, 1, 1, 1]])
    with frozen.remembered(ids, mask):
        model.hidden_states(ids, mask)
    assert not frozen._known


def test_full_memory_only_costs_time(monkeypatch):
    monkeypatch.setattr("daybreak.nets.finetuning.frozen_layers.MAX_REMEMBERED_BYTES", 1)
    model, frozen = frozen_model()
    np.testing.assert_allclose(model.encode(TEXTS), tiny_model().encode(TEXTS), atol=1e-6)
    assert len(frozen._known) == 1


@pytest.mark.parametrize("n_layers", [1, 2, 5])
def test_the_layers_are_put_back(n_layers):
    model = tiny_model(layers=n_layers)
    before = list(model.state_dict())
    adapter = adapters["last_layer"]()
    adapter.prepare(model)
    adapter.merge(model)
    assert list(model.state_dict()) == before
    assert not any(isinstance(one, FrozenLayers) for one in model.modules())
