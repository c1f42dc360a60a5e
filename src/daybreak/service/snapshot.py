"""A fitted recommender as bytes: a release in a ZIP archive, and tables in Arrow's format.

Copies in other processes (``pickle``, ``joblib``, ``multiprocessing``) use it. Unlike a
release, a snapshot contains the events and profiles of users. Models and tables are not
pickled.
"""

import io
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from daybreak.data.event_log import EventLog
from daybreak.data.exclusion import SignedType
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders import Encoder
from daybreak.service.inputs.histories import Histories
from daybreak.service.releases.release import read_release, write_release
from daybreak.service.state.serving_state import ServingState

HISTORY_SCHEMA = {
    "user": pl.Int32,
    "item": pl.Int32,
    "at": pl.Float64,
    "kind": pl.Int16,
}
"""Columns of the table of events: rows of users, of items and of kinds; ``at`` is infinite for
events without a time."""
_RELEASE = "release"


@dataclass(frozen=True)
class StateSnapshot:
    """A serving state of the library as bytes."""

    release: bytes
    """ZIP archive of a release."""
    histories: "HistoriesSnapshot"
    profiles: bytes
    """Profiles of all users, in Arrow's file format."""
    deleted: tuple[str, ...]
    """Deleted items of the catalogue."""

    @classmethod
    def of(cls, state: ServingState, encoder_name: str | None) -> "StateSnapshot":
        """Return the snapshot of a state.

        Args:
            state: The state.
            encoder_name: Name that loads the text encoder again; None: it has none.
        """
        catalogue, profiles = state.catalogue, state.profiles
        ids = catalogue.items.ids.ids
        settings = {"seed": 0, "notes": [], "encoder": encoder_name}
        with tempfile.TemporaryDirectory(prefix="daybreak-") as folder:
            path = Path(folder) / _RELEASE
            complete = replace(catalogue, deleted_rows=frozenset())
            write_release(path, state.trained, complete, settings, durable=False)
            release = _pack_folder(path)
        return cls(
            release,
            HistoriesSnapshot.of(state.histories),
            _frame_to_bytes(profiles.frame[list(profiles.rows.values())]),
            tuple(ids[row] for row in sorted(catalogue.deleted_rows)),
        )

    def restore(self, encoder: Encoder | None = None) -> ServingState:
        """Return the state.

        Args:
            encoder: Text encoder of the state, if it has no name.

        Raises:
            NotFoundError: The text model is not installed.
            DataError: The snapshot is damaged, or of another version.
        """
        with tempfile.TemporaryDirectory(prefix="daybreak-") as folder:
            with zipfile.ZipFile(io.BytesIO(self.release)) as archive:
                archive.extractall(folder)
            trained, catalogue, _ = read_release(Path(folder) / _RELEASE, encoder)
        state = ServingState.from_training(
            trained,
            catalogue.frame,
            pl.read_ipc(io.BytesIO(self.profiles)),
            self.histories.restore(),
            encoded=catalogue.items,
        )
        return state.without_items(self.deleted) if self.deleted else state


@dataclass(frozen=True)
class FrameSnapshot:
    """A frame as bytes."""

    content: bytes
    """The frame in Arrow's file format."""

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "FrameSnapshot":
        """Return the snapshot of a frame."""
        return cls(_frame_to_bytes(frame))

    def restore(self) -> pl.DataFrame:
        """Return the frame."""
        return pl.read_ipc(io.BytesIO(self.content))


@dataclass(frozen=True)
class HistoriesSnapshot:
    """Histories as bytes."""

    users: tuple[str, ...]
    kinds: tuple[SignedType, ...]
    """Distinct types of events with their signs."""
    events: bytes
    """Events of all users, in Arrow's file format; see :data:`HISTORY_SCHEMA`."""

    @classmethod
    def of(cls, histories: Histories) -> "HistoriesSnapshot":
        """Return the snapshot of histories."""
        users = histories.user_ids()
        log = histories.log_of(users)
        columns = {"user": log.user, "item": log.item, "at": log.at, "kind": log.kind}
        events = pl.DataFrame(columns, schema=HISTORY_SCHEMA)
        return cls(tuple(users), log.kinds, _frame_to_bytes(events))

    def restore(self) -> Histories:
        """Return the histories, with all events sorted."""
        events = pl.read_ipc(io.BytesIO(self.events))
        user, item, at, kind = (events[name].to_numpy() for name in HISTORY_SCHEMA)
        return Histories.of_log(
            Vocabulary(self.users), EventLog.sort(user, item, at, kind, self.kinds)
        )


def _pack_folder(folder: Path) -> bytes:
    """Return the files of a folder as an uncompressed ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return packed.getvalue()


def _frame_to_bytes(frame: pl.DataFrame) -> bytes:
    packed = io.BytesIO()
    frame.rechunk().write_ipc(packed)
    return packed.getvalue()
