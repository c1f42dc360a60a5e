import pytest

import daybreak.models
import daybreak.models.base
import daybreak.testing.models


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
