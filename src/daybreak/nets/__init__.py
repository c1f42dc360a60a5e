"""Torch networks and their training, from arrays to arrays; start with ``training``.

The package needs the extra ``deep``; it imports only ``types``, ``errors`` and ``deadline``. A
trained network is returned as plain arrays, so that a model scores where torch is not
installed.
"""

from importlib.util import find_spec

from daybreak.errors import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError("a deep strategy", "'daybreak[deep]'")
