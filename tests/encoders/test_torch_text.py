import numpy as np
import pytest

from daybreak.encoders import TorchTextEncoder, resolve
from daybreak.errors import ConfigError, DataError, MissingExtraError
from tests.encoders.tiny_models import settings, tiny_torch

pytest.importorskip("transformers", reason="transformers, of the extra deep, is missing")


def test_a_folder_with_weights_for_torch_is_of_this_kind(tmp_path):
    assert resolve(tiny_torch(tmp_path / "model")).kind == "torch-text"


def test_the_vector_is_the_mean_over_tokens_as_the_model_gives_them(tmp_path):
    import torch  # noqa: PLC0415 - an extra
    from transformers import AutoModel  # noqa: PLC0415

    folder = tiny_torch(tmp_path / "model")
    with torch.inference_mode():
        ids = torch.tensor([[2, 5, 6, 3]])  # [CLS] red globe [SEP]
        hidden = AutoModel.from_pretrained(folder).eval()(input_ids=ids).last_hidden_state
    wanted = torch.nn.functional.normalize(hidden.mean(dim=1)).numpy()
    found = TorchTextEncoder(folder, precision="fp32").encode(["red globe"])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_sixteen_bits_are_near_thirty_two(tmp_path):
    folder = tiny_torch(tmp_path / "model")
    full, half = (TorchTextEncoder(folder, precision=p) for p in ("fp32", "bf16"))
    cosine = (full.encode(["a red globe"]) * half.encode(["a red globe"])).sum()
    assert cosine > 0.99
    assert full.hash != half.hash


def test_the_first_token_is_taken_when_the_model_says_so(tmp_path):
    folder = tiny_torch(tmp_path / "model")
    settings(folder, "1_Pooling/config.json", {"pooling_mode_cls_token": True})
    assert TorchTextEncoder(folder).pooling == "cls"


def test_an_unknown_precision_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="precision must be"):
        TorchTextEncoder(tiny_torch(tmp_path / "model"), precision="int8")


def test_damaged_weights_are_told(tmp_path):
    folder = tiny_torch(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be loaded"):
        TorchTextEncoder(folder)


def test_without_torch_the_extra_is_named(tmp_path, monkeypatch):
    folder = tiny_torch(tmp_path / "model")
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"daybreak\[teachers\]"):
        TorchTextEncoder(folder)
