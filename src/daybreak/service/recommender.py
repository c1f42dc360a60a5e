"""The recommender of the library: fit, recommend, explain, update, save."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

from daybreak.data import EventRules, Rejects
from daybreak.data.importing import ColumnChoices
from daybreak.data.media.columns import read_picture
from daybreak.deprecation import parameter_aliases, warn_deprecated
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DataError
from daybreak.ranking.blending.strategies import check_objective, get_strategies
from daybreak.ranking.blending.weights import check_popularity
from daybreak.ranking.reranking.rules import Rules
from daybreak.service.inputs.frames import (
    ReadingChoices,
    add_titles,
    as_frame,
    as_tables,
    check_id,
    check_ids,
    check_k,
    check_texts,
    warn_of_rejects,
)
from daybreak.service.planning import PlanningRecommender
from daybreak.service.releases.release import (
    read_release,
    read_trained_model,
    reported_damage,
    write_release,
)
from daybreak.service.releases.remote import local_folder
from daybreak.service.results import FrameKind, integer_columns
from daybreak.service.source_inputs import read_sources
from daybreak.service.state.audience import find_audience
from daybreak.service.state.explain import REASON_FIELDS, explain_items
from daybreak.service.state.frame_requests import (
    FrameRequest,
    empty_recommendations,
    reason_columns,
    recommendations_frame,
)
from daybreak.service.state.onboarding import OnboardingAnswers, next_questions
from daybreak.service.state.rules import (
    candidates_of,
    excluded_by,
    rules_of_users,
    with_popularity,
)
from daybreak.service.state.serving_state import ServingState
from daybreak.service.state.similarity import similar_items
from daybreak.service.state.unknown_items import (
    CANDIDATES,
    EXCLUDED,
    require_item,
    warn_of_unknown_items,
)
from daybreak.service.state.unread_texts import warn_of_unread_descriptions
from daybreak.service.training.encoder_choice import EncoderChoice
from daybreak.service.training.fit import (
    FitConfig,
    TrainedModel,
    train_model,
)
from daybreak.service.training.notebook_progress import default_progress
from daybreak.service.training_notes import training_notes
from daybreak.types import ExplainMode, Progress, UnknownItems

if TYPE_CHECKING:
    from daybreak.evaluation import Report
    from daybreak.service.releases.gate import GateResult


class Recommender(PlanningRecommender):
    """Recommends items to users; users and items may have no events.

    ``fit`` simulates cold starts on the data, measures every strategy for users with 0 to many
    events and for new items, and keeps those that help.

    Args:
        strategies: Names of strategies, or ``"auto"`` for all default strategies, weighted by
            simulated cold starts.
        budget_s: Largest duration of a training [s]. With a budget the slow strategies are
            tried as well; those that do not fit in, or do not help, are left out, and
            :attr:`report` says so. The fast strategies are always trained.
        objective: ``"cold_start"``; or ``"next"``: weights of people with events are fitted
            on their next event alone, and the default of ``popularity`` is 1.
        popularity: Default of the setting, from 0 (lists show the taste of a history as clearly
            as they can) to 1 (lists have what is chosen most often, which has the highest
            NDCG); None: as much taste as 98.5 % of that NDCG in simulated cold starts allow.
        search: Whether a part of the budget is used to search for better options of the
            strategies first; needs the extra ``search``.
        memory: Largest memory of the process while it trains, such as ``"2GB"``, or in bytes;
            None: no bound. What it changes is in :attr:`notes`; see :meth:`plan`.
        encoder: Text encoder: ``"auto"``, ``"none"``, a model id, a folder, a loaded encoder,
            or the result of :func:`choose_encoder`.
        rules: Rules that say which events are positive; default: derived from the data.
        fields: Roles of item columns that are recognised wrongly.
        seed: Seed of all random choices.
        unknown_items: Where a catalogue is given, whether items that only events know may be
            recommended: ``"exclude"`` or ``"recommend"``. Their events count in any case.
        output: Library of the frames that are returned: ``"polars"`` or ``"pandas"``. Ids that
            were integers in the data are integers in the results.

    Example:
        >>> events = pl.DataFrame({"user_id": ["ann", "ann", "bob"],
        ...                        "item_id": ["tea", "cup", "tea"]})
        >>> items = pl.DataFrame({"item_id": ["tea", "cup", "pot", "rum"],
        ...                       "title": ["green tea", "tea cup", "tea pot", "dark rum"]})
        >>> model = Recommender(encoder="none").fit(events, items)
        >>> model.recommend(["a new user"], k=1)["item_id"].to_list()
        ['tea']
    """

    def __init__(  # noqa: PLR0913 - all settings of a training, each optional
        self,
        *,
        strategies: str | Sequence[str] = "auto",
        encoder: str | Encoder | EncoderChoice = "auto",
        rules: EventRules | None = None,
        fields: dict[str, Any] | None = None,
        seed: int = 0,
        budget_s: float | None = None,
        search: bool = False,
        memory: str | int | None = None,
        objective: str = "cold_start",
        popularity: float | None = None,
        unknown_items: UnknownItems = "exclude",
        output: FrameKind = "polars",
    ) -> None:
        if budget_s is not None and not budget_s > 0:
            raise ConfigError(f"budget_s must be above 0 seconds, got {budget_s!r}")
        if search and budget_s is None:
            raise ConfigError("search=True needs a time budget; give budget_s=")
        self.popularity = None if popularity is None else check_popularity(popularity)
        self.objective = check_objective(objective)
        self.strategies = get_strategies(
            strategies, include_slow=budget_s is not None, objective=self.objective
        )
        self._given_strategies = strategies
        self.budget_s = budget_s
        self.search = search
        self.memory = memory
        self.encoder = encoder
        self.rules = rules
        self.fields = fields
        self.seed = seed
        self.notes: tuple[str, ...] = ()
        """Notes on the last training, as sentences."""
        self._rejects = Rejects()
        self._encoder_name: str | None = None
        self._state: ServingState | None = None
        self.unknown_items = unknown_items
        self.output = output

    @property
    def rejects(self) -> pl.DataFrame:
        """Rows and values that the last training did not use: file, row, reason, and so on."""
        return self._rejects.frame()

    def fit(  # noqa: PLR0913 - what a training depends on, most of it optional
        self,
        data: Any = None,
        items: Any = None,
        users: Any = None,
        *,
        start: "Recommender | str | Path | None" = None,
        keep_weights: bool = False,
        sources: Any = (),
        columns: ColumnChoices | None = None,
        date_format: str | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Train on events, items and users: tables, frames or paths.

        Rows and values that cannot be used are in :attr:`rejects`; a
        :class:`RejectedRowsWarning` names the first.

        Args:
            data: :class:`Tables`, an import result, or events as a frame or a path.
            items: Catalogue, unless ``data`` has it; it may contain items without events.
            users: Profiles, unless ``data`` has them.
            start: Earlier recommender, or its folder, whose models are the starting point.
            keep_weights: Whether the weights of ``start`` are kept, without simulated cold
                starts.
            sources: Other shops to learn from, where it helps: stores, folders, files, frames,
                releases, recommenders, or values of ``domain``; one, several, or by name.
            columns: Names of columns that are not recognised, as of :func:`read_tables`.
            date_format: Form of the dates, as of :func:`read_tables`.
            progress: Called with a description of each step.

        Raises:
            DataError: An input cannot be read, or there are no items.
            ConfigError: ``keep_weights`` without ``start``, or ``columns`` with tables.
        """
        warm_start = None if start is None else self._trained_model_of(start).warm_start
        if keep_weights and warm_start is None:
            raise ConfigError("keep_weights needs the weights of an earlier model; give start=")
        self._integer_ids = integer_columns(data, items, users)
        form = ReadingChoices(columns, date_format)
        tables, rules, notes, rejects = as_tables(data, items, users, self.rules, form)
        warn_of_rejects(rejects, stacklevel=2)
        if not tables.items.height:
            raise DataError("there are no items; give events, or a catalogue as items=")
        tables, found = read_sources(tables, sources, rules)
        encoder, encoder_notes = self._load_text_encoder(tables.items)
        config = FitConfig(
            self.strategies,
            encoder,
            rules,
            self.fields,
            self.seed,
            self.budget,
            warm_start,
            keep_weights,
            1.0 if self.popularity is None and self.objective == "next" else self.popularity,
            found,
        )
        trained, histories = train_model(tables, config, progress or default_progress())
        self._rejects = rejects
        self.source_names = tuple(one.name for one in found)
        told = training_notes(trained, tables, found)
        self.notes = (*notes, *encoder_notes, *told)
        users_known = tables.users if trained.users is None else trained.users
        state = ServingState.from_training(trained, tables.items, users_known, histories)
        self._state = self._with_settings(state)
        return self

    def recommend(  # noqa: PLR0913 - all parts of a request, each optional
        self,
        users: Sequence[str] | None = None,
        *,
        profiles: Any = None,
        histories: Any = None,
        times: Any = None,
        k: int = 10,
        exclude_seen: bool | None = None,
        items: Sequence[str] | None = None,
        exclude: Any = None,
        explain: ExplainMode = False,
        language: str = "en",
        titles: bool = False,
        rules: Rules | Sequence[Rules] | None = None,
        where: str | None = "",
        popularity: float | None = None,
    ) -> pl.DataFrame:
        """Return the best items for users, known or not.

        Args:
            users: Ids, each answered once; default: those of ``profiles`` and ``histories``.
            profiles: Frame of ``user_id`` and attributes or ``text``, used for this call only;
                it replaces stored values column by column.
            histories: Frame of ``user_id, item_id`` and, if known, ``timestamp``: events in
                addition to the stored ones, used for this call only.
            times: Frame of ``user_id, timestamp``: when users are asked, if not now; the time
                since their last event counts. What is on sale is a matter of the rules.
            k: Number of items of each user, from 1 to 10,000.
            exclude_seen: Whether to leave out items that the user has, as by a purchase; being
                shown or looked at is not having. Default: yes, unless people usually take the
                same items again. ``Rules(exclude_events=...)`` names the types of events.
            items: Candidates; default: the whole catalogue. Those that the catalogue does not
                have are left out, and an :class:`UnknownIdWarning` names them.
            exclude: Frame of ``user_id, item_id`` that must not be recommended; unknown items
                are named in an :class:`UnknownIdWarning`, as those of ``histories`` and rules.
            explain: Whether to add the column ``reasons``: the six largest pieces of evidence
                and the sum of the rest, as ``kind, name, title, value``; the values add up to
                the score. ``"text"`` also adds the column ``explanation``, a sentence.
            language: Language of the sentences: ``en`` or ``zh``.
            titles: Whether to add the column ``title``, if the catalogue has titles.
            rules: Filters, boosts, diversity and quotas, for all users or one for each of
                ``users``; seen items stay in if the rules or ``exclude_seen`` say so.
            where: Filter of items, such as ``"price < 10"``, in addition to those of the rules.
            popularity: Setting of the lists whose rules have none, from 0 (taste) to 1 (best
                sellers); default: that of the recommender.

        Returns:
            ``user_id, item_id, rank, score, strategy, user_temperature, item_temperature``;
            with a ``popularity`` that is not the default, that column; with rules also ``rule``
            (kind of the rule that moved the item; null: none), and on request ``reasons``. A
            user with fewer candidates than ``k`` has fewer rows.

        Raises:
            NotFittedError: The recommender is not fitted.
            ConfigError: ``k``, ``users``, ``rules`` or ``popularity`` is invalid.
            DataError: A frame lacks a column.
            FilterError: A filter cannot be parsed, or its column does not exist.
        """
        k = check_k(k)
        state = self.state
        request = FrameRequest.from_frames(state, users, profiles, histories, times)
        excluded = None if exclude is None else as_frame(exclude, "user_id", "item_id")
        named = request.users if users is None else check_ids(users, "users") or []
        by_user = rules_of_users(rules, named, check_ids(items, "items"), where)
        unwanted = [] if excluded is None else excluded["item_id"].unique().to_list()
        lists = [
            (CANDIDATES, candidates_of(by_user.values())),
            (EXCLUDED, [*excluded_by(by_user.values()), *unwanted]),
        ]
        warn_of_unknown_items(state.catalogue, lists, stacklevel=2)
        by_user = with_popularity(by_user, popularity)
        settings = {one.popularity for one in by_user.values()}
        columns = {
            "with_rules": rules is not None or bool(where),
            "with_popularity": bool(settings - {None, state.default_popularity}),
        }
        frames = []
        for batch in request.batches(by_user, k, excluded, exclude_seen=exclude_seen):
            ranked = state.ranker.rank(batch)
            frame = recommendations_frame(state, batch, ranked, **columns)
            if explain:
                writer = self._sentence_writer(language) if explain == "text" else None
                frame = frame.with_columns(reason_columns(state, batch, ranked, writer))
            frames.append(frame)
        empty = empty_recommendations(explain=explain, **columns)
        answer = pl.concat(frames) if frames else empty
        answer = add_titles(answer, state.catalogue.frame) if titles else answer
        return self._presented(answer, users)

    def similar_items(  # noqa: PLR0913 - what to compare with, and how to answer
        self,
        ids: Sequence[str] | None = None,
        *,
        texts: Sequence[str] | None = None,
        images: Sequence[Any] = (),
        k: int = 10,
        where: str | None = "",
        explain: bool = False,
        titles: bool = False,
    ) -> pl.DataFrame:
        """Return the items most similar to given items, to a text or to a picture.

        The similarity is that of the content, from 0 to 1, plus, where the training found that
        it helps, the share of common users. Items that share nothing are left out.

        Args:
            ids: Items of the catalogue; those that it does not have are left out, and an
                :class:`UnknownIdWarning` names them.
            texts: Descriptions.
            images: Pictures: paths, bytes or data URIs.
            k: Number of items for each.
            where: Filter of the similar items.
            explain: Whether to add the column ``reasons``: the words, attributes and users that
                make the items similar; the values add up to the score.
            titles: Whether to add the column ``title``, if the catalogue has titles.

        Returns:
            ``query, item_id, rank, score, strategy``, on request ``reasons``; ``strategy`` is
            ``similar/content``, with common users ``similar/content+bought``.

        Raises:
            NotFittedError: The recommender is not fitted.
            ConfigError: ``k``, ``ids`` or ``texts`` is invalid.
            FilterError: The filter cannot be parsed, or its column does not exist.
        """
        k = check_k(k)
        state, item_ids = self.state, check_ids(ids, "ids") or []
        described = [*(check_texts(texts, "texts") or []), *map(read_picture, images)]
        warn_of_unknown_items(state.catalogue, [(CANDIDATES, item_ids)], stacklevel=2)
        answer = similar_items(state, item_ids, described, k, where=where, explain=explain)
        warn_of_unread_descriptions(state, described, answer, stacklevel=2)
        return self._presented(add_titles(answer, state.catalogue.frame) if titles else answer)

    @parameter_aliases(item="item_id")
    def audience(
        self,
        item_id: str | None = None,
        *,
        text: str | None = None,
        k: int = 10,
        explain: bool = False,
    ) -> pl.DataFrame:
        """Return the known users with the highest scores for an item, new or not.

        Args:
            item_id: Item of the catalogue; also accepted as ``item``.
            text: Description of a new item, instead.
            k: Number of users.
            explain: Whether to add the column ``reasons``: what each user chose or said that
                speaks for the item; the values add up to the score.

        Returns:
            ``user_id, rank, score, strategy``, on request ``reasons``; users who have the item,
            or who do not want it, are left out.

        Raises:
            NotFittedError: The recommender is not fitted.
            ConfigError: Not exactly one of ``item_id`` and ``text`` was given.
            NotFoundError: The item is not in the catalogue.
        """
        k = check_k(k)
        state = self.state
        user_ids = list(dict.fromkeys([*state.histories.user_ids(), *state.profiles.rows]))
        known = None if item_id is None else check_id(item_id, "item_id")
        answer = find_audience(state, user_ids, known, text, k, explain=explain)
        return self._presented(answer)

    @parameter_aliases(user="user_id", item="item_id")
    def explain(
        self,
        user_id: str,
        item_id: str,
        *,
        profiles: Any = None,
        histories: Any = None,
        popularity: float | None = None,
    ) -> pl.DataFrame:
        """Return all evidence for one score: ``kind, name, title, value``.

        The values add up to the score, also of an item that is not available now.

        Args:
            user_id: User, known or not; also accepted as ``user``.
            item_id: Item; also accepted as ``item``.
            profiles: As for :meth:`recommend`.
            histories: As for :meth:`recommend`.
            popularity: As for :meth:`recommend`.

        Raises:
            NotFoundError: The item is not in the catalogue.
        """
        state = self.state
        request = FrameRequest.from_frames(state, [user_id], profiles, histories)
        row = require_item(state.catalogue, check_id(item_id, "item_id"), next_step=None)
        batch = next(
            request.batches(dict.fromkeys(request.users, Rules(popularity=popularity)), 1)
        )
        (reasons,) = explain_items(state, batch, 0, np.array([row]))
        answer = pl.DataFrame([vars(reason) for reason in reasons], schema=REASON_FIELDS)
        return self._presented(answer)

    def onboarding(
        self,
        k: int = 5,
        *,
        yes: Sequence[str] = (),
        asked: Sequence[str] = (),
        profiles: Any = None,
        attributes: bool = False,
        text: str = "",
    ) -> pl.DataFrame:
        """Return the questions to a new user whose answers are expected to help most.

        Args:
            k: Number of questions that are asked together.
            yes: Items that the user knows and likes, according to earlier answers.
            asked: Items that were asked about without a yes, and attributes that the user did
                not answer.
            profiles: Frame of ``user_id`` and the known attributes or ``text``, one row.
            attributes: Whether to ask for attributes of profiles as well.
            text: What the user says; it replaces a text in ``profiles``.

        Returns:
            ``rank, kind, name, title, values, chance, gain, source``. ``chance`` is the
            probability of an informative answer, ``gain`` the expected improvement of the list
            [DCG@10].
        """
        k = check_k(k)
        liked, declined = check_ids(yes, "yes") or [], check_ids(asked, "asked") or []
        profile = None
        if profiles is not None:
            profile = self.state.profiles.rename(as_frame(profiles, "user_id")[:1])
        answers = OnboardingAnswers(tuple(liked), tuple(declined), profile, text)
        return self._presented(next_questions(self.state, k, answers, attributes=attributes))

    def save(self, folder: str | Path) -> None:
        """Write a release: models, blend, catalogue. It contains no data of single users.

        An existing folder is replaced; it contains a complete release at every moment.
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
        """Save into a folder, unless the result is worse than the release in service.

        Args:
            folder: Folder of the new release.
            data: Data on which both are compared, as for :meth:`fit`.
            over: Folder of the release in service; default: ``folder``.
            force: Whether to write in any case; the release records the result.
            **options: ``items``, ``users``, ``progress``, as for :meth:`fit`; ``sources``:
                those of the training, as ``read_sources`` returns them.

        Raises:
            GateRefusedError: A slice is significantly worse; the folder is unchanged.
            ConfigError: There is a release in service, but no data to compare on.
        """
        replaced = Path(folder if over is None else over)
        from daybreak.service.releases.gate import check_release  # noqa: PLC0415 - answers need no simulation

        result = check_release(replaced, self.state.trained, data, force=force, **options)
        self._write_release(Path(folder), result.to_dict())
        return result

    def compare(
        self, other: "Recommender | str | Path", data: Any, **options: Any
    ) -> "GateResult":
        """Compare with another recommender, or with a release in a folder.

        Args:
            other: Recommender or release in service.
            data: Data on which both are compared, as for :meth:`fit`.
            **options: ``items``, ``users``, ``progress``, as for :meth:`fit`.
        """
        trained = self.state.trained, self._trained_model_of(other)
        from daybreak.service.releases.gate import compare_recommenders  # noqa: PLC0415 - answers need no simulation

        return compare_recommenders(*trained, data, **options)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        events: Any = None,
        users: Any = None,
        encoder: Encoder | None = None,
        for_few_answers: bool = False,
    ) -> Self:
        """Read a release; events and users restore histories and profiles.

        Args:
            folder: Folder that :meth:`save` wrote, or the address of a release that
                :func:`.push_release` copied to object storage, such as
                ``s3://BUCKET/releases/ID``.
            events: As for :meth:`add_events`.
            users: As for :meth:`add_users`.
            encoder: Text encoder, if :meth:`fit` was given one that has no name.
            for_few_answers: Whether the process answers a few times, as a command does. Then
                only the parts of the models that an answer needs are read; each answer takes
                longer. A file next to the folder remembers that the checksums are right.

        Raises:
            NotFoundError: There is no release, or its text model is not installed.
            DataError: The release is damaged, or of another version.
        """
        path = local_folder(folder)
        trained, catalogue, settings = read_release(
            path, encoder, remember=for_few_answers, for_few_answers=for_few_answers
        )
        model = cls(
            seed=settings["seed"],
            encoder=encoder or settings["encoder"] or "none",
            unknown_items=settings.get("unknown_items", "exclude"),
        )
        model.strategies, model._given_strategies = trained.fitted.strategies, None
        model.notes, model._encoder_name = tuple(settings["notes"]), settings["encoder"]
        with reported_damage(path):
            state = ServingState.from_training(
                trained,
                catalogue.frame,
                encoded=catalogue.items,
                sums_rows=for_few_answers,
            )
        model._state = model._with_settings(state)
        model._integer_ids = frozenset(settings.get("integer_ids", ()))
        if users is not None:
            model.add_users(users)
        if events is not None:  # on items that the release does not have, too
            model._state = model._state.with_events(as_frame(events, "user_id", "item_id"))
        return model

    @property
    def report(self) -> dict[str, Any]:
        """Results of the simulated cold starts of ``fit``."""
        return self.state.trained.blend.report

    def evaluate(
        self, data: Any, items: Any = None, users: Any = None, **options: Any
    ) -> "Report":
        """Evaluate the settings of this recommender on held-out parts of the data.

        The fitted models are not used: for each part a new recommender is trained on the rest.

        Args:
            data: As for :meth:`fit`.
            items: As for :meth:`fit`.
            users: As for :meth:`fit`.
            **options: ``k``, ``slices``, ``also`` (strategies that are evaluated alone as
                well), ``cold_items`` (``"random"`` or ``"newest"``), ``progress``, and
                ``sources`` as for :meth:`fit`, with and without which it is evaluated.

        Returns:
            The report, which compares with random and popular lists.
        """
        from daybreak.service.benchmarking.evaluate import evaluate_recommender  # noqa: PLC0415 - answers need no simulation

        tables, rules, *_ = as_tables(data, items, users, self.rules)
        target, found = read_sources(tables, options.pop("sources", ()), rules)
        return evaluate_recommender(self, target, rules, sources=found, **options)

    def clone(
        self, strategies: str | Sequence[str] | None = None, rules: EventRules | None = None
    ) -> Self:
        """Return an unfitted recommender with the same settings.

        Args:
            strategies: Other strategies; default: the same.
            rules: Other rules for events; default: the same.
        """
        params = {**self.get_params(), "rules": rules or self.rules, "strategies": "auto"}
        copy = type(self)(**params)
        if strategies is None:
            copy.strategies, copy._given_strategies = self.strategies, self._given_strategies
        else:
            copy.strategies, copy._given_strategies = get_strategies(strategies), strategies
        return copy

    def __sklearn_clone__(self) -> Self:
        return self.clone()

    def again(
        self, strategies: str | Sequence[str] | None = None, rules: EventRules | None = None
    ) -> Self:
        """Deprecated name of :meth:`clone`."""
        warn_deprecated("Recommender.again", "Recommender.clone")
        return self.clone(strategies, rules)

    def _trained_model_of(self, model: "Recommender | str | Path") -> TrainedModel:
        """Return the trained model of a recommender or of a release."""
        if isinstance(model, Recommender):
            return model.state.trained
        encoder = self.encoder if isinstance(self.encoder, Encoder) else None
        return read_trained_model(Path(model), encoder)

    def _write_release(self, folder: Path, gate: dict[str, Any] | None = None) -> None:
        state = self.state
        settings = {
            "seed": self.seed,
            "notes": list(self.notes),
            "encoder": self._encoder_name,
        }
        if self.unknown_items != "exclude":
            settings["unknown_items"] = self.unknown_items
        if self._integer_ids:
            settings["integer_ids"] = sorted(self._integer_ids)
        write_release(folder, state.complete_model(), state.catalogue, settings, gate)
