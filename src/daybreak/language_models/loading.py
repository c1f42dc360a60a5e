"""From a name to a language model."""

from pathlib import Path

from daybreak.encoders.endpoint import is_endpoint
from daybreak.errors import NotFoundError, unknown_name_message
from daybreak.language_models.base import LanguageModel
from daybreak.language_models.endpoint import EndpointLanguageModel
from daybreak.language_models.gguf import GgufLanguageModel
from daybreak.language_models.packages import PACKAGED_LANGUAGE_MODELS, find_packaged_file

NO_MODEL = "none"
"""Name that means: no language model."""
GGUF_SUFFIX = ".gguf"


def load_language_model(name: str, *, threads: int | None = None) -> LanguageModel | None:
    """Return the language model of a name; weights are loaded with the first prompt.

    Args:
        name: ``none``, an address as ``URL#MODEL``, a ``.gguf`` file, or the name of a packaged
            model.
        threads: Number of threads of a model in this process; default: see
            :func:`daybreak.cores.thread_count`.

    Raises:
        NotFoundError: There is no such file or packaged model, or it is not installed.
        ConfigError: The address is not usable.

    Example:
        >>> load_language_model("none") is None
        True
        >>> load_language_model("http://127.0.0.1:8080/v1#qwen2.5").is_local
        True
    """
    if name in {NO_MODEL, ""}:
        return None
    if is_endpoint(name):
        return EndpointLanguageModel(name)
    for entry in PACKAGED_LANGUAGE_MODELS:
        if entry.model == name:
            file = find_packaged_file(entry)
            return GgufLanguageModel(file, threads=threads, sha256=entry.sha256, name=name)
    if name.endswith(GGUF_SUFFIX):
        return GgufLanguageModel(Path(name).expanduser(), threads=threads)
    known = [entry.model for entry in PACKAGED_LANGUAGE_MODELS]
    message = unknown_name_message("language model", name, known)
    raise NotFoundError(f"{message}; or a .gguf file, or URL#MODEL")
