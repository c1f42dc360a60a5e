"""A release on disk: everything that answers, and nothing of any single user."""

import glob
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import numpy as np
import polars as pl

from daybreak.data.items import Block, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.errors import ConfigError, DataError, DaybreakError, NotFoundError
from daybreak.models import LinearModel, models
from daybreak.models.states import read_state, write_state
from daybreak.ranking.blend import LEVELS, Blend
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.service.catalogue import Catalogue
from daybreak.service.learning import Facts, Learned
from daybreak.service.rule_files import rules_from

FORMAT = 2
"""Version of the layout of the folder."""
HEAD = "release.json"
"""Written last: a folder without it is not a release."""
_DAMAGE = (LookupError, TypeError, ValueError, OSError, pl.exceptions.PolarsError)


def write_release(
    folder: Path,
    learned: Learned,
    catalogue: Catalogue,
    settings: dict[str, Any],
    gate: dict[str, Any] | None = None,
) -> None:
    """Write a release beside the folder and swap it in: no half of one is ever read.

    At every moment either the folder is a release, or a complete one lies beside it, where
    :func:`read_release` finds it. One process at a time may write.
    """
    folder = folder.absolute()
    draft = _beside(folder, "new")
    draft.mkdir(parents=True)
    try:
        _write(draft, learned, catalogue, {"settings": settings, "gate": gate})
        if folder.exists():
            folder.rename(_beside(folder, "old"))
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for leftover in _siblings(folder):
        shutil.rmtree(leftover, ignore_errors=True)


def has_release(folder: Path) -> bool:
    """Say whether :func:`read_release` would find one."""
    return (_complete(folder.absolute()) / HEAD).exists()


def read_release(
    folder: Path, encoder: Encoder | None = None
) -> tuple[Learned, Catalogue, dict[str, Any]]:
    """Read what :func:`write_release` wrote, also when it was killed on the way.

    Args:
        folder: Where the release is.
        encoder: The text encoder, when it is not one that can be found by its name.

    Raises:
        NotFoundError: There is no release in the folder, or its text model is not there.
        DataError: It is damaged, or of a version that this one does not read.
    """
    folder = _complete(folder.absolute())
    head = _head(folder)
    try:
        return _read(folder, head, encoder)
    except _DAMAGE as error:
        raise DataError(
            f"the release in {folder} is damaged ({error!r}); train again"
        ) from error


def read_learned(folder: Path, encoder: Encoder | None = None) -> Learned:
    """Return what the recommender of a release has learned.

    Args:
        folder: Where the release is.
        encoder: The text encoder, should the release have one without a name.
    """
    try:
        return read_release(folder)[0]
    except ConfigError:
        if encoder is None:
            raise
        return read_release(folder, encoder)[0]


def _read(
    folder: Path, head: dict[str, Any], encoder: Encoder | None
) -> tuple[Learned, Catalogue, dict[str, Any]]:
    content, profile = _encoders(folder, head, encoder)
    items = _read_items(folder)
    strategies = tuple(Strategy(**plain) for plain in head["strategies"])
    fitted = Fitted(
        strategies,
        tuple(
            cast(LinearModel[Any, Any], models[s.model].load(folder / "models" / str(n)))
            for n, s in enumerate(strategies)
        ),
        items.take(items.ids.rows(head["anchors"])),
    )
    learned = Learned(
        content,
        profile,
        items,
        _blend(head["blend"]),
        fitted,
        rules_from(head["rules"]),
        Facts(**head["facts"]),
    )
    frame = pl.read_parquet(folder / "items.parquet")
    return learned, Catalogue(frame, items), head["settings"]


def _write(folder: Path, learned: Learned, catalogue: Catalogue, more: dict[str, Any]) -> None:
    for number, model in enumerate(learned.fitted.models):
        model.save(folder / "models" / str(number))
    learned.content.save(folder / "content")
    learned.profile.save(folder / "profile")
    catalogue.kept().write_parquet(folder / "items.parquet")
    _write_items(folder, catalogue.items)
    head = {
        "format": FORMAT,
        "levels": list(LEVELS),
        "strategies": [asdict(s) for s in learned.fitted.strategies],
        "anchors": list(learned.fitted.anchors.ids.ids),
        "rules": asdict(learned.rules),
        "facts": asdict(learned.facts),
        "blend": _plain(learned.blend),
        **more,
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    (folder / HEAD).write_text(text, encoding="utf-8")


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}-{uuid4().hex[:8]}")


def _siblings(folder: Path) -> list[Path]:
    """Return what was left beside the folder: complete new releases first."""
    found = [
        path
        for what in ("new", "old")
        for path in sorted(folder.parent.glob(f".{glob.escape(folder.name)}.{what}-*"))
    ]
    return sorted(found, key=lambda path: not (path / HEAD).exists())


def _complete(folder: Path) -> Path:
    """Return the folder, or, when a swap was cut off half-way, the release beside it."""
    if folder.exists() or not folder.parent.exists():
        return folder
    ready = [path for path in _siblings(folder) if (path / HEAD).exists()]
    return ready[0] if ready else folder


def _head(folder: Path) -> dict[str, Any]:
    path = folder / HEAD
    if not path.exists():
        raise NotFoundError(f"no release in {folder}; expected {HEAD} (see `daybreak train`)")
    try:
        head: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}; train again") from error
    version = head.get("format") if isinstance(head, dict) else None
    if version != FORMAT or head.get("levels") != list(LEVELS):
        raise DataError(
            f"{folder} has format {version!r}, this version reads {FORMAT}; train again"
        )
    return head


def _encoders(
    folder: Path, head: dict[str, Any], encoder: Encoder | None
) -> tuple[ContentEncoder, ProfileEncoder]:
    name = head["settings"]["encoder"]
    if encoder is None and name:
        try:
            encoder = CachedEncoder(load_encoder(name), FileVectors())
        except DaybreakError as error:
            raise NotFoundError(
                f"the release needs the text model {name!r}: {error}"
            ) from error
    content = ContentEncoder.load(folder / "content", encoder)
    return content, ProfileEncoder.load(folder / "profile")


def _write_items(folder: Path, items: Items) -> None:
    for number, block in enumerate(items.blocks):
        write_state(folder / "blocks" / str(number), {}, block)
    (folder / "items.json").write_text(json.dumps(list(items.ids.ids)), encoding="utf-8")


def _read_items(folder: Path) -> Items:
    ids = Vocabulary(json.loads((folder / "items.json").read_text(encoding="utf-8")))
    blocks: list[Block] = []
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
