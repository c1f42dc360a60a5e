"""Pictures and sounds as content blocks: fused late, with weights that may be 0."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from scipy.optimize import nnls

from daybreak.data import read_folder
from daybreak.data.fields import TextColumns
from daybreak.data.media.sounds import SOUND_DIM, keep_sound
from daybreak.encoders.column_weights import (
    _centre_pairs,
    _cosines,
    learn_column_weights,
    prior_column_weights,
)
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.lexical import tokenize_all
from daybreak.encoders.media import finding
from daybreak.encoders.media.blocks import MEDIA_FILE, PictureBlock, SoundBlock, centre_rows
from daybreak.encoders.word_forms import split_unspaced_words
from daybreak.errors import ConfigError, DataError
from daybreak.service.inputs.bundled import gift_shop
from tests.data.media.samples import sound_file, tone
from tests.encoders.media.tiny_pictures import ColourWords, picture, tiny_clip, tiny_model

SHOP = pl.DataFrame(
    {
        "item_id": ["1", "2", "3", "4", "5", "6"],
        "title": ["red", "blue", "green", "red", "blue", "green"],
        "image": [
            *(picture(one) for one in ("red", "blue", "green", (220, 60, 60))),
            None,
            "https://shop.example/6.jpg",
        ],
    }
)


@pytest.fixture(autouse=True)
def model(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path_factory.mktemp("cache")))
    folder = tiny_model(tmp_path_factory.mktemp("model"))
    monkeypatch.setenv("DAYBREAK_PICTURE_ENCODER", str(folder))
    return folder


def block_of(blocks, name):
    return next(block.matrix for block in blocks if block.name == name)


def test_a_missing_picture_is_a_row_of_zeros():
    content, blocks = ContentEncoder.fit_transform(SHOP, ColourWords())
    assert content.names[-1] == "picture"
    lengths = np.linalg.norm(block_of(blocks, "picture"), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 1, 0, 0], atol=1e-5)


def test_similar_pictures_have_similar_rows():
    rows = block_of(ContentEncoder.fit_transform(SHOP, ColourWords())[1], "picture")
    assert (rows[0] @ rows[:4].T).argsort()[::-1][:2].tolist() == [0, 3]


def test_a_sentence_finds_pictures():
    titles = SHOP.with_columns(title=pl.lit("red green blue"))
    content, blocks = ContentEncoder.fit_transform(titles, ColourWords())
    said = block_of(content.texts(["blue"]), "picture")
    assert (said @ block_of(blocks, "picture").T)[0].argmax() == 1


def test_a_sentence_finds_pictures_where_no_item_has_a_title():
    content, blocks = ContentEncoder.fit_transform(SHOP.drop("title"), ColourWords())
    said = block_of(content.texts(["green"]), "picture")
    assert (said @ block_of(blocks, "picture").T)[0].argmax() == 2


def test_a_picture_finds_titles():
    content, blocks = ContentEncoder.fit_transform(SHOP, ColourWords())
    shown = content.pictures([picture((10, 20, 200))])
    assert [block.name for block in shown] == [block.name for block in blocks]
    likeness = (block_of(shown, "meaning") @ block_of(blocks, "meaning").T)[0]
    assert sorted(likeness.argsort()[::-1][:2].tolist()) == [1, 4]


def test_sentences_find_pictures_of_clip(monkeypatch, tmp_path):
    monkeypatch.setenv("DAYBREAK_PICTURE_ENCODER", str(tiny_clip(tmp_path)))
    content, blocks = ContentEncoder.fit_transform(SHOP)
    said = block_of(content.texts(["red"]), "picture")
    assert (said @ block_of(blocks, "picture").T)[0].argsort()[::-1][0] in (0, 3)


def test_a_catalogue_without_pictures_has_no_such_block():
    items = SHOP.drop("image")
    content, blocks = ContentEncoder.fit_transform(items, ColourWords())
    assert "picture" not in content.names
    assert not content.media.blocks
    with pytest.raises(ConfigError, match="without pictures"):
        content.pictures([picture("red")])
    links = items.with_columns(image=pl.lit("https://shop.example/a.jpg"))
    again, same = ContentEncoder.fit_transform(links, ColourWords())
    assert again.names == content.names
    for one, other in zip(blocks, same, strict=True):
        assert one.weight == other.weight
        assert abs(one.matrix - other.matrix).max() == 0


def test_without_a_model_pictures_are_left_out_and_told(monkeypatch):
    monkeypatch.setenv("DAYBREAK_PICTURE_ENCODER", "/no/such/folder")
    content, blocks = ContentEncoder.fit_transform(SHOP, ColourWords())
    assert [block.name for block in blocks] == ["words", "meaning"]
    assert "the pictures are not used" in content.media.notes[0]
    monkeypatch.setenv("DAYBREAK_PICTURE_ENCODER", "none")
    assert ContentEncoder.fit(SHOP).media.notes == ()


def test_what_is_saved_encodes_in_the_same_way(tmp_path):
    shop = SHOP.with_columns(audio=pl.Series([keep_sound(sound_file(tone()))] + [None] * 5))
    content, blocks = ContentEncoder.fit_transform(shop, ColourWords())
    content.save(tmp_path / "content")
    loaded = ContentEncoder.load(tmp_path / "content", ColourWords())
    assert loaded.names == content.names == ("words", "meaning", "picture", "sound")
    for one, other in zip(loaded.transform(shop), blocks, strict=True):
        assert one.weight == other.weight
        np.testing.assert_allclose(_dense(one.matrix), _dense(other.matrix), atol=1e-6)
    np.testing.assert_array_equal(
        block_of(loaded.texts(["red"]), "picture"), block_of(content.texts(["red"]), "picture")
    )


def _dense(matrix):
    return matrix.toarray() if sp.issparse(matrix) else matrix


def test_a_release_without_its_model_encodes_new_items_without_pictures(
    tmp_path, monkeypatch, model
):
    content = ContentEncoder.fit(SHOP, ColourWords())
    content.save(tmp_path / "content")
    for file in model.iterdir():
        file.write_bytes(b"")
    monkeypatch.setenv("DAYBREAK_CACHE", str(tmp_path / "empty"))
    finding._load_folder.cache_clear()
    loaded = ContentEncoder.load(tmp_path / "content", ColourWords())
    assert not block_of(loaded.transform(SHOP), "picture").any()


def test_damaged_files_of_media_are_told(tmp_path):
    ContentEncoder.fit(SHOP, ColourWords()).save(tmp_path)
    (tmp_path / MEDIA_FILE).write_text('{"picture": {}}')
    with pytest.raises(DataError, match="media"):
        ContentEncoder.load(tmp_path, ColourWords())


def test_one_picture_for_all_items_says_nothing():
    same = SHOP.with_columns(image=pl.lit(picture("red")))
    assert not block_of(ContentEncoder.fit_transform(same, ColourWords())[1], "picture").any()


def test_sounds_are_scaled_by_the_catalogue():
    hiss = np.random.default_rng(0).normal(0, 0.1, (2, 16_000))
    sounds = [tone(300), tone(310), *hiss]
    values = [*(keep_sound(sound_file(one)) for one in sounds), None]
    rows = SoundBlock.fit("audio", values).transform(values)
    assert rows.shape == (5, SOUND_DIM)
    assert rows[0] @ rows[1] > 0 > rows[0] @ rows[2]
    assert not rows[4].any()


def test_rounding_is_no_content():
    rows = np.full((3, 2), 0.5, np.float32)
    rows[1] += 1e-6
    assert not centre_rows(rows, rows.mean(axis=0)).any()


def co_events(similar, n_users=400, seed=0):
    """Return events of people who choose items of one group each."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, similar.max() + 1, n_users)
    chosen = [rng.choice(np.flatnonzero(similar == group), 4) for group in groups]
    rows = np.repeat(np.arange(n_users), 4)
    ones = np.ones(4 * n_users, np.float32)
    return sp.csr_array((ones, (rows, np.concatenate(chosen))), shape=(n_users, len(similar)))


def columns_of(seed=0, n=120):
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 6
    helpful = np.eye(6, dtype=np.float32)[group]
    noise = centre_rows(rng.normal(size=(n, 30)).astype(np.float32), np.zeros(30, np.float32))
    return group, helpful, noise


@pytest.mark.parametrize("seed", range(5))
def test_the_weight_of_noise_becomes_zero_and_that_of_help_does_not(seed):
    group, helpful, noise = columns_of(seed)
    interactions = co_events(group, n_users=40_000, seed=seed)
    prior = {"title": 1.0, "picture": 0.25}
    for title, picture_rows, is_used in ((helpful, noise, False), (noise, helpful, True)):
        found = learn_column_weights(
            {"title": title, "picture": picture_rows}, prior, interactions, ["picture"]
        )
        assert (found["picture"] > 0) == is_used


def test_with_few_events_pictures_keep_most_of_their_prior_weight():
    group, helpful, noise = columns_of()
    columns = {"title": helpful, "picture": noise}
    prior = {"title": 1.0, "picture": 0.25}
    found = learn_column_weights(columns, prior, co_events(group, 60), ["picture"])
    assert 0.15 < found["picture"] < 0.4


def test_pictures_that_do_not_help_change_no_other_weight():
    group, helpful, noise = columns_of()
    prior = {"title": 1.0, "tags": 1.0, "picture": 0.25}
    columns = {"title": helpful, "tags": noise[:, :7]}
    events = co_events(group, 40_000)
    plain = learn_column_weights(columns, prior, events)
    with_noise = {**columns, "picture": noise[:, 7:]}
    assert learn_column_weights(with_noise, prior, events, ["picture"]) == {
        **plain,
        "picture": 0.0,
    }


def test_columns_that_are_not_optional_are_learned_as_before():
    group, helpful, noise = columns_of()
    columns = {"title": helpful, "tags": noise}
    prior = {"title": 1.0, "tags": 1.0}
    found = learn_column_weights(columns, prior, co_events(group))
    assert found["tags"] > 0.1


def test_pictures_alone_are_content():
    assert isinstance(
        ContentEncoder.fit(SHOP.select("item_id", "image")).media.blocks[0], PictureBlock
    )


def test_nothing_changes_in_a_shop_without_pictures():
    tables = read_folder(gift_shop()).tables
    items = tables.items.head(600)
    links = items.with_columns(
        image=pl.concat_str(pl.lit("https://shop.example/"), "item_id"),
        audio=pl.lit(None, pl.String),
    )
    events = tables.events.filter(pl.col("item_id").is_in(items["item_id"].to_list()))
    codes = (events[name].cast(pl.Categorical).to_physical() for name in ("user_id", "item_id"))
    user, item = (code.to_numpy().astype(np.int64) for code in codes)
    ones = np.ones(len(user), np.float32)
    bought = sp.csr_array((ones, (user, item)), shape=(user.max() + 1, items.height))
    plain, blocks = ContentEncoder.fit_transform(items, ColourWords(), interactions=bought)
    linked, same = ContentEncoder.fit_transform(links, ColourWords(), interactions=bought)
    assert plain.block_weights == linked.block_weights
    assert plain.column_weights == linked.column_weights
    for one, other in zip(blocks, same, strict=True):
        assert _dense(one.matrix).tobytes() == _dense(other.matrix).tobytes()
    assert plain.column_weights == weights_before_pictures(plain, items, bought)


def weights_before_pictures(content, items, bought):
    """Return the weights of columns as they were learned before there were pictures."""
    columns = TextColumns(items)
    fields = content.attributes.fields
    words = {
        field.name: [
            split_unspaced_words(row)
            for row in tokenize_all(columns.plain(field.name).fill_null(""))
        ]
        for field in fields
        if field.role == "text"
    }
    texts = content.item_texts(columns)
    rows = {
        **content._word_columns(words, items.height),
        **content._attribute_columns(content.attributes.terms(columns)),
        "\0meaning": content.meaning.transform(texts),
    }
    prior = {**prior_column_weights(fields), "\0meaning": 0.5}
    users = np.asarray(bought.sum(axis=0)).ravel()
    most = min(1_000, int(np.sqrt(40_000_000 / len(rows))))
    chosen = np.argsort(-users, kind="stable")[:most]
    chosen = chosen[users[chosen] >= 2]
    picked = sp.csr_array(sp.csc_array(bought)[:, chosen])
    common = (picked.T @ picked).toarray().astype(np.float64)
    expected = np.outer(users[chosen], users[chosen]) / bought.shape[0]
    target = _centre_pairs(np.log((common + 1) / (expected + 1))).ravel()
    similar = np.stack([_centre_pairs(_cosines(one, chosen)).ravel() for one in rows.values()])
    normal = (similar @ similar.T).astype(np.float64)
    normal += np.eye(len(normal)) * (1e-3 * np.trace(normal) / len(normal) + 1e-9)
    learned = nnls(normal, (similar @ target).astype(np.float64))[0]
    n = (common.sum() - np.trace(common)) / 2
    share = 0.8 * n / (n + 2_000)
    roots = np.sqrt(learned) * (sum(prior[name] for name in rows) / np.sqrt(learned).sum())
    mixed = {
        name: float((1 - share) * prior[name] + share * root)
        for name, root in zip(rows, roots, strict=True)
    }
    del mixed["\0meaning"]
    return mixed
