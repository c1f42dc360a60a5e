"""Years behind the titles of a catalogue."""

import polars as pl
import pytest

from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.title_years import TitleYears

FILMS = [f"Story of part{n} ({1960 + n})" for n in range(30)]


def frame(titles=FILMS, **columns):
    return pl.DataFrame(
        {"item_id": [str(n) for n in range(len(titles))], "title": titles, **columns}
    )


def test_years_leave_the_title_and_become_a_column():
    content, blocks = ContentEncoder.fit_transform(frame())
    assert not any("1960" in term for term in content.block_terms["words"])
    assert any(term.startswith("year=") for term in content.block_terms["attributes"])
    assert [block.name for block in blocks] == ["words", "attributes"]


@pytest.mark.parametrize("name", ["year", "release_year", "jahr", "上映年份"])
def test_a_column_of_years_is_enough(name):
    items = frame(**{name: list(range(1960, 1990))})
    years = TitleYears.find(items)
    assert years == TitleYears(are_read=True, as_column=False)
    assert years.split(items).columns == items.columns


def test_beside_descriptions_and_a_column_of_years_titles_keep_them():
    described = frame(description=[f"What happens in town {n} at night" for n in range(30)])
    assert TitleYears.find(described).as_column
    assert TitleYears.find(described.with_columns(year=1990)) == TitleYears()


def test_the_time_of_an_import_is_no_year_of_a_film():
    assert TitleYears.find(frame(created_at=[1.0] * 30)).as_column


def test_years_in_few_titles_stay():
    titles = [*FILMS[:5], *(f"pot number {n} (large)" for n in range(20))]
    assert TitleYears.find(frame(titles)) == TitleYears()
    assert TitleYears.find(frame(FILMS[:4])) == TitleYears()
    assert TitleYears.find(pl.DataFrame({"item_id": ["1"]})) == TitleYears()


def test_other_numbers_in_brackets_and_bare_years_stay():
    years = TitleYears(are_read=True, as_column=True)
    titles = [
        "Mug (2500)",
        "1984 (1984)",
        "(2010)",
        "2001: A Space Odyssey",
        None,
        "Up （2009）",
    ]
    split = years.split(frame(titles))
    assert split["title"].to_list() == [
        "Mug (2500)", "1984", "(2010)", "2001: A Space Odyssey", None, "Up",
    ]  # fmt: skip
    assert split["year"].to_list() == [None, 1984, 2010, None, None, 2009]
    assert years.split(split).equals(split)


def test_a_new_item_and_a_saved_encoder_read_years_alike(tmp_path):
    content, _ = ContentEncoder.fit_transform(frame())
    content.save(tmp_path)
    loaded = ContentEncoder.load(tmp_path)
    assert loaded.title_years == content.title_years
    for one in (content, loaded):
        blocks = one.transform(frame(["Story of part3 (1961)"]))
        words, attributes = (block.matrix.toarray() for block in blocks)
        assert words.any()
        assert attributes.any()
        assert one.item_texts(frame(["Story of part3 (1961)"])) == ["Story of part3"]
