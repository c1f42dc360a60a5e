from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.scoring.shared_columns import SharedColumns, is_shared
from daybreak.service.serving import RecommenderService, RecommendRequest, ServiceOptions

NEW = {"item_id": "new", "title": "tea number 99", "shelf": "tea"}


def lists(service):
    asked = (RecommendRequest(user_id=f"person-{n}", n=40, record=False) for n in range(5))
    return [
        [(item.item_id, item.score) for item in service.recommend(one).items] for one in asked
    ]


def test_workers_take_weights_of_changed_items_from_each_other(settings, tmp_path, monkeypatch):
    options = ServiceOptions(derived_folder=tmp_path / "workers")
    options.derived_folder.mkdir()
    with (
        RecommenderService(settings, poll_s=3_600, options=options) as one,
        RecommenderService(settings, poll_s=3_600, options=options) as other,
    ):
        one.catalogue.put([NEW, {**NEW, "item_id": "item-4"}])
        monkeypatch.setattr(FittedStrategies, "linear_models", None)
        models = one.releases.current.trained.fitted.models
        for kind in {type(model) for model in models if is_shared(model)}:
            monkeypatch.setattr(kind, "linear_scorer", None)
        other.releases.sync()
        assert lists(other) == lists(one)


def test_releases_that_are_activated_share_them_as_well(settings, tmp_path):
    options = ServiceOptions(derived_folder=tmp_path)
    with RecommenderService(settings, poll_s=3_600, options=options) as service:
        service.releases.activate("r2")
        assert isinstance(service.releases.current.columns, SharedColumns)


def test_a_service_alone_writes_no_weights(live):
    assert live.releases.current.columns is None
