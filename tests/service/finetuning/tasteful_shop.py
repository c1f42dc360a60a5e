"""A shop whose people choose by directions of the text vectors that are hard to see."""

import numpy as np
import polars as pl

from daybreak.encoders import StaticText
from daybreak.testing.encoders import static_parts

N_ITEMS, N_USERS, DIM, N_TASTES = 320, 160, 24, 3
N_EVENTS = 16
"""Events of a user."""
TASTE_SCALE = 0.5
"""Size of the directions of taste; the others have 1."""


def _vectors(seed):
    vectors = np.random.default_rng(seed).normal(size=(N_ITEMS, DIM))
    vectors[:, :N_TASTES] *= TASTE_SCALE
    return vectors


def write_encoder(folder, seed=0):
    """An encoder with one word for each item, whose first numbers tell its taste, faintly."""
    words = {f"w{number}x": row.tolist() for number, row in enumerate(_vectors(seed))}
    return StaticText(static_parts(words)).save(folder)


def write_shop(folder, *, by_taste=True, seed=0):
    """Events and items; without taste, people choose at random."""
    rng = np.random.default_rng(seed + 1)
    folder.mkdir()
    ids = [f"i{item}" for item in range(N_ITEMS)]
    titles = [f"w{item}x" for item in range(N_ITEMS)]
    pl.DataFrame({"item_id": ids, "title": titles}).write_csv(folder / "items.csv")
    taste = _vectors(seed)[:, :N_TASTES] / TASTE_SCALE
    likes = 3 * rng.normal(size=(N_USERS, N_TASTES)) @ taste.T * by_taste
    chosen = np.argsort(-likes - rng.gumbel(size=likes.shape), axis=1)[:, :N_EVENTS]
    rows = [(f"u{user}", ids[item]) for user, row in enumerate(chosen) for item in row]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    frame.write_csv(folder / "events.csv")
    return folder
