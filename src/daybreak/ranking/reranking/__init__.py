"""The reranking package."""
