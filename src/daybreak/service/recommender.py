"""Keeping what was learned: save, load, release through the gate, compare.

The catalogue of a recommender: items come, change and go without a training.

The product in one class: learn, recommend, explain, grow, keep.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from daybreak.data import EventRules
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DataError, NotFittedError
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.benchmarking.evaluate import evaluate_recommender
from daybreak.service.inputs.frames import (
    as_frame,
    as_tables,
    changed_rows,
    check_ids,
    check_k,
    user_ids_of,
)
from daybreak.service.inputs.histories import EventRows, Histories, event_rows
from daybreak.service.releases.gate import check_release, compare_recommenders
from daybreak.service.releases.release import read_release, read_trained_model, write_release
from daybreak.service.state.explain import REASON_FIELDS, REASONS_TYPE, explain_lists
from daybreak.service.state.onboarding import OnboardingAnswers, next_questions
from daybreak.service.state.profiles import Profiles
from daybreak.service.state.ranker import RECOMMENDATION_SCHEMA, RulesByUser
from daybreak.service.state.request import LibraryRequest
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity import rank_users, similar_items, single_item
from daybreak.service.training.encoder_choice import EncoderChoice, choose_encoder
from daybreak.service.training.fit import (
    FitConfig,
    Progress,
    TrainedModel,
    TrainingBudget,
    left_out_messages,
    train_model,
)

if TYPE_CHECKING:
    from daybreak.evaluation import Report
    from daybreak.service.releases.gate import GateResult


class Keeping(ABC):
    """The part of a recommender that reads and writes releases."""

    strategies: tuple[Strategy, ...]
    encoder: str | Encoder | EncoderChoice
    seed: int
    notes: tuple[str, ...]
    _encoder_name: str | None
    _state: ServingState | None

    @abstractmethod
    def __init__(
        self, *, encoder: str | Encoder | EncoderChoice = "auto", seed: int = 0
    ) -> None:
        """Take the settings that a release remembers."""

    @abstractmethod
    def add_users(self, users: Any) -> Self:
        """Remember profiles."""

    @abstractmethod
    def add_events(self, events: Any) -> Self:
        """Remember events."""

    @abstractmethod
    def _require_state(self) -> ServingState:
        """Return what answers, or raise."""

    def save(self, folder: str | Path) -> None:
        """Write a release: models, blend, catalogue. It holds nothing of any single user.

        A folder that is there is replaced, and is a whole release at every moment.
        """
        self._write_release(Path(folder))

    def release(
        self,
        folder: str | Path,
        data: Any = None,
        *,
        over: str | Path | None = None,
        force: bool = False,
        **options: Any,
    ) -> "GateResult":
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
        before, learned = Path(folder if over is None else over), self._require_state().trained
        verdict = check_release(before, learned, data, force=force, **options)
        self._write_release(Path(folder), verdict.to_dict())
        return verdict

    def compare(self, other: "Keeping | str | Path", data: Any, **options: Any) -> "GateResult":
        """Return how this one would do in the place of another, or of a release in a folder.

        Args:
            other: The one in service.
            data: As for :meth:`fit`: what both are asked about.
            **options: ``items``, ``users``, ``progress``, as for :meth:`fit`.
        """
        sides = self._require_state().trained, self._trained_model_of(other)
        return compare_recommenders(*sides, data, **options)

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
        profiles = Profiles.from_frame(learned.profile, nobody)
        model._state = ServingState.from_training(
            learned, catalogue.frame, profiles, catalogue.items
        )
        if users is not None:
            model.add_users(users)
        return model if events is None else model.add_events(events)

    def _trained_model_of(self, model: "Keeping | str | Path") -> TrainedModel:
        """Return what another has learned, or a release; it may have this one's encoder."""
        if isinstance(model, Keeping):
            return model._require_state().trained
        encoder = self.encoder if isinstance(self.encoder, Encoder) else None
        return read_trained_model(Path(model), encoder)

    def _write_release(self, folder: Path, gate: dict[str, Any] | None = None) -> None:
        shelf = self._require_state()
        settings = {
            "seed": self.seed,
            "notes": list(self.notes),
            "encoder": self._encoder_name,
        }
        write_release(folder, shelf.trained, shelf.catalogue, settings, gate)


class Stocking(Keeping):
    """The part of a recommender that changes its catalogue."""

    def add_items(self, items: Any) -> Self:
        """Add items to the catalogue; they are candidates in the next answer.

        Ids that are there already are passed over; columns that the training did not see are
        kept, but tell nothing.

        Args:
            items: Frame of ``item_id`` and the columns of the catalogue.
        """
        self._state = self._require_state().with_items(as_frame(items, "item_id"))
        return self

    def update_items(self, items: Any) -> Self:
        """Take a catalogue as it is now: add what is new, replace what has changed.

        What was learned of an item's events stays; a column that a row does not have is empty.
        Items that are not named stay as they are.

        Args:
            items: As for :meth:`add_items`.
        """
        shelf, frame = self._require_state(), as_frame(items, "item_id")
        changed = changed_rows(shelf.catalogue.frame, frame)
        self._state = shelf.with_items(changed, replace_known=True).with_items(frame)
        return self

    def remove_items(self, ids: Sequence[str]) -> Self:
        """Take items out of the catalogue: no candidates until they are added or updated again.

        Args:
            ids: Of items; unknown ones are passed over.
        """
        self._state = self._require_state().without_items(check_ids(ids, "ids") or [])
        return self


class Recommender(Stocking):
    """Recommend to anybody, anything, from the first day; learn more with every event.

    A user nobody has heard of, an empty history and an item added a moment ago are ordinary
    input. ``fit`` plays cold starts on the data, measures every strategy for users with 0 to
    many events and for new items, and keeps what helps.

    Args:
        strategies: ``"auto"`` lets simulated cold starts weigh the whole line-up; else names.
        budget_s: Seconds that a training may take. With it the costly strategies compete too;
            those that do not fit in, or do not help, are left out, and :attr:`report` says so.
            The light strategies always learn, however little time there is.
        search: Whether a part of that time goes into a search for better options of the
            strategies first; needs the extra ``search``.
        encoder: Text model: ``"auto"``, ``"none"``, a model id, a folder, a loaded encoder, or
            what :func:`choose_encoder` returned.
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

    def __init__(  # noqa: PLR0913 - what a training can be told, all of it optional
        self,
        *,
        strategies: str | Sequence[str] = "auto",
        encoder: str | Encoder | EncoderChoice = "auto",
        rules: EventRules | None = None,
        fields: dict[str, Any] | None = None,
        seed: int = 0,
        budget_s: float | None = None,
        search: bool = False,
    ) -> None:
        if budget_s is not None and not budget_s > 0:
            raise ConfigError(f"budget_s must be above 0 seconds, got {budget_s!r}")
        if search and budget_s is None:
            raise ConfigError("a search needs to know how long it may take; give budget_s=")
        self.strategies = get_strategies(strategies, include_slow=budget_s is not None)
        self.budget_s = budget_s
        self.search = search
        self.encoder = encoder
        self.rules = rules
        self.fields = fields
        self.seed = seed
        self.notes: tuple[str, ...] = ()
        """What a careful user should know about the last training, in plain sentences."""
        self._encoder_name: str | None = None
        self._state: ServingState | None = None
        self._histories = Histories.empty()

    def fit(
        self,
        data: Any,
        items: Any = None,
        users: Any = None,
        *,
        start: "Recommender | str | Path | None" = None,
        keep_weights: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Learn from events, items and users: tables, frames or paths.

        Args:
            data: :class:`Tables`, an import result, or events as a frame or a path.
            items: The catalogue, unless ``data`` has it; new items without events belong here.
            users: Profiles, unless ``data`` has them.
            start: A recommender of before, or its folder, to go on from.
            keep_weights: Take the weights of ``start`` as they are, and simulate nothing.
            progress: Called with what is being done.

        Raises:
            DataError: An input cannot be read, or there are no items.
            ConfigError: Weights are to be kept, but there is no start.
        """
        before = None if start is None else self._trained_model_of(start).warm_start
        if keep_weights and before is None:
            raise ConfigError("keep_weights needs the weights of an earlier one: give start=")
        tables, rules, notes = as_tables(data, items, users, self.rules)
        if not tables.items.height:
            raise DataError("there are no items; give events, or a catalogue as items=")
        encoder, faults = self._load_text_encoder(tables.items)
        options = FitConfig(
            self.strategies,
            encoder,
            rules,
            self.fields,
            self.seed,
            TrainingBudget(self.budget_s, self.search),
            before,
            keep_weights,
        )
        learned, histories = train_model(tables, options, progress or (lambda _: None))
        absent = left_out_messages(learned.blend.excluded)
        self.notes = (*notes, *faults, f"events: {learned.rules.describe()}", *absent)
        profiles = Profiles.from_frame(learned.profile, tables.users)
        self._state = ServingState.from_training(learned, tables.items, profiles)
        self._histories = histories
        return self

    def recommend(  # noqa: PLR0913 - what a request can tell, all of it optional
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
        rules: Rules | Sequence[Rules] | None = None,
    ) -> pl.DataFrame:
        """Return the best items for users, known or not.

        Args:
            users: Ids; default: those of ``profiles`` and ``histories``. One that is named
                twice is answered once.
            profiles: Frame of ``user_id`` and attributes or ``text``: what is known right now.
            histories: Frame of ``user_id, item_id`` and, if known, ``timestamp``: events beside
                those already learned or added.
            k: Items for each user.
            exclude_seen: Leave out what the user has events with.
            items: Candidates; default: the whole catalogue.
            exclude: Frame of ``user_id, item_id`` never to be recommended.
            explain: Add ``reasons``: the six largest pieces of evidence and the rest of them in
                one, ``kind, name, title, value``; the values add up to the score.
            rules: Filters, boosts, diversity and quotas, for all users or one for each of
                ``users``; what a user has seen is left out if both they and ``exclude_seen``
                say so.

        Returns:
            ``user_id, item_id, rank, score, strategy, user_temperature, item_temperature``,
            with rules ``rule`` (by which one an item was moved; null: by none), and, if asked,
            ``reasons``; a user with fewer candidates has fewer rows.

        Raises:
            NotFittedError: Nothing has been learned.
            ConfigError: ``k``, ``users`` or ``rules`` cannot be used.
            DataError: A frame lacks a column.
            FilterError: A filter cannot be read, or a column of the rules is not there.
        """
        check_k(k)
        shelf = self._require_state()
        request = self._request(users, profiles, histories)
        never = None if exclude is None else as_frame(exclude, "user_id", "item_id")
        named = check_ids(items, "items")
        candidates = shelf.ranker.candidate_mask(named)
        ruled = None
        if rules is not None:
            asking = request.users if users is None else [str(user) for user in users]
            ruled = RulesByUser(shelf.ranker.rule_compiler, asking, rules, named)
        parts = []
        for part in request.iter_chunks():
            if ruled is None:
                asked = part.query_batch(never, exclude_seen=exclude_seen)
                places = shelf.ranker.top_k(asked, candidates, k)
            else:
                hide = ruled.excludes_seen(part.users) & exclude_seen
                asked = part.query_batch(never, exclude_seen=hide)
                places = shelf.ranker.top_k_with_rules(asked, ruled.rules_of(part.users), k)
            frame = shelf.ranker.to_frame(
                asked, places, self._histories.have_events(places.item)
            )
            if explain:
                names = shelf.trained.profile.names
                mine = None if ruled is None else ruled.rules_of(part.users)
                frame = frame.with_columns(
                    explain_lists(shelf.ranker, places, part.query_parts, names, rules=mine)
                )
            parts.append(frame)
        if not parts:
            more = {"rule": pl.String} if ruled is not None else {}
            return pl.DataFrame(
                schema=RECOMMENDATION_SCHEMA
                | more
                | ({"reasons": REASONS_TYPE} if explain else {})
            )
        return pl.concat(parts)

    def similar_items(
        self,
        ids: Sequence[str] | None = None,
        *,
        texts: Sequence[str] | None = None,
        k: int = 10,
    ) -> pl.DataFrame:
        """Return the items most like known ones, or like a text.

        Likeness is that of content, from 0 to 1, plus, where the training found that it helps,
        the share of users in common. Items with nothing in common are left out.

        Args:
            ids: Items of the catalogue; one that nobody knows has no rows.
            texts: Descriptions of what is wanted.
            k: Items for each.

        Returns:
            ``query, item_id, rank, score, strategy``; ``strategy`` is ``similar/content`` where
            nothing is known of users in common, else ``similar/content+bought``.

        Raises:
            NotFittedError: Nothing has been learned.
            ConfigError: ``k``, ``ids`` or ``texts`` cannot be used.
        """
        check_k(k)
        shelf = self._require_state()
        known = check_ids(ids, "ids") or []
        return similar_items(shelf, known, check_ids(texts, "texts") or [], k)

    def audience(
        self, item: str | None = None, *, text: str | None = None, k: int = 10
    ) -> pl.DataFrame:
        """Return the known users who would like an item best, new or not.

        Args:
            item: An item of the catalogue.
            text: What a new item is called, instead.
            k: Users.

        Returns:
            ``user_id, rank, score, strategy``; users who already have it are left out.

        Raises:
            NotFittedError: Nothing has been learned.
            ConfigError: Not exactly one of ``item`` and ``text`` was given.
            NotFoundError: The item is not in the catalogue.
        """
        check_k(k)
        shelf = self._require_state()
        wanted = single_item(shelf, item, text)
        row = -1 if item is None else shelf.catalogue.row(str(item))
        known = dict.fromkeys([*self._histories.user_ids(), *shelf.profiles.rows])

        def parts() -> Iterator[Any]:
            for part in LibraryRequest(shelf, self._histories, list(known)).iter_chunks():
                asked = part.query_batch(None, exclude_seen=row >= 0)
                seen = asked.excluded[0][:, [row]].toarray()[:, 0] > 0 if row >= 0 else None
                yield asked, seen

        return rank_users(shelf.scorers[0], wanted, parts(), k)

    def explain(
        self, user: str, item: str, *, profiles: Any = None, histories: Any = None
    ) -> pl.DataFrame:
        """Return every piece of evidence of one score: ``kind, name, title, value``.

        The values add up to the score. An item that nobody knows has no rows.

        Args:
            user: Id, known or not.
            item: Id.
            profiles: As for :meth:`recommend`.
            histories: As for :meth:`recommend`.
        """
        shelf = self._require_state()
        request = self._request([user], profiles, histories)
        candidates = shelf.ranker.candidate_mask([item])
        if not candidates.any():
            return pl.DataFrame(schema=REASON_FIELDS)
        places = shelf.ranker.top_k(
            request.query_batch(None, exclude_seen=False), candidates, 1
        )
        names = shelf.trained.profile.names
        why = explain_lists(shelf.ranker, places, request.query_parts, names, max_reasons=None)
        return why.explode().struct.unnest()

    def onboarding(
        self,
        k: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        profiles: Any = None,
        attributes: bool = False,
    ) -> pl.DataFrame:
        """Return what to ask somebody new: the answers are expected to help most.

        Args:
            k: Questions that are asked together; best one by one, each by the answers so far.
            yes: Items that the user said to know and like.
            asked: Items that were asked without a yes, and attributes that were not told.
            profiles: Frame of ``user_id`` and the attributes that are known, one row.
            attributes: Whether to ask for attributes of profiles, too.

        Returns:
            ``rank, kind, name, title, values, chance, gain, source``: the ``chance`` that the
            answer tells something, and by how much it is expected to improve the list [DCG@10].
        """
        check_k(k)
        liked, passed = check_ids(yes, "yes") or [], check_ids(asked, "asked") or []
        known = None if profiles is None else as_frame(profiles, "user_id")[:1]
        said = OnboardingAnswers(tuple(liked), tuple(passed), known)
        return next_questions(
            self._require_state(), self._histories, k, said, attributes=attributes
        )

    def add_users(self, users: Any) -> Self:
        """Remember profiles; they count in the next answer.

        Args:
            users: Frame of ``user_id`` and attributes or ``text``; what a row leaves empty
                stays as it was known.
        """
        self._state = self._require_state().with_users(as_frame(users, "user_id"))
        return self

    def add_events(self, events: Any) -> Self:
        """Remember events; they count in the next answer, without training.

        Args:
            events: Frame of ``user_id, item_id`` and, if known, ``timestamp``, ``value``,
                ``event_type``. Without a time an event has just happened. Events on items that
                are not in the catalogue are passed over.
        """
        self._histories = self._histories.with_events(self._event_rows(events))
        return self

    @property
    def report(self) -> dict[str, Any]:
        """What ``fit`` measured in its simulated cold starts."""
        return self._require_state().trained.blend.report

    @property
    def items(self) -> pl.DataFrame:
        """The catalogue now."""
        return self._require_state().catalogue.frame

    def evaluate(
        self, data: Any, items: Any = None, users: Any = None, **options: Any
    ) -> "Report":
        """Judge this recommender's settings on hidden parts of the data.

        What it has learned is neither used nor changed: each hidden part is learned without.

        Args:
            data: As for :meth:`fit`.
            items: As for :meth:`fit`.
            users: As for :meth:`fit`.
            **options: ``k``, ``slices``, ``also`` (strategies to judge alone, too),
                ``cold_items`` (``"random"`` or ``"newest"``), ``progress``.

        Returns:
            The report, with random and popular lists beside it.
        """
        return evaluate_recommender(self, data, items, users, **options)

    def again(
        self, strategies: str | Sequence[str] | None = None, rules: EventRules | None = None
    ) -> Self:
        """Return an unfitted recommender with the same settings, or with other ones."""
        copy = type(self)(
            encoder=self.encoder,
            rules=rules or self.rules,
            fields=self.fields,
            seed=self.seed,
            budget_s=self.budget_s,
            search=self.search,
        )
        copy.strategies = self.strategies if strategies is None else get_strategies(strategies)
        return copy

    def _load_text_encoder(self, items: pl.DataFrame) -> tuple[Encoder | None, tuple[str, ...]]:
        if isinstance(self.encoder, Encoder):
            self._encoder_name = None
            return self.encoder, ()
        given = self.encoder
        choice = given if isinstance(given, EncoderChoice) else choose_encoder(given, items)
        self._encoder_name = choice.name
        return choice.encoder, choice.notes

    def _require_state(self) -> ServingState:
        if self._state is None:
            raise NotFittedError("the recommender has not learned yet; call fit(events, items)")
        return self._state

    def _request(
        self, users: Sequence[str] | None, profiles: Any, histories: Any
    ) -> LibraryRequest:
        profile = None if profiles is None else as_frame(profiles, "user_id")
        extra = None
        if histories is not None:
            histories = as_frame(histories, "user_id", "item_id")
            extra = Histories.empty().with_events(self._event_rows(histories))
        named = check_ids(users, "users")
        chosen = (
            user_ids_of(profile, histories) if named is None else list(dict.fromkeys(named))
        )
        return LibraryRequest(self._require_state(), self._histories, chosen, profile, extra)

    def _event_rows(self, events: Any) -> EventRows:
        shelf = self._require_state()
        return event_rows(events, shelf.catalogue.items.ids, shelf.trained.rules)
