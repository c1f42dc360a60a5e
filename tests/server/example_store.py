"""A small shop with a release, made once and copied for each test that changes it."""

import shutil
from pathlib import Path

import polars as pl

from daybreak.config import Settings
from daybreak.data import ImportResult, Rejects, Tables
from daybreak.service.release_training import TrainOptions
from daybreak.service.workspace import Workspace

KINDS = ("tea", "cup", "pot", "rum", "gin", "ale")


def tables():
    """Thirty users who like one half of six kinds of things each, and a catalogue of 24."""
    items = pl.DataFrame(
        {
            "item_id": [f"{kind}-{n}" for kind in KINDS for n in range(4)],
            "title": [f"{kind} number {n}" for kind in KINDS for n in range(4)],
            "price": [float(4 * n + place) for place, _ in enumerate(KINDS) for n in range(4)],
            "categories": [[kind] for kind in KINDS for _ in range(4)],
        }
    )
    rows = [
        (f"u{user}", f"{KINDS[(user % 2) * 3 + step % 3]}-{(user + step) % 4}", 1.7e9 + step)
        for user in range(30)
        for step in range(6)
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    users = pl.DataFrame(
        {"user_id": [f"u{n}" for n in range(30)], "country": ["UK", "FR"] * 15}
    )
    return Tables.of(events, items, users)


def make_shop(folder: Path):
    """Fill a store in a folder and train; return the settings."""
    settings = Settings(store=f"sqlite:///{folder / 'shop.db'}", encoder="none")
    with Workspace(settings, create=True) as shop:
        shop.write_import(ImportResult(tables(), Rejects(), {}, ()))
        shop.train(("popular", "item_knn", "content/match"), options=TrainOptions(gate=False))
    return settings


def copy_of(made: Settings, folder: Path):
    """Copy a shop into another folder; return its settings."""
    source = Path(made.store.removeprefix("sqlite:///")).parent
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return Settings(store=f"sqlite:///{folder / 'shop.db'}", encoder="none")
