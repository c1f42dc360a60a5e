"""Blending: weights of the strategies, fitted on simulated cold starts.

It may import ``simulation``, models and data, not the other packages of ranking. Start reading
at :func:`~daybreak.ranking.blending.fit.fit_blend`.
"""
