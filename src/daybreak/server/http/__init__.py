"""HTTP without Daybreak's endpoints: paths, query parameters, bodies, responses and problems.

The package imports nothing else of the server. Start reading in ``problems``.
"""
