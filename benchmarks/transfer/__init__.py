"""Benchmarks of transfer from other domains; tables in ``benchmarks/results/transfer.md``."""
