"""Random generators: each consumer of a seed gets an independent stream."""

from zlib import crc32

import numpy as np

from daybreak.deprecation import deprecated_names


def create_generator(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of a seed and a name.

    Adding a consumer does not change the numbers that the others draw.

    Example:
        >>> draws = [int(create_generator(0, name).integers(1000)) for name in ("a", "a", "b")]
        >>> draws[0] == draws[1], draws[0] == draws[2]
        (True, False)
    """
    return np.random.default_rng([seed, crc32(name.encode())])


__getattr__ = deprecated_names(
    __name__,
    {"stream": "daybreak.rng.create_generator"},
)
