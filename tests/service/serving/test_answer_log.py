import pytest

from daybreak.errors import StoreError
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.store.base import LoggedItem, LoggedRecommendation

ANSWER = LoggedRecommendation("a1", 1.8e9, "ann", "r1", (LoggedItem("tea", 0.5, 1, "ease"),))


class SlowLog:
    """Keeps answers, and does something while it writes them."""

    def __init__(self):
        self.kept = {}
        self.meanwhile = lambda: None

    def put_recommendations(self, answers):
        self.meanwhile()
        self.kept |= {answer.id: answer for answer in answers}

    def recommendations(self, ids):
        return [self.kept[id_] for id_ in ids if id_ in self.kept]


@pytest.fixture
def kept():
    return SlowLog()


@pytest.fixture
def log(kept):
    log = AnswerLog(kept, max_delay_s=3600)
    yield log
    kept.meanwhile = lambda: None
    log.close()


def test_a_list_is_found_before_while_and_after_it_is_written(kept, log):
    found = []
    kept.meanwhile = lambda: found.append(log.find("a1"))
    log.put([ANSWER])
    assert log.find("a1") == ANSWER
    log.flush()
    assert found == [ANSWER]
    assert log.waiting == 0
    assert log.find("a1") == ANSWER


def test_lists_that_could_not_be_written_are_kept(kept, log):
    def fail():
        raise StoreError("the disk is full")

    kept.meanwhile = fail
    log.put([ANSWER])
    with pytest.raises(StoreError):
        log.flush()
    assert (log.waiting, log.find("a1")) == (1, ANSWER)
