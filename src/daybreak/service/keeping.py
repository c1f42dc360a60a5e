"""Keeping what was learned: save, load, release through the gate, compare."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from daybreak.encoders import Encoder
from daybreak.ranking.strategies import Strategy
from daybreak.service.encoder_choice import Choice
from daybreak.service.gate import compare, enter
from daybreak.service.learning import Learned
from daybreak.service.profiles import Profiles
from daybreak.service.release import read_learned, read_release, write_release
from daybreak.service.shelf import Shelf

if TYPE_CHECKING:
    from daybreak.service.verdict import Verdict


class Keeping(ABC):
    """The part of a recommender that reads and writes releases."""

    strategies: tuple[Strategy, ...]
    encoder: str | Encoder | Choice
    seed: int
    notes: tuple[str, ...]
    _encoder_name: str | None
    _shelf: Shelf | None

    @abstractmethod
    def __init__(self, *, encoder: str | Encoder | Choice = "auto", seed: int = 0) -> None:
        """Take the settings that a release remembers."""

    @abstractmethod
    def add_users(self, users: Any) -> Self:
        """Remember profiles."""

    @abstractmethod
    def add_events(self, events: Any) -> Self:
        """Remember events."""

    @abstractmethod
    def _need(self) -> Shelf:
        """Return what answers, or raise."""

    def save(self, folder: str | Path) -> None:
        """Write a release: models, blend, catalogue. It holds nothing of any single user.

        A folder that is there is replaced, and is a whole release at every moment.
        """
        self._write(Path(folder))

    def release(
        self,
        folder: str | Path,
        data: Any = None,
        *,
        over: str | Path | None = None,
        force: bool = False,
        **options: Any,
    ) -> "Verdict":
        """Save into a folder, unless that is worse than the release in service.

        Args:
            folder: Where to save.
            data: As for :meth:`fit`: what both are asked about.
            over: Where the release in service is; default: in the same folder.
            force: Write whatever is found; the release remembers the verdict.
            **options: ``items``, ``users``, ``progress``, as for :meth:`fit`.

        Raises:
            GateRefusedError: A slice got significantly worse; the folder is as it was.
            ConfigError: There is a release, but no data to be compared with it on.
        """
        before, learned = Path(folder if over is None else over), self._need().learned
        verdict = enter(before, learned, data, force=force, **options)
        self._write(Path(folder), verdict.to_dict())
        return verdict

    def compare(self, other: "Keeping | str | Path", data: Any, **options: Any) -> "Verdict":
        """Return how this one would do in the place of another, or of a release in a folder.

        Args:
            other: The one in service.
            data: As for :meth:`fit`: what both are asked about.
            **options: ``items``, ``users``, ``progress``, as for :meth:`fit`.
        """
        sides = self._need().learned, self._other(other)
        return compare(*sides, data, **options)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        events: Any = None,
        users: Any = None,
        encoder: Encoder | None = None,
    ) -> Self:
        """Read a release; give events and users to have their histories and profiles back.

        Args:
            folder: Where :meth:`save` wrote it.
            events: As for :meth:`add_events`.
            users: As for :meth:`add_users`.
            encoder: The text encoder, when :meth:`fit` was given one that has no name.

        Raises:
            NotFoundError: There is no release, or its text model is not installed.
            DataError: It is damaged, or of another version.
        """
        learned, catalogue, settings = read_release(Path(folder), encoder)
        model = cls(seed=settings["seed"], encoder=encoder or settings["encoder"] or "none")
        model.strategies = learned.fitted.strategies
        model.notes, model._encoder_name = tuple(settings["notes"]), settings["encoder"]
        nobody = pl.DataFrame(schema={"user_id": pl.String})
        profiles = Profiles.of(learned.profile, nobody)
        model._shelf = Shelf.of(learned, catalogue.frame, profiles, catalogue.items)
        if users is not None:
            model.add_users(users)
        return model if events is None else model.add_events(events)

    def _other(self, model: "Keeping | str | Path") -> Learned:
        """Return what another has learned, or a release; it may have this one's encoder."""
        if isinstance(model, Keeping):
            return model._need().learned
        encoder = self.encoder if isinstance(self.encoder, Encoder) else None
        return read_learned(Path(model), encoder)

    def _write(self, folder: Path, gate: dict[str, Any] | None = None) -> None:
        shelf = self._need()
        settings = {
            "seed": self.seed,
            "notes": list(self.notes),
            "encoder": self._encoder_name,
        }
        write_release(folder, shelf.learned, shelf.catalogue, settings, gate)
