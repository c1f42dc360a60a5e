"""Operation of a server process: JSON logs, Prometheus metrics, pools of threads, memory.

The package imports nothing else of the server. Start reading in ``metrics``.
"""
