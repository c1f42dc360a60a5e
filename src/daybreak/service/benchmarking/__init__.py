"""The benchmarking package."""
