"""Fine-tuning of text transformers on torch: weights, adapters, objectives, training, export.

Imports torch and transformers when a class needs them. Start reading in ``training``;
``adapters`` says which weights change, each file of ``objectives`` what they are trained for.
"""
