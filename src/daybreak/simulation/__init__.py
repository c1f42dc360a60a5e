"""Simulated cold starts: users, items and events are held out and become targets of queries.

The package may import ``data``, ``metrics`` and the modules below them. ``evaluation`` and
``ranking`` both build on it, so that a slice is the same everywhere. Start reading with
``slices`` (names and protocols) and ``holdout`` (what is held out); ``splits`` splits data
sets, ``plans`` splits tables.
"""
