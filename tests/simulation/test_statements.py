import zlib

import numpy as np
import polars as pl
import pytest

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.clauses import split_clauses
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.lexical import tokenize
from daybreak.simulation.splits import random_holdout
from daybreak.simulation.statements import (
    MAX_CARRIER_SHARE,
    MAX_STATEMENTS,
    draw_statements,
    spoken_queries,
)

ROOMS = ("kitchen", "garden", "office", "bath", "attic", "cellar")
THINGS = (
    "lamp",
    "chair",
    "shelf",
    "clock",
    "mirror",
    "basket",
    "stool",
    "vase",
    "rug",
    "bench",
)
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def made_up_word(*parts):
    """Return a word of eight letters that is like no other word."""
    rng = np.random.default_rng(abs(zlib.crc32(repr(parts).encode())))
    return "".join(rng.choice(LETTERS, 8))


@pytest.fixture(scope="module")
def frame():
    rows = [
        {
            "item_id": f"{thing}-{room}-{n}",
            "title": f"{thing.title()} {made_up_word(n)}",
            "description": f"{made_up_word(room, n)} for you {made_up_word(thing, n)}",
            "category": f"{room}|{thing}s",
        }
        for room in ROOMS
        for thing in THINGS
        for n in range(5)
    ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def shop(frame):
    content, blocks = ContentEncoder.fit_transform(frame)
    items = Items(Vocabulary(frame["item_id"].to_list()), blocks)
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(80), 12)
    events = Events.of(user, rng.integers(0, 260, len(user)), rng.random(len(user)) * 1e6)
    statements = draw_statements(frame, content, items, events, seed=3)
    return Dataset(items, events, 80, statements=statements)


def test_statements_are_about_items_that_carry_what_they_name(shop, frame):
    statements = shop.statements
    assert 50 < len(statements) <= MAX_STATEMENTS
    assert len(set(statements.texts)) == len(statements)
    text = pl.concat_str(["title", "description", "category"], separator=" ")
    words = [set(tokenize(row)) for row in frame.select(text).to_series()]
    for row, said in enumerate(statements.texts):
        clauses = split_clauses(said)
        about = statements.about[[row]].indices
        assert 0 < len(about) <= MAX_CARRIER_SHARE * len(words) + 1 or clauses.unwanted
        for item in about:
            assert set(tokenize(clauses.wanted)) <= words[item], said
            for unwanted in clauses.unwanted:
                assert not set(tokenize(unwanted)) <= words[item], said


def test_statements_of_descriptions_do_not_name_the_title(shop, frame):
    single = np.flatnonzero(np.diff(shop.statements.about.indptr) == 1)
    assert len(single) > 5
    for row in single:
        title = frame["title"][int(shop.statements.source[row])]
        assert not set(tokenize(shop.statements.texts[row])) & set(tokenize(title))


def test_statements_are_deterministic_and_need_events(shop, frame):
    content, _ = ContentEncoder.fit_transform(frame)
    again = draw_statements(frame, content, shop.items, shop.events, seed=3)
    assert again.texts == shop.statements.texts
    nobody = Events.of([], [], [])
    assert draw_statements(frame, content, shop.items, nobody, seed=3) is None
    bare = Items(shop.items.ids)
    assert draw_statements(frame, content, bare, shop.events, seed=3) is None


def test_people_say_something_about_an_item_that_is_held_out(shop):
    split = random_holdout(shop, np.random.default_rng(1))
    says, about = (q for q in split.query_sets if q.kind in ("says", "about"))
    assert len(says) == len(about) > 20
    assert says.queries.has_wish.all()
    assert says.candidates.all()
    held_out = shop.events.to_matrix(80, len(shop.items))[says.users].toarray() > 0
    assert (held_out | (says.targets.toarray() == 0)).all()
    assert (about.targets.toarray() >= says.targets.toarray()).all()
    assert (says.targets.toarray().sum(axis=1) > 0).all()
    assert not (about.targets.toarray() * (about.seen.toarray() > 0)).any()
    assert set(np.unique(says.queries.n_events)) >= {0, 1}
    known = says.queries.n_events > 0
    assert known.any()
    assert ((says.seen.toarray() > 0).sum(axis=1)[~known] <= 10).all()


def test_nobody_speaks_without_statements_or_held_out_events(shop):
    rng, nobody = np.random.default_rng(0), Events.of([], [], [])
    silent = Dataset(shop.items, shop.events, 80)
    assert spoken_queries(silent, shop.events, np.ones(80, dtype=bool), rng) is None
    assert spoken_queries(shop, nobody, np.ones(80, dtype=bool), rng) is None
