import numpy as np
import pytest

import daybreak.models
import daybreak.models.base
import daybreak.testing.models
from daybreak.models import LinearModel, LinearScorer
from daybreak.models.base import item_scope
from daybreak.models.popular import PopularModel
from daybreak.models.shared_weights import WeightMatrix
from daybreak.testing.models import example_dataset, example_queries


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (daybreak.models, "Embeds", "SupportsEmbeddings"),
        (daybreak.models, "Linear", "LinearScorer"),
        (daybreak.models, "evidence_of", "query_features_of"),
        (daybreak.models.base, "Continues", "SupportsWarmStart"),
        (daybreak.testing.models, "shop", "example_dataset"),
        (daybreak.testing.models, "check_survives_saving", "check_save_and_load"),
    ],
)
def test_an_old_name_is_the_new_object_and_says_so(module, old, new):
    with pytest.warns(DeprecationWarning, match=f"{module.__name__}.{new}$"):
        assert getattr(module, old) is getattr(module, new)


def test_a_model_written_for_an_earlier_version_still_scores():
    with pytest.warns(DeprecationWarning, match="is deprecated") as caught:

        class ConstantModel(LinearModel):
            Config, State = PopularModel.Config, PopularModel.State
            content = True
            evidence = "none"

            def learn(self, data, rng):
                return None

            def linear(self, anchors, items):
                n = len(items)
                return LinearScorer(WeightMatrix(), np.full(n, 2.0), np.ones(n, dtype=bool))

    replaced = [str(warning.message).rpartition(" use ")[2] for warning in caught]
    assert replaced == [
        "ConstantModel.feature_kind",
        "ConstantModel.linear_scorer",
        "daybreak.models.base.InductiveModel",
    ]
    data = example_dataset()
    scores = ConstantModel().fit(data).score(example_queries(data), data.items)
    assert (scores == 2).all()
    assert item_scope(ConstantModel) == (True, True)
