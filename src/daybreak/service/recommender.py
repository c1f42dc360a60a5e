"""The product in one class: learn, recommend, explain, grow, keep."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from daybreak.data import EventRules
from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, DataError, NotFittedError
from daybreak.ranking.rules import Rules
from daybreak.ranking.strategies import line_up
from daybreak.service.answers import SCHEMA
from daybreak.service.encoder_choice import Choice, choose_encoder
from daybreak.service.event_rows import EventRows, event_rows
from daybreak.service.explaining import FIELDS, TYPE, reasons
from daybreak.service.histories import Histories
from daybreak.service.inputs import as_frame, as_tables, check_ids, check_k, ids_of
from daybreak.service.judging import judge
from daybreak.service.learning import Effort, Options, Progress, absences, learn
from daybreak.service.likeness import one_item, rank_users, similar
from daybreak.service.onboarding import Said, next_questions
from daybreak.service.profiles import Profiles
from daybreak.service.request import Request
from daybreak.service.shelf import Shelf
from daybreak.service.stocking import Stocking
from daybreak.service.under_rules import Rulings

if TYPE_CHECKING:
    from daybreak.evaluation import Report


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
        encoder: str | Encoder | Choice = "auto",
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
        self.strategies = line_up(strategies, costly=budget_s is not None)
        self.budget_s = budget_s
        self.search = search
        self.encoder = encoder
        self.rules = rules
        self.fields = fields
        self.seed = seed
        self.notes: tuple[str, ...] = ()
        """What a careful user should know about the last training, in plain sentences."""
        self._encoder_name: str | None = None
        self._shelf: Shelf | None = None
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
        before = None if start is None else self._other(start).start
        if keep_weights and before is None:
            raise ConfigError("keep_weights needs the weights of an earlier one: give start=")
        tables, rules, notes = as_tables(data, items, users, self.rules)
        if not tables.items.height:
            raise DataError("there are no items; give events, or a catalogue as items=")
        encoder, faults = self._text_encoder(tables.items)
        options = Options(
            self.strategies,
            encoder,
            rules,
            self.fields,
            self.seed,
            Effort(self.budget_s, self.search),
            before,
            keep_weights,
        )
        learned, histories = learn(tables, options, progress or (lambda _: None))
        absent = absences(learned.blend.report)
        self.notes = (*notes, *faults, f"events: {learned.rules.describe()}", *absent)
        profiles = Profiles.of(learned.profile, tables.users)
        self._shelf = Shelf.of(learned, tables.items, profiles)
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
        shelf = self._need()
        request = self._request(users, profiles, histories)
        never = None if exclude is None else as_frame(exclude, "user_id", "item_id")
        named = check_ids(items, "items")
        candidates = shelf.answers.candidates(named)
        ruled = None
        if rules is not None:
            asking = request.users if users is None else [str(user) for user in users]
            ruled = Rulings(shelf.answers.rulebook, asking, rules, named)
        parts = []
        for part in request.parts():
            if ruled is None:
                asked = part.asked(never, exclude_seen=exclude_seen)
                places = shelf.answers.best(asked, candidates, k)
            else:
                hide = ruled.hide_seen(part.users) & exclude_seen
                asked = part.asked(never, exclude_seen=hide)
                places = shelf.answers.best_under(asked, ruled.of(part.users), k)
            frame = shelf.answers.frame(asked, places, self._histories.have_events(places.item))
            if explain:
                names = shelf.learned.profile.names
                mine = None if ruled is None else ruled.of(part.users)
                frame = frame.with_columns(
                    reasons(shelf.answers, places, part.evidenced, names, rulings=mine)
                )
            parts.append(frame)
        if not parts:
            more = {"rule": pl.String} if ruled is not None else {}
            return pl.DataFrame(schema=SCHEMA | more | ({"reasons": TYPE} if explain else {}))
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
        shelf = self._need()
        known = check_ids(ids, "ids") or []
        return similar(shelf, known, check_ids(texts, "texts") or [], k)

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
        shelf = self._need()
        wanted = one_item(shelf, item, text)
        row = -1 if item is None else shelf.catalogue.row(str(item))
        known = dict.fromkeys([*self._histories.known(), *shelf.profiles.rows])

        def parts() -> Iterator[Any]:
            for part in Request(shelf, self._histories, list(known)).parts():
                asked = part.asked(None, exclude_seen=row >= 0)
                seen = asked.without[0][:, [row]].toarray()[:, 0] > 0 if row >= 0 else None
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
        shelf = self._need()
        request = self._request([user], profiles, histories)
        candidates = shelf.answers.candidates([item])
        if not candidates.any():
            return pl.DataFrame(schema=FIELDS)
        places = shelf.answers.best(request.asked(None, exclude_seen=False), candidates, 1)
        names = shelf.learned.profile.names
        why = reasons(shelf.answers, places, request.evidenced, names, most=None)
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
        said = Said(tuple(liked), tuple(passed), known)
        return next_questions(self._need(), self._histories, k, said, attributes=attributes)

    def add_users(self, users: Any) -> Self:
        """Remember profiles; they count in the next answer.

        Args:
            users: Frame of ``user_id`` and attributes or ``text``; what a row leaves empty
                stays as it was known.
        """
        self._shelf = self._need().with_users(as_frame(users, "user_id"))
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
        return self._need().learned.blend.report

    @property
    def items(self) -> pl.DataFrame:
        """The catalogue now."""
        return self._need().catalogue.frame

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
        return judge(self, data, items, users, **options)

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
        copy.strategies = self.strategies if strategies is None else line_up(strategies)
        return copy

    def _text_encoder(self, items: pl.DataFrame) -> tuple[Encoder | None, tuple[str, ...]]:
        if isinstance(self.encoder, Encoder):
            self._encoder_name = None
            return self.encoder, ()
        given = self.encoder
        choice = given if isinstance(given, Choice) else choose_encoder(given, items)
        self._encoder_name = choice.name
        return choice.encoder, choice.notes

    def _need(self) -> Shelf:
        if self._shelf is None:
            raise NotFittedError("the recommender has not learned yet; call fit(events, items)")
        return self._shelf

    def _request(self, users: Sequence[str] | None, profiles: Any, histories: Any) -> Request:
        profile = None if profiles is None else as_frame(profiles, "user_id")
        extra = None
        if histories is not None:
            histories = as_frame(histories, "user_id", "item_id")
            extra = Histories.empty().with_events(self._event_rows(histories))
        named = check_ids(users, "users")
        chosen = ids_of(profile, histories) if named is None else list(dict.fromkeys(named))
        return Request(self._need(), self._histories, chosen, profile, extra)

    def _event_rows(self, events: Any) -> EventRows:
        shelf = self._need()
        return event_rows(events, shelf.catalogue.items.ids, shelf.learned.rules)
