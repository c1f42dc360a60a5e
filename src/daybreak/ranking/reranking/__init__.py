"""Rules of a list: public rule types, reranking with quotas and diversity, availability.

It may import ``ranking.filters`` and data. Start reading at ``rules.py`` (what a caller can ask
for) and at :meth:`Reranker.rerank` in ``rerank.py``.
"""
