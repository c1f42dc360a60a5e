"""Transfer of knowledge from one model to another: text encoders distilled to static tables.

Pure functions over ``encoders`` and ``data``; start with ``distil_encoder``.
"""
