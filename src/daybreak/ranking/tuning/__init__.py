"""Search for better options of strategies on held-out parts of the data.

The package may import ``ranking.benchmarks``, ``ranking.blending`` and ``simulation``; it needs
the extra ``search``. Start reading with ``search.tune``; ``search_space`` holds the sampler
of options; their ranges are in the cards of the models.
"""
