"""The slice of new users who say something: statements made of the texts of the catalogue."""

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import EVENT_COLUMNS
from daybreak.data.dataset import Events, Items
from daybreak.data.statements import Statements
from daybreak.data.vocabulary import Vocabulary
from daybreak.encoders.content import ContentEncoder
from daybreak.rng import create_generator
from daybreak.simulation.evaluation_data import EvaluationData
from daybreak.simulation.statements import STATEMENT_SHOTS, draw_statements
from daybreak.simulation.table_slices import (
    ALL_ITEMS,
    PAIR_COLUMNS,
    RequestInfo,
    Slice,
    make_slice,
)
from daybreak.types import Mask

MAX_SPEAKING_USERS = 500
"""Maximum number of users of the slice."""
TEXT_COLUMN = "text"
"""Column of profiles that contains what a user says."""

_SPOKEN_SCHEMA = pl.Schema(
    {
        "user_id": pl.String(),
        TEXT_COLUMN: pl.String(),
        "shots": pl.Int64(),
        "item_id": pl.List(pl.String()),
    }
)


def ask_speaking_users(data: EvaluationData, is_hidden: Mask) -> Slice | None:
    """Return the slice of new users who say something that a later choice of theirs fulfils.

    Args:
        data: The whole data set.
        is_hidden: (n_timeline,) whether an event is one of a held-out user.

    Returns:
        None if the catalogue has no content, or nobody has anything to say.
    """
    hidden = data.timeline.filter(is_hidden)
    statements = _make_statements(data, hidden)
    if statements is None:
        return None
    spoken = _let_users_speak(data, hidden, statements)
    if not spoken.height:
        return None
    told = hidden.join(spoken.select("user_id", "shots"), on="user_id").filter(
        pl.col("position") < pl.col("shots")
    )
    numbers = ", ".join(map(str, STATEMENT_SHOTS[:-1]))
    return make_slice(
        "says",
        "New users, absent from training, say something: a phrase of words or categories of an "
        "item that they choose later, as a search or a wish. Their first "
        f"{numbers} or {STATEMENT_SHOTS[-1]} positive events are known (drawn for each user; "
        f"{data.order_description}). Relevant: what they choose later and the phrase is about. "
        f"{ALL_ITEMS}",
        spoken.explode("item_id").select(PAIR_COLUMNS).join(hidden, on=PAIR_COLUMNS),
        data.catalogue["item_id"],
        RequestInfo(
            _add_texts(data, spoken), told.select(*EVENT_COLUMNS), told.select(PAIR_COLUMNS)
        ),
    )


def _make_statements(data: EvaluationData, hidden: pl.DataFrame) -> Statements | None:
    """Return statements about items that held-out users have chosen."""
    catalogue = data.catalogue
    content, blocks = ContentEncoder.fit_transform(catalogue)
    items = Items(Vocabulary(catalogue["item_id"].to_list()), blocks)
    rows = hidden.join(
        catalogue.select("item_id").with_row_index("row"), on="item_id", how="left"
    )
    users = hidden["user_id"].rank("dense").to_numpy().astype(np.int64) - 1
    row, when = rows["row"].to_numpy().astype(np.int64), np.zeros(hidden.height)
    return draw_statements(
        catalogue, content, items, Events.of(users, row, when, seed=data.seed), data.seed
    )


def _let_users_speak(
    data: EvaluationData, hidden: pl.DataFrame, statements: Statements
) -> pl.DataFrame:
    """Return user_id, text, shots (number of known events) and item_id (list of targets)."""
    rng = create_generator(data.seed, "who says what")
    about = sp.csc_array(statements.about)
    ids = data.catalogue["item_id"]
    row_of = {item: row for row, item in enumerate(ids)}
    users = hidden["user_id"].unique().sort()
    users = users.gather(np.sort(rng.permutation(len(users))[:MAX_SPEAKING_USERS]))
    chosen = dict(
        hidden.sort("position")
        .group_by("user_id")
        .agg("item_id")
        .filter(pl.col("user_id").is_in(users.implode()))
        .iter_rows()
    )
    spoken = []
    for user in users:
        shots = min(int(rng.choice(STATEMENT_SHOTS)), len(chosen[user]) - 1)
        later = np.array([row_of[item] for item in chosen[user][shots:]])
        fitting = np.flatnonzero(np.asarray(about[:, later].sum(axis=1)).ravel())
        if len(fitting):
            said = int(rng.choice(fitting))
            fulfilled = later[np.asarray(about[[said]][:, later].todense()).ravel() > 0]
            targets = ids.gather(fulfilled).to_list()
            spoken.append((user, statements.texts[said], shots, targets))
    return pl.DataFrame(spoken, schema=_SPOKEN_SCHEMA, orient="row")


def _add_texts(data: EvaluationData, spoken: pl.DataFrame) -> pl.DataFrame:
    """Return the profiles of the users who speak, with what they say."""
    texts = spoken.select("user_id", TEXT_COLUMN)
    if data.profiles is None:
        return texts
    profiles = data.profiles.drop(TEXT_COLUMN, strict=False)
    return texts.join(profiles, on="user_id", how="left")
