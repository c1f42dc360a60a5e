"""Comparisons of strategies and of whole recommenders on simulated cold starts.

The package may import ``blending``, ``scoring`` and ``simulation``. ``learners`` fits each
strategy alone, for the leaderboard and for tuning; ``paired`` fits two recommenders
on the same splits, for the release gate.
"""
