"""Releases on disk: their folders, and how they are written and read.

A release contains everything needed to recommend, but no data of single users. Start with
:func:`write_release` and :func:`read_release`; :func:`find_release` finds one by name.
"""

import glob
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import polars as pl

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.ids import normalize_id
from daybreak.data.json_files import read_json
from daybreak.data.rules import Condition, ResolvedRules
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders import CachedEncoder, Encoder, FileVectors, load_encoder
from daybreak.encoders.content import ContentEncoder
from daybreak.encoders.content_files import read_text_encoder_facts
from daybreak.encoders.deferred import DeferredEncoder
from daybreak.encoders.profile import ProfileEncoder
from daybreak.errors import ConfigError, DataError, DaybreakError, NextStep, NotFoundError
from daybreak.models import LinearModel, models
from daybreak.models.shared_persistence import mapped_arrays, read_state, write_state
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.ranking.scoring.stored import read_parts, write_parts
from daybreak.service.inputs.dataset import creation_times
from daybreak.service.releases.integrity import (
    MANIFEST_FILE,
    build_manifest,
    flush_folder,
    flush_names,
    verify_files,
)
from daybreak.service.releases.remote import fetch_copy
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.training.fit import TrainedModel, TrainingStats

if TYPE_CHECKING:  # the library needs no store
    from daybreak.store import Release, Store

log = logging.getLogger(__name__)


def rules_from_dict(plain: Mapping[str, Any]) -> ResolvedRules:
    """Return the event rules that ``dataclasses.asdict`` turned into JSON values.

    Example:
        >>> from dataclasses import asdict
        >>> from daybreak.data import EventRules
        >>> from daybreak.data.tables import Tables
        >>> rules = EventRules(positive="rating>=4").resolve(Tables.of().events)
        >>> rules_from_dict(asdict(rules)) == rules
        True
    """
    return ResolvedRules(
        _conditions_from_list(plain["positive"]),
        _conditions_from_list(plain["negative"]),
        _conditions_from_list(plain["seen"]),
        default=int(plain["default"]),
        type_weights=dict(plain["type_weights"]),
        assumed=tuple(plain.get("assumed", ["negative"] if plain["default"] else [])),
        outliers=_conditions_from_list(plain.get("outliers", [])),
        excludes=None if plain.get("excludes") is None else tuple(plain["excludes"]),
    )


def _conditions_from_list(plain: list[dict[str, Any]]) -> tuple[Condition, ...]:
    return tuple(Condition(**condition) for condition in plain)


def store_path(url: str) -> Path | None:
    """Return the file of a store; None if the store is not a file.

    Example:
        >>> store_path("sqlite:///shop.db"), store_path("sqlite:///:memory:")
        (PosixPath('shop.db'), None)
    """
    kind, separator, path = url.partition("://")
    if not separator:
        return Path(url)
    name = path.removeprefix("/")
    return Path(name) if kind.startswith("sqlite") and name not in {"", ":memory:"} else None


def releases_root(url: str) -> Path | None:
    """Return the folder that the releases of a store are relative to; None in memory.

    It is the folder of the store's file. For a store on a server it is the working directory,
    which several machines can share.

    Example:
        >>> releases_root("sqlite:///data/shop.db"), releases_root("postgresql://db/shop")
        (PosixPath('data'), PosixPath('.'))
    """
    file = store_path(url)
    if file is not None:
        return file.parent
    return None if url.startswith("sqlite") else Path()


def release_folder(root: Path | None, release: "Release") -> Path:
    """Return the folder of a release: relative to the store, so that both can be moved.

    A release that is in object storage and not here is fetched.

    Args:
        root: Folder of the store; see :func:`releases_root`.
        release: The release.

    Raises:
        NotFoundError: See :func:`fetch_release`.
        DataError: See :func:`fetch_release`.
        ServiceError: See :func:`fetch_release`.
    """
    folder = (root or Path()) / release.folder
    if not has_release(folder):
        fetch_copy(release.metadata, folder.absolute())
    return folder


def active_release(store: "Store", root: Path | None) -> "Release":
    """Return the active release of a store.

    Args:
        store: The store.
        root: Folder of the store; see :func:`releases_root`.

    Raises:
        NotFoundError: Nothing has been trained yet, or the folder of the release is missing.
    """
    active = store.active_release()
    if active is None:
        raise NotFoundError("nothing has been trained yet", next_step=NextStep.TRAIN)
    existing_folder(root, active)
    return active


def existing_folder(root: Path | None, release: "Release") -> Path:
    """Return the folder of a release; see :func:`release_folder`.

    Raises:
        NotFoundError: It is missing.
    """
    folder = release_folder(root, release)
    if not (folder.is_dir() or has_release(folder)):
        kind = "active release" if release.active else "release"
        raise NotFoundError(
            f"the folder {release.folder!r} of the {kind} {release.id} is missing",
            next_step=NextStep.TRAIN,
        )
    return folder


def find_release(store: "Store", root: Path | None, name: str) -> Path:
    """Return the folder of a release.

    Args:
        store: The store.
        root: Folder of the store; see :func:`releases_root`.
        name: Id of the release, ``active``, or its folder.

    Raises:
        NotFoundError: There is no such release.
    """
    if name == "active":
        return release_folder(root, active_release(store, root))
    release = store.release(name)
    if release is not None:
        return release_folder(root, release)
    if not Path(name).is_dir():
        known = ", ".join(other.id for other in store.releases()) or "none"
        raise NotFoundError(
            f"no release {name!r}; expected a folder, active, or one of: {known}"
        )
    return Path(name)


FORMAT_VERSION = 2
"""Version of the format."""
MODELS_FOLDER = "models"
"""Folder with one folder for each model, by number."""
HEADER_FILE = "release.json"
"""Written last, so a folder without it is not a release."""
_DAMAGE_ERRORS = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    OSError,
    RecursionError,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)
"""What reading a damaged file can raise; Polars panics on some Parquet files."""


def write_release(
    folder: Path,
    trained: TrainedModel,
    catalogue: Catalogue,
    settings: dict[str, Any],
    gate: dict[str, Any] | None = None,
    *,
    durable: bool = True,
) -> None:
    """Write a release atomically.

    The release is written next to the folder, flushed to the disk with the checksums of its
    files, and then renamed. At every moment the folder is a release, or a complete one is next
    to it, where :func:`read_release` finds it. Only one process at a time may write.

    Args:
        folder: Folder of the release; an earlier release in it is replaced.
        trained: The trained model. With the parts of the scorer of the catalogue, the release
            is opened without multiplying matrices.
        catalogue: The catalogue.
        settings: Settings of the recommender.
        gate: Result of the comparison with the previous release.
        durable: Whether the files are flushed to the disk, so that a power cut keeps them.

    Raises:
        DataError: The folder cannot be written: the disk is full, or it is read-only.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - only needed when saving

    folder = folder.absolute()
    draft = _sibling_path(folder, "new")
    try:
        draft.mkdir(parents=True)
        header = _write_parts(draft, trained, catalogue)
        _write_header(draft, header | {"settings": settings, "gate": gate}, durable=durable)
        if folder.exists():
            folder.rename(_sibling_path(folder, "old"))
        draft.rename(folder)
        flush_names(folder.parent)
    except (OSError, SafetensorError, pl.exceptions.PolarsError) as error:
        raise DataError(f"the release {folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for leftover in _siblings(folder):
        shutil.rmtree(leftover, ignore_errors=True)


def has_release(folder: Path) -> bool:
    """Return whether :func:`read_release` finds a release."""
    return (_find_complete(folder.absolute()) / HEADER_FILE).exists()


def read_release(
    folder: Path,
    encoder: Encoder | None = None,
    *,
    remember: bool = False,
    for_few_answers: bool = False,
) -> tuple[TrainedModel, Catalogue, dict[str, Any]]:
    """Read a release, even if :func:`write_release` was interrupted.

    Large arrays of a release with checksums are mapped into memory: they are read when they
    are used. So its files must not be changed in place while it is used; a folder may be
    replaced, renamed or deleted.

    Args:
        folder: Folder of the release.
        encoder: Text encoder of the release, if it cannot be loaded by its name.
        remember: Whether a file next to the folder keeps that its files were compared with
            their checksums, for other processes; see :func:`verify_files`.
        for_few_answers: Whether the text encoder is loaded only when a text needs it.

    Returns:
        Trained model, catalogue, and settings of the recommender.

    Raises:
        NotFoundError: There is no release in the folder, or its text model is missing.
        DataError: The release is damaged, or of an unsupported version.
    """
    folder = _find_complete(folder.absolute())
    header = _read_header(folder)
    is_verified = verify_files(
        folder, required=bool(header.get("checksums")), remember=remember
    )
    with reported_damage(folder), mapped_arrays() if is_verified else nullcontext():
        return _read(folder, header, encoder, for_few_answers=for_few_answers)


@contextmanager
def reported_damage(folder: Path) -> Iterator[None]:
    """Turn what the parts of a damaged release can raise into one kind of error.

    Args:
        folder: Folder of the release.

    Raises:
        DataError: A part of the release could not be read or used.
    """
    try:
        yield
    except _DAMAGE_ERRORS as error:
        raise DataError(
            f"the release in {folder} is damaged ({error!r}); train again"
        ) from error


def verify_release(folder: Path) -> None:
    """Check that a release is complete and unchanged, without loading it.

    Args:
        folder: Folder of the release.

    Raises:
        NotFoundError: There is no release in the folder.
        DataError: The release is damaged, or of an unsupported version.
    """
    folder = _find_complete(folder.absolute())
    header = _read_header(folder)
    verify_files(folder, required=bool(header.get("checksums")))


def read_report(folder: Path) -> dict[str, Any]:
    """Read what the training of a release reports, without loading its models.

    Args:
        folder: Folder of the release.

    Returns:
        ``report`` of the recommender, ``gate``: comparison with the release before (None: not
        compared), and ``strategies``: their options, in the order of the weights.

    Raises:
        NotFoundError: There is no release in the folder.
        DataError: The release is damaged, or of an unsupported version.
    """
    header = _read_header(_find_complete(folder.absolute()))
    with reported_damage(folder):
        return {
            "report": header["blend"]["report"],
            "gate": header.get("gate"),
            "strategies": header["strategies"],
        }


def in_serving_order(releases: "Iterable[Release]") -> "list[Release]":
    """Return releases in the order in which a service tries to load them.

    The active one comes first, then those before it, the newest first. Those after it are the
    last resort: somebody has gone back from them.

    Args:
        releases: Releases in any order.
    """
    newest_first = sorted(releases, key=lambda release: -release.created_at)
    active = next((release for release in newest_first if release.active), None)
    if active is None:
        return newest_first
    at = active.created_at
    return sorted(newest_first, key=lambda one: (not one.active, one.created_at > at))


def find_intact_release(store: "Store", root: Path | None) -> Path | None:
    """Return the folder of the first release in serving order that is not damaged.

    Args:
        store: The store.
        root: Folder of the store; see :func:`releases_root`.
    """
    for release in in_serving_order(store.releases()):
        try:
            folder = release_folder(root, release)
            verify_release(folder)
        except DaybreakError as error:
            log.warning("release %s is not used: %s", release.id, error)
            continue
        return folder
    return None


def read_trained_model(folder: Path, encoder: Encoder | None = None) -> TrainedModel:
    """Return the trained model of a release.

    Args:
        folder: Folder of the release.
        encoder: Text encoder to use if that of the release has no name.
    """
    try:
        return read_release(folder)[0]
    except ConfigError:
        if encoder is None:
            raise
        return read_release(folder, encoder)[0]


def _read(
    folder: Path, header: dict[str, Any], encoder: Encoder | None, *, for_few_answers: bool
) -> tuple[TrainedModel, Catalogue, dict[str, Any]]:
    content, profile = _load_encoders(folder, header, encoder, for_few_answers=for_few_answers)
    stored_ids, items = _read_spelled_items(folder)
    strategies = tuple(Strategy.from_json(record) for record in header["strategies"])
    fitted = FittedStrategies(
        strategies,
        tuple(
            cast(LinearModel[Any, Any], models[s.model].load(folder / MODELS_FOLDER / str(n)))
            for n, s in enumerate(strategies)
        ),
        items.take(stored_ids.rows(header["anchors"])),
    )
    trained = TrainedModel(
        content,
        profile,
        items,
        Blend.from_json(header["blend"]),
        fitted,
        rules_from_dict(header["rules"]),
        _facts_from_json(header["facts"]),
        scorer_parts=read_parts(folder / MODELS_FOLDER, fitted, items),
    )
    frame = pl.read_parquet(folder / "items.parquet")
    if frame["item_id"].to_list() != list(stored_ids.ids):
        raise DataError(f"{folder} is damaged: items.parquet and items.json list other items")
    frame = frame.with_columns(pl.Series("item_id", items.ids.ids, dtype=pl.String))
    return trained, Catalogue(frame, items), header["settings"]


def _read_spelled_items(folder: Path) -> tuple[Vocabulary, Items]:
    """Return the ids of the items as they are stored, and the items with ids in one spelling.

    Releases of earlier versions can have ids such as ``13085.0``.
    """
    items = _read_items(folder)
    spelled = [normalize_id(id_) or id_ for id_ in items.ids]
    counts = Counter(spelled)
    pairs = zip(items.ids, spelled, strict=True)
    ids = Vocabulary(new if counts[new] == 1 else old for old, new in pairs)
    return items.ids, replace(items, ids=ids)


def _write_parts(folder: Path, trained: TrainedModel, catalogue: Catalogue) -> dict[str, Any]:
    """Write all files but the header and the manifest; return what the header says of them."""
    for number, model in enumerate(trained.fitted.models):
        model.save(folder / MODELS_FOLDER / str(number))
    parts = trained.scorer_parts
    if parts is not None and parts.items is catalogue.items:
        write_parts(folder / MODELS_FOLDER, trained.fitted, parts)
    trained.content.save(folder / "content")
    trained.profile.save(folder / "profile")
    catalogue.frame_to_store().write_parquet(folder / "items.parquet")
    _write_items(folder, catalogue.items)
    return {
        "format": FORMAT_VERSION,
        "levels": list(EVENT_LEVELS),
        "strategies": [s.to_json() for s in trained.fitted.strategies],
        "anchors": list(trained.fitted.train_items.ids.ids),
        "rules": asdict(trained.rules),
        "facts": _facts_to_json(trained.stats),
        "blend": trained.blend.to_json(),
        "checksums": True,
    }


def _write_header(folder: Path, header: dict[str, Any], *, durable: bool) -> None:
    """Write the manifest, and at last the header, which makes the folder a release."""
    text = json.dumps(header, ensure_ascii=False, indent=1).encode()
    manifest = build_manifest(folder, {HEADER_FILE: text})
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    if durable:
        flush_folder(folder)
    (folder / HEADER_FILE).write_bytes(text)
    if durable:
        flush_folder(folder)


def _facts_to_json(stats: TrainingStats) -> dict[str, Any]:
    """Return the facts; an earlier version reads them where people rarely take things again."""
    facts = asdict(stats)
    if not stats.repeats:
        del facts["repeats"]
    if stats.recency_power is None:
        del facts["recency_power"]
    if not stats.source_domains:
        del facts["source_domains"]
    if not stats.users_are_items:
        del facts["users_are_items"]
    if not stats.only_clicks:
        del facts["only_clicks"]
    if stats.trained_until is None:
        del facts["trained_until"]
    return facts


def _facts_from_json(facts: Mapping[str, Any]) -> TrainingStats:
    return TrainingStats(**{**facts, "source_domains": tuple(facts.get("source_domains", ()))})


def _sibling_path(folder: Path, purpose: str) -> Path:
    return folder.with_name(f".{folder.name}.{purpose}-{uuid4().hex[:8]}")


def _siblings(folder: Path) -> list[Path]:
    """Return releases that an interrupted write has left, complete ones first."""
    folders = [
        path
        for purpose in ("new", "old")
        for path in sorted(folder.parent.glob(f".{glob.escape(folder.name)}.{purpose}-*"))
    ]
    return sorted(folders, key=lambda path: not (path / HEADER_FILE).exists())


def _find_complete(folder: Path) -> Path:
    """Return the folder, or the release next to it if a write was interrupted."""
    if folder.exists() or not folder.parent.exists():
        return folder
    ready = [path for path in _siblings(folder) if (path / HEADER_FILE).exists()]
    return ready[0] if ready else folder


def _read_header(folder: Path) -> dict[str, Any]:
    path = folder / HEADER_FILE
    if not path.exists():
        raise NotFoundError(
            f"no release in {folder}; expected {HEADER_FILE}", next_step=NextStep.TRAIN
        )
    try:
        header: dict[str, Any] = read_json(path)
    except DataError as error:
        raise DataError(f"{error}; train again") from error
    version = header.get("format") if isinstance(header, dict) else None
    if version != FORMAT_VERSION or header.get("levels") != list(EVENT_LEVELS):
        raise DataError(
            f"{folder} has format {version!r}, this version reads {FORMAT_VERSION}; train again"
        )
    return header


def _load_encoders(
    folder: Path, header: dict[str, Any], encoder: Encoder | None, *, for_few_answers: bool
) -> tuple[ContentEncoder, ProfileEncoder]:
    name = header["settings"]["encoder"]
    if encoder is None and name:
        facts = read_text_encoder_facts(folder / "content") if for_few_answers else {}
        if "dim" in facts:
            encoder = DeferredEncoder(lambda: _load_encoder(name), facts["hash"], facts["dim"])
        else:
            encoder = _load_encoder(name)
        encoder = CachedEncoder(encoder, FileVectors())
    content = ContentEncoder.load(folder / "content", encoder)
    return content, ProfileEncoder.load(folder / "profile")


def _load_encoder(name: str) -> Encoder:
    """Return the text encoder of a release.

    Raises:
        NotFoundError: It cannot be loaded.
    """
    try:
        return load_encoder(name)
    except DaybreakError as error:
        raise NotFoundError(f"the release needs the text model {name!r}: {error}") from error


def _write_items(folder: Path, items: Items) -> None:
    for number, block in enumerate(items.blocks):
        write_state(folder / "blocks" / str(number), {}, block)
    (folder / "items.json").write_text(json.dumps(list(items.ids.ids)), encoding="utf-8")


def _read_items(folder: Path) -> Items:
    ids = Vocabulary(read_json(folder / "items.json"))
    blocks: list[ContentBlock] = []
    while (block_folder := folder / "blocks" / str(len(blocks))).exists():
        block = read_state(block_folder, ContentBlock)[1]
        if block.matrix.ndim != 2 or block.matrix.shape[0] != len(ids):
            raise DataError(
                f"{block_folder} is damaged: a block of shape {block.matrix.shape} for "
                f"{len(ids)} items"
            )
        blocks.append(block)
    catalogue = pl.scan_parquet(folder / "items.parquet")
    created = [name for name in catalogue.collect_schema() if name == "created_at"]
    return Items(ids, tuple(blocks), creation_times(catalogue.select(created).collect()))
