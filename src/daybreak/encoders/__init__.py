"""Texts to vectors with pretrained weights, without torch.

Importing this loads numpy alone; ONNX Runtime and the tokenizer load with the first model.
"""

from daybreak.encoders.base import Encoder, Progress, encoders, thread_count, unit
from daybreak.encoders.cache import CachedEncoder, VectorCache, content_hash
from daybreak.encoders.folders import cache_folder
from daybreak.encoders.load import load_encoder
from daybreak.encoders.onnx_text import OnnxTextEncoder
from daybreak.encoders.resolve import DEFAULT_MODEL, MULTILINGUAL_MODEL, Resolution, resolve
from daybreak.encoders.use_multilingual import UseMultilingualEncoder
from daybreak.encoders.vectors import FileVectors, MemoryVectors

__all__ = [
    "DEFAULT_MODEL",
    "MULTILINGUAL_MODEL",
    "CachedEncoder",
    "Encoder",
    "FileVectors",
    "MemoryVectors",
    "OnnxTextEncoder",
    "Progress",
    "Resolution",
    "UseMultilingualEncoder",
    "VectorCache",
    "cache_folder",
    "content_hash",
    "encoders",
    "load_encoder",
    "resolve",
    "thread_count",
    "unit",
]
