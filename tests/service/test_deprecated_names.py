from importlib import import_module

import pytest

OLD = {
    "daybreak.service.experiments": {
        "Experiment": "ExperimentPlan",
        "Experiments": "ExperimentManager",
        "Knowledge": "ItemFacts",
        "Variant": "VariantPlan",
    },
    "daybreak.service.live": {
        "Accepted": "IngestResult",
        "Answered": "RecommendResponse",
        "Ask": "RecommendRequest",
        "Live": "RecommenderService",
        "LiveOptions": "ServiceOptions",
        "Reason": "RecommendationReason",
        "Recommended": "RecommendedItem",
        "Rejected": "RejectedRow",
    },
    "daybreak.service.privacy": {
        "Memory": "ErasureTarget",
        "Proof": "ErasureReport",
        "Trace": "ErasureCheck",
        "erase": "erase_user",
    },
    "daybreak.service.retrain_policy": {
        "RetrainPolicy": "RetrainPolicy",
        "Signs": "RetrainSignals",
    },
}


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [(module, old, new) for module, names in OLD.items() for old, new in names.items()],
)
def test_an_old_name_works_and_names_the_new_one(module, old, new):
    with pytest.warns(DeprecationWarning, match=rf"{old} is deprecated.*\.{new}$"):
        found = getattr(import_module(module), old)
    assert found.__name__ == new
