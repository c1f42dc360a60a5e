"""The whole way on a real shop: import, prove, learn, answer three questions."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from daybreak.config import Settings
from daybreak.data import ImportResult, Role, Tables, read_folder
from daybreak.errors import ConfigError
from daybreak.evaluation import Report, measure
from daybreak.service.bundled import gift_shop
from daybreak.service.joint import joint_plan
from daybreak.service.recommender import Recommender
from daybreak.service.said import SOMEBODY, Said
from daybreak.service.shop import Shop, Terms, Training, with_titles

SENTENCE = "I run a small tea room and love vintage cups and cake stands"
TITLE = "RED RETROSPOT TEA TOWEL SET"
PURCHASE = "22423"
"""The first purchase: a cake stand that many bought."""
LENGTH = 8
"""Of the lists shown."""
ALIKE = 15
"""Items like the new one, of which an evidence may be shown."""
QUICK = 10
"""The quick demo keeps one customer in so many."""
OFTEN = 6
"""And the items that these bought so often [events]."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What the demo found."""

    imported: Mapping[Role, int]
    report: Report
    training: Training
    answers: Mapping[str, pl.DataFrame]
    """By heading: what was asked, and the answer."""
    seconds: Mapping[str, float] = field(compare=False)
    """Of each step."""

    def write_page(self, path: Path) -> None:
        """Write report, pictures and answers as one page.

        Raises:
            ConfigError: The file cannot be written.
        """
        from daybreak.evaluation.html import page  # noqa: PLC0415 - pays who wants a page

        title = "Daybreak on a real gift shop"
        _write(path, page(self.report, title=title, more=self.answers))

    def write_picture(self, path: Path) -> None:
        """Write the warm-up curve as SVG.

        Raises:
            ConfigError: The file cannot be written, or there is no curve.
        """
        from daybreak.evaluation.canvas import standalone  # noqa: PLC0415 - as above
        from daybreak.evaluation.pictures import warm_up_picture  # noqa: PLC0415 - as above

        picture = warm_up_picture(self.report)
        if picture is None:
            raise ConfigError("the data are too few for a warm-up curve")
        _write(path, standalone(picture.svg))


def play(settings: Settings, store: str | None, *, quick: bool, say: Say) -> Demo:
    """Play the demo in a store that is given, or in one that vanishes afterwards.

    Args:
        settings: Encoder and seed; the store is not used.
        store: URL of a store to keep.
        quick: Only a part of the shop, words only, few strategies.
        say: Said of each step.
    """
    with TemporaryDirectory(prefix="daybreak-") as folder:
        url = store or f"sqlite:///{folder}/demo.db"
        encoder = "none" if quick else settings.encoder
        with Shop(replace(settings, store=url, encoder=encoder), create=True) as shop:
            return _play(shop, say, quick=quick)


def _play(shop: Shop, say: Say, *, quick: bool) -> Demo:
    watch = _Watch()
    read = read_folder(gift_shop())
    if quick:
        read = _part(read)
    shop.write(read)
    watch.lap("import")
    say("encoding the catalogue")
    shop.encode()
    watch.lap("encoding")
    strategies = ("popular", "profile", "item_knn", "content/ridge") if quick else "auto"
    with ThreadPoolExecutor(1) as beside:  # two trainings keep two cores busy
        proof = beside.submit(_prove, shop, strategies, say)
        training = shop.train(strategies, say, Terms(gate=False))
        report = proof.result()
    watch.lap("training and cold-start report")
    say("answering")
    answers = _answers(shop)
    watch.lap("answers")
    return Demo(read.rows_read, report, training, answers, watch.laps)


class _Watch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _part(read: ImportResult) -> ImportResult:
    """Keep a part of the customers, and the items that they bought several times."""
    tables = read.tables
    users = tables.users.gather_every(QUICK)
    events = tables.events.join(users.select("user_id"), on="user_id")
    items = tables.items.filter(
        pl.col("item_id").is_in(
            events.group_by("item_id").len().filter(pl.col("len") >= OFTEN)["item_id"].implode()
        )
    )
    events = events.join(items.select("item_id"), on="item_id")
    rows: dict[Role, int]
    rows = {"events": events.height, "items": items.height, "users": users.height}
    kept = Tables.of(events, items, users)
    return replace(read, tables=kept, event_ids=None, rows_read=rows)


def _prove(shop: Shop, strategies: str | tuple[str, ...], say: Say) -> Report:
    """Hide users and items, learn from the rest, and ask about what was hidden."""

    def daybreak(train: Tables) -> Recommender:
        return shop.new_recommender(strategies).fit(train, progress=say)

    plan = joint_plan(shop.tables, shop.settings.seed)
    return measure(
        {"daybreak": daybreak},
        [plan],
        k=shop.settings.k,
        progress=lambda done, total, what: say(f"{what} ({done + 1} of {total})"),
    )


def _answers(shop: Shop) -> dict[str, pl.DataFrame]:
    model, items = shop.recommender(), shop.tables.items
    purchase = PURCHASE if PURCHASE in items["item_id"] else items["item_id"][0]
    title = with_titles(pl.DataFrame({"item_id": [purchase]}), items)["title"][0]
    before, after = (
        with_titles(_ask(model, bought), items).drop("user_id") for bought in ((), (purchase,))
    )
    return {
        f"A new customer says: “{SENTENCE}”": before,
        f"Who would like a new item called “{TITLE}”?": _fans(model, shop.tables),
        f"The new customer's first purchase: “{title}”": _changed(before, after),
    }


def _ask(model: Recommender, bought: tuple[str, ...]) -> pl.DataFrame:
    said, users = Said(text=SENTENCE, items=bought), [SOMEBODY]
    return model.recommend(
        users, profiles=said.profiles(users), histories=said.histories(users), k=LENGTH
    )


def _fans(model: Recommender, tables: Tables) -> pl.DataFrame:
    """Return who would like the new item, and what they bought that is most like it."""
    fans = model.audience(text=TITLE, k=LENGTH)
    alike = model.similar_items(texts=[TITLE], k=ALIKE).select("item_id", "rank")
    bought = (
        tables.events.select("user_id", "item_id")
        .unique()
        .join(alike, on="item_id")
        .sort("rank")
        .join(tables.items.select("item_id", "title"), on="item_id")
        .group_by("user_id")
        .agg(has_bought=pl.col("title").head(2).str.join(", "))
    )
    people = fans.join(tables.users, on="user_id", how="left", maintain_order="left")
    return people.join(bought, on="user_id", how="left", maintain_order="left")


def _changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the list after with the place each item had before.

    Example:
        >>> old = pl.DataFrame({"item_id": ["a", "b"], "rank": [1, 2]})
        >>> new = pl.DataFrame({"item_id": ["b", "c"], "rank": [1, 2]})
        >>> _changed(old, new)["rank_before"].to_list()
        ['2', 'new']
    """
    places = before.select("item_id", rank_before=pl.col("rank").cast(pl.String))
    joined = after.join(places, on="item_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("rank_before").fill_null("new"))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
