import numpy as np
import polars as pl
import pytest

from daybreak.cli.app import run
from daybreak.data import EventRules, Tables, read_tables
from daybreak.data.media.pictures import is_kept_picture
from daybreak.data.media.sounds import read_kept_sound
from daybreak.errors import DataError
from daybreak.rng import create_generator
from daybreak.service.benchmarking.knock_outs import (
    REPLACEMENTS,
    draw_noise_picture,
    draw_noise_sound,
    hide_items,
    knock_out_table,
    rank_new_items,
    run_knock_outs,
)
from daybreak.service.benchmarking.leaderboard import BenchmarkOptions
from daybreak.service.inputs.dataset import DatasetConfig
from tests.data.media.samples import encode, plain
from tests.encoders.media.tiny_pictures import COLOURS, picture, tiny_model

OPTIONS = BenchmarkOptions(encoder="none", repeats=1)


@pytest.fixture(autouse=True)
def model(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv(
        "DAYBREAK_PICTURE_ENCODER", str(tiny_model(tmp_path_factory.mktemp("m")))
    )


def shop(n=90, **columns):
    """Items of three colours that only their pictures show, and people with one colour each."""
    colours = [list(COLOURS)[item % 3] for item in range(n)]
    shades = [
        tuple(max(0, min(255, part + item % 7 * 3)) for part in COLOURS[colour])
        for item, colour in enumerate(colours)
    ]
    items = pl.DataFrame(
        {
            "item_id": [f"item-{item}" for item in range(n)],
            "title": [f"thing {item % 5}" for item in range(n)],
            "image": [picture(shade, 8) for shade in shades],
        }
    )
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"item-{3 * item + user % 3}")
        for user in range(90)
        for item in rng.choice(n // 3, 8, replace=False).tolist()
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id"], orient="row")
    return read_tables(events, items.with_columns(**columns)).tables


def test_pictures_that_tell_something_gain_and_knock_outs_do_not():
    rows = {row.content: row for row in run_knock_outs("shop", shop(), OPTIONS)}
    assert list(rows) == list(REPLACEMENTS)
    assert rows["left out"].difference is None
    assert rows["as they are"].difference.low > 0.1
    assert rows["as they are"].weight > 0
    for content in ("the same for all", "of other items", "noise"):
        assert abs(rows[content].difference.difference) < 0.05
    table = knock_out_table(list(rows.values()))
    assert table["modality"].unique().to_list() == ["picture"]
    assert table["difference"][0] == ""
    assert table["difference"][1].startswith(
        f"{rows['as they are'].difference.difference:+.3f}"
    )


def test_lists_without_any_content_are_by_chance():
    tables = shop()
    bare = Tables(tables.items.select("item_id"), tables.users, tables.events)
    config = DatasetConfig(None, EventRules(), None, 0)
    ndcg = rank_new_items(bare, config, ["content_ridge"], 0).ndcg["content_ridge"]
    # 18 hidden items, 10 of them in a list of chance
    assert 0.1 < ndcg.mean() < 0.5


def test_a_missing_picture_stays_missing():
    column = pl.Series([None, "a", "b", None, "c"])
    for content, replacement in REPLACEMENTS.items():
        if replacement is not None:
            role = "sound" if content == "noise" else "picture"
            values = replacement(column, role, create_generator(0, "x"))
            assert [value is None for value in values] == [True, False, False, True, False]
    assert REPLACEMENTS["the same for all"](column, "picture", create_generator(0, "x")) == [
        None,
        "a",
        "a",
        None,
        "a",
    ]


def test_noise_has_the_form_of_items():
    rng = create_generator(0, "noise")
    assert is_kept_picture(draw_noise_picture(rng))
    assert read_kept_sound(draw_noise_sound(rng)) is not None


def test_sounds_are_knocked_out_too():
    rng = create_generator(0, "sounds")
    tables = shop(audio=pl.Series([draw_noise_sound(rng) for _ in range(90)]))
    rows = run_knock_outs("shop", tables, BenchmarkOptions(encoder="none", repeats=1))
    assert [row.role for row in rows] == ["picture"] * 5 + ["sound"] * 5


def test_a_fifth_is_hidden_another_one_in_each_repeat():
    ids = [str(number) for number in range(100)]
    first, second = hide_items(ids, 0), hide_items(ids, 1)
    assert len(first) == len(second) == 20
    assert first == hide_items(ids[::-1], 0) != second


def test_a_shop_without_pictures_or_with_few_users_is_told():
    tables = shop()
    bare = Tables(tables.items.drop("image"), tables.users, tables.events)
    with pytest.raises(DataError, match="no column with pictures or sounds"):
        run_knock_outs("shop", bare, OPTIONS)
    few = Tables(tables.items, tables.users, tables.events.head(16))
    with pytest.raises(DataError, match="too few to measure new items"):
        run_knock_outs("shop", few, BenchmarkOptions(encoder="none", repeats=1))


def test_the_command_prints_the_knock_outs(tmp_path, capsys):
    tables, folder = shop(), tmp_path / "shop"
    (folder / "img").mkdir(parents=True)
    for item, colour in enumerate(list(COLOURS) * 30):
        (folder / "img" / f"{item}.png").write_bytes(encode(plain(COLOURS[colour])))
    items = tables.items.with_columns(
        image=pl.Series([f"img/{item}.png" for item in range(90)])
    )
    items.select("item_id", "title", "image").write_csv(folder / "items.csv")
    tables.events.select("user_id", "item_id").write_csv(folder / "events.csv")
    given = ["--lang", "zh", "bench", "--data", str(folder), "--knock-outs", "--repeats", "1"]
    assert run([*given, "--encoder", "none"]) == 0
    out = capsys.readouterr().out
    for text in ("全部相同", "噪声", "内容", "权重"):
        assert text in out
