"""Make 8-bit ONNX weights once, on this machine, and keep them in the user's cache folder."""

import hashlib
import logging
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from daybreak.encoders.folders import cache_folder, written_whole
from daybreak.encoders.packaged import file_sha256
from daybreak.errors import MissingExtraError

RECIPE = "int8-channel-7bit-1"
"""Names the settings below; weights made by another recipe are other weights."""

log = logging.getLogger(__name__)


def weights_hash(model: Path) -> str:
    """Return one hash of an ONNX file and of the external data that lie beside it."""
    files = [model, *(path for path in external_data(model) if path.is_file())]
    return hashlib.sha256("".join(map(file_sha256, files)).encode()).hexdigest()


def external_data(model: Path) -> tuple[Path, Path]:
    """Return the two names that exporters give to the weights kept outside ``model``."""
    return model.with_name(f"{model.name}_data"), model.with_name(f"{model.name}.data")


def int8_file(model: Path) -> Path:
    """Return the 8-bit weights made of an ONNX file, making them when they are not cached.

    Weights are rounded per output channel to 7 of the 8 bits: processors without VNNI add pairs
    of products in 16 bits, and full 8-bit weights would overflow there without a word.

    Args:
        model: ONNX file with 32-bit weights; external data beside it are read too.

    Raises:
        MissingExtraError: The weights must be made and the package ``onnx`` is not installed.
    """
    made = cache_folder() / "int8" / f"{weights_hash(model)[:32]}-{RECIPE}.onnx"
    if made.is_file():
        return made
    if find_spec("onnx") is None:
        raise MissingExtraError("making 8-bit weights", "onnx")
    started = perf_counter()
    with written_whole(made) as draft:
        _quantise(model, draft)
    log.info("8-bit weights made in %.1f s: %s", perf_counter() - started, made)
    return made


def _quantise(model: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - slow

    root = logging.getLogger()
    root.addFilter(
        _not_advice
    )  # it advises, on the root logger, a step that changes nothing here
    try:
        quantize_dynamic(
            model, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    finally:
        root.removeFilter(_not_advice)


def _not_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()
