import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.dataset import Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders import word_forms
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.word_forms import (
    MAX_FORMS,
    WordForms,
    character_ngrams,
    spellings,
    split_unspaced,
)

ENGLISH = ("Green tea", "Coffee grinder", "Wool blanket", "Desk lamp")
GERMAN = ("Grüntee", "Kaffeemühle", "Wolldecke", "Schreibtischlampe")
SPANISH = ("Té verde", "Molinillo de café", "Mantas de lana", "Lámpara de escritorio")
FRENCH = ("Thé vert", "Cafetière électrique", "Couverture en laine", "Lampe de bureau")
RUSSIAN = ("Зелёный чай", "Кофемолка", "Шерстяное одеяло", "Настольная лампа")
TURKISH = ("Yeşil çay", "Kahve değirmeni", "Yün battaniye", "Masa lambası")
VIETNAMESE = ("Trà xanh", "Máy xay cà phê", "Chăn len", "Đèn bàn")
ARABIC = ("شاي أخضر", "مطحنة قهوة", "بطانية صوف", "مصباح مكتب")
GREEK = ("Πράσινο τσάι", "Μύλος καφέ", "Μάλλινη κουβέρτα", "Λάμπα γραφείου")
POLISH = ("Zielona herbata", "Młynek do kawy", "Koc wełniany", "Lampa biurkowa")
FINNISH = ("Vihreä tee", "Kahvimylly", "Villapeitto", "Pöytälamppu")
HINDI = ("हरी चाय", "कॉफ़ी ग्राइंडर", "ऊनी कंबल", "डेस्क लैंप")
HEBREW = ("תה ירוק", "מטחנת קפה", "שמיכת צמר", "מנורת שולחן")
CHINESE = ("有机绿茶茶包", "电动咖啡研磨机", "羊毛毛毯", "书桌台灯")
JAPANESE = ("有機緑茶ティーバッグ", "電動コーヒーミル", "ウール毛布", "卓上ランプ")
KOREAN = ("유기농녹차티백", "전동커피그라인더", "양모담요", "책상램프")
THAI = ("ชาเขียว", "เครื่องบดกาแฟ", "ผ้าห่มขนสัตว์", "โคมไฟตั้งโต๊ะ")
LAO = ("ຊາຂຽວ", "ເຄື່ອງບົດກາເຟ", "ຜ້າຫົ່ມ", "ໂຄມໄຟ")
KHMER = ("តែបៃតង", "ម៉ាស៊ីនកិនកាហ្វេ", "ភួយរោមចៀម", "ចង្កៀងតុ")
TEA, COFFEE, BLANKET, LAMP = range(4)


def found(titles, asked, copies=6):
    """Return which of the titles fills the first places for what is asked, -1 if several do."""
    items = pl.DataFrame(
        [
            (f"{kind}-{n}", f"{title} {n}")
            for kind, title in enumerate(titles)
            for n in range(copies)
        ],
        ["item_id", "title"],
        orient="row",
    )
    content, blocks = ContentEncoder.fit_transform(items)
    said = Items(Vocabulary(["said"]), content.texts([asked]))
    scores = said.similarity(Items(Vocabulary(items["item_id"].to_list()), blocks))[0]
    first = {int(row) // copies for row in np.argsort(-scores, kind="stable")[:copies]}
    return first.pop() if len(first) == 1 and (np.sort(scores)[-copies:] > 0).all() else -1


@pytest.mark.parametrize(
    ("titles", "asked", "kind"),
    [
        (ENGLISH, "teas", TEA),
        (ENGLISH, "grindr", COFFEE),
        (ENGLISH, "blnaket", BLANKET),
        (ENGLISH, "lapm", LAMP),
        (ENGLISH, "ｌａｍｐ", LAMP),
        (GERMAN, "Gruentee", TEA),
        (GERMAN, "Gruntee", TEA),
        (GERMAN, "KAFFEEMÜHLEN", COFFEE),
        (GERMAN, "Muehle", COFFEE),
        (GERMAN, "Decken", BLANKET),
        (SPANISH, "manta", BLANKET),
        (SPANISH, "cafe", COFFEE),
        (SPANISH, "lamparas", LAMP),
        (FRENCH, "cafetieres", COFFEE),
        (FRENCH, "thés", TEA),
        (RUSSIAN, "лампу", LAMP),
        (RUSSIAN, "зеленого чая", TEA),
        (RUSSIAN, "одеяла", BLANKET),
        (TURKISH, "kahveyi", COFFEE),
        (TURKISH, "yesil cay", TEA),
        (TURKISH, "BATTANİYE", BLANKET),
        (VIETNAMESE, "ca phe", COFFEE),
        (VIETNAMESE, "den ban", LAMP),
        (ARABIC, "القهوة", COFFEE),
        (ARABIC, "مصابيح المكتب", LAMP),
        (GREEK, "ΚΑΦΕΣ", COFFEE),
        (GREEK, "λαμπες", LAMP),
        (POLISH, "lampy", LAMP),
        (POLISH, "welniany", BLANKET),
        (FINNISH, "kahvin", COFFEE),
        (FINNISH, "lampulla", LAMP),
        (HINDI, "कंबलों", BLANKET),
        (HEBREW, "המנורה", LAMP),
        (CHINESE, "咖啡机", COFFEE),
        (CHINESE, "毛毯", BLANKET),
        (JAPANESE, "らんぷ", LAMP),
        (JAPANESE, "茶", TEA),
        (KOREAN, "커피를", COFFEE),
        (KOREAN, "담요", BLANKET),
        (THAI, "โคมไฟ", LAMP),
        (THAI, "ฉันอยากได้ผ้าห่ม", BLANKET),
        (LAO, "ກາເຟ", COFFEE),
        (KHMER, "កាហ្វេ", COFFEE),
    ],
)
def test_one_thing_is_found_in_several_forms_of_its_word(titles, asked, kind):
    assert found(titles, asked) == kind


def test_forms_are_found_in_a_large_catalogue_of_rare_words():
    many = tuple(f"{title} {n:03d}x{n * n}" for n in range(80) for title in GERMAN)
    assert found(many, "Schreibtischlampen 017x289", copies=1) == 17 * 4 + LAMP


def test_the_whole_word_comes_before_its_other_forms():
    titles = ("Lampen", "Lampe", "Stehlampe", "Campinglampe")
    for kind, title in enumerate(titles):
        assert found(titles, title) == kind


def test_items_that_were_added_later_are_read_in_their_forms():
    content, blocks = ContentEncoder.fit_transform(
        pl.DataFrame({"item_id": ["1", "2"], "title": ["Wolldecke", "Kaffeemühle"]})
    )
    new = content.transform(pl.DataFrame({"item_id": ["3"], "title": ["Kaffeemuehlen"]}))
    assert new[0].cosine_similarity(blocks[0])[0].round(4).tolist() == [0, 1]


def test_the_similarity_is_the_one_worked_by_hand():
    """Two terms without common n-grams: every n-gram weighs ln(1 + 2) or, unknown, the same.

    ``tea`` has the 7 n-grams <t te ea a> <te tea ea>, ``teas`` 9, of which 5 are those of
    ``tea``: 5 / (7^0.75 * 9^0.25) = 0.6708.
    """
    forms = WordForms.index(["tea", "rum"])
    assert forms.similar(["teas"]).toarray() == pytest.approx(np.array([[0.6708, 0]]), abs=1e-4)


def test_a_word_has_few_forms():
    terms = [f"lamp{letter}" for letter in "abcdefghijklmnop"]
    word, term, weights = WordForms.index(terms).find(["lamp"], np.array([-1]), 1.0)
    assert len(word) == len(term) <= MAX_FORMS
    assert ((weights > 0) & (weights <= 1)).all()


def test_numbers_have_no_other_forms():
    assert WordForms.index(["9", "99", "1999"]).similar(["199", "98"]).nnz == 0
    assert found(("Film of 1998", "Film of 1999"), "1997") == -1


def test_without_terms_nothing_is_similar():
    assert WordForms.index([]).similar(["tea"]).shape == (1, 0)


def test_accents_and_umlauts_have_their_common_spellings():
    assert spellings("straße") == ("strasse",)
    assert spellings("ångström") == ("angstrom", "aangstroem")
    assert spellings("हिन्दी") == ("हिन्दी",)
    assert spellings("ランプ") == spellings("らんぷ")


def test_unspaced_words_are_cut_into_pieces():
    assert split_unspaced("유기농") == ["유기농", "유기", "기농"]
    assert split_unspaced("กาแฟ") == ["กาแฟ", "กาแ", "าแฟ"]
    assert split_unspaced("茶包") == ["茶包"]


@given(st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_similarities_are_shares_and_a_word_is_most_like_itself(word, other):
    rows = WordForms.index([word, other or "x"]).similar([word]).toarray()
    assert ((rows >= 0) & (rows <= 1 + 1e-5)).all()
    if character_ngrams(word):
        assert rows[0, 0] == pytest.approx(1, abs=1e-5)


def test_comparing_is_bounded_and_in_chunks_and_the_first_words_are_compared(monkeypatch):
    terms = [f"{letter}blanket{n}" for letter in "abc" for n in range(60)]
    forms = WordForms.index(terms)
    words = [f"blanket{n}s" for n in range(200)]
    whole = forms.similar(words).toarray()
    monkeypatch.setattr(word_forms, "MAX_CHUNK_PAIRS", 5_000)
    assert len(forms._chunks(sp.csr_array(np.ones((9, len(forms.columns)))))) > 1
    np.testing.assert_allclose(forms.similar(words).toarray(), whole, rtol=1e-6)
    monkeypatch.setattr(word_forms, "MAX_COMPARED_PAIRS", 100_000)
    bounded = forms.similar(words).toarray()
    n = int((bounded.any(axis=1)).sum())
    assert 0 < n < 200
    np.testing.assert_allclose(bounded[:n], whole[:n], rtol=1e-6)
    assert not bounded[n:].any()
    assert forms.similar([]).shape == (0, len(terms))


def titles_like(titles, asked):
    """Return the titles that are like what is asked at all."""
    items = pl.DataFrame({"item_id": [str(n) for n in range(len(titles))], "title": titles})
    content, blocks = ContentEncoder.fit_transform(items)
    said = Items(Vocabulary(["said"]), content.texts([asked]))
    scores = said.similarity(Items(Vocabulary(items["item_id"].to_list()), blocks))[0]
    return {titles[row] for row in np.flatnonzero(scores > 0)}


COMPOUNDS = {
    "灯": [
        "台灯",
        "吊灯",
        "灯笼",
        "壁灯",
        "灯泡",
        "落地灯",
        "灯罩",
        "路灯",
        "灯串",
        "夜灯",
        "灯管",
    ],
    "鱼": [
        "金鱼",
        "鱼缸",
        "鱼竿",
        "鲤鱼",
        "鱼饵",
        "鱼网",
        "章鱼",
        "鱼片",
        "咸鱼",
        "鱼汤",
        "鱼骨",
    ],
    "茶": [
        "绿茶",
        "茶壶",
        "红茶",
        "茶杯",
        "乌龙茶",
        "茶具",
        "花茶",
        "茶叶",
        "奶茶",
        "茶几",
        "凉茶",
    ],
}


@pytest.mark.parametrize("word", COMPOUNDS)
@pytest.mark.parametrize("form", ["{}", "我想要{}", "买{}"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_single_chinese_character_finds_all_its_compounds(word, form, is_known):
    others = [title for key, titles in COMPOUNDS.items() if key != word for title in titles]
    titles = [*COMPOUNDS[word], *others, *[word] * is_known, "书桌", "毛毯", "想象", "购买指南"]
    found = titles_like(titles, form.format(word))
    assert set(COMPOUNDS[word]) <= found
    assert found.isdisjoint(others)


def test_characters_that_say_nothing_find_no_compounds():
    titles = ["目的地", "我们", "好看", "看台", "有机", "无人机", "书桌"]
    for asked in "的我好看有人":
        assert not titles_like([*titles, asked], asked) - {asked}
    assert {"的", "看", "好"} <= word_forms.FUNCTION_CHARACTERS
