import json
import os

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.config import Settings
from daybreak.data import Tables
from daybreak.encoders import CATALOGUE_PREFIX, FileVectors, StaticText, content_hash
from daybreak.errors import ConfigError
from daybreak.service.privacy import Pseudonyms, Retention
from daybreak.service.release_training import TrainOptions, train_release
from daybreak.service.serving import RecommenderService, RecommendRequest, ServiceOptions
from daybreak.store import cursors, open_store
from daybreak.testing.encoders import static_parts

SECRET = "zyx-somebody-unmistakable"


def bytes_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def busy(live, user=SECRET):
    """Let a user leave traces wherever one can."""
    live.users.put([{"user_id": user, "likes": "tea", "text": f"I am {user}"}])
    live.events.add([{"user_id": user, "item_id": f"item-{n}"} for n in range(3)])
    first = live.recommend(RecommendRequest(user_id=user, n=3, explain=True))
    live.next_page(first.recommendation_id, 3)
    live.recommend(
        RecommendRequest(user_id=user, profile={"text": f"{user} loves rum", "likes": "rum"})
    )
    live.recommend(RecommendRequest(session_id=user, user_id="person-1"))


def test_an_erased_user_is_removed_everywhere(live, folder):
    busy(live)
    live.answer_log.flush()
    proof = live.users.erase(SECRET)
    assert proof.complete
    assert proof.to_dict()["complete"] is True
    before = {trace.place: trace.before for trace in proof.traces}
    assert before["store events"] == before["live histories"] == 3
    assert before["store users"] == before["live profiles"] == before["live attributes"] == 1
    assert before["store answers"] == before["answers to be continued"] == 3
    assert SECRET not in json.dumps(proof.to_dict())
    assert live.recommend(RecommendRequest(user_id=SECRET)).user_temperature == "cold"
    assert SECRET not in live.users.page(n=1000).rows
    assert live.users.export(SECRET)["events"] == []


def test_the_files_hold_nothing_of_an_erased_user(settings, folder, monkeypatch):
    """The bare id stays for a minute, so that other processes hear of it; here for no time."""
    monkeypatch.setattr(cursors, "TOMBSTONE_LIFETIME_S", 0.0)
    with RecommenderService(settings, poll_s=3600) as live:
        live.users.put([{"user_id": SECRET, "likes": "tea", "motto": "qqq-motto-qqq"}])
        context = {"said": "qqq-motto-qqq"}
        live.events.add([{"user_id": SECRET, "item_id": "item-1", "context": context}])
        live.recommend(RecommendRequest(user_id=SECRET))
        live.answer_log.flush()
        assert SECRET.encode() in bytes_below(folder)
        live.users.erase(SECRET)
        live.releases.sync()
        live.recommend(RecommendRequest())
    left = bytes_below(folder)
    assert SECRET.encode() not in left
    assert b"qqq-motto-qqq" not in left


def said_by(live, user):
    """Let a user say something wherever one can; return all that was said."""
    said = [f"zzz {place} of {user}" for place in ("profile", "request", "similar", "wish")]
    live.users.put([{"user_id": user, "likes": "tea", "text": said[0]}])
    live.recommend(RecommendRequest(user_id=user, n=3, explain=True))
    live.recommend(RecommendRequest(user_id=user, profile={"text": f"{said[1]}, but no rum"}))
    live.lists.similar(text=said[2], n=3)
    live.lists.audience(text=said[3], n=3)
    live.lists.embed([said[3]])
    live.onboarding(2, text=said[3])
    return [*said, f"{said[1]}, but no rum", "rum"]


@pytest.fixture
def speaking(tables, tmp_path, monkeypatch):
    """Settings of a trained shop with a text model; everything is in one folder."""
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "cache"))
    words = ["zzz", "profile", "request", "similar", "wish", "tea", "rum", "pot", "cup", "jam"]
    drawn = np.random.default_rng(0).normal(size=(len(words), 8))
    model = StaticText(static_parts(dict(zip(words, drawn.tolist(), strict=True))))
    model.save(tmp_path / "model")
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder=f"{tmp_path}/model")
    events, items, users = tables
    strategies = ["popular", "content/match", "profile"]
    with open_store(settings.store) as store:
        store.write(Tables.of(events, items, users))
        train_release(store, settings, TrainOptions(gate=False), strategies=strategies)
        store.put_vectors("0123", {content_hash("zzz long ago"): np.ones(8, np.float32)})
    return settings


def test_vectors_of_what_people_say_are_in_no_file(speaking, tmp_path):
    """Those of the catalogue are; those that earlier versions stored go with an erasure."""
    with RecommenderService(speaking, poll_s=3600) as live:
        live.catalogue.put([{"item_id": "new", "title": "brand new pot", "shelf": "pot"}])
        said = said_by(live, SECRET)
        encoder = live.releases.current.trained.content.meaning.encoder
        name = CATALOGUE_PREFIX + encoder.hash
        assert len(FileVectors().vectors(name, [content_hash("brand new pot")])) == 1
        proof = live.users.erase(SECRET)
        hashes = [content_hash(text) for text in (*said, "zzz long ago")]
        for cache in (live.store, FileVectors()):
            for model in (name, encoder.hash, "0123"):
                assert cache.vectors(model, hashes) == {}
        vectors = [np.asarray(row, "<f4").tobytes() for row in encoder.encoder.encode(said[:4])]
    assert proof.complete
    before = {trace.place: trace.before for trace in proof.traces}
    assert before["store vectors of texts of people"] == 1
    left = bytes_below(tmp_path)
    for text, vector in zip(said, vectors, strict=False):
        hash_ = content_hash(text)
        for trace in (text.encode(), hash_.encode(), bytes.fromhex(hash_), vector):
            assert trace not in left


def test_a_release_holds_no_data_of_single_users(tables, tmp_path):
    """Neither ids nor profiles of few, whatever learned from them."""
    events, items, users = tables
    named = pl.col("user_id").str.replace("person", "secret-person")
    users = users.with_columns(
        named,
        motto=pl.lit("rare-motto-") + pl.col("user_id"),
        text=pl.lit("rare words of ") + pl.col("user_id"),
    )
    shop = Recommender(encoder="none").fit(events.with_columns(named), items, users)
    shop.add_events([{"user_id": "secret-person-late", "item_id": "item-1"}])
    shop.save(tmp_path / "release")
    kept = bytes_below(tmp_path / "release")
    assert b"secret-person" not in kept
    assert b"rare" not in kept
    assert b"likes=tea" in kept  # what many say is learned from


def test_all_data_of_a_user_can_be_exported(live):
    busy(live)
    told = live.users.export(SECRET)
    assert told["user_id"] == SECRET
    assert told["attributes"]["likes"] == "tea"
    assert [event["item_id"] for event in told["events"]] == ["item-0", "item-1", "item-2"]
    assert len(told["answers"]) == 3
    assert json.loads(json.dumps(told))["answers"][0]["shown"][0]["item_id"]
    assert live.users.export("nobody") == {
        "user_id": "nobody", "attributes": {}, "events": [], "answers": []
    }  # fmt: skip


def test_events_beyond_the_retention_time_are_deleted(settings):
    options = ServiceOptions(retention=Retention(days=30))
    with RecommenderService(settings, poll_s=3600, options=options) as live:
        live.events.add([{"user_id": "eve", "item_id": "item-1"}])
        live.events.add([{"user_id": "old", "item_id": "item-1", "timestamp": 1.0}])
        assert live.recommend(RecommendRequest(user_id="old")).user_temperature == "hot"
        live.jobs.apply_retention()
        assert live.recommend(RecommendRequest(user_id="old")).user_temperature == "cold"
        assert live.recommend(RecommendRequest(user_id="eve")).user_temperature == "hot"
        assert [row["user_id"] for row in live.events.page().rows] == ["eve"]
    with pytest.raises(ConfigError, match="above 0 days"):
        Retention(days=0)


def test_with_pseudonyms_no_user_id_is_written_to_disk(tmp_path):
    names = Pseudonyms(b"k" * 32)
    settings = Settings(store=f"sqlite:///{tmp_path}/shop.db", encoder="none")
    with RecommenderService(
        settings, poll_s=3600, options=ServiceOptions(pseudonyms=names)
    ) as live:
        live.catalogue.put([{"item_id": f"item-{n}", "title": "tea"} for n in range(9)])
        live.users.put([{"user_id": SECRET, "likes": "tea"}])
        live.events.add([{"user_id": SECRET, "item_id": "item-1"}])
        live.events.add([{"session_id": f"s-{SECRET}", "item_id": "item-2"}])
        answer = live.recommend(RecommendRequest(user_id=SECRET, session_id=f"s-{SECRET}", n=9))
        assert answer.user_id == SECRET
        assert {"item-1", "item-2"}.isdisjoint(item.item_id for item in answer.items)
        assert live.users.merge(f"s-{SECRET}", SECRET) == 1
        assert live.users.get(SECRET) == {"user_id": SECRET, "likes": "tea"}
        assert [row["item_id"] for row in live.events.page(user=SECRET).rows] == [
            "item-1",
            "item-2",
        ]
        live.answer_log.flush()
        assert SECRET.encode() not in bytes_below(tmp_path)
        assert live.users.erase(SECRET).complete


def test_pseudonym_keys_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("x" * 40 + "\n")
    names = Pseudonyms.from_file(tmp_path / "key")
    monkeypatch.setenv("DAYBREAK_PSEUDONYM_KEY", "x" * 40)
    assert Pseudonyms.from_environment().of("ann") == names.of("ann")
    monkeypatch.delenv("DAYBREAK_PSEUDONYM_KEY")
    assert Pseudonyms.from_environment() is None
    assert "xxxx" not in repr(names)
    with pytest.raises(ConfigError, match="at least 32 bytes, got 3"):
        Pseudonyms(b"abc")
    with pytest.raises(ConfigError, match="cannot be read"):
        Pseudonyms.from_file(tmp_path / "nothing")


def test_a_pseudonym_is_hmac_sha256():
    """RFC 4231, test case 1: its key, filled up with zeros, is the same key to HMAC."""
    names = Pseudonyms(b"\x0b" * 20 + b"\0" * 12)
    assert names.of("Hi There").startswith("b0344c61d8db38535ca8afceaf0bf12b")
    assert os.linesep not in names.of("Hi There")
