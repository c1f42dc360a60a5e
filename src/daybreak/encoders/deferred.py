"""A text encoder that is loaded when the first text needs it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Lock

from daybreak.encoders.base import Encoder, Progress
from daybreak.errors import ConfigError
from daybreak.types import Floats


class DeferredEncoder(Encoder):
    """An encoder whose weights are loaded when the first text needs them.

    Args:
        load: Loads the encoder.
        hash: Its hash, as it was stored.
        dim: Length of its vectors.

    Example:
        >>> from daybreak.testing.encoders import CountingEncoder
        >>> encoder = DeferredEncoder(CountingEncoder, CountingEncoder().hash, 16)
        >>> encoder.dim, encoder.encode(["tea"]).shape
        (16, (1, 16))
    """

    def __init__(self, load: Callable[[], Encoder], hash: str, dim: int) -> None:
        self._load = load
        self._hash = hash
        self._dim = dim
        self._lock = Lock()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def hash(self) -> str:
        """Hash of the encoder that is expected."""
        return self._hash

    def reads(self, text: str) -> bool:
        """Return whether the encoder reads a text."""
        return self._loaded.reads(text)

    def knows(self, word: str) -> bool:
        """Return whether the encoder knows a word."""
        return self._loaded.knows(word)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """Return one vector per text; see :meth:`Encoder.encode`.

        Raises:
            NotFoundError: The encoder cannot be found.
            ConfigError: It is another encoder than the expected one.
        """
        return self._loaded.encode(texts, progress=progress)

    def _encode_batch(self, texts: Sequence[str]) -> Floats:
        return self._loaded._encode_batch(texts)

    @cached_property
    def _loaded(self) -> Encoder:
        with self._lock:
            encoder = self._load()
        if (encoder.hash, encoder.dim) != (self._hash, self._dim):
            raise ConfigError(
                f"the content was fitted with the text encoder {self._hash}, "
                f"got {type(encoder).__name__} {encoder.hash}"
            )
        return encoder
