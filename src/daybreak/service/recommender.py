"""The product in one class: learn, recommend, explain, grow, keep."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EventRules, Vocabulary
from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.encoders import Encoder
from daybreak.errors import NotFittedError
from daybreak.ranking.scorer import Scorer
from daybreak.ranking.strategies import line_up
from daybreak.service.answers import Answers, Asked
from daybreak.service.asking import Asking, sentence
from daybreak.service.catalogue import Catalogue
from daybreak.service.encoder_choice import choose_encoder
from daybreak.service.event_rows import event_rows
from daybreak.service.histories import Histories
from daybreak.service.inputs import TEXT, as_frame, as_tables, check_ids, check_k, ids_of
from daybreak.service.learning import Learned, Options, Progress, learn
from daybreak.service.likeness import one_item, rank_users, similar
from daybreak.service.release import read_release, write_release
from daybreak.types import Floats


class Recommender:
    """Recommend to anybody, anything, from the first day; learn more with every event.

    A user nobody has heard of, an empty history and an item added a moment ago are ordinary
    input. ``fit`` plays cold starts on the data, measures every strategy for users with 0 to
    many events and for new items, and keeps what helps.

    Args:
        strategies: ``"auto"`` lets simulated cold starts weigh the whole line-up; else names.
        encoder: Text model: ``"auto"``, ``"none"``, a model id or a folder.
        rules: Which events are positive; default: recognised from the data and shown.
        fields: Roles of item columns where the recognised ones are wrong.
        seed: Makes every random choice repeatable.

    Example:
        >>> events = pl.DataFrame({"user_id": ["ann", "ann", "bob"],
        ...                        "item_id": ["tea", "cup", "tea"]})
        >>> items = pl.DataFrame({"item_id": ["tea", "cup", "pot", "rum"],
        ...                       "title": ["green tea", "tea cup", "tea pot", "dark rum"]})
        >>> shop = Recommender(encoder="none").fit(events, items)
        >>> shop.recommend(["somebody new"], k=1)["item_id"].to_list()
        ['tea']
    """

    def __init__(
        self,
        *,
        strategies: str | Sequence[str] = "auto",
        encoder: str | Encoder = "auto",
        rules: EventRules | None = None,
        fields: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        self.strategies = line_up(strategies)
        self.encoder = encoder
        self.rules = rules
        self.fields = fields
        self.seed = seed
        self.notes: tuple[str, ...] = ()
        """What a careful user should know about the last training, in plain sentences."""
        self._encoder_name: str | None = None
        self._learned: Learned | None = None

    def fit(
        self,
        data: Any,
        items: Any = None,
        users: Any = None,
        *,
        progress: Progress | None = None,
    ) -> Self:
        """Learn from events, items and users: tables, frames or paths.

        Args:
            data: :class:`Tables`, an import result, or events as a frame or a path.
            items: The catalogue, unless ``data`` has it; new items without events belong here.
            users: Profiles, unless ``data`` has them.
            progress: Called with what is being done.

        Raises:
            DataError: An input cannot be read.
        """
        tables, rules, notes = as_tables(data, items, users, self.rules)
        encoder, faults = self._text_encoder(tables.items)
        options = Options(self.strategies, encoder, rules, self.fields, self.seed)
        learned, histories = learn(tables, options, progress or (lambda _: None))
        self.notes = (*notes, *faults, f"events: {learned.rules}")
        self._start(learned, histories, Catalogue.of(tables))
        return self

    def recommend(
        self,
        users: Sequence[str] | None = None,
        *,
        profiles: Any = None,
        histories: Any = None,
        k: int = 10,
        exclude_seen: bool = True,
        items: Sequence[str] | None = None,
        exclude: Any = None,
        explain: bool = False,
    ) -> pl.DataFrame:
        """Return the best items for users, known or not.

        Args:
            users: Ids; default: those of ``profiles`` and ``histories``.
            profiles: Frame of ``user_id`` and attributes or ``text``: what is known right now.
            histories: Frame of ``user_id, item_id`` and, if known, ``timestamp``: events beside
                those already learned or added.
            k: Items for each user.
            exclude_seen: Leave out what the user has events with.
            items: Candidates; default: the whole catalogue.
            exclude: Frame of ``user_id, item_id`` never to be recommended.
            explain: Add ``reasons``: named evidence whose values add up to the score.

        Returns:
            ``user_id, item_id, rank, score, strategy, user_temperature, item_temperature`` and,
            if asked, ``reasons``; a user with fewer candidates has fewer rows.

        Raises:
            NotFittedError: Nothing has been learned.
            ConfigError: ``k`` or ``users`` cannot be used.
            DataError: A frame lacks a column.
        """
        check_k(k)
        asked = self._asked(users, profiles, histories)
        answers = Answers(
            self._scorers, self._catalogue, check_ids(items, "items"), self._attributes
        )
        never = None if exclude is None else as_frame(exclude, "user_id")
        parts = [
            answers.frame(
                part,
                self._queries(part),
                self._seen(part) if exclude_seen else None,
                never,
                k,
                explain=explain,
            )
            for part in asked.parts()
        ]
        return pl.concat(parts) if parts else answers.nothing(explain=explain)

    def similar_items(
        self,
        ids: Sequence[str] | None = None,
        *,
        texts: Sequence[str] | None = None,
        k: int = 10,
    ) -> pl.DataFrame:
        """Return the items most like known ones, or like a text.

        Likeness is that of content, plus, for items with events, that of their buyers.

        Returns:
            ``query, item_id, rank, score, strategy``.
        """
        check_k(k)
        learned = self._need()
        return similar(
            learned,
            self._catalogue,
            check_ids(ids, "ids") or [],
            check_ids(texts, "texts") or [],
            k,
        )

    def audience(
        self, item: str | None = None, *, text: str | None = None, k: int = 10
    ) -> pl.DataFrame:
        """Return the known users who would like an item best, new or not.

        Returns:
            ``user_id, rank, score, strategy``; users who already have it are left out.
        """
        check_k(k)
        wanted = one_item(self._need(), self._catalogue, item, text)
        row = self._catalogue.row(item or "")

        def parts() -> Iterator[tuple[list[str], Queries, Floats]]:
            for part in Asked(self._histories.known(), None, None).parts():
                seen = self._seen(part)
                have = seen[:, [row]].toarray()[:, 0] if row >= 0 else np.zeros(seen.shape[0])
                yield part.users, self._queries(part), have

        return rank_users(self._scorers[0].wing(wanted), parts(), k)

    def explain(self, user: str, item: str) -> pl.DataFrame:
        """Return every piece of evidence of one score: ``kind, name, title, value``; exact."""
        found = self.recommend([user], k=1, items=[item], exclude_seen=False, explain=True)
        empty = {"kind": pl.String, "name": pl.String, "title": pl.String, "value": pl.Float64}
        if not found.height:
            return pl.DataFrame(schema=empty)
        return found.select(pl.col("reasons").explode()).unnest("reasons")

    def add_items(self, items: Any) -> Self:
        """Add items to the catalogue; they are candidates in the next answer."""
        learned = self._need()
        new = self._catalogue.new_rows(as_frame(items, "item_id"))
        if new.height:
            blocks = learned.content.transform(new)
            added = Items(Vocabulary(new["item_id"].to_list()), blocks)
            self._scorers.append(self._scorers[0].wing(added))
            self._catalogue = self._catalogue.with_items(new, added)
            self._asking = self._asking.grown(self._catalogue.items)
        return self

    def add_users(self, users: Any) -> Self:
        """Remember profiles; they count in the next answer."""
        self._need()
        self._catalogue = self._catalogue.with_users(as_frame(users, "user_id"))
        return self

    def add_events(self, events: Any) -> Self:
        """Remember events; they count in the next answer, without training."""
        self._need()
        self._histories.add(self._event_rows(events))
        return self

    @property
    def report(self) -> dict[str, Any]:
        """What ``fit`` measured in its simulated cold starts."""
        return self._need().blend.report

    @property
    def items(self) -> pl.DataFrame:
        """The catalogue now."""
        self._need()
        return self._catalogue.frame

    def save(self, folder: str | Path) -> None:
        """Write a release: models, blend, catalogue. It holds nothing of any single user."""
        write_release(Path(folder), self._need(), self._catalogue, self._settings())

    @classmethod
    def load(
        cls, folder: str | Path, *, events: Any = None, users: Any = None
    ) -> "Recommender":
        """Read a release; give events and users to have their histories and profiles back."""
        learned, catalogue, settings = read_release(Path(folder))
        model = cls(seed=settings["seed"])
        model.strategies = learned.fitted.strategies
        model.notes, model._encoder_name = tuple(settings["notes"]), settings["encoder"]
        model._start(learned, Histories.empty(), catalogue)
        if users is not None:
            model.add_users(users)
        return model if events is None else model.add_events(events)

    def evaluate(self, data: Any, items: Any = None, users: Any = None, **options: Any) -> Any:
        """Judge this recommender's settings on hidden parts of the data; see ``evaluation``.

        Returns:
            A :class:`daybreak.evaluation.Report` with the baselines beside it.
        """
        from daybreak.service.judging import judge  # noqa: PLC0415

        return judge(self, data, items, users, **options)

    def again(self) -> "Recommender":
        """Return an unfitted recommender with the same settings."""
        copy = Recommender(
            encoder=self.encoder, rules=self.rules, fields=self.fields, seed=self.seed
        )
        copy.strategies = self.strategies
        return copy

    def _text_encoder(self, items: pl.DataFrame) -> tuple[Encoder | None, tuple[str, ...]]:
        if isinstance(self.encoder, Encoder):
            return self.encoder, ()
        choice = choose_encoder(self.encoder, items)
        self._encoder_name = choice.name
        return choice.encoder, choice.notes

    def _start(self, learned: Learned, histories: Histories, catalogue: Catalogue) -> None:
        catalogue = catalogue.encoded(learned.items)
        self._learned, self._histories, self._catalogue = learned, histories, catalogue
        self._scorers = [Scorer(learned.blend, learned.fitted, learned.items)]
        self._asking = Asking(learned.fitted.anchors, learned.items)
        self._attributes = learned.profile.names

    def _need(self) -> Learned:
        if self._learned is None:
            raise NotFittedError("the recommender has not learned yet; call fit(events, items)")
        return self._learned

    def _settings(self) -> dict[str, Any]:
        return {"seed": self.seed, "notes": list(self.notes), "encoder": self._encoder_name}

    def _asked(self, users: Sequence[str] | None, profiles: Any, histories: Any) -> Asked:
        self._need()
        profile = None if profiles is None else as_frame(profiles, "user_id")
        extra = Histories.empty()
        frame = None
        if histories is not None:
            frame = as_frame(histories, "user_id")
            extra.add(self._event_rows(frame))
        chosen = check_ids(users, "users")
        return Asked(ids_of(profile, frame) if chosen is None else chosen, profile, extra)

    def _event_rows(self, events: Any) -> list[tuple[str, int, float, bool]]:
        """Return events on known items; an event on an item nobody described says nothing."""
        return event_rows(events, self._catalogue.items.ids, self.rules)

    def _queries(self, part: Asked) -> Queries:
        learned = self._need()
        frame = self._catalogue.profiles(part.users, part.profiles)
        profile = sp.csr_array(learned.profile.transform(frame))
        events = self._histories.of(part.users, part.extra)
        return self._asking.queries(events, profile, self._sentences(frame))

    def _sentences(self, frame: pl.DataFrame) -> dict[int, Items]:
        if TEXT not in frame.columns:
            return {}
        said = frame[TEXT].cast(pl.String).fill_null("").to_list()
        rows = [row for row, text in enumerate(said) if text.strip()]
        if not rows:
            return {}
        blocks = self._need().content.texts([said[row] for row in rows])
        return {row: sentence(blocks, place) for place, row in enumerate(rows)}

    def _seen(self, part: Asked) -> Any:
        return self._histories.seen(part.users, len(self._catalogue.items), part.extra)
