import pytest

from daybreak.errors import ConfigError, FilterError, NotFoundError
from daybreak.service.experiments import ExperimentManager
from daybreak.store import Release
from tests.service.experiments.simulated import SimulatedService

PLAN = {"id": "page", "variants": [{"name": "now"}, {"name": "new"}]}


def test_a_plan_goes_from_draft_to_running_to_stopped(service):
    assert service.experiments.create(PLAN).status == "draft"
    assert service.experiments.assign("ann") is None
    service.clock.now = 5.0
    assert service.experiments.start("page").started_at == 5.0
    assert service.experiments.assign("ann").experiment == "page"
    service.clock.now = 9.0
    assert service.experiments.stop("page").stopped_at == 9.0
    assert service.experiments.assign("ann") is None


def test_every_experiment_has_its_own_salt(service):
    first, second = (service.experiments.create(PLAN | {"id": id_}) for id_ in ("a", "b"))
    assert first.salt != second.salt


def test_every_field_of_a_draft_can_be_changed(service):
    service.experiments.create(PLAN)
    changed = service.experiments.change(
        "page", {"metric": "conversion", "alpha": 0.01, "share": 0.5}
    )
    assert (changed.metric, changed.min_effect, changed.share) == ("conversion", 0.002, 0.5)
    assert service.experiments.get("page") == changed


@pytest.mark.parametrize(
    "change",
    [{"variants": [{"name": "a"}, {"name": "b"}]}, {"metric": "conversion"}, {"alpha": 0.2},
     {"salt": "x"}, {"effect": 0.5}, {"attribution": {"window_h": 1}}, {"status": "draft"}],
)  # fmt: skip
def test_variants_are_fixed_while_the_experiment_runs(service, change):
    service.run()
    with pytest.raises(ConfigError, match=r"cannot be changed: it is running.*note, share"):
        service.experiments.change("page", change)


def test_the_share_of_a_running_experiment_may_grow(service):
    service.run(share=0.01)
    service.experiments.change("page", {"share": 1.0, "note": "all of it now"})
    assert service.experiments.running[0].share == 1.0


def test_a_stopped_experiment_cannot_be_restarted(service):
    service.run()
    service.experiments.stop("page")
    with pytest.raises(ConfigError, match="only a draft can be started"):
        service.experiments.start("page")
    with pytest.raises(ConfigError, match="only a running experiment"):
        service.experiments.stop("page")
    with pytest.raises(ConfigError, match="it is stopped; can be changed: note"):
        service.experiments.change("page", {"share": 0.5})


def test_an_id_is_used_once(service):
    service.experiments.create(PLAN)
    with pytest.raises(ConfigError, match="exists"):
        service.experiments.create(PLAN)


def test_a_running_experiment_is_not_deleted(service):
    service.run()
    with pytest.raises(ConfigError, match="stop it first"):
        service.experiments.delete("page")
    service.experiments.stop("page")
    service.experiments.delete("page")
    with pytest.raises(NotFoundError, match="known: none"):
        service.experiments.get("page")


def test_an_unknown_release_cannot_be_compared(service):
    service.store.put_release(Release("r1", 0.0, "releases/r1"))
    service.experiments.create(
        {"id": "x", "variants": [{"name": "a"}, {"name": "b", "release": "r2"}]}
    )
    with pytest.raises(NotFoundError, match=r"'r2'.*known: r1"):
        service.experiments.start("x")
    service.experiments.change(
        "x", {"variants": [{"name": "a"}, {"name": "b", "release": "r1"}]}
    )
    assert service.experiments.start("x").status == "running"


def test_another_process_sees_a_start_after_it_looks_again(service):
    other = ExperimentManager(service.store)
    service.run()
    assert other.running == ()
    other.refresh()
    assert other.assign("ann") == service.experiments.assign("ann")


def test_older_experiments_go_first(service):
    for place, id_ in enumerate(("z", "a")):
        service.clock.now = float(place)
        service.experiments.create(PLAN | {"id": id_})
        service.experiments.start(id_)
    assert [plan.id for plan in service.experiments.running] == ["z", "a"]
    assert [plan.id for plan in service.experiments.list()] == ["z", "a"]


def test_the_number_of_releases_in_memory_is_limited(service):
    names = "abcd"
    for name in names:
        service.experiments.create(
            {"id": name, "variants": [{"name": "now"}, {"name": "x", "release": f"r-{name}"}]}
        )
        service.store.put_release(Release(f"r-{name}", 0.0, f"releases/r-{name}"))
    for name in names[:3]:
        service.experiments.start(name)
    with pytest.raises(
        ConfigError, match=r"3 releases together.*there would be 4: r-a, r-b, r-c"
    ):
        service.experiments.start("d")
    assert service.experiments.assign("ann").required_releases == {"r-a"}


@pytest.mark.parametrize("note", ["\ud800", "\0"])
def test_values_that_no_store_can_hold_are_rejected(service, note):
    with pytest.raises(ConfigError, match="must be JSON with Unicode"):
        service.experiments.create(PLAN | {"note": note})


def test_rules_that_do_not_fit_the_catalogue_are_rejected_before_the_start():
    def check(rules):
        raise FilterError(f"no column in {rules.boosts[0].where}")

    service, boost = (
        SimulatedService(check_rules=check),
        {"where": "colour = 'red'", "factor": 2},
    )
    new = {"name": "new", "ask": {"rules": {"boosts": [boost]}}}
    service.experiments.create({"id": "x", "variants": [{"name": "now"}, new]})
    with pytest.raises(FilterError, match="colour"):
        service.experiments.start("x")
    assert service.experiments.get("x").status == "draft"
