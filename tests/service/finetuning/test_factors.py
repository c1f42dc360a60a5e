import json

import numpy as np
import polars as pl
import pytest

from daybreak.encoders import load_encoder
from daybreak.service.finetuning.finetune import finetune_encoder
from daybreak.service.finetuning.methods import FinetuningOptions
from tests.service.finetuning.tasteful_shop import write_encoder, write_shop

OPTIONS = FinetuningOptions("factors")
TASTES = ("red", "blue", "green")
N_ITEMS, N_USERS, N_EVENTS = 320, 160, 10


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A shop whose people choose by a word that the text model does not know."""
    folder = tmp_path_factory.mktemp("factors")
    write_encoder(folder / "words")
    (folder / "shop").mkdir()
    rng = np.random.default_rng(0)
    ids = [f"i{item}" for item in range(N_ITEMS)]
    tastes = rng.integers(len(TASTES), size=N_ITEMS)
    titles = [f"w{item}x {TASTES[taste]}" for item, taste in enumerate(tastes)]
    pl.DataFrame({"item_id": ids, "title": titles}).write_csv(folder / "shop/items.csv")
    rows = []
    for user in range(N_USERS):
        liked = np.flatnonzero(tastes == user % len(TASTES))
        rows += [(f"u{user}", ids[row]) for row in rng.choice(liked, N_EVENTS, replace=False)]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    frame.write_csv(folder / "shop/events.csv")
    return folder


@pytest.fixture(scope="module")
def tuned(place):
    base = str(place / "words")
    return finetune_encoder(place / "shop", place / "tuned", encoder=base, options=OPTIONS)


def test_a_word_that_people_choose_by_is_learned(tuned):
    by_strategy = {one.strategy: one for one in tuned.slices}
    assert by_strategy["text alone"].gain.is_better
    assert by_strategy["similar, text alone"].relative[0] > 0.5
    assert tuned.facts["share"] > 0
    encoder = load_encoder(tuned.folder)
    red, other, blue = encoder.encode(["w1x red", "w2x red", "w3x blue"])
    assert red @ other > red @ blue + 0.3


def test_the_folder_names_its_words_and_the_card_its_options(tuned):
    head = json.loads((tuned.folder / "mapped_text.json").read_text())
    assert set(TASTES) <= set(head["words"]["terms"])
    card = (tuned.folder / "README.md").read_text()
    assert "method `factors`" in card
    assert f"- share: {tuned.facts['share']}" in card


def test_the_same_seed_gives_the_same_files(place, tuned):
    again = finetune_encoder(
        place / "shop", place / "again", encoder=str(place / "words"), options=OPTIONS
    )
    assert again.slices == tuned.slices
    assert load_encoder(place / "again").hash == load_encoder(tuned.folder).hash


def test_people_without_taste_get_no_better_encoder(tmp_path):
    write_shop(tmp_path / "shop", by_taste=False)
    base = str(write_encoder(tmp_path / "words"))
    result = finetune_encoder(tmp_path / "shop", tmp_path / "x", encoder=base, options=OPTIONS)
    assert result.verdict != "helps"
    assert "original" in result.facts["validation_ndcg"]
