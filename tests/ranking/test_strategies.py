import pytest

from daybreak.errors import ConfigError
from daybreak.models import models
from daybreak.ranking.strategies import LINE_UP, Fitted, line_up


def test_auto_is_the_whole_line_up():
    assert line_up("auto") == LINE_UP


def test_names_choose_in_their_order():
    assert [s.name for s in line_up(["ease", "popular"])] == ["ease", "popular"]
    assert [s.name for s in line_up("ease")] == ["ease"]


def test_an_unknown_name_is_an_error_with_the_known_ones():
    with pytest.raises(ConfigError, match="no strategy 'magic'; known: auto, popular"):
        line_up("magic")


def test_names_are_unique_and_every_strategy_scores_something():
    assert len({s.name for s in LINE_UP}) == len(LINE_UP)
    assert all(s.old or s.new for s in LINE_UP)


def test_what_scores_new_items_needs_no_events_of_theirs():
    assert all(models[s.model].content for s in LINE_UP if s.new)


def test_forms_are_finite_and_cover_what_the_roles_say(data):
    fitted = Fitted.on(data, LINE_UP, seed=0)
    for strategy, form in zip(LINE_UP, fitted.forms(data.items), strict=True):
        assert form.known[:32].any() or not strategy.old, strategy.name
        assert form.known[32:].all() or not strategy.new, strategy.name
