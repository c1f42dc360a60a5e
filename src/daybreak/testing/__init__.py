"""Checks of the contracts of models, encoders and stores, for your own tests.

Start with ``daybreak.testing.models``, ``daybreak.testing.encoders`` or
``daybreak.testing.stores``; each has a tuple of all its checks.
"""
