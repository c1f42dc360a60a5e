"""The columns ``image`` and ``audio``: what is refused is told, and nothing else is lost."""

import sys
from base64 import b64encode

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.media import columns
from daybreak.data.media.pictures import is_kept_picture
from daybreak.data.media.sounds import read_kept_sound
from daybreak.service.ingest.rows import parse_rows
from tests.data.media.samples import animation, encode, noise, png_header, sound_file, tone


@pytest.fixture
def folder(tmp_path):
    shop = tmp_path / "shop"
    (shop / "pictures").mkdir(parents=True)
    (shop / "pictures" / "tea.png").write_bytes(encode(noise()))
    (shop / "pictures" / "bomb.png").write_bytes(png_header(50_000, 50_000))
    (shop / "moving.gif").write_bytes(animation("GIF"))
    (shop / "bell.wav").write_bytes(sound_file(tone()))
    (tmp_path / "secret.png").write_bytes(encode(noise()))
    (shop / "link.png").symlink_to(tmp_path / "secret.png")
    return shop


def write_items(folder, values, column="image"):
    rows = {"item_id": [f"i{n}" for n in range(len(values))], "title": "a tea", column: values}
    file = folder / "items.csv"
    pl.DataFrame(rows).write_csv(file)
    return file


def test_paths_are_relative_to_the_file(folder):
    result = read_tables(items=write_items(folder, ["pictures/tea.png", None]))
    assert [is_kept_picture(one) for one in result.tables.items["image"]] == [True, False]
    assert not len(result.rejects)
    assert "items.csv: image: 1 pictures are read" in result.notes


REFUSED = {
    "pictures/bomb.png": "picture_too_many_pixels",
    "moving.gif": "picture_animated",
    "../secret.png": "picture_outside_folder",
    "link.png": "picture_outside_folder",
    "/etc/hostname": "picture_outside_folder",
    "pictures": "picture_not_a_file",
    "none.png": "picture_not_found",
    "a\0.png": "picture_outside_folder",
    "items.csv": "picture_unknown_format",
    "https://shop.example/tea.png": "picture_url_not_allowed",
    "data:image/png;base64,!!": "picture_bad_base64",
    "data:image/svg+xml;base64,PHN2Zz4=": "picture_svg",
    "data:image/svg+xml,<svg/>": "picture_svg",
    "x" * 5_000: "picture_not_found",
}


def test_each_refused_value_is_told_once_and_costs_its_row_nothing(folder):
    values = ["pictures/tea.png", *REFUSED]
    result = read_tables(items=write_items(folder, values))
    assert result.tables.items.height == len(values)
    assert result.tables.items["title"].null_count() == 0
    assert result.tables.items["image"].null_count() == len(REFUSED)
    told = {reject.row: reject for reject in result.rejects.rows}
    assert [told[row].reason.partition(":")[0] for row in range(3, 3 + len(REFUSED))] == list(
        REFUSED.values()
    )
    assert all(reject.row_kept and reject.column == "image" for reject in told.values())


@pytest.mark.parametrize(
    "values",
    [["tea-1.jpg", "tea-2.jpg"], ["https://shop.example/1.jpg", None], ["/img/1.jpg", "cup"]],
)
def test_a_column_without_any_picture_stays_as_it_is(folder, values):
    result = read_tables(items=write_items(folder, values))
    assert result.tables.items["image"].to_list() == values
    assert not len(result.rejects)
    assert any("image" in note for note in result.notes)


def test_sounds_are_kept_as_features(folder):
    result = read_tables(items=write_items(folder, ["bell.wav", "moving.gif"], "audio"))
    bell, moving = result.tables.items["audio"]
    assert read_kept_sound(bell) is not None
    assert moving is None
    assert result.rejects.rows[0].reason.startswith("sound_unknown_format: ")


def test_frames_may_hold_bytes_and_lists():
    picture = encode(noise())
    for values in ([picture, b"broken"], [[picture], [None, picture]]):
        items = pl.DataFrame({"item_id": ["a", "b"], "image": values})
        kept = read_tables(items=items).tables.items["image"]
        assert is_kept_picture(kept[0])


@pytest.mark.parametrize(
    ("module", "column", "extra"),
    [("PIL", "image", "images"), ("soundfile", "audio", "audio")],
)
def test_without_the_extra_the_column_is_told_and_stays(
    folder, monkeypatch, module, column, extra
):
    monkeypatch.setitem(sys.modules, module, None)
    values = ["pictures/tea.png", "bell.wav"]
    result = read_tables(items=write_items(folder, values, column))
    assert result.tables.items[column].to_list() == values
    assert any(f"pip install 'daybreak[{extra}]'" in note for note in result.notes)


def test_a_column_of_another_name_can_be_chosen(folder):
    file = write_items(folder, ["pictures/tea.png"], "photo")
    items = read_tables(items=file, columns={"image": "photo"}).tables.items
    assert is_kept_picture(items["image"][0])


def data_uri(data, kind="image/png"):
    return f"data:{kind};base64,{b64encode(data).decode()}"


def test_rows_of_the_api_may_hold_data():
    rows = [
        {"item_id": "a", "image": data_uri(encode(noise(300, 300))), "title": "tea"},
        {"item_id": "b", "image": data_uri(animation("GIF"))},
        {"item_id": "c", "image": "https://shop.example/c.jpg"},
        {"item_id": "d", "audio": data_uri(sound_file(tone()), "audio/wav")},
    ]
    parsed = parse_rows(rows, "item_id")
    assert [row["item_id"] for row in parsed.rows] == ["a", "c", "d"]
    assert is_kept_picture(parsed.rows[0]["image"])
    assert parsed.rows[1]["image"] == rows[2]["image"]
    (refused,) = parsed.rejected
    assert (refused.row, refused.field, refused.code) == (1, "image", "picture_animated")
    again = parse_rows(parsed.rows, "item_id")
    assert again.rows == parsed.rows


def test_without_the_extra_data_in_rows_of_the_api_stay_as_they_are(monkeypatch):
    row = {"item_id": "a", "image": data_uri(encode(noise()))}
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert parse_rows([row], "item_id").rows == (row,)


def test_web_addresses_that_are_not_fetched_are_not_looked_at_one_by_one(folder, monkeypatch):
    monkeypatch.setattr(columns, "ThreadPoolExecutor", None)
    values = ["https://shop.example/1.jpg", None, " HTTP://shop.example/2.jpg"]
    result = read_tables(items=write_items(folder, values))
    assert result.tables.items["image"].to_list()[0] == values[0]
    assert "2 web addresses are not fetched" in " ".join(result.notes)
