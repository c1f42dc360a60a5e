"""Simulated cold starts: users, items and events of known data are held out and asked about.

The package may import ``data``, ``metrics`` and the modules below them. ``evaluation`` and
``ranking`` both build on it, so that a slice is the same everywhere. Start reading with
``slices`` (names and protocols) and ``holdout`` (what is held out); ``splits`` makes splits of
data sets, ``plans`` makes splits of tables.
"""
