"""Text encoders, and the encoding of items and users as vectors.

The package imports ``data`` and what lies below it; numpy and scipy load with it, ONNX Runtime,
tokenizers, httpx and torch with the first model that needs them. Start reading in ``base`` (the
contract), ``loading`` (from a name to an encoder) and ``content`` (from items to vectors).
"""

from daybreak.cores import thread_count
from daybreak.deprecation import deprecated_names
from daybreak.encoders.base import Encoder, Progress, encoders, l2_normalize
from daybreak.encoders.cache import (
    CATALOGUE_PREFIX,
    CachedEncoder,
    MemoryVectors,
    VectorCache,
    content_hash,
)
from daybreak.encoders.endpoint import EndpointEncoder
from daybreak.encoders.file_cache import FileVectors
from daybreak.encoders.folders import cache_folder
from daybreak.encoders.loading import (
    DEFAULT_MODEL,
    MULTILINGUAL_MODEL,
    Resolution,
    load_encoder,
    resolve,
)
from daybreak.encoders.mapped_text import MappedTextEncoder, TextMap
from daybreak.encoders.onnx_text import OnnxTextEncoder
from daybreak.encoders.static_text import StaticText
from daybreak.encoders.torch_text import TorchTextEncoder
from daybreak.encoders.use_multilingual import UseMultilingualEncoder

__all__ = [
    "CATALOGUE_PREFIX",
    "DEFAULT_MODEL",
    "MULTILINGUAL_MODEL",
    "CachedEncoder",
    "Encoder",
    "EndpointEncoder",
    "FileVectors",
    "MappedTextEncoder",
    "MemoryVectors",
    "OnnxTextEncoder",
    "Progress",
    "Resolution",
    "StaticText",
    "TextMap",
    "TorchTextEncoder",
    "UseMultilingualEncoder",
    "VectorCache",
    "cache_folder",
    "content_hash",
    "encoders",
    "l2_normalize",
    "load_encoder",
    "resolve",
    "thread_count",
]

__getattr__ = deprecated_names(__name__, {"unit": "daybreak.encoders.l2_normalize"})
