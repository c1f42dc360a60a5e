import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DataError, GateRefusedError, NextStep
from daybreak.service.releases.release import HEADER_FILE
from tests.service.releases.old_release import as_before_checksums

KINDS = ("tea", "rum", "pot", "cup")
NAMES = ("popular", "item_knn", "content/match")


@pytest.fixture(scope="module")
def data():
    """Four hundred people, each of whom likes one of four kinds of sixty things."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"i{int(item) * 4 + user % 4}", 1e5 * float(rng.random()))
        for user in range(400)
        for item in rng.permutation(15)[: rng.integers(4, 9)]
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    titles = [f"{KINDS[row % 4]} number {row}" for row in range(60)]
    return events, pl.DataFrame({"item_id": [f"i{row}" for row in range(60)], "title": titles})


def model(data, *names, **options):
    return Recommender(strategies=names, encoder="none", **options).fit(*data)


@pytest.fixture(scope="module")
def good(data):
    return model(data, *NAMES)


@pytest.fixture(scope="module")
def poor(data):
    return model(data, "popular")


@pytest.fixture
def folder(good, tmp_path):
    """A folder with the good one in service."""
    good.save(tmp_path / "shop")
    return tmp_path / "shop"


def bytes_in(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def gate_of(folder):
    return json.loads((folder / HEADER_FILE).read_text())["gate"]


def test_a_worse_recommender_is_refused_by_slice_and_nothing_is_written(poor, data, folder):
    before = bytes_in(folder.parent)
    with pytest.raises(GateRefusedError) as caught:
        poor.release(folder, data[0], items=data[1])
    assert bytes_in(folder.parent) == before
    assert "new users with 3 events: ." in str(caught.value)
    assert "force the release" in str(caught.value)
    assert caught.value.next_step is NextStep.FORCE_RELEASE
    assert caught.value.code == "gate_refused"
    words = {line["slice"]: line["word"] for line in caught.value.verdict["slices"]}
    assert words["events_3"] == words["warm_last_tenth"] == words["cold_item"] == "worse"
    assert not caught.value.verdict["passed"]


def test_force_saves_a_worse_release_and_records_it(poor, data, folder):
    verdict = poor.release(folder, data[0], items=data[1], force=True)
    assert verdict.forced
    assert not verdict.passed
    assert gate_of(folder) == verdict.to_dict()
    assert [s.name for s in Recommender.load(folder).strategies] == ["popular"]


def test_a_better_release_passes(good, poor, data):
    verdict = good.compare(poor, data[0], items=data[1])
    assert verdict.passed
    words = {line.slice: line.word for line in verdict.comparisons}
    assert words["events_3"] == words["cold_item"] == "better"


def test_an_equal_release_is_a_tie_in_every_slice(good, data, folder):
    verdict = good.release(folder, data[0], items=data[1])
    assert verdict.passed
    assert {line.word for line in verdict.comparisons} <= {"tied", "not judged"}
    assert all(line.difference == 0 for line in verdict.comparisons)
    assert gate_of(folder)["passed"]


def test_intervals_are_wide_enough_for_all_judged_slices_together(good, data):
    verdict = good.compare(good, data[0], items=data[1])
    judged = [line for line in verdict.comparisons if line.word != "not judged"]
    assert len(judged) >= 8
    assert verdict.level == pytest.approx(1 - 0.05 / len(judged))


def test_the_first_release_needs_no_data(good, tmp_path):
    verdict = good.release(tmp_path / "shop")
    assert verdict.passed
    assert gate_of(tmp_path / "shop")["notes"] == ["there was no release before"]


def test_a_later_release_needs_data(good, folder):
    with pytest.raises(ConfigError, match="give data="):
        good.release(folder)
    assert "without a comparison" in str(good.release(folder, force=True))


def test_a_release_from_before_there_was_a_gate_is_read(good, data, folder):
    as_before_checksums(folder, "gate")
    assert good.release(folder, data[0], items=data[1]).passed


def test_a_damaged_release_blocks_the_gate_unless_forced(good, data, folder):
    (folder / "items.json").write_text("{")
    with pytest.raises(DataError, match="damaged") as caught:
        good.release(folder, data[0], items=data[1])
    assert caught.value.next_step == "force_release"
    assert "cannot be read" in str(good.release(folder, data[0], items=data[1], force=True))
    assert Recommender.load(folder).items.height == 60


def test_too_few_users_give_no_verdict(small, tmp_path):
    events = pl.DataFrame({"user_id": ["u", "u", "v"], "item_id": ["a", "b", "c"]})
    verdict = small.compare(small, events)
    assert verdict.passed
    assert "no slice has enough users" in str(verdict)


def test_a_note_says_that_a_training_lost_events(good, data):
    fewer = data[0].filter(pl.col("user_id").str.ends_with("1") | (pl.col("timestamp") < 5e4))
    part = model((fewer, data[1]), *NAMES)
    verdict = part.compare(good, data[0], items=data[1])
    assert "cannot see what is missing" in str(verdict)


class Lengths(Encoder):
    dim, hash = 2, "lengths"

    def _encode_batch(self, texts):
        return np.array([[len(text), 1] for text in texts], np.float32)


def test_recommenders_with_different_text_models_are_compared(good, data):
    other = Recommender(strategies=NAMES, encoder=Lengths()).fit(*data)
    verdict = other.compare(good, data[0], items=data[1])
    judged = {line.slice: line for line in verdict.comparisons}
    assert judged["cold_item"].difference != 0


def test_a_text_model_without_a_name_is_that_of_the_newcomer(data, tmp_path):
    other = Recommender(strategies=NAMES, encoder=Lengths()).fit(*data)
    other.save(tmp_path / "shop")
    assert other.release(tmp_path / "shop", data[0], items=data[1]).passed


def test_a_sentence_has_the_slice_both_values_and_the_word(poor, good, data):
    line = next(
        line for line in poor.compare(good, data[0], items=data[1]).worse_slices
        if line.slice == "events_1"
    )  # fmt: skip
    sentence = str(
        replace(line, new=0.281, old=0.29, difference=-0.009, low=-0.015, high=-0.003)
    )
    assert sentence.startswith(
        "new users with 1 event: .281 against .290, -.009 [-.015, -.003], "
    )
    assert sentence.endswith("queries: worse")


def test_a_training_continues_from_a_folder(data, folder, good):
    after = Recommender(strategies=NAMES, encoder="none").fit(*data, start=folder)
    assert after.report["start"]["continued"] == []
    kept = Recommender(encoder="none").fit(*data, start=good, keep_weights=True)
    assert kept.report["start"]["weights"] == "kept"
    verdict = kept.release(folder, data[0], items=data[1])
    assert {line.word for line in verdict.comparisons} <= {"tied", "not judged"}


def test_weights_cannot_be_kept_from_nowhere(data):
    with pytest.raises(ConfigError, match="give start="):
        Recommender(encoder="none").fit(*data, keep_weights=True)
