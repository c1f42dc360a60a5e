"""Make the encoder that reads a model's files."""

from pathlib import Path
from typing import Any

from daybreak.encoders.base import Encoder, encoders
from daybreak.encoders.endpoint import EndpointEncoder, is_endpoint
from daybreak.encoders.resolve import DEFAULT_MODEL, resolve


def load_encoder(name: str | Path = DEFAULT_MODEL, **options: Any) -> Encoder:
    """Find a text model by name and return its encoder; nothing is installed or trained.

    Args:
        name: A folder, a model id, or a packaged model, see :func:`resolve` for the order; or
            the address of a server, ``https://…/v1#MODEL``.
        **options: Options of the encoder that reads it, e.g. ``precision="int8"``.

    Raises:
        NotFoundError: No place has usable files; the message lists every place and its fault.
        MissingExtraError: An optional package is needed; the message is how to install it.
    """
    if is_endpoint(str(name)):
        return EndpointEncoder(str(name), **options)
    found = resolve(name)
    make: Any = encoders[found.kind]
    encoder: Encoder = make(found, **options)
    return encoder
