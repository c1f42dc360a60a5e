"""The measurements of tuned encoders and of text models in new shops, on made-up shops."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from benchmarks.quality import fine_tuning
from benchmarks.transfer import few_pairs, launch
from tests.service.finetuning.tasteful_shop import write_encoder, write_shop

KINDS = ("red", "blue", "green")
N_ITEMS, N_PEOPLE, N_EVENTS = 30, 40, 6


def _cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_method_beside_itself_gains_nothing(tmp_path):
    write_encoder(tmp_path / "words")
    args = SimpleNamespace(
        data=write_shop(tmp_path / "shop"), items=None, encoder=str(tmp_path / "words"),
        method="whitening", beside="whitening", objective="contrastive", steps=1, seed=0,
        goal="cold_items", work=tmp_path / "work", blend=False,
    )  # fmt: skip
    rows = [_cells(row) for row in fine_tuning.measure(args)]
    beside = [row for row in rows if row[1] == "whitening, against whitening"]
    alone = [row for row in rows if row[1] == "whitening"]
    assert len(beside) == len(alone) > 3
    assert {(row[6] == row[7], row[9]) for row in beside} == {(True, "+0.0 to +0.0")}
    assert [row[7] for row in beside] == [row[7] for row in alone]
    assert alone[0][6] != alone[0][7]


def _write_domain(folder):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    titles = [f"{KINDS[item % 3]} w{item}x" for item in range(N_ITEMS)]
    ids = [f"{folder.name}{item}" for item in range(N_ITEMS)]
    liked = [rng.permutation(np.arange(user % 3, N_ITEMS, 3)) for user in range(N_PEOPLE)]
    pairs = [
        (f"{folder.name}-u{user}", ids[item])
        for user in range(N_PEOPLE)
        for item in liked[user][:N_EVENTS]
    ]
    events = pl.DataFrame(pairs, schema=["user_id", "item_id"], orient="row")
    events.write_csv(folder / "interactions.csv.gz", compression="gzip")
    items = pl.DataFrame({"item_id": ids, "title": titles})
    items.write_csv(folder / "items.csv.gz", compression="gzip")


def test_a_launch_is_measured_with_a_text_model_and_without(tmp_path, monkeypatch):
    write_encoder(tmp_path / "words")
    names = ("hats", "mugs")
    for name in names:
        _write_domain(tmp_path / "data" / name)
    monkeypatch.setattr(launch, "DOMAINS", {name: (name, None) for name in names})
    plain = _cells(next(launch.rows_of(tmp_path, ["hats"])))
    row = _cells(next(launch.rows_of(tmp_path, ["hats"], str(tmp_path / "words"))))
    assert plain[:3] == row[:3] == ["hats", str(N_ITEMS), str(N_PEOPLE)]
    assert len(row) == len(plain) + 2
    assert row[8] == plain[3].strip("*")
    gain = float(row[3].strip("*")) - float(row[8])
    assert abs(float(row[9].split()[0]) - gain) < 2e-4


@pytest.mark.parametrize("encoder", ["auto", "none"])
def test_content_with_few_shared_users_is_measured_with_the_default_text_model(
    tmp_path, monkeypatch, capsys, encoder
):
    folder = tmp_path / "data/food_kitchen"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows, items = [], []
    for domain in ("food", "kitchen"):
        items += [
            (f"{domain}{item}", f"{KINDS[item % 3]} things to {domain}, number {item}", domain)
            for item in range(N_ITEMS)
        ]
        for user in range(N_PEOPLE):
            liked = rng.permutation(np.arange(user % 3, N_ITEMS, 3))[:N_EVENTS]
            rows += [(f"u{user}", f"{domain}{item}", domain) for item in liked]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "domain"], orient="row")
    events.write_csv(folder / "interactions.csv.gz", compression="gzip")
    catalogue = pl.DataFrame(items, schema=["item_id", "title", "domain"], orient="row")
    catalogue.write_csv(folder / "items.csv.gz", compression="gzip")
    command = ["few_pairs", "food_kitchen", "--shared", str(tmp_path), "--test", "10"]
    monkeypatch.setattr(few_pairs, "DIM", 8)
    monkeypatch.setattr("sys.argv", [*command, "--share", "0", "--encoder", encoder])
    few_pairs.main()
    table = [_cells(row) for row in capsys.readouterr().out.splitlines()]
    assert {row[0] for row in table} == {"food→kitchen", "kitchen→food"}
    assert {row[2] for row in table} >= {"cosine", "map of the target"}
