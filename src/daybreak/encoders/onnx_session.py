"""Sessions of ONNX Runtime, which text and picture models share."""

from pathlib import Path
from typing import Any

from daybreak.errors import DataError
from daybreak.telemetry import import_without_telemetry


def create_session(path: Path, model: str) -> Any:
    """Return the ONNX Runtime session of a file, with one thread.

    Args:
        path: The file.
        model: What it is, for errors, such as ``text model``.

    Raises:
        DataError: The file cannot be loaded.
    """
    ort = import_without_telemetry("onnxruntime")  # slow to import
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # batches run concurrently instead
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no public base class
        raise DataError(f"{path.name} of the {model} cannot be loaded: {error}") from error
