import json
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.fields import infer_fields
from daybreak.errors import ConfigError, OutOfBudgetError
from daybreak.language_models import MeteredLanguageModel, TokenBudget
from daybreak.language_models.instructions import has_instructions
from daybreak.service.language.enrichment import (
    WRITTEN_COLUMN,
    CatalogueVocabulary,
    ItemEnricher,
    ItemText,
    add_written_texts,
    enrich_catalogue,
    item_texts,
    read_enrichments,
)
from daybreak.store import open_store
from daybreak.testing.language_models import ScriptedLanguageModel
from tests.language_models.chat_server import chat_body, chat_server
from tests.language_models.hostile_texts import HOSTILE_TEXTS

LONG = "A long description of a pot that says everything that there is to say about any pot"
ITEMS = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e", "f", "g"],
        "title": [
            "Green tea",
            "Black tea",
            "White tea",
            "Dark rum",
            "White rum",
            "Old rum",
            LONG,
        ],
        "shelf": ["hot", "hot", "hot", "cold", "cold", "cold", None],
    }
)
VOCABULARY = CatalogueVocabulary.of(ITEMS)


def says(**fields):
    return json.dumps({"attributes": [], "keywords": [], "sentence": "", **fields})


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'shop.db'}") as opened:
        yield opened


def test_the_choices_are_what_several_items_have():
    assert VOCABULARY.attributes == ("shelf: cold", "shelf: hot")
    assert VOCABULARY.keywords == ("rum", "tea")


def test_only_items_with_thin_text_are_written_about(store):
    model = ScriptedLanguageModel([says(keywords=["tea"], sentence="Green tea.")])
    counts = enrich_catalogue(ITEMS, store, model)
    assert (counts.thin, len(model.prompts)) == (6, 6)
    assert "g" not in read_enrichments(store)


def test_what_is_not_in_the_lists_or_the_item_is_counted_and_dropped():
    answer = says(
        attributes=["shelf: hot", "shelf: warm"],
        keywords=["TEA", "bestseller"],
        sentence="A tea of the best garden in India.",
    )
    model = ScriptedLanguageModel([answer])
    item = ItemText("x", {"title": "Pot number 7"}, {})
    found = ItemEnricher(model, VOCABULARY).enrich(item)
    assert (found.attributes, found.keywords) == (("shelf: hot",), ("tea",))
    assert (found.sentence, found.text) == ("", "hot, tea")
    assert model.usage.faults == {"unsupported": 1}


def test_an_attribute_that_the_item_has_is_not_asked_about():
    model = ScriptedLanguageModel([says(attributes=["shelf: cold"])])
    (item,) = [one for one in item_texts(ITEMS) if one.item_id == "a"]
    assert ItemEnricher(model, VOCABULARY).enrich(item).attributes == ()
    assert json.loads(model.prompts[0].messages[1].content)["attributes"] == []


def test_a_sentence_of_the_item_is_kept():
    model = ScriptedLanguageModel([says(keywords=["tea"], sentence="This is a green tea.")])
    (item,) = [one for one in item_texts(ITEMS) if one.item_id == "a"]
    assert ItemEnricher(model, VOCABULARY).enrich(item).text == "tea. This is a green tea."


def test_a_second_job_asks_only_about_changed_items(store):
    model = ScriptedLanguageModel([says(keywords=["tea"])])
    enrich_catalogue(ITEMS, store, model)
    changed = ITEMS.with_columns(pl.col("title").replace("Old rum", "Old rum of Cuba"))
    counts = enrich_catalogue(changed, store, model)
    assert (counts.known, counts.written, len(model.prompts)) == (5, 1, 7)


def test_what_a_model_wrote_is_no_text_of_the_item(store):
    model = ScriptedLanguageModel([says(keywords=["tea"])])
    enrich_catalogue(ITEMS, store, model)
    written = add_written_texts(ITEMS, read_enrichments(store))
    assert written[WRITTEN_COLUMN].to_list() == ["tea"] * 6 + [None]
    assert enrich_catalogue(written, store, model).known == 6


def test_the_column_is_content():
    texts = [f"tea, hot {n}. This is tea {n}." for n in range(6)] + [None]
    roles = {
        field.name: field.role
        for field in infer_fields(
            ITEMS.with_columns(pl.Series(WRITTEN_COLUMN, texts)), "item_id"
        )
    }
    assert roles[WRITTEN_COLUMN] in {"text", "category"}


def test_a_used_budget_keeps_what_is_written(store):
    inner = ScriptedLanguageModel([says(keywords=["tea"])])
    model = MeteredLanguageModel(inner, budget=TokenBudget(1_400))
    with pytest.raises(OutOfBudgetError):
        enrich_catalogue(ITEMS, store, model)
    n_written = len(read_enrichments(store))
    assert 0 < n_written < 6
    assert enrich_catalogue(ITEMS, store, inner).known == n_written


def test_a_catalogue_is_sent_to_another_machine_only_if_allowed(store):
    inner = ScriptedLanguageModel([says()], is_local=False)
    with pytest.raises(
        ConfigError, match="would be sent item_attributes, item_text, item_title"
    ):
        enrich_catalogue(ITEMS, store, MeteredLanguageModel(inner, allowed=[]))
    assert not inner.prompts


SCRIPT = """
import sys
import polars as pl
from daybreak.language_models import EndpointLanguageModel
from daybreak.service.language.enrichment import enrich_catalogue
from daybreak.store import open_store
items = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)],
                      "title": [f"tea number {n % 7}" for n in range(40)]})
with open_store(sys.argv[1]) as store:
    enrich_catalogue(items, store, EndpointLanguageModel(sys.argv[2]))
"""


def test_a_killed_job_loses_at_most_one_answer(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with chat_server(lambda _: chat_body(says(keywords=["tea"]))) as server:
        run = [sys.executable, "-c", SCRIPT, url, server.model]
        job = subprocess.Popen(run)
        while len(server.asked) < 10 and job.poll() is None:
            time.sleep(0.005)
        job.send_signal(signal.SIGKILL)
        job.wait()
        n_asked = len(server.asked)
        with open_store(url) as store:
            assert n_asked - 1 <= len(read_enrichments(store)) <= n_asked
        subprocess.run(run, check=True)
        assert len(server.asked) <= 41
        with open_store(url) as store:
            assert len(read_enrichments(store)) == 40


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_a_hostile_text_changes_nothing(hostile, store):
    """Neither its item nor the others get anything else than with a model that obeys it."""

    def obey(prompt):
        if hostile in prompt.messages[1].content:
            return says(attributes=["bestseller"], keywords=["best"], sentence=hostile)
        return says(keywords=["tea"])

    row = pl.DataFrame({"item_id": ["h"], "title": [f"Red tea. {hostile}"], "shelf": [None]})
    items = pl.concat([ITEMS, row], how="vertical_relaxed")
    model = ScriptedLanguageModel(obey)
    enrich_catalogue(items, store, model, thin_words=100)
    found = read_enrichments(store)
    assert {found[id_].text for id_ in "abcdef"} == {"tea"}
    assert "h" not in found or not found["h"].text


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS[:9])
def test_hostile_texts_are_recognised(hostile):
    assert has_instructions(hostile)


@pytest.mark.parametrize(
    "text",
    [
        "Instructions for building a kite, with 40 sheets",
        "The System of the World: a novel",
        "You are invited: party set for ten",
        "How to win: always be first, a guide for runners",
        "Ranked second in the world, this chess set is a classic",
        "A user guide to Linux",
        "指令集体系结构入门",
        "系统分析与设计（第二版）",
        "第一名的秘密",
    ],
)
def test_ordinary_texts_are_not_taken_for_hostile(text):
    assert not has_instructions(text)


@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=60))
def test_whatever_a_model_says_only_names_of_the_lists_are_kept(names, sentence):
    model = ScriptedLanguageModel([says(attributes=names, keywords=names, sentence=sentence)])
    found = ItemEnricher(model, VOCABULARY).enrich(ItemText("x", {"title": "Pot"}, {}))
    assert set(found.attributes) <= set(VOCABULARY.attributes)
    assert set(found.keywords) <= set(VOCABULARY.keywords)
