"""Transfer of knowledge from one model to another, and from events to text encoders.

Pure functions over ``encoders`` and ``data``. ``distil_encoder`` makes a static table of a
large text encoder, ``distil_judgements`` teaches it the judgements of a language model;
``collaborative_whitening`` and ``collaborative_factors`` learn linear maps of text vectors.
"""
