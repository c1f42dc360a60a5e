"""Items of two shops that are the same under other ids."""

import numpy as np
import polars as pl
import pytest

from daybreak.service.inputs.equal_items import are_ids_accidental, match_items

FILMS = [
    "The Third Man (1949)",
    "Paths of Glory (1957)",
    "Tea for Two (1950)",
    "Night of the Hunter, The (1955)",
    "Heat (1995)",
    "Rear Window (1954)",
    "Twelve Angry Men (1957)",
]


def frame(titles, prefix, **columns):
    ids = [f"{prefix}{n}" for n in range(len(titles))]
    return pl.DataFrame({"item_id": ids, "title": titles, **columns})


def matched(target, source):
    return dict(match_items(target, source).ids)


def test_titles_are_compared_without_case_articles_and_years():
    other = ["THIRD MAN", "Paths of Glory", "Tea for two!", "The Night of the Hunter", "Heat"]
    found = matched(frame(FILMS, "a"), frame([*other, "Rear Window (1954)"], "b"))
    # "Heat" alone is a single word, and one of both does not say which year.
    assert found == {"b0": "a0", "b1": "a1", "b2": "a2", "b3": "a3", "b5": "a5"}


def test_another_year_is_another_film_and_one_year_apart_is_not():
    other = [title.replace("1949", "1999").replace("1957", "1958") for title in FILMS]
    found = matched(frame(FILMS, "a"), frame(other, "b"))
    assert found == {f"b{n}": f"a{n}" for n in range(1, 7)}


def test_a_year_may_stand_in_a_column():
    other = ["Heat", *FILMS[:4], "Tea", "Coffee"]
    years = [1995, *[None] * 6]
    assert matched(frame(FILMS, "a"), frame(other, "b", year=years))["b0"] == "a4"


def test_a_title_of_several_items_tells_nothing():
    other = [*FILMS, "the third man"]
    assert "a0" not in matched(frame(FILMS, "a"), frame(other, "b")).values()


def test_other_makers_make_other_items_of_one_title():
    titles = [f"Greatest Hits of {n}" for n in range(6)]
    mine = frame(titles, "a", artist=["Queen", *["ABBA"] * 5])
    theirs = frame(titles, "b", Artist=["Cher", *["Abba"] * 5]).rename({"Artist": "artist"})
    assert matched(mine, theirs) == {f"b{n}": f"a{n}" for n in range(1, 6)}


@pytest.mark.parametrize(("n_equal", "n_others", "counts"), [(5, 20, True), (5, 200, False)])
def test_few_equal_titles_of_large_catalogues_are_chance(n_equal, n_others, counts):
    mine = frame([*FILMS[:n_equal], *(f"tea number {n}" for n in range(n_others))], "a")
    theirs = frame([*FILMS[:n_equal], *(f"pot number {n}" for n in range(n_others))], "b")
    assert bool(matched(mine, theirs)) == counts


def test_identifiers_are_enough_and_come_before_titles():
    mine = frame(FILMS, "a", ean=["4006381333931", *[""] * 6])
    theirs = frame(["Der dritte Mann"], "b", **{"EAN-Code": ["04006381333931"]})
    found = match_items(mine, theirs)
    assert dict(found.ids) == {"b0": "a0"}
    assert found.n_by_identifier == 1


def test_columns_of_other_kinds_are_no_identifiers():
    mine = frame(["tea cup"], "a", brand_id=["5"], category_code=["7"])
    theirs = frame(["kettle"], "b", brand_id=["5"], category_code=["7"])
    assert matched(mine, theirs) == {}


def test_items_of_equal_ids_are_left_out():
    mine = frame(FILMS, "a")
    theirs = frame([*FILMS[1:], FILMS[0]], "a")
    assert matched(mine, theirs) == {}


def test_chinese_titles_of_five_characters_tell_enough():
    titles = ["钢之炼金术师", "命运石之门外传", "进击的巨人们", "千与千寻之歌", "龙猫的故事"]
    titles.append("死神")
    found = matched(frame(titles, "a"), frame(titles, "b"))
    assert found == {f"b{n}": f"a{n}" for n in range(5)}


def _catalogue(seed, n=60):
    words = ["tea", "coffee", "cup", "pot", "spoon", "bread", "cake", "red", "green", "blue"]
    rng = np.random.default_rng(seed)
    return frame([" ".join(rng.choice(words, 3, replace=False)) for _ in range(n)], "")


def test_ids_from_one_are_chance_where_titles_differ():
    assert are_ids_accidental(_catalogue(0), _catalogue(1))
    assert not are_ids_accidental(_catalogue(0), _catalogue(0))


def test_titles_with_some_words_in_common_are_of_the_same_items():
    mine = _catalogue(0)
    theirs = mine.with_columns(pl.lit("Blau ") + pl.col("title").str.replace(r"\w+ ", ""))
    assert not are_ids_accidental(mine, theirs)


def test_titles_of_another_language_say_nothing_of_ids():
    foreign = frame([f"茶杯第{n}号" for n in range(60)], "")
    assert not are_ids_accidental(_catalogue(0), foreign)


def test_few_equal_ids_are_trusted():
    assert not are_ids_accidental(_catalogue(0, 10), _catalogue(1, 10))
