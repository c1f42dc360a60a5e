"""Bare torch networks and their training: arrays in, arrays out; needs the extra ``deep``.

They know no ids, files or data sets. What they learn is plain arrays, so that a trained model
answers where torch is not installed.
"""

from importlib.util import find_spec

from daybreak.errors import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError("a deep strategy", "'daybreak[deep]'")
