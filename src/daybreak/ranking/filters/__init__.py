"""Filters: SQL conditions over the columns of a catalogue, evaluated with polars.

A filter is parsed (``parser.py``), compiled (``compiler.py``, ``functions.py``) and evaluated
(``engine.py``). The package may import data only. Start reading at :meth:`FilterEngine.mask`.
"""
