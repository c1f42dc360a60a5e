from daybreak.service.experiments.online import (
    CLICK_DELAY_S,
    COUNT_INTERVAL_S,
    MAX_BACKLOG_S,
    RATE_WINDOW_S,
)


def test_an_answer_is_counted_once_its_clicks_have_had_time(stage):
    stage.run()
    stage.book.rates()
    variant = stage.book.assign("ann").variant.name
    stage.clock.now = 10.0
    stage.answer("r1", "ann", ["tea", "cup"])
    stage.clock.now += CLICK_DELAY_S - 1
    stage.react(("r1", "ann", "tea", "click"))
    assert stage.book.rates() == {}
    stage.clock.now += COUNT_INTERVAL_S
    assert stage.book.rates() == {f"page/{variant}": 0.5}
    assert stage.book.rates() == {f"page/{variant}": 0.5}


def test_counts_of_the_last_hour_add_up(stage):
    stage.run()
    variant = stage.book.assign("ann").variant.name
    for number in range(3):
        stage.answer(f"r{number}", "ann", ["tea"])
        if number == 1:
            stage.react((f"r{number}", "ann", "tea", "click"))
        stage.clock.now += COUNT_INTERVAL_S + CLICK_DELAY_S
        stage.book.rates()
    assert stage.book.rates() == {f"page/{variant}": 1 / 3}
    stage.clock.now += RATE_WINDOW_S
    assert stage.book.rates() == {}


def test_what_nobody_asked_for_in_time_is_not_counted_later(stage):
    stage.run()
    stage.answer("r1", "ann", ["tea"])
    stage.clock.now += CLICK_DELAY_S + MAX_BACKLOG_S + 1
    assert stage.book.rates() == {}
