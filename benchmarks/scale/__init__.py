"""Catalogues of a hundred thousand to a million items: search of vectors, lists, changes."""
