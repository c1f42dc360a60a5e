"""Pictures from the import to an answer: library, command, HTTP and client."""

from base64 import b64encode

import httpx
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.cli.app import run
from daybreak.client import Client
from daybreak.client.errors import RejectedError
from daybreak.config import Settings
from daybreak.data.media.pictures import is_kept_picture
from daybreak.data.media.sounds import read_kept_sound
from daybreak.errors import ConfigError, DataError
from daybreak.service.releases.release import read_trained_model
from daybreak.service.serving import RecommenderService
from tests.data.media.samples import animation, encode, plain, sound_file, tone
from tests.encoders.media.tiny_pictures import COLOURS, ColourWords, tiny_model
from tests.server.conftest import served

NAMES = [f"{colour}-{n}" for colour in COLOURS for n in range(3)]
SHADES = [tuple(max(0, part - 9 * n) for part in COLOURS[c]) for c in COLOURS for n in range(3)]
BLUE = encode(plain((30, 20, 200)))


@pytest.fixture(autouse=True)
def model(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path_factory.mktemp("cache")))
    folder = tiny_model(tmp_path_factory.mktemp("model"))
    monkeypatch.setenv("DAYBREAK_PICTURE_ENCODER", str(folder))
    monkeypatch.setenv("DAYBREAK_ENCODER", "none")


def shop(**columns):
    pictures = [encode(plain(shade)) for shade in SHADES]
    return pl.DataFrame({"item_id": NAMES, "image": pictures, **columns})


def events():
    rows = [(f"u{n}", f"{list(COLOURS)[n % 3]}-{m}") for n in range(12) for m in range(2)]
    return pl.DataFrame(rows, ["user_id", "item_id"], orient="row")


def test_a_picture_finds_items_and_says_why(tmp_path):
    model = Recommender(strategies="content/match", encoder="none").fit(events(), shop())
    file = tmp_path / "blue.png"
    file.write_bytes(BLUE)
    uri = f"data:image/png;base64,{b64encode(BLUE).decode()}"
    for picture in (BLUE, file, str(file), uri):
        found = model.similar_items(images=[picture], k=3, explain=True)
        assert sorted(found["item_id"]) == ["blue-0", "blue-1", "blue-2"]
        assert found["query"].unique().to_list() == ["picture 1"]
        reasons = found["reasons"][0]
        assert [reason["kind"] for reason in reasons] == ["picture"]
        assert sum(one["value"] for one in reasons) == pytest.approx(
            found["score"][0], abs=1e-5
        )


def test_a_picture_finds_titles_and_a_sentence_finds_pictures():
    titles = [name.partition("-")[0] for name in NAMES]
    without = [
        None if name == "blue-2" else title for name, title in zip(NAMES, titles, strict=True)
    ]
    images = [
        None if name == "blue-1" else one
        for name, one in zip(NAMES, shop()["image"], strict=True)
    ]
    items = pl.DataFrame({"item_id": NAMES, "title": without, "image": images})
    model = Recommender(strategies="content/match", encoder=ColourWords()).fit(events(), items)
    for asked in ({"images": [BLUE]}, {"texts": ["blue"]}):
        found = model.similar_items(**asked, k=3)["item_id"].to_list()
        assert sorted(found) == ["blue-0", "blue-1", "blue-2"]


def test_a_new_item_with_a_picture_is_recommended_to_those_who_like_such(tmp_path):
    model = Recommender(strategies="content/match", encoder="none").fit(events(), shop())
    new = pl.DataFrame({"item_id": ["new", "odd"], "image": [BLUE, b"no picture"]})
    with pytest.warns(UserWarning, match="picture_unknown_format"):
        model.add_items(new)
    lists = model.recommend(["u2", "u0"], items=["new", "green-2"], k=1)
    assert lists.filter(pl.col("user_id") == "u2")["item_id"].to_list() == ["new"]
    model.save(tmp_path / "release")
    loaded = read_trained_model(tmp_path / "release", None)
    assert loaded.content.names == ("picture",)
    again = Recommender.load(tmp_path / "release").similar_items(images=[BLUE], k=1)
    assert again["item_id"][0] == model.similar_items(images=[BLUE], k=1)["item_id"][0]


def test_refused_pictures_and_models_without_pictures_are_told():
    model = Recommender(strategies="content/match", encoder="none").fit(events(), shop())
    with pytest.raises(DataError, match="picture_animated"):
        model.similar_items(images=[animation("GIF")])
    with pytest.raises(DataError, match="picture_not_found"):
        model.similar_items(images=["none.png"])
    plain_model = Recommender(strategies="popular", encoder="none").fit(events())
    with pytest.raises(ConfigError, match="without pictures"):
        plain_model.similar_items(images=[BLUE])


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that was filled and trained by commands."""
    monkeypatch.chdir(tmp_path)
    for name, shade in zip(NAMES, SHADES, strict=True):
        (tmp_path / f"{name}.png").write_bytes(encode(plain(shade)))
    pictures = [f"{name}.png" for name in NAMES]
    pl.DataFrame({"item_id": NAMES, "image": pictures}).write_csv("items.csv")
    events().write_csv("events.csv")
    assert run(["import", "items.csv", "events.csv"]) == 0
    assert run(["train", "--strategy", "content/match"]) == 0
    return Settings(store=f"sqlite:///{tmp_path / 'daybreak.db'}", encoder="none")


def test_the_command_takes_the_file_of_a_picture(store, tmp_path, capsys):
    (tmp_path / "blue.png").write_bytes(BLUE)
    capsys.readouterr()
    assert run(["similar", "--image", "blue.png", "-k", "1"]) == 0
    out = capsys.readouterr().out
    assert "blue-" in out
    assert "Similar to blue.png" in out
    assert run(["similar", "--image", "blue.png", "--text", "blue"]) != 0
    assert run(["similar", "--image", "items.csv"]) != 0
    assert "picture_unknown_format" in capsys.readouterr().err


@pytest.fixture
def url(store):
    with RecommenderService(store) as live, served(live, rate=0) as (_, address):
        yield address


def test_pictures_over_http(url):
    with httpx.Client(base_url=f"{url}/api/v1", timeout=300) as api:
        image = f"data:image/png;base64,{b64encode(BLUE).decode()}"
        found = api.post("/similar", json={"image": image, "k": 1, "explain": True}).json()
        assert found["items"][0]["item_id"].startswith("blue-")
        assert found["items"][0]["reasons"][0]["kind"] == "picture"
        assert api.put("/items/new%2F1/image", content=BLUE).status_code == 404
        api.put("/items/new%2F1", json={"title": "new"})
        put = api.put(
            "/items/new%2F1/image", content=BLUE, headers={"content-type": "image/png"}
        )
        assert put.json()["accepted"] == 1
        assert is_kept_picture(api.get("/items/new%2F1").json()["image"])
        near = api.post("/similar", json={"image": image, "k": 1}).json()["items"]
        assert near[0]["item_id"] == "new/1"
        refused = api.put("/items/new%2F1/image", content=animation("GIF"))
        assert refused.status_code == 422
        assert "picture_animated" in refused.text
        assert "picture_empty" in api.put("/items/new%2F1/image", content=b"").text
        bad = api.post("/similar", json={"image": "data:image/png;base64,AAAA"})
        assert (bad.status_code, bad.json()["code"]) == (422, "bad_data")
        assert "picture_unknown_format" in bad.json()["detail"]
        two = api.post("/similar", json={"image": image, "text": "blue"})
        assert (two.status_code, two.json()["code"]) == (422, "invalid")
        text = api.post("/similar", json={"text": image})
        assert text.json()["items"] == []


def test_pictures_in_forms_of_browsers(url):
    with httpx.Client(base_url=f"{url}/api/v1", timeout=300) as api:
        form = {"image": ("blue.png", BLUE, "image/png")}
        found = api.post("/similar/image?k=1&explain=true", files=form).json()
        assert found["items"][0]["item_id"].startswith("blue-")
        assert found["items"][0]["reasons"][0]["kind"] == "picture"
        assert api.post("/similar/image?k=1", content=BLUE).json()["items"]
        api.put("/items/new-2", json={"title": "new"})
        assert api.put("/items/new-2/image", files=form).json()["accepted"] == 1
        assert is_kept_picture(api.get("/items/new-2").json()["image"])
        refused = api.post("/similar/image", files={"image": animation("GIF")})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_data")
        assert "picture_animated" in refused.json()["detail"]
        assert "picture_empty" in api.post("/similar/image", content=b"").text
        two = api.post("/similar/image", files=[("a", BLUE), ("b", BLUE)])
        assert (two.status_code, two.json()["code"]) == (400, "bad_request")
        large = api.put("/items/new-2/image", files={"image": bytes(21_000_000)})
        assert (large.status_code, large.json()["code"]) == (413, "too_large")


def test_sounds_over_http(url):
    pytest.importorskip("soundfile")
    pytest.importorskip("kaldi_native_fbank")
    with httpx.Client(base_url=f"{url}/api/v1", timeout=300) as api:
        api.put("/items/new-3", json={"title": "new"})
        put = api.put("/items/new-3/audio", content=sound_file(tone()))
        assert put.json()["accepted"] == 1
        assert read_kept_sound(api.get("/items/new-3").json()["audio"]) is not None
        form = {"audio": ("a.wav", sound_file(tone(660)), "audio/wav")}
        assert api.put("/items/new-3/audio", files=form).json()["accepted"] == 1
        refused = api.put("/items/new-3/audio", content=b"no sound")
        assert refused.status_code == 422
        assert "sound_unknown_format" in refused.text


def test_pictures_with_the_client(url):
    with Client(url) as client:
        assert client.similar(image=BLUE, k=1).items[0].item_id.startswith("blue-")
        client.update_item_image("red-0", BLUE)
        assert is_kept_picture(client.item("red-0")["image"])
        with pytest.raises(RejectedError, match="picture_unknown_format"):
            client.similar(image=b"no picture")
