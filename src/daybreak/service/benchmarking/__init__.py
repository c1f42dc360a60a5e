"""Evaluations that the library and the command line offer: reports and the leaderboard.

The package may import ``service.inputs``, ``service.training``, ``ranking`` and ``evaluation``.
Start reading with ``evaluate.evaluate_recommender`` and ``leaderboard.run_leaderboard``;
``summary`` turns their results into short tables.
"""
