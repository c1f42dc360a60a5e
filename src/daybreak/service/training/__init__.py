"""Training: fit a model to tables, choose its text encoder, watch drift, retrain.

Imports encoded inputs, the ranking and the models; releases, state and serving import it.
Start with :func:`daybreak.service.training.fit.train_model`.
"""
