"""Recommendation models: one file each, behind one contract (start with ``base``).

A model may import ``data``, ``encoders`` and, inside ``learn``, its network from ``nets``; it
knows no store and no service. Files named ``shared_*`` hold what several models use.
"""

# One line a model. Importing a file registers its model; the order of the lines is the order of
# the default strategies, in which a time budget tries the slow ones.
# isort: off
from daybreak.models import popular
from daybreak.models import age
from daybreak.models import season
from daybreak.models import profile
from daybreak.models import again
from daybreak.models import ease
from daybreak.models import item_knn
from daybreak.models import ease_neighbours
from daybreak.models import graph_filter
from daybreak.models import transitions
from daybreak.models import interest
from daybreak.models import next_event
from daybreak.models import factors
from daybreak.models import meta_bayes
from daybreak.models import content_ridge
from daybreak.models import content_match
from daybreak.models import content_history
from daybreak.models import content_ease
from daybreak.models import content_smooth
from daybreak.models import content_neighbours
from daybreak.models import content_popular
from daybreak.models import neighbour_popular
from daybreak.models import profile_content
from daybreak.models import profile_match
from daybreak.models import source_crowd
from daybreak.models import source_users
from daybreak.models import source_users_content
from daybreak.models import source_joined
from daybreak.models import source_mapping
from daybreak.models import source_items
from daybreak.models import source_content
from daybreak.models import source_popular
from daybreak.models import source_parameters
from daybreak.models import taste
from daybreak.models import wish
from daybreak.models import sequence
from daybreak.models import two_tower
from daybreak.models import meta_gradient
from daybreak.models import content_vae
from daybreak.models import adversarial
from daybreak.models import distilled
from daybreak.models import history_vae

# isort: on
from daybreak.deprecation import deprecated_names
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    Model,
    SupportsEmbeddings,
    VectorModel,
    models,
    query_features_of,
)

__all__ = [
    "LinearModel",
    "LinearScorer",
    "Model",
    "SupportsEmbeddings",
    "VectorModel",
    "models",
    "query_features_of",
]

__getattr__ = deprecated_names(
    __name__,
    {
        "Embeds": "daybreak.models.SupportsEmbeddings",
        "Linear": "daybreak.models.LinearScorer",
        "evidence_of": "daybreak.models.query_features_of",
    },
)
