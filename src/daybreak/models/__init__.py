"""One file a strategy; every file registers its model here."""

from daybreak.models import (
    content_match,
    content_neighbours,
    content_popular,
    content_ridge,
    content_vae,
    ease,
    factors,
    graph_filter,
    history_vae,
    item_knn,
    meta_bayes,
    popular,
    profile,
    profile_content,
    transitions,
    two_tower,
)
from daybreak.models.base import Embeds, Linear, LinearModel, Model, evidence_of, models
from daybreak.models.vector_model import VectorModel

__all__ = [
    "Embeds",
    "Linear",
    "LinearModel",
    "Model",
    "VectorModel",
    "content_match",
    "content_neighbours",
    "content_popular",
    "content_ridge",
    "content_vae",
    "ease",
    "evidence_of",
    "factors",
    "graph_filter",
    "history_vae",
    "item_knn",
    "meta_bayes",
    "models",
    "popular",
    "profile",
    "profile_content",
    "transitions",
    "two_tower",
]
