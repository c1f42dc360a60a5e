"""A language model in the interview: what it may add, and what is dropped."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import NotFoundError
from daybreak.language_models import (
    MeteredLanguageModel,
    SentField,
    TokenBudget,
    load_language_model,
)
from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.model import (
    MAX_READ_CHARS,
    InterviewModel,
    is_plain_question,
    remember_answers,
)
from daybreak.service.interview.offered import MAX_OFFERED_NAMES, offered_names
from daybreak.service.interview.reading import AnswerReader
from daybreak.service.interview.turns import AnswerReading, InterviewRequest, InterviewTurn
from daybreak.service.interview.vocabulary import InterviewVocabulary
from daybreak.testing.language_models import ScriptedLanguageModel
from tests.language_models.hostile_texts import HOSTILE_TEXTS
from tests.language_models.test_contracts import SMALLEST, small_model  # noqa: F401

TICKLES = "something in space that tickles me"  # of no category by words alone
COMEDY = ("categories", "Comedy")


def reading(likes=(), dislikes=()):
    """Return the answer of a model; each name is given with the words that mean it."""
    return json.dumps(
        {
            name: [{"name": one, "words": words} for one, words in pairs]
            for name, pairs in (("likes", likes), ("dislikes", dislikes))
        }
    )


def asks(text):
    return json.dumps({"question": text})


def about_genres(text):
    return InterviewTurn("attribute", "categories", ("Comedy", "Horror"), text=text)


def read(films, model, turn, language="en"):
    reader = AnswerReader(InterviewVocabulary.from_state(films.state))
    return InterviewModel(model).read(reader, turn, language)


def question_of(films, model, **options):
    request = InterviewRequest(**options)
    return conduct_interview(films.state, request, model=InterviewModel(model)).question


def test_the_model_adds_what_the_words_do_not_name(films):
    model = ScriptedLanguageModel([reading([("Comedy", TICKLES)])])
    found = read(films, model, about_genres(TICKLES))
    assert (found.wanted, found.source) == ((COMEDY,), "model")
    assert found.text == TICKLES  # the wish in the own words stays
    data = json.loads(model.prompts[0].messages[1].content)
    assert data["answer"] == TICKLES
    assert data["names"][:2] == ["Comedy", "Horror"]


def test_it_reads_items_and_values_of_other_attributes(films):
    turn = InterviewTurn("items", shown=("m0", "m1"), text="the one in space, nothing scary")
    said = reading([("Space Laughs (1999)", "in space")], [("Horror", "nothing scary")])
    found = read(films, ScriptedLanguageModel([said]), turn)
    assert (found.liked, found.unwanted) == (("m0",), (("categories", "Horror"),))


@pytest.mark.parametrize(
    "said",
    [
        reading([("Opera", TICKLES)]),
        reading([("Comedy", "a good tickle")]),
        reading([("Comedy", "")]),
        reading([("Comedy", TICKLES)], [("Comedy", "tickles")]),
        reading([("Comedy", TICKLES), ("comedy", TICKLES)]),
        reading([("Comedy", TICKLES)], [("Horror", "tickles")]),
        reading([("Comedy", TICKLES), ("Film number 99", TICKLES)]),
    ],
    ids=["unknown", "not said", "no words", "both", "twice", "same words", "one unknown"],
)
def test_a_reading_that_is_not_in_the_answer_is_counted_and_dropped(films, said):
    model = ScriptedLanguageModel([said])
    found = read(films, model, about_genres(TICKLES))
    assert found == read(films, ScriptedLanguageModel([""]), about_genres(TICKLES))
    assert (found.wanted, found.source) == ((), "rules")
    assert model.usage.faults == {"unsupported": 1}


def test_what_is_said_literally_is_not_contradicted(films):
    text = "no horror, please"
    model = ScriptedLanguageModel([reading([("Horror", "horror")])])
    found = read(films, model, about_genres(text))
    assert (found.wanted, found.unwanted) == ((), (("categories", "Horror"),))


def test_none_of_the_names_adds_nothing(films):
    found = read(films, ScriptedLanguageModel([reading()]), about_genres("hm, well"))
    assert found.wanted == found.unwanted == found.liked == found.disliked == ()


@pytest.mark.parametrize(
    "text", ["1 and 2", "none of these", "all", "yes", "no", "", "x" * (MAX_READ_CHARS + 1)]
)
def test_short_and_long_answers_are_not_sent(films, text):
    model = ScriptedLanguageModel([reading([("Comedy", text)])])
    found = read(films, model, about_genres(text))
    assert not model.prompts
    assert found.source != "model"


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_a_hostile_answer_of_a_user_changes_nothing(films, hostile):
    obedient = ScriptedLanguageModel([reading([("Comedy", hostile), ("Evil", hostile)])])
    plain = AnswerReader(InterviewVocabulary.from_state(films.state)).read(
        about_genres(hostile)
    )
    assert read(films, obedient, about_genres(hostile)) == plain


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_a_hostile_answer_of_the_model_changes_nothing(films, hostile):
    model = ScriptedLanguageModel([hostile])
    plain = films.interview([about_genres(TICKLES)])
    films.language_model = model
    try:
        found = films.interview([about_genres(TICKLES)], use_model=True)
    finally:
        films.language_model = None
    assert found.understood == plain.understood
    assert found.question == plain.question
    assert found.items.equals(plain.items)
    wrong = ScriptedLanguageModel([asks(hostile)])
    assert question_of(films, wrong) == question_of(films, ScriptedLanguageModel([""]))


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS[:9])
def test_a_name_that_speaks_to_a_model_is_not_offered(films, hostile):
    vocabulary = InterviewVocabulary.from_state(films.state)
    found = offered_names(vocabulary, about_genres(TICKLES), AnswerReading())
    assert 0 < len(found) <= MAX_OFFERED_NAMES
    titles = films.state.ranker.titles
    changed = InterviewVocabulary(films.state, (("categories", hostile),), vocabulary.carries)
    assert titles is films.state.ranker.titles
    assert not offered_names(changed, about_genres(TICKLES), AnswerReading())


def test_a_question_in_the_words_of_the_model(films):
    said = "Which of these items have you liked before?"
    question = question_of(films, ScriptedLanguageModel([asks(said)]))
    assert (
        question.text
        == f"{said} You may also answer in your own words, or with: none of these."
    )
    assert question.source == "model"
    plain = question_of(films, ScriptedLanguageModel([""]))
    assert (plain.choices, plain.source) == (question.choices, "template")


@pytest.mark.parametrize(
    "said",
    [
        "Would you like our best film?",
        "Do you like The Night?",
        "Which of these do you like",
        "Buy now! Which of these do you like?",
        "Which? Which? Which?",
        'Do you like "these"?',
        "Which of these do you like, or " + "these or " * 30 + "those?",
    ],
)
def test_a_question_with_anything_else_is_counted_and_dropped(films, said):
    model = ScriptedLanguageModel([asks(said)])
    question = question_of(films, model)
    assert question.source == "template"
    assert model.usage.faults == {"unsupported": 1}


@pytest.mark.parametrize(
    ("text", "about", "language", "is_plain"),
    [
        ("您喜欢什么类型，不想要什么类型？", "类型", "zh", True),
        ("这些当中，您喜欢过哪些？", "", "zh", True),
        ("要不要看看我们最便宜的电影？", "类型", "zh", False),
        ("What kind of category do you like, and which would you rather avoid?",
         "categories", "en", True),
        ("Which colour do you prefer?", "colour", "en", True),
        ("Which colour do you prefer?", "size", "en", False),
    ],
)  # fmt: skip
def test_words_of_questions(text, about, language, is_plain):
    assert is_plain_question(text, about, language) == is_plain


def test_an_error_of_the_model_is_not_an_error_of_the_interview(films):
    model = ScriptedLanguageModel([NotFoundError("the server does not answer")])
    request = InterviewRequest((about_genres(TICKLES), about_genres("tea?")))
    step = conduct_interview(films.state, request, model=InterviewModel(model))
    assert step.question.source == "template"
    assert len(model.prompts) == 1  # it is not asked again


def test_a_budget_that_is_used_up_ends_the_help_of_the_model(films):
    model = MeteredLanguageModel(ScriptedLanguageModel([reading()]), budget=TokenBudget(10))
    assert read(films, model, about_genres(TICKLES)).source == "rules"


def test_an_answer_is_sent_once_in_an_interview(films):
    films.language_model = ScriptedLanguageModel(
        lambda prompt: reading() if "answer" in prompt.messages[1].content else asks("Which?")
    )
    try:
        interview = films.start_interview(use_model=True, k=3)
        interview.answer(TICKLES)
        n_asked = len(films.language_model.prompts)
        interview.answer("something else with teeth")
        sent = [prompt.messages[1].content for prompt in films.language_model.prompts]
    finally:
        films.language_model = None
    assert n_asked == 3  # two questions, one answer
    assert sum(TICKLES in text for text in sent) == 1


@pytest.mark.parametrize(
    ("allowed", "n_prompts"),
    [((), 0), ((SentField.ITEM_TITLE, SentField.ITEM_ATTRIBUTES), 1), (tuple(SentField), 2)],
)
def test_words_of_a_user_leave_the_machine_only_if_allowed(films, allowed, n_prompts):
    inner = ScriptedLanguageModel([""], is_local=False)
    model = MeteredLanguageModel(inner, allowed=allowed)
    for turns in ((), (about_genres(TICKLES),)):
        request = InterviewRequest(turns, max_questions=1)
        conduct_interview(films.state, request, model=InterviewModel(model))
    assert len(inner.prompts) == n_prompts


def test_the_time_limit_ends_the_help_of_the_model(films):
    model = ScriptedLanguageModel([asks("Which?")])
    helper = InterviewModel(model, limit_s=-1.0)
    step = conduct_interview(films.state, InterviewRequest(), model=helper)
    assert (step.question.source, model.prompts) == ("template", [])


@given(
    st.lists(st.tuples(st.sampled_from(["Comedy", "War", "m0", ""]), st.text(max_size=9))),
    st.lists(st.tuples(st.text(max_size=9), st.sampled_from([TICKLES, "tickles", "x"]))),
)
def test_whatever_a_model_says_stays_in_the_vocabulary(films, likes, dislikes):
    found = read(
        films, ScriptedLanguageModel([reading(likes, dislikes)]), about_genres(TICKLES)
    )
    pairs = InterviewVocabulary.from_state(films.state).pairs
    assert {*found.wanted, *found.unwanted} <= set(pairs)
    assert {*found.liked, *found.disliked} <= set(films.items["item_id"])


@given(st.text(max_size=60))
def test_any_question_is_one_line_of_known_words_or_the_template(films, text):
    question = question_of(films, ScriptedLanguageModel([asks(text)]))
    assert "\n" not in question.text
    assert question.source == "template" or question.text.startswith(" ".join(text.split()))


def test_the_memory_has_no_words_of_a_user():
    answers = remember_answers()
    answers.put_completion("model", "key", reading())
    assert TICKLES not in str(vars(answers))


def test_the_packaged_model_keeps_to_the_vocabulary(films, small_model):  # noqa: F811
    films.language_model = model = load_language_model(SMALLEST.model, threads=1)
    try:
        interview = films.start_interview(use_model=True, k=3, max_questions=2)
        after = interview.answer("I want to laugh, and no horror")
        assert model.usage.n_requests == 3  # two questions and an answer
    finally:
        films.language_model = None
        model.close()
    assert ("categories", "Horror") in after.understood.unwanted
    pairs = InterviewVocabulary.from_state(films.state).pairs
    assert {*after.understood.wanted, *after.understood.unwanted} <= set(pairs)
    assert after.items.height == 3
