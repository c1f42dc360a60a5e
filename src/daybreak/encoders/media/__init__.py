"""Encoders of pictures and sounds, and the content blocks made of them.

Start with :mod:`.pictures` (the contract of picture models), :mod:`.finding` (from a setting to
a model) and :mod:`.blocks` (from items to vectors).
"""
