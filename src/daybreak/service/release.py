"""A release on disk: everything that answers, and nothing of any single user."""

import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl

from daybreak.data.items import Block, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.errors import DataError, DaybreakError, NotFoundError
from daybreak.models import models
from daybreak.models.states import read_state, write_state
from daybreak.ranking.blend import LEVELS, Blend
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.service.catalogue import Catalogue
from daybreak.service.learning import Learned

FORMAT = 1
"""Version of the layout of the folder."""
HEAD = "release.json"
"""Written last: a folder without it is not a release."""


def write_release(
    folder: Path, learned: Learned, catalogue: Catalogue, settings: dict[str, Any]
) -> None:
    """Write a release beside the folder and move it there, so that no half of one is ever seen."""
    draft = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        _write(draft, learned, catalogue, settings)
        if folder.exists():
            _remove(folder)
        os.replace(draft, folder)  # noqa: PTH105 - must overwrite an empty folder too
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_release(folder: Path) -> tuple[Learned, Catalogue, dict[str, Any]]:
    """Read what :func:`write_release` wrote.

    Raises:
        NotFoundError: There is no release in the folder.
        DataError: It is damaged, or of a version that this one does not read.
    """
    head = _head(folder)
    content, profile = _encoders(folder, head)
    items = _read_items(folder)
    strategies = tuple(
        Strategy(s["name"], s["model"], s["options"], s["old"], s["new"])
        for s in head["strategies"]
    )
    fitted = Fitted(
        strategies,
        tuple(
            models[s.model].load(folder / "models" / str(n)) for n, s in enumerate(strategies)
        ),  # type: ignore[arg-type, misc]
        items.take(items.ids.rows(head["anchors"])),
    )
    frame = pl.read_parquet(folder / "items.parquet")
    users = pl.DataFrame(schema={"user_id": pl.String})
    learned = Learned(content, profile, items, _blend(head["blend"]), fitted, head["rules"])
    return learned, Catalogue(frame, users, items), head["settings"]


def _write(
    folder: Path, learned: Learned, catalogue: Catalogue, settings: dict[str, Any]
) -> None:
    for number, model in enumerate(learned.fitted.models):
        model.save(folder / "models" / str(number))
    learned.content.save(folder / "content")
    learned.profile.save(folder / "profile")
    catalogue.frame.write_parquet(folder / "items.parquet")
    _write_items(folder, catalogue.items)
    head = {
        "format": FORMAT,
        "levels": list(LEVELS),
        "encoder": settings["encoder"],
        "strategies": [asdict(s) for s in learned.fitted.strategies],
        "anchors": list(learned.fitted.anchors.ids.ids),
        "rules": learned.rules,
        "settings": settings,
        "blend": _plain(learned.blend),
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    (folder / HEAD).write_text(text, encoding="utf-8")


def _head(folder: Path) -> dict[str, Any]:
    path = folder / HEAD
    if not path.exists():
        raise NotFoundError(f"no release in {folder}; expected {HEAD} (see `daybreak train`)")
    try:
        head: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from error
    if head.get("format") != FORMAT or head.get("levels") != list(LEVELS):
        raise DataError(f"{folder} was written by another version; train again")
    return head


def _encoders(folder: Path, head: dict[str, Any]) -> tuple[ContentEncoder, ProfileEncoder]:
    encoder: Encoder | None = None
    if head["encoder"]:
        try:
            encoder = CachedEncoder(load_encoder(head["encoder"]), FileVectors())
        except DaybreakError as error:
            raise NotFoundError(
                f"the release needs the text model {head['encoder']!r}: {error}"
            ) from error
    return ContentEncoder.load(folder / "content", encoder), ProfileEncoder.load(
        folder / "profile"
    )


def _write_items(folder: Path, items: Items) -> None:
    for number, block in enumerate(items.blocks):
        write_state(folder / "blocks" / str(number), {}, block)
    (folder / "items.json").write_text(json.dumps(list(items.ids.ids)), encoding="utf-8")


def _read_items(folder: Path) -> Items:
    ids = Vocabulary(json.loads((folder / "items.json").read_text(encoding="utf-8")))
    blocks = []
    while (part := folder / "blocks" / str(len(blocks))).exists():
        blocks.append(read_state(part, Block)[1])
    return Items(ids, tuple(blocks))


def _plain(blend: Blend) -> dict[str, Any]:
    arrays = ("scale", "weights", "new_weights", "new_bias")
    return {
        "strategies": list(blend.strategies),
        "likeness": blend.likeness,
        "report": blend.report,
        **{name: getattr(blend, name).tolist() for name in arrays},
    }


def _blend(plain: dict[str, Any]) -> Blend:
    blend = Blend(
        tuple(plain["strategies"]),
        np.array(plain["scale"], dtype=np.float32),
        np.array(plain["weights"]),
        np.array(plain["new_weights"]),
        np.array(plain["new_bias"]),
    )
    return replace(blend, likeness=plain["likeness"], report=plain["report"])


def _remove(folder: Path) -> None:
    """Remove a release, its head first: half-removed, it is no release."""
    (folder / HEAD).unlink(missing_ok=True)
    shutil.rmtree(folder)
