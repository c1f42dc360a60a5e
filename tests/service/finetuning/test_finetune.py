import json

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import EventRules, read_folder
from daybreak.encoders import load_encoder
from daybreak.errors import ConfigError, DataError, NoGainError, NotFoundError
from daybreak.service.finetuning.cold_items import ColdItemTrial
from daybreak.service.finetuning.finetune import finetune_encoder
from daybreak.service.finetuning.methods import FinetuningOptions, methods
from tests.service.finetuning.tasteful_shop import write_encoder, write_shop


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finetuning")
    write_shop(folder / "shop")
    write_shop(folder / "random", by_taste=False)
    write_encoder(folder / "words")
    return folder


@pytest.fixture(scope="module")
def tuned(place):
    return finetune_encoder(place / "shop", place / "tuned", encoder=str(place / "words"))


def test_a_taste_that_is_hard_to_see_is_found(tuned):
    assert tuned.verdict == "helps"
    assert tuned.slices[0].relative[0] > 0.05
    tuned.check()


def test_the_folder_is_an_encoder_for_a_recommender(place, tuned):
    encoder = load_encoder(tuned.folder)
    assert encoder.metadata["verdict"] == "helps"
    model = Recommender(encoder=str(tuned.folder), strategies=["content/ridge", "popular"])
    model.fit(pl.read_csv(place / "shop/events.csv"), items=place / "shop/items.csv")
    model.save(place / "release")
    again = Recommender.load(place / "release")
    told = pl.DataFrame({"user_id": ["x"] * 2, "item_id": ["i194", "i50"]})
    lists = [
        one.recommend(["x"], histories=told, k=5)["item_id"].to_list() for one in (model, again)
    ]
    assert lists[0] == lists[1]


def test_the_card_has_the_verdict_the_data_and_the_cost(tuned):
    card = (tuned.folder / "README.md").read_text()
    assert "Verdict: **helps**" in card
    assert "- items: 320" in card
    assert "| all | both |" in card
    assert "## Cost" in card
    assert json.loads(json.dumps(tuned.to_dict()))["verdict"] == "helps"


def test_other_uses_of_the_vectors_are_measured_too(tuned):
    by_strategy = {one.strategy: one for one in tuned.slices}
    assert {"text alone", "similar", "similar, text alone"} <= set(by_strategy)
    assert by_strategy["similar, text alone"].relative[0] > 0.05
    assert by_strategy["similar"] in tuned.better_uses
    assert tuned.slices[0] not in tuned.better_uses
    assert "Significantly better in other uses: text alone +" in tuned.sentence


def test_the_goal_similar_is_selected_and_judged_by_similar_items(place):
    options = FinetuningOptions(goal="similar")
    base = str(place / "words")
    result = finetune_encoder(place / "shop", place / "s", encoder=base, options=options)
    assert result.slices[0].strategy == "similar"
    assert result.verdict == "helps"
    assert result.sentence.startswith("It ranks similar items significantly better")
    assert result.facts["goal"] == "similar"
    assert "similar;" not in result.sentence  # it is the verdict, not another use
    trial = ColdItemTrial.draw(read_folder(place / "shop").tables, EventRules(), 0)
    best = max(result.facts["validation_ndcg"].values())
    assert best > trial.validate(load_encoder(base), "similar")


def test_an_unknown_goal_is_named():
    with pytest.raises(ConfigError, match="goal must be cold_items or similar, got 'sales'"):
        FinetuningOptions(goal="sales")


def test_people_without_taste_get_no_better_encoder(place):
    result = finetune_encoder(place / "random", place / "no", encoder=str(place / "words"))
    assert result.verdict != "helps"
    assert load_encoder(place / "no").metadata["verdict"] == result.verdict
    with pytest.raises(NoGainError, match="original"):
        result.check()


def test_the_same_seed_gives_the_same_files(place, tuned):
    again = finetune_encoder(place / "shop", place / "again", encoder=str(place / "words"))
    assert load_encoder(place / "again").hash == load_encoder(tuned.folder).hash
    assert again.slices == tuned.slices


def test_hidden_items_have_no_event_in_what_is_learned(place):
    trial = ColdItemTrial.draw(read_folder(place / "shop").tables, EventRules(), 0)
    parts = [set(rows.tolist()) for rows in trial.rows.values()]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(trial.data.train_item_rows)
    queries = trial._queries["verdict"]
    assert not queries.is_hidden[queries.events.item].any()
    assert queries.targets[:, ~queries.is_hidden].nnz == 0


def test_a_comparison_with_itself_is_exactly_nothing(place):
    trial = ColdItemTrial.draw(read_folder(place / "shop").tables, EventRules(), 0)
    scores = trial.measure(load_encoder(place / "words"), "verdict")
    for one in scores.compare(scores):
        assert one.gain[:3] == (0, 0, 0)
        assert one.base == one.tuned


def test_the_mean_over_queries_is_the_mean_of_both_strategies(place):
    trial = ColdItemTrial.draw(read_folder(place / "shop").tables, EventRules(), 0)
    scores = trial.measure(None, "validation")
    each = [gains.sum() / len(scores.users) for gains in scores.gains.values()]
    assert scores.ndcg == pytest.approx(np.mean(each))


def test_few_items_are_refused_with_their_number(place):
    events = pl.read_csv(place / "shop/events.csv").filter(
        pl.col("item_id").str.len_chars() < 3
    )
    items = pl.read_csv(place / "shop/items.csv")
    with pytest.raises(DataError, match=r"at least 134 items with events.*there are \d+"):
        finetune_encoder(events, place / "few", items=items, encoder=str(place / "words"))


def test_a_folder_with_other_files_is_refused(place):
    with pytest.raises(ConfigError, match="has other files"):
        finetune_encoder(place / "shop", place / "shop", encoder=str(place / "words"))
    with pytest.raises(ConfigError, match="is a file; choose a folder"):
        finetune_encoder(
            place / "shop", place / "shop" / "items.csv", encoder=str(place / "words")
        )


def test_events_without_a_catalogue_are_told_what_is_missing(place):
    events = pl.read_csv(place / "shop" / "events.csv")
    with pytest.raises(DataError, match="needs items with titles or descriptions"):
        finetune_encoder(events, place / "bare", encoder=str(place / "words"))


def test_no_encoder_and_no_method_are_named(place):
    with pytest.raises(ConfigError, match="needs a text encoder"):
        finetune_encoder(place / "shop", place / "x", encoder="none")
    options = FinetuningOptions("magic")
    with pytest.raises(NotFoundError, match="fine-tuning method named 'magic'"):
        finetune_encoder(place / "shop", place / "x", encoder="none", options=options)


def test_every_method_says_what_it_changes():
    assert all(methods[name].summary for name in methods)
