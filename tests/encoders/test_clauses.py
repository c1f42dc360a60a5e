"""What a sentence asks for and what it rules out, in the languages of the text model."""

import re
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daybreak.encoders.clause_words import FILLERS
from daybreak.encoders.clauses import Clauses, drop_small_talk, split_clauses
from daybreak.encoders.open_requests import is_open_request

NOUNS = ["coffee", "romance", "glass", "wool", "lamps", "winter", "jazz", "copper", "garden"]
NEGATIONS = [
    "no",
    "without",
    "except",
    "not",
    "excluding",
    "ohne",
    "kein",
    "sans",
    "без",
    "zonder",
]


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("a lamp without a cable", "a lamp", ["cable"]),
        ("I hate musicals, give me westerns", "give me westerns", ["musicals"]),
        ("blankets, no wool; nothing green", "blankets", ["wool", "green"]),
        ("no thrillers, war or crime", "", ["thrillers", "war or crime"]),
        (
            "no thrillers, I want a drama or a comedy",
            "I want a drama or a comedy",
            ["thrillers"],
        ),
        ("everything but jazz", "", ["jazz"]),
        ("a lamp instead of candles", "a lamp", ["candles"]),
        ("soap 2.5 l, not perfumed", "soap 2.5 l", ["perfumed"]),
        ("keine Kerzen, sondern Lampen", "Lampen", ["Kerzen"]),
        ("Decken aber nicht aus Wolle", "Decken", ["aus Wolle"]),
        ("je ne veux pas de bougies, plutôt des lampes", "des lampes", ["bougies"]),
        ("mantas sin lana", "mantas", ["lana"]),
        ("lampade ma non candele", "lampade", ["candele"]),
        ("cobertores sem lã", "cobertores", ["lã"]),
        ("lampy bez kabla", "lampy", ["kabla"]),
        ("лампы, но не свечи", "лампы", ["свечи"]),
        ("mum olmasın", "", ["mum"]),
        ("مصباح بدون سلك", "مصباح", ["سلك"]),
        ("我想要台灯，不要蜡烛", "我想要台灯", ["蜡烛"]),
        ("除了爱情片都行", "", ["爱情片"]),
        ("我喜歡喜劇，不喜歡戰爭片", "我喜歡喜劇", ["戰爭片"]),
        ("ろうそく以外", "", ["ろうそく"]),
        ("ランプが欲しいけどロウソクはいらない", "ランプが欲しい", ["ロウソク"]),
        ("양초 빼고 램프", "램프", ["양초"]),
        ("โคมไฟไม่เอาเทียน", "โคมไฟ", ["เทียน"]),
        ("lamps but no candles, or a rug", "lamps or a rug", ["candles"]),
        ("a lamp without cables, or maybe a rug", "a lamp or maybe a rug", ["cables"]),
        (
            "Lampen, aber keine Kerzen, oder einen Teppich",
            "Lampen oder einen Teppich",
            ["Kerzen"],
        ),
        ("des lampes, pas de bougies, ou un tapis", "des lampes ou un tapis", ["bougies"]),
        ("lámparas sin cable, o una alfombra", "lámparas o una alfombra", ["cable"]),
        ("台灯，不要蜡烛，或者一张地毯", "台灯 或者一张地毯", ["蜡烛"]),
        ("lamps but no candles or a rug", "lamps", ["candles or a rug"]),
        ("a lamp, not a candle, or a rug", "a lamp", ["candle", "rug"]),
        ("no candles, or a rug", "", ["candles", "rug"]),
        ("I already have a lamp and need a rug", "need a rug", ["lamp"]),
        (
            "anything by Christie, I have read it all by King",
            "anything by Christie",
            ["by King"],
        ),
        ("Ich habe schon eine Lampe, suche Teppiche", "suche Teppiche", ["Lampe"]),
        ("j'ai déjà une lampe, je cherche un tapis", "je cherche un tapis", ["lampe"]),
        ("ya tengo una lámpara, busco alfombras", "busco alfombras", ["lámpara"]),
        ("我已经看过三体，想要科幻", "想要科幻", ["三体"]),
    ],
)
def test_clauses_by_hand(text, wanted, unwanted):
    assert split_clauses(text) == Clauses(wanted, tuple(unwanted))


@pytest.mark.parametrize(
    "text",
    [
        "a lamp for my desk",
        "nothing but jazz",
        "not only lamps but also candles",
        "I don't have a lamp",
        "have you already got lamps?",
        "for someone who already has everything",
        "non-stick pan",
        "Kaze no Tani",
        "No. 7 soap",
        "Sin City",
        "有没有好看的电影",
        "不错的台灯",
        "特别的礼物",
        "pas mal de lampes",
        "not",
        "",
        "\0 \x01",
    ],
)
def test_what_only_looks_like_a_negation_is_wanted_as_it_is(text):
    assert split_clauses(text) == Clauses(text)


@given(st.text(max_size=80))
def test_any_text_is_split_into_parts_of_itself(text):
    found = split_clauses(text)
    if not found.unwanted:
        assert found.wanted == text
    assert all(part.strip() for part in found.unwanted)


@given(st.lists(st.sampled_from(NOUNS), min_size=1, max_size=4))
def test_sentences_without_negation_are_unchanged(nouns):
    text = " and ".join(nouns)
    assert split_clauses(text) == Clauses(text)


@given(st.sampled_from(NOUNS), st.sampled_from(NOUNS), st.sampled_from(NEGATIONS))
def test_a_noun_after_a_negation_is_unwanted_in_any_case_and_place(liked, disliked, cue):
    for text in (f"{liked}, {cue} {disliked}", f"{cue.upper()} {disliked}, {liked}!"):
        found = split_clauses(text)
        assert found == Clauses(liked, (disliked,)), text


@given(st.lists(st.sampled_from(NOUNS), min_size=1, max_size=3, unique=True))
def test_a_sentence_that_only_rules_out_wants_nothing(nouns):
    found = split_clauses(f"please no {' or '.join(nouns)}, thank you")
    assert not found.wanted
    assert set(re.findall(r"\w+", " ".join(found.unwanted))) - {"or"} == set(nouns)


def test_fillers_are_no_words_of_negation():
    assert not FILLERS & {"no", "not", "kein", "sans", "不要"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I would like a lamp for my desk, please", "lamp desk"),
        ("Ich suche eine Lampe für den Schreibtisch", "Lampe Schreibtisch"),
        ("lamps for the garden", "lamps garden"),
        ("All of it", "All it"),
        ("what I want", "what I want"),
        ("台灯", "台灯"),
        ("я хочу лампу", "лампу"),
        ("something for my wife who loves tea", "tea"),
        ("a present for a friend who likes gardening", "gardening"),
        ("presents for grandma who knits", "knits"),
        ("christmas gifts for dad", "christmas dad"),
        ("gift wrap for a wedding", "gift wrap wedding"),
        ("ein Geschenk für meine Oma", "Oma"),
        ("un cadeau pour une amie qui coud", "coud"),
        ("something to keep my sandwiches in", "sandwiches"),
        ("keep out sign", "keep out sign"),
        ("来点甜的", "甜的"),
        ("推荐点轻松的", "轻松的"),
        ("I would like a love story", "love story"),
        ("I love stories", "stories"),
        ("a film about falling in love", "falling in love"),
        ("I am in love with tea", "tea"),
        ("my girls love horses", "girls horses"),
        ("给爱喝茶的朋友的礼物", "给爱喝茶的"),
        ("ein Geschenk für meine Freundin, die Katzen liebt", "Katzen"),
        ("un cadeau pour mon ami qui aime le thé", "thé"),
        ("un regalo para mi madre que ama el jardín", "jardín"),
        ("给喜欢园艺的朋友", "给 园艺"),
        ("a card for my best friend", "card friend"),
        ("toys for a child who loves trains", "toys child trains"),
        ("", ""),
    ],
)
def test_small_talk_is_dropped(text, kept):
    assert drop_small_talk(text) == kept


@given(st.text(max_size=60))
@example("surprise me")
@example("暇")
def test_small_talk_is_dropped_once_and_everything_of_open_requests_only(text):
    kept = drop_small_talk(text)
    assert bool(kept.strip()) == (bool(text.strip()) and not is_open_request(text))
    assert set(re.findall(r"[^\W_]+", kept)) <= set(re.findall(r"[^\W_]+", text))


@pytest.mark.parametrize(
    "text", ["x" * 2_000, "恐怖" * 1_000, "no " * 600, "除了" * 900, "a なし " * 300]
)
def test_long_texts_are_split_in_linear_time(text):
    started = perf_counter()
    split_clauses(text)
    assert perf_counter() - started < 1


def test_a_text_longer_than_a_sentence_is_not_split():
    text = "tea, no coffee " * 200
    assert split_clauses(text) == Clauses(text)


@pytest.mark.parametrize("noun", ["灯", "杯子", "相框"])
@pytest.mark.parametrize("request_", ["我想要一个", "请给我一本", "我要买一件"])
def test_chinese_requests_end_with_their_measure_word(request_, noun):
    assert drop_small_talk(request_ + noun) == noun
    assert drop_small_talk("一个" + noun) == "一个" + noun, "it may be a title"


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("不要后宫的异世界", "异世界", "后宫"),
        ("没有暴力的动画片", "动画片", "暴力"),
        ("不要太贵的", "", "太贵的"),
        ("茶，不要咖啡味的糖", "茶", "咖啡味的糖"),
    ],
)
def test_a_noun_after_what_chinese_rules_out_is_wanted(text, wanted, unwanted):
    found = split_clauses(text)
    assert (found.wanted, found.unwanted) == (wanted, (unwanted,))


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("喜剧 不要爱情", "喜剧", "爱情"),
        ("科幻片 不要恐怖片", "科幻片", "恐怖片"),
        ("お茶 コーヒー不要", "お茶", "コーヒー"),
        ("咖啡不要，茶要", "茶要", "咖啡"),
    ],
)
def test_a_negation_of_chinese_and_japanese_has_its_object_where_there_is_one(
    text, wanted, unwanted
):
    found = split_clauses(text)
    assert (found.wanted, found.unwanted) == (wanted, (unwanted,))


@pytest.mark.parametrize("said", ["non-violent films", "gewaltfreie Filme"])
def test_negations_inside_words_are_read(said):
    assert any("violence" in one for one in split_clauses(said).unwanted)


@pytest.mark.parametrize(
    "text", ["a shirt, any colour but white", "a shirt in any color but white"]
)
def test_any_colour_but_one_rules_it_out(text):
    found = split_clauses(text)
    assert found.wanted.startswith("a shirt")
    assert found.unwanted == ("white",)
