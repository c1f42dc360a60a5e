from hypothesis import given
from hypothesis import strategies as st

from daybreak.transfer.distil_encoder import build_word_piece_tokenizer


def test_frequent_words_are_whole_and_others_are_cut():
    tokenizer = build_word_piece_tokenizer(["Grüner Tee", "tee und Rum"])
    assert tokenizer.encode("TEE grün").tokens == ["tee", "g", "##r", "##u", "##n"]


def test_a_chinese_character_is_a_word():
    assert build_word_piece_tokenizer(["红色 地球仪"]).encode("地红").tokens == ["地", "红"]


def test_a_character_that_no_text_shows_is_unknown():
    assert build_word_piece_tokenizer(["tea"]).encode("茶").tokens == ["[UNK]"]


@given(st.lists(st.text(max_size=8), max_size=5))
def test_the_same_texts_make_the_same_tokenizer(texts):
    assert (
        build_word_piece_tokenizer(texts).to_str() == build_word_piece_tokenizer(texts).to_str()
    )
