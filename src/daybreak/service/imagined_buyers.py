"""Imagined first buyers: a language model says which likely users would choose a new item.

The content ridge proposes the likeliest users of an item; the model says yes or no from titles
alone. A yes adds a weight to the score, a no subtracts it. The weight is learned on known items
whose events are hidden, and it is 0 unless they gain significantly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.errors import ConfigError
from daybreak.estimates import PairedDifference, mean_difference
from daybreak.language_models import LanguageModel, read_prompt
from daybreak.language_models.instructions import has_instructions
from daybreak.rng import create_generator
from daybreak.service.recommender import Recommender
from daybreak.types import Doubles, Progress, ignore_progress

PROPOSED_USERS = 20
"""Number of likeliest users about whom the model is asked."""
HISTORY_TITLES = 8
"""Number of latest titles of a user that the model is given."""
LEARNING_ITEMS = 20
"""Number of known items on which the weight is learned."""
MIN_BUYERS = 5
"""Number of users that an item needs to be learned on."""
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Weights that are tried, in standard deviations of the scores of the proposed users."""
LIST_LENGTH = 10
MAX_TITLE_CHARS = 120
"""Longest title that the model is given [characters]."""
MAX_ANSWER_TOKENS = 24

PROPOSER_STRATEGY = "content/ridge"


@dataclass(frozen=True, eq=False)
class ImaginedBuyers:
    """The likeliest users of one new item, and what the model says about them."""

    item_id: str
    users: tuple[str, ...]
    scores: Doubles
    """(n_users,) scores of the content ridge."""
    guesses: Doubles
    """(n_users,) 1: yes, -1: no, 0: no usable answer."""

    def ranking(self, weight: float) -> list[str]:
        """Return the users, the best first.

        Args:
            weight: Weight of the guesses, in standard deviations of the scores.

        Example:
            >>> found = ImaginedBuyers("tea", ("ann", "bob"), np.array([2.0, 1.0]),
            ...                        np.array([-1.0, 1.0]))
            >>> found.ranking(0.0), found.ranking(2.0)
            (['ann', 'bob'], ['bob', 'ann'])
        """
        order = np.argsort(-self.combine(weight), kind="stable")
        return [self.users[row] for row in order.tolist()]

    def combine(self, weight: float) -> Doubles:
        """Return (n_users,) standardized scores plus weighted guesses."""
        spread = float(self.scores.std()) or 1.0
        return np.asarray((self.scores - self.scores.mean()) / spread + weight * self.guesses)


@dataclass(frozen=True)
class GuessWeight:
    """The learned weight of guesses, and what it gains on known items."""

    weight: float
    """0 unless the gain is significant."""
    tried: float
    """Weight with the highest mean NDCG@10."""
    gain: PairedDifference
    """Gain of NDCG@10 of ``tried`` over weight 0, among the proposed users."""
    n_items: int
    yes_share: float
    """Share of yes among all guesses."""
    yes_hits: float
    """Share of the yes guesses whose user chose the item."""
    no_hits: float
    """Share of the no guesses whose user chose the item."""


class BuyerImaginer:
    """Asks a model which of the likeliest users would choose an item.

    Args:
        proposer: Recommender fitted with the content ridge alone, see :func:`fit_proposer`.
        histories: Titles that each user chose, the latest last.
        model: Language model; the history of a user must be allowed to be sent to it.
        language: ``en`` or ``zh``.
    """

    def __init__(
        self,
        proposer: Recommender,
        histories: Mapping[str, Sequence[str]],
        model: LanguageModel,
        language: str = "en",
    ) -> None:
        self.proposer, self.histories, self.model = proposer, histories, model
        self._prompt = read_prompt("buyer", language)

    def imagine(
        self, item_id: str, title: str, n_users: int = PROPOSED_USERS
    ) -> ImaginedBuyers:
        """Return the likeliest users of an item, and the guesses about them.

        Args:
            item_id: Item of the catalogue.
            title: Its title; one that contains instructions is not given to the model.
            n_users: Number of users.
        """
        found = self.proposer.audience(item_id, k=n_users)
        users = [str(user) for user in found["user_id"].to_list()]
        is_asked = not has_instructions(title)
        guesses = [self._guess(title, user) if is_asked else 0.0 for user in users]
        scores = found["score"].to_numpy().astype(np.float64)
        return ImaginedBuyers(item_id, tuple(users), scores, np.array(guesses))

    def _guess(self, title: str, user: str) -> float:
        from daybreak.language_models.answers import BuyerAnswer  # noqa: PLC0415 - pydantic

        chosen = [
            text[:MAX_TITLE_CHARS]
            for text in self.histories.get(user, ())
            if not has_instructions(text)
        ][-HISTORY_TITLES:]
        if not chosen:
            return 0.0
        prompt = self._prompt.fill({"chosen": chosen, "item": title[:MAX_TITLE_CHARS]})
        answer = self.model.complete(prompt, BuyerAnswer, max_tokens=MAX_ANSWER_TOKENS).value
        return 0.0 if answer is None else 1.0 if answer.chooses else -1.0


def fit_proposer(tables: Tables) -> Recommender:
    """Return a recommender with the content ridge alone, on words and attributes."""
    return Recommender(strategies=[PROPOSER_STRATEGY], encoder="none").fit(
        tables.events, tables.items, tables.users
    )


def titles_chosen(tables: Tables, title_column: str) -> dict[str, list[str]]:
    """Return the titles of the items of each user, in the order of the events.

    Args:
        tables: Items and events.
        title_column: Column of items with their titles.
    """
    titles = tables.items.select("item_id", title=pl.col(title_column).cast(pl.String))
    joined = tables.events.sort("timestamp", nulls_last=False, maintain_order=True).join(
        titles.drop_nulls(), on="item_id", maintain_order="left"
    )
    grouped = joined.group_by("user_id", maintain_order=True).agg("title")
    return {
        user: list(dict.fromkeys(chosen))
        for user, chosen in zip(grouped["user_id"], grouped["title"].to_list(), strict=True)
    }


def learning_split(
    tables: Tables, n_items: int = LEARNING_ITEMS, seed: int = 0
) -> tuple[Tables, dict[str, frozenset[str]]]:
    """Return the tables without the events of some known items, and the users of these items.

    Args:
        tables: All tables.
        n_items: Number of items whose events are hidden.
        seed: Random seed of the choice.

    Raises:
        ConfigError: Fewer than two items have enough users.
    """
    counts = tables.events.group_by("item_id").agg(pl.col("user_id").n_unique())
    known = counts.filter(pl.col("user_id") >= MIN_BUYERS).sort("item_id")["item_id"].to_list()
    if len(known) < 2:
        raise ConfigError(f"a weight is learned on items with {MIN_BUYERS} users or more")
    rng = create_generator(seed, "imagined buyers")
    chosen = rng.choice(len(known), size=min(n_items, len(known)), replace=False)
    hidden = [known[row] for row in sorted(chosen.tolist())]
    is_hidden = pl.col("item_id").is_in(hidden)
    buyers = tables.events.filter(is_hidden).group_by("item_id").agg("user_id")
    visible = Tables(tables.items, tables.users, tables.events.filter(~is_hidden))
    found = zip(buyers["item_id"].to_list(), buyers["user_id"].to_list(), strict=True)
    return visible, {item: frozenset(users) for item, users in found}


def learn_guess_weight(
    imagined: Sequence[ImaginedBuyers], buyers: Mapping[str, frozenset[str]]
) -> GuessWeight:
    """Return the weight of guesses that ranks the users of hidden items best.

    Args:
        imagined: Proposed users and guesses of items whose events were hidden.
        buyers: Users of each item.

    Returns:
        Weight 0 unless the interval (95 %) of the gain over the items is above 0.
    """
    if not imagined:
        raise ConfigError("a weight is learned on at least one item")
    hits = [
        np.array([user in buyers[one.item_id] for user in one.users], dtype=np.float64)
        for one in imagined
    ]
    values = {
        weight: np.array(
            [
                ndcg_of_ranking(hit[np.argsort(-one.combine(weight), kind="stable")])
                for one, hit in zip(imagined, hits, strict=True)
            ]
        )
        for weight in WEIGHTS
    }
    tried = max(
        WEIGHTS, key=lambda weight: (round(float(np.nanmean(values[weight])), 12), -weight)
    )
    gain = mean_difference(values[tried] - values[0.0])
    is_gain = tried > 0 and gain.low > 0
    guesses, flat = np.concatenate([one.guesses for one in imagined]), np.concatenate(hits)
    return GuessWeight(
        tried if is_gain else 0.0,
        tried,
        gain,
        len(imagined),
        float((guesses > 0).sum() / max((guesses != 0).sum(), 1)),
        _share(flat[guesses > 0]),
        _share(flat[guesses < 0]),
    )


def ndcg_of_ranking(hits: Doubles) -> float:
    """Return NDCG@10 of a ranking of proposed users; NaN if none of them is a hit.

    Args:
        hits: (n_users,) 1 where the user chose the item, the best rank first.

    Example:
        >>> round(ndcg_of_ranking(np.array([0.0, 1.0, 0.0, 1.0])), 4)
        0.6509
    """
    discounts = 1 / np.log2(np.arange(2, LIST_LENGTH + 2))
    n_hits = int(hits.sum())
    if not n_hits:
        return float("nan")
    gained = float((hits[:LIST_LENGTH] * discounts[: len(hits[:LIST_LENGTH])]).sum())
    return gained / float(discounts[: min(n_hits, LIST_LENGTH)].sum())


def learn_on_known_items(  # noqa: PLR0913 - data, model and the size of the sample
    tables: Tables,
    title_column: str,
    model: LanguageModel,
    *,
    language: str = "en",
    n_items: int = LEARNING_ITEMS,
    n_users: int = PROPOSED_USERS,
    seed: int = 0,
    progress: Progress = ignore_progress,
) -> GuessWeight:
    """Return the weight of guesses, learned on known items whose events are hidden.

    Args:
        tables: Items, users and events.
        title_column: Column of items with their titles.
        model: Language model, with the budget of the job.
        language: ``en`` or ``zh``.
        n_items: Number of items.
        n_users: Number of users about whom the model is asked for each item.
        seed: Random seed of the choice of items.
        progress: Receives a description of each step.

    Raises:
        OutOfBudgetError: The budget is used up.
        ConfigError: Too few items have enough users.
    """
    visible, buyers = learning_split(tables, n_items, seed)
    progress("fitting the content ridge")
    imaginer = BuyerImaginer(
        fit_proposer(visible), titles_chosen(visible, title_column), model, language
    )
    title_of = _title_lookup(tables, title_column)
    imagined = []
    for number, item in enumerate(sorted(buyers), 1):
        progress(f"imagining buyers of item {number} of {len(buyers)}")
        imagined.append(imaginer.imagine(item, title_of(item), n_users))
    return learn_guess_weight(imagined, buyers)


def _title_lookup(tables: Tables, title_column: str) -> Callable[[str], str]:
    titles = dict(
        zip(
            tables.items["item_id"].to_list(),
            tables.items[title_column].cast(pl.String).to_list(),
            strict=True,
        )
    )
    return lambda item: titles.get(item) or item


def _share(hits: Doubles) -> float:
    return float(hits.mean()) if len(hits) else float("nan")
