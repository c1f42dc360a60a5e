"""Scores of a blend: query features, a scorer per catalogue partition, and updates of items.

It may import ``ranking.blending``, models and data. Start reading at :meth:`Scorer.score` in
``scorer.py``.
"""
