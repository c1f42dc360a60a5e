"""Contract checks for plug-ins, and small data sets and servers for tests.

- ``models``: ``MODEL_CHECKS`` for a recommender model, example data sets and queries;
- ``encoders``: ``ENCODER_CHECKS`` for a text encoder, ``CountingEncoder`` for tests;
- ``stores``: ``STORE_CHECKS`` for a kind of store, those of its parts in ``store_contracts``;
- ``postgres``: ``PostgresServer``, a temporary server for tests.

A check is a function that takes the object to check, or a function that makes it, and raises
``AssertionError`` if the contract is broken. Parametrize a test over the tuple of checks:

Example:
    >>> from daybreak.testing.encoders import ENCODER_CHECKS, CountingEncoder
    >>> for check in ENCODER_CHECKS:
    ...     check(CountingEncoder())
"""
