"""Sentences in one form of Chinese characters about catalogues in another."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.encoders.concepts import ConceptTerms
from daybreak.encoders.han_variants import HanForms, simplify


def test_each_traditional_character_has_one_simplified_form():
    assert simplify("檯燈與機器人") == "台灯与机器人"
    assert simplify(simplify("戰爭")) == simplify("戦争") == "战争"


def test_a_text_takes_the_characters_of_the_catalogue():
    simplified = HanForms.of({"台灯": 1.0, "头发": 1.0})
    traditional = HanForms.of({"檯燈": 1.0, "頭髮": 1.0})
    assert simplified.fit_text("一盏檯燈 lamp") == "一盏台灯 lamp"
    assert traditional.fit_text("台灯") == "檯燈"
    assert simplified.fit_text("愛") == "愛"


def test_simplified_characters_that_traditional_texts_have_as_well_stay():
    forms = HanForms.of({"皇后": 1.0, "以後": 2.0})
    assert forms.fit_text("皇后") == "皇后"


def test_japanese_keeps_the_characters_that_the_catalogue_has():
    forms = HanForms.of({"机动战士": 9.0, "機動戦士": 1.0, "猫": 1.0})
    assert forms.fit_text("機動戦士のアニメ") == "機動戦士のアニメ"
    assert forms.fit_text("機動戦士") == "机动战士"


@pytest.mark.parametrize("value", ["战争", "戰爭", "戦争"])
@pytest.mark.parametrize("text", ["打仗", "战争", "戰爭片", "戦争"])
def test_words_for_genres_are_known_in_every_form(value, text):
    assert ConceptTerms.of({f"tags={value}": 1.0}).find(text) == [f"tags={value}"]


@pytest.mark.parametrize(
    ("titles", "text"),
    [
        (["蓝色台灯", "木头机器人", "绿茶茶壶", "猫咪钥匙链"], "機器人"),
        (["藍色檯燈", "木頭機器人", "綠茶茶壺", "貓咪鑰匙鏈"], "机器人"),
        (["蓝色台灯", "机器人", "绿茶茶壶", "猫咪钥匙链"], "我想要一個機器人"),
    ],
)
def test_items_are_found_in_the_other_form(titles, text):
    items = pl.DataFrame({"item_id": ["lamp", "robot", "pot", "chain"], "title": titles})
    events = pl.DataFrame({"user_id": ["a", "b", "c"], "item_id": ["lamp", "lamp", "pot"]})
    shop = Recommender(encoder="none").fit(events, items=items)
    profiles = pl.DataFrame({"user_id": ["new"], "text": [text]})
    assert shop.recommend(profiles=profiles, k=1)["item_id"].to_list() == ["robot"]
