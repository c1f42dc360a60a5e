"""The demo on a real shop: import, evaluate, train, answer three questions.

Start with :func:`run_demo`.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from daybreak.config import Settings
from daybreak.data import ImportResult, TableRole, Tables, read_folder
from daybreak.data.casts import LIST_SEPARATOR, to_text
from daybreak.errors import ConfigError, NotFoundError
from daybreak.evaluation import Report, measure
from daybreak.service.benchmarking.evaluate import make_joint_plan
from daybreak.service.inputs.bundled import gift_shop
from daybreak.service.inputs.frames import add_titles
from daybreak.service.recommender import Recommender
from daybreak.service.release_training import TrainingResult, TrainOptions
from daybreak.service.state.profiles import ANONYMOUS_USER_ID, AdHocProfile
from daybreak.service.workspace import Workspace

USER_TEXT = "I run a small tea room and love vintage cups and cake stands"
NEW_ITEM_TITLE = "RED RETROSPOT TEA TOWEL SET"
FIRST_PURCHASE = "22423"
"""First purchase of the new customer: a cake stand that many have bought."""
LIST_LENGTH = 8
"""Length of the lists [items]."""
MAX_SIMILAR_ITEMS = 15
"""Similar items that can be shown as evidence."""
QUICK_USER_STRIDE = 10
"""The quick demo keeps every tenth customer."""
MAX_WORD_SHARE = 0.4
"""Largest share of the items with the category that the demo asks for."""
MAX_QUICK_EVENTS = 20_000
"""Largest number of events of a shop of which the quick demo uses all."""
QUICK_MIN_EVENTS = 6
"""The quick demo keeps items with this number of events of these customers."""

USER_TEXT_ZH = "我开了一家小茶馆，喜欢复古茶杯和蛋糕架"
NEW_ITEM_TITLE_ZH = "红色茶巾套装"
OTHER_TEXTS = {
    "en": ("I am looking for {}", "New: {}"),
    "zh": ("我想找{}", "{} 新品"),
}
"""What a new user says, and the title of a new item, with data of other shops; the braces hold
a word of the shop."""
HEADINGS = {
    "en": (
        "A new customer says: “{}”",
        "Who would like a new item called “{}”?",
        "The new customer's first purchase: “{}”",
    ),
    "zh": (
        "一位新用户说：“{}”",
        "谁会喜欢名为“{}”的新物品？",
        "新用户的第一个选择：“{}”",
    ),
}
"""Headings of the answers, by language."""
MISSING_DATA = (
    "no folder {} for the demo; it needs a file of events, such as interactions.csv with "
    "user_id, item_id and rating, and a file of items, such as items.csv with item_id, title, "
    "description and tags; Daybreak has the gift shop only: get other data from their owners, "
    "under their terms, such as the ratings of MyAnimeList with the Chinese titles and "
    "summaries of Bangumi"
)
"""What is told if the folder of other data is missing; the braces hold its name."""

StepCallback = Callable[[str], None]


@dataclass(frozen=True)
class DemoData:
    """What the demo imports, and what it asks."""

    folder: Path | None
    """None: the gift shop."""
    text: str
    """What a new user says."""
    title: str
    """Title of a new item."""
    headings: tuple[str, str, str]

    def about(self, items: pl.DataFrame) -> "DemoData":
        """Return the questions with the most frequent category of a shop, or a title.

        Args:
            items: The catalogue.
        """
        word = _frequent_word(items) if "{}" in self.text else ""
        return replace(self, text=self.text.format(word), title=self.title.format(word))


def choose_demo_data(
    folder: Path | None = None, language: str = "en", *, quick: bool = False
) -> DemoData:
    """Return the data and the questions of a demo.

    Args:
        folder: Folder of other data; None: the gift shop.
        language: Language of what is said, ``en`` or ``zh``.
        quick: Whether there is no text encoder; the texts of the gift shop are then in English,
            as its titles are.

    Raises:
        NotFoundError: There is no such folder.
    """
    headings = HEADINGS[language]
    if folder is not None:
        if not folder.exists():
            raise NotFoundError(MISSING_DATA.format(repr(str(folder))))
        return DemoData(folder, *OTHER_TEXTS[language], headings)
    if language == "zh" and not quick:
        return DemoData(None, USER_TEXT_ZH, NEW_ITEM_TITLE_ZH, headings)
    return DemoData(None, USER_TEXT, NEW_ITEM_TITLE, headings)


@dataclass(frozen=True)
class DemoResult:
    """Results of the demo."""

    imported: Mapping[TableRole, int]
    report: Report
    training: TrainingResult
    answers: Mapping[str, pl.DataFrame]
    """Lists by the question that they answer."""
    seconds: Mapping[str, float] = field(compare=False)
    """Duration of each step [s]."""

    def write_page(self, path: Path) -> None:
        """Write the report, with plots and answers, as an HTML page.

        Raises:
            ConfigError: The file cannot be written.
        """
        from daybreak.evaluation.html import render_html  # noqa: PLC0415 - only a page needs it

        title = "Daybreak on a real gift shop"
        _write(path, render_html(self.report, title=title, more=self.answers))

    def write_picture(self, path: Path) -> None:
        """Write the warm-up curve as SVG.

        Raises:
            ConfigError: The file cannot be written, or there is no curve.
        """
        from daybreak.evaluation.plots import (  # noqa: PLC0415 - only a plot needs them
            draw_warm_up_curve,
            to_standalone_svg,
        )

        picture = draw_warm_up_curve(self.report)
        if picture is None:
            raise ConfigError("there is not enough data for a warm-up curve")
        _write(path, to_standalone_svg(picture.svg))


def run_demo(
    settings: Settings,
    store: str | None,
    *,
    quick: bool,
    progress: StepCallback,
    data: DemoData | None = None,
) -> DemoResult:
    """Run the demo in a given or a temporary store.

    Args:
        settings: Encoder and seed; their store is not used.
        store: URL of the store; None: a temporary one.
        quick: Whether to use a part of the shop, no text model and few strategies.
        progress: Called with the name of each step.
        data: What is imported and asked; default: the gift shop.
    """
    with TemporaryDirectory(prefix="daybreak-") as folder:
        url = store or f"sqlite:///{folder}/demo.db"
        encoder = "none" if quick else settings.encoder
        with Workspace(replace(settings, store=url, encoder=encoder), create=True) as workspace:
            chosen = data or choose_demo_data()
            return _run_steps(workspace, progress, chosen, quick=quick)


def _run_steps(
    workspace: Workspace, progress: StepCallback, data: DemoData, *, quick: bool
) -> DemoResult:
    watch = _Stopwatch()
    imported = read_folder(gift_shop() if data.folder is None else data.folder)
    if quick:
        imported = _sample_import(imported)
    workspace.write_import(imported)
    watch.lap("import")
    progress("encoding the catalogue")
    workspace.encode_catalogue()
    watch.lap("encoding")
    quick_strategies = ("popular", "profile", "item_knn", "content/ridge", "wish")
    strategies = quick_strategies if quick else "auto"
    with ThreadPoolExecutor(1) as executor:  # two trainings keep two cores busy
        evaluation = executor.submit(_evaluate, workspace, strategies, progress)
        training = workspace.train(strategies, progress, TrainOptions(gate=False))
        report = evaluation.result()
    watch.lap("training and cold-start report")
    progress("answering")
    answers = _answer_questions(workspace, data.about(workspace.tables.items))
    watch.lap("answers")
    return DemoResult(imported.rows_read, report, training, answers, watch.laps)


class _Stopwatch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _frequent_word(items: pl.DataFrame) -> str:
    """Return the most frequent category of a catalogue, else its first title, else an id.

    Example:
        >>> _frequent_word(pl.DataFrame({"item_id": ["1"], "categories": ["tea|hot"]}))
        'tea'
    """
    for name in (one for one in ("categories", "genres", "tags") if one in items.columns):
        values = to_text(items[name]).str.split(LIST_SEPARATOR).explode().drop_nulls()
        values = values.filter(~values.str.contains(r"^[\d\s年月日]*$"))
        counts = values.alias("word").value_counts().sort("count", "word", descending=True)
        telling = counts.filter(pl.col("count") <= max(1, MAX_WORD_SHARE * items.height))
        if telling.height:
            return str(telling["word"][0])
    column = "title" if "title" in items.columns else "item_id"
    filled = items[column].drop_nulls()
    return str(filled[0]) if len(filled) else ""


def _sample_import(imported: ImportResult) -> ImportResult:
    """Keep a part of the customers, and the items that they bought several times.

    A small shop stays whole.
    """
    tables = imported.tables
    if tables.events.height <= MAX_QUICK_EVENTS:
        return imported
    users = tables.users.gather_every(QUICK_USER_STRIDE)
    events = tables.events.join(users.select("user_id"), on="user_id")
    items = tables.items.filter(
        pl.col("item_id").is_in(
            events.group_by("item_id")
            .len()
            .filter(pl.col("len") >= QUICK_MIN_EVENTS)["item_id"]
            .implode()
        )
    )
    events = events.join(items.select("item_id"), on="item_id")
    rows: dict[TableRole, int]
    rows = {"events": events.height, "items": items.height, "users": users.height}
    sampled = Tables.of(events, items, users)
    return replace(imported, tables=sampled, event_ids=None, rows_read=rows)


def _evaluate(
    workspace: Workspace, strategies: str | tuple[str, ...], progress: StepCallback
) -> Report:
    """Evaluate on held-out users and items."""

    def daybreak(train: Tables) -> Recommender:
        return workspace.new_recommender(strategies).fit(train, progress=progress)

    plan = make_joint_plan(workspace.tables, workspace.settings.seed)
    return measure(
        {"daybreak": daybreak},
        [plan],
        k=workspace.settings.k,
        progress=lambda done, total, what: progress(f"{what} ({done + 1} of {total})"),
    )


def _answer_questions(workspace: Workspace, data: DemoData) -> dict[str, pl.DataFrame]:
    model, items = workspace.load_recommender(), workspace.tables.items
    purchase = _first_purchase(workspace.tables)
    named = add_titles(pl.DataFrame({"item_id": [purchase]}), items)
    title = named["title"][0] if "title" in named.columns else purchase
    before, after = (
        add_titles(_recommend(model, data.text, bought), items).drop("user_id")
        for bought in ((), (purchase,))
    )
    return {
        data.headings[0].format(data.text): before,
        data.headings[1].format(data.title): _find_audience(
            model, workspace.tables, data.title
        ),
        data.headings[2].format(title): _compare_lists(before, after),
    }


def _recommend(model: Recommender, text: str, bought: tuple[str, ...]) -> pl.DataFrame:
    profile, users = AdHocProfile(text=text, items=bought), [ANONYMOUS_USER_ID]
    return model.recommend(
        users,
        profiles=profile.profiles(users),
        histories=profile.histories(users),
        k=LIST_LENGTH,
    )


def _first_purchase(tables: Tables) -> str:
    """Return the item of the gift shop, or else the one with the most events."""
    items = tables.items["item_id"]
    if FIRST_PURCHASE in items or not tables.events.height:
        return FIRST_PURCHASE if FIRST_PURCHASE in items else str(items[0])
    counts = tables.events["item_id"].value_counts().sort("count", "item_id", descending=True)
    return str(counts["item_id"][0])


def _find_audience(model: Recommender, tables: Tables, title: str) -> pl.DataFrame:
    """Return the audience of the new item, and what they bought that is most similar to it."""
    audience = model.audience(text=title, k=LIST_LENGTH)
    name = "title" if "title" in tables.items.columns else "item_id"
    similar = model.similar_items(texts=[title], k=MAX_SIMILAR_ITEMS).select("item_id", "rank")
    bought = (
        tables.events.select("user_id", "item_id")
        .unique()
        .join(similar, on="item_id")
        .sort("rank")
        .join(tables.items.select("item_id", name=name), on="item_id")
        .group_by("user_id")
        .agg(has_bought=pl.col("name").head(2).str.join(", "))
    )
    with_attributes = audience.join(
        tables.users, on="user_id", how="left", maintain_order="left"
    )
    return with_attributes.join(bought, on="user_id", how="left", maintain_order="left")


def _compare_lists(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the second list with the rank of each item in the first list.

    Example:
        >>> old = pl.DataFrame({"item_id": ["a", "b"], "rank": [1, 2]})
        >>> new = pl.DataFrame({"item_id": ["b", "c"], "rank": [1, 2]})
        >>> _compare_lists(old, new)["rank_before"].to_list()
        ['2', 'new']
    """
    ranks = before.select("item_id", rank_before=pl.col("rank").cast(pl.String))
    joined = after.join(ranks, on="item_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("rank_before").fill_null("new"))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
