"""Search for better options of strategies on held-out parts of the data.

The package may import ``ranking.benchmarks``, ``ranking.blending`` and ``simulation``; it needs
the extra ``search``. Start reading at :func:`~daybreak.ranking.tuning.search.tune`;
``search_space`` has the sampler of options. Their ranges are in the cards of the models.
"""
