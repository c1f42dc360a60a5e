"""From strategies to ranked lists: blending, scoring, filters, reranking, exploration, tuning.

It may import ``simulation``, models, encoders and data, but not the service. Start reading at
``blending/fit.py`` (how weights are fitted) and ``scoring/scorer.py`` (how items are scored).
"""
