import json

import pytest

from daybreak.errors import ConfigError, DataError
from daybreak.language_models import MemoryCompletions, MeteredLanguageModel, SentField
from daybreak.testing.encoders import CountingEncoder
from daybreak.testing.language_models import ScriptedLanguageModel
from daybreak.transfer.judgements import (
    JudgedRanking,
    RankingQuestion,
    choose_rankings,
    judge_rankings,
)
from tests.language_models.hostile_texts import HOSTILE_TEXTS

QUESTION = RankingQuestion(("green tea",), ("rum", "tea pot", "hammer"))


def name_the_pot(prompt):
    candidates = json.loads(prompt.messages[1].content)["candidates"]
    return json.dumps({"best": next(int(n) for n, text in candidates.items() if "pot" in text)})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_ranking_is_asked_in_both_orders(language):
    model = ScriptedLanguageModel(name_the_pot)
    assert judge_rankings(model, [QUESTION], language) == [
        JudgedRanking(("green tea",), "tea pot", ("rum", "hammer"))
    ]
    asked = [json.loads(prompt.messages[1].content) for prompt in model.prompts]
    assert [list(one["candidates"].values()) for one in asked] == [
        ["rum", "tea pot", "hammer"],
        ["hammer", "tea pot", "rum"],
    ]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_model_that_names_a_position_has_judged_nothing(n):
    questions = [RankingQuestion(("x",), tuple("abcd"[:n]))] * 3
    model = ScriptedLanguageModel(['{"best": 1}'])
    assert judge_rankings(model, questions) == []
    assert model.usage.faults == {"contradiction": 3}


@pytest.mark.parametrize("best", ["4", "0", '"rum"', "null"])
def test_an_answer_that_is_no_candidate_is_counted_and_dropped(best):
    model = ScriptedLanguageModel([f'{{"best": {best}}}'])
    assert judge_rankings(model, [QUESTION]) == []
    assert model.usage.faults == {"wrong_format": 1}
    assert len(model.prompts) == 1  # the second order would be paid for nothing


def test_no_ranking_is_paid_twice():
    inner = ScriptedLanguageModel(name_the_pot)
    model = MeteredLanguageModel(inner, cache=MemoryCompletions())
    assert judge_rankings(model, [QUESTION]) == judge_rankings(model, [QUESTION])
    assert len(inner.prompts) == 2


def test_the_history_of_a_user_is_sent_only_if_allowed_and_never_stored():
    history = RankingQuestion(("tea", "cup"), ("rum", "pot"), is_personal=True)
    inner = ScriptedLanguageModel(name_the_pot, is_local=False)
    items = [SentField.ITEM_TITLE, SentField.ITEM_TEXT, SentField.ITEM_ATTRIBUTES]
    with pytest.raises(ConfigError, match="user_history"):
        judge_rankings(MeteredLanguageModel(inner, allowed=items), [history])
    model = MeteredLanguageModel(
        inner, cache=MemoryCompletions(), allowed=[*items, SentField.USER_HISTORY]
    )
    for _ in range(2):
        assert judge_rankings(model, [history])[0].best == "pot"
    assert len(inner.prompts) == 4


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_a_hostile_text_is_data_and_no_answer(hostile):
    model = ScriptedLanguageModel([hostile])
    assert judge_rankings(model, [RankingQuestion(("tea",), (hostile, "pot"))]) == []
    assert hostile not in model.prompts[0].messages[0].content


def test_half_of_the_rankings_have_near_candidates_only():
    texts = [f"{kind} number {n}" for kind in ("tea", "rum", "pot", "cup") for n in range(9)]
    questions = choose_rankings(CountingEncoder(), texts, 30, 4)
    assert questions == choose_rankings(CountingEncoder(), texts, 30, 4)
    assert all(len(set(one.candidates)) == 4 for one in questions)
    assert not any(one.chosen[0] in one.candidates for one in questions)
    same = [sum(one.chosen[0][:3] == c[:3] for c in one.candidates) for one in questions]
    assert sum(same[::2]) > sum(same[1::2])
    assert len({one.candidates.index(max(one.candidates)) for one in questions}) == 4


def test_a_ranking_has_two_to_four_different_candidates():
    with pytest.raises(ConfigError, match="2 to 4 candidates, got 1"):
        RankingQuestion(("a",), ("b",))
    with pytest.raises(ConfigError, match="different candidates"):
        RankingQuestion(("a",), ("b", "b"))
    with pytest.raises(ConfigError, match="chosen text"):
        RankingQuestion((), ("b", "c"))
    with pytest.raises(DataError, match="at least 4 texts, got 3"):
        choose_rankings(CountingEncoder(), ["a", "b", "c"], 1)
    with pytest.raises(ConfigError, match="2 to 4 candidates, got 5"):
        choose_rankings(CountingEncoder(), list("abcdefgh"), 1, 5)
