from daybreak.encoders.lexical import PhraseMatcher, tokenize


def found(sentence, *terms):
    return PhraseMatcher(terms, {"g", "year"}).find_terms(tokenize(sentence))


def test_values_are_found_as_whole_words():
    assert found("A scary COMEDY, please", "g=comedy", "g=com") == ["g=comedy"]


def test_values_of_several_words_must_stand_together():
    terms = ("g=science fiction", "g=fiction")
    assert found("science fiction", *terms) == ["g=science fiction", "g=fiction"]
    assert found("fiction about science", *terms) == ["g=fiction"]


def test_chinese_values_are_found():
    assert found("好看的科幻动画", "g=科幻", "g=战争") == ["g=科幻"]


def test_short_values_and_small_numbers_are_not_looked_for():
    assert found("I am a 2 or 18", "g=a", "g=am", "g=2", "g=18") == []


def test_years_are_found():
    assert found("a film of 1995", "year=1995") == ["year=1995"]


def test_columns_that_were_not_asked_for_are_left_out():
    assert found("comedy", "mood=comedy") == []


def test_a_value_of_two_columns_is_found_in_both():
    assert found("war", "g=war", "year=war") == ["g=war", "year=war"]
