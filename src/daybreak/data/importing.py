"""Import of events, items and users from files and frames into checked tables."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.attributes_of_items import constant_columns, is_opinion_of_one_item
from daybreak.data.building import build_table
from daybreak.data.column_aliases import COLUMN_ALIASES, TABLE_ROLES, TableRole
from daybreak.data.columns import (
    KEY_COLUMNS,
    LIKELY_REASON,
    ColumnMapping,
    has_all_known_names,
    match_columns,
)
from daybreak.data.date_parts import recognise_date_parts
from daybreak.data.event_time_columns import recognise_clocks, recognise_event_times
from daybreak.data.event_type_columns import recognise_event_types
from daybreak.data.formats import ValueFormats
from daybreak.data.item_cells import ITEM_CELLS, match_events
from daybreak.data.item_limit_columns import recognise_item_limits
from daybreak.data.readers import OpenedTable, open_table
from daybreak.data.readers.source import SAMPLE_ROWS
from daybreak.data.rejects import Rejects
from daybreak.data.rules import EventRules
from daybreak.data.tables import Tables, mark_listed
from daybreak.errors import ConfigError, DataError, NextStep, NotFoundError, TooManyRejectsError

MAX_LOST_SHARE = 0.1
"""Default of the largest share of the rows of a table that an import may lose."""
MIN_JUDGED_ROWS = 20
"""Number of rows from which repeated ids say what a table holds."""
MAX_REPEATED_SHARE = 0.5
"""Largest share of rows of users or items whose id comes again."""
MIN_MATRIX_COLUMNS = 8
"""Smallest number of columns that may be one for each item."""
ColumnChoices: TypeAlias = Mapping[str, Any]
"""``{"user_id": "Customer"}`` for all tables, or ``{"events": {"user_id": "Customer"}}``."""


@dataclass(frozen=True)
class ImportResult:
    """The result of an import: tables, column mappings, rejects and notes."""

    tables: Tables
    rejects: Rejects
    mappings: dict[TableRole, ColumnMapping]
    """Column mapping of each table."""
    notes: tuple[str, ...]
    """Remarks about the data, one sentence each."""
    rules: EventRules = field(default_factory=EventRules)
    """Rules that make events positive, negative or neutral."""
    event_ids: pl.Series | None = None
    """Id of each event, if there is such a column."""
    rows_read: dict[TableRole, int] = field(default_factory=dict)
    """Number of rows loaded from each table."""
    rows_refused: dict[TableRole, int] = field(default_factory=dict)
    """Number of rows lost from each table; rows that a later row of the same id replaces are
    not lost."""

    def __repr__(self) -> str:
        """Return one line: the numbers of rows, rejects and notes."""
        return (
            f"ImportResult({self.tables!r}, {len(self.rejects):,} rejects, "
            f"{len(self.notes)} notes)"
        )

    def _repr_html_(self) -> str:
        """Return the notes and the first rows of each table, for notebooks."""
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        head = f"<b>Import</b>: {len(self.rejects):,} rejects"
        return f"{head}<ul>{notes}</ul>{self.tables._repr_html_()}"

    def check_rejects(self, max_share: float = MAX_LOST_SHARE) -> None:
        """Refuse an import that loses too many rows.

        Args:
            max_share: Largest share of the rows of one table that may be lost, in [0, 1].

        Raises:
            TooManyRejectsError: A larger share of a table is lost.
            ConfigError: ``max_share`` is no share.

        Example:
            >>> log = pl.DataFrame({"user": ["ann", None], "item": ["tea", "rum"]})
            >>> read_tables(log).check_rejects(0.5)
        """
        if not 0 <= max_share <= 1:
            raise ConfigError(f"max_rejected is a share from 0 to 1, got {max_share!r}")
        for role, lost in self.rows_refused.items():
            total = lost + self.rows_read.get(role, 0)
            if lost > max_share * total:
                raise TooManyRejectsError(
                    f"{lost:,} of {total:,} {role} ({lost / total:.0%}) are rejected, more "
                    f"than {max_share:.0%}, and nothing is stored; {self.rejects.summary()}",
                    next_step=NextStep.ACCEPT_REJECTS,
                )


def read_tables(  # noqa: PLR0913 - all options of reading, each optional
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: ColumnChoices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    strict: bool = False,
) -> ImportResult:
    """Read up to three tables; valid rows are loaded, all others are reported as rejects.

    Args:
        events: Events: the path of a file (CSV, TSV, JSON Lines, JSON, Parquet, MovieLens
            ``::``, RecBole ``.inter``; text may be compressed with gzip), a polars frame or a
            pandas frame.
        items: Items of the catalogue, in the same forms.
        users: User profiles, in the same forms.
        columns: Column of the tables to its name in the input, for columns that are not
            recognised or recognised wrongly; None: ignore. May be given per table.
        rules: Rules that make events positive, negative or neutral; kept in the result.
        encoding: Encoding of the text files; default: detect it.
        date_format: Form of the dates: ``"day-first"``, ``"month-first"``, ``"year-first"``,
            ``"spreadsheet"``, ``"epoch"``, or a pattern such as ``"%d.%m.%Y %H:%M"``; default:
            each column decides.
        decimal: Decimal mark of the numbers, a comma or a point; default: each column decides.
        strict: Whether an event is rejected if its time or value cannot be read; default: it is
            loaded without it.

    Raises:
        DataError: An input cannot be read at all, has no column for an id, or has dates that
            can be read in two ways.
        NotFoundError: A file does not exist.
        ConfigError: ``columns`` names a column that does not exist, or there is no such format.

    Example:
        >>> log = pl.DataFrame({"userID": ["ann", None], "itemID": ["tea", "rum"]})
        >>> result = read_tables(log)
        >>> result.tables.events.height, result.rejects.counts
        (1, {'no user_id': 1})
    """
    inputs = _given_inputs(events, items, users)
    if not inputs:
        raise ConfigError("nothing to read; give events, items or users")
    formats = ValueFormats.of(date_format, decimal, strict=strict)
    return InputTables.open(inputs, columns, encoding, formats).read(rules)


def read_folder(  # noqa: PLR0913 - all options of reading, each optional
    path: str | Path,
    *,
    columns: ColumnChoices | None = None,
    rules: EventRules | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    strict: bool = False,
) -> ImportResult:
    """Read the tables of a folder, which are recognised by file name; see :func:`read_tables`.

    Raises:
        DataError: The folder contains no file that is recognised, or two for one table.
        NotFoundError: The folder does not exist.
    """
    files = find_table_files(Path(path))
    formats = ValueFormats.of(date_format, decimal, strict=strict)
    return InputTables.open(files, columns, encoding, formats).read(rules)


def preview(
    events: Any = None,
    items: Any = None,
    users: Any = None,
    *,
    columns: ColumnChoices | None = None,
    encoding: str | None = None,
) -> dict[TableRole, ColumnMapping]:
    """Return how the columns of the inputs would be read; reads the beginning of a file only.

    The arguments are those of :func:`read_tables`.

    Example:
        >>> print(preview(items=pl.DataFrame({"movieId": [1], "Name": ["Up"]}))["items"])
        items (columns as in MovieLens)
          item_id <- movieId
          title <- Name
    """
    return InputTables.open(_given_inputs(events, items, users), columns, encoding).preview()


@dataclass(frozen=True)
class InputTables:
    """Inputs that are opened once, to show their columns first and to read their rows later.

    Example:
        >>> log = pl.DataFrame({"userID": ["ann"], "itemID": ["tea"]})
        >>> inputs = InputTables.open({"events": log})
        >>> inputs.preview()["events"].convention, inputs.read().tables.events.height
        ('Microsoft Recommenders', 1)
    """

    opened: Mapping[TableRole, OpenedTable]
    columns: ColumnChoices = field(default_factory=dict)
    formats: ValueFormats = field(default_factory=ValueFormats)

    @classmethod
    def open(
        cls,
        inputs: Mapping[TableRole, Any],
        columns: ColumnChoices | None = None,
        encoding: str | None = None,
        formats: ValueFormats | None = None,
    ) -> "InputTables":
        """Open the inputs; see :func:`read_tables` for the arguments."""
        opened = {role: open_table(data, role, encoding) for role, data in inputs.items()}
        return cls(opened, columns or {}, formats or ValueFormats())

    def preview(self) -> dict[TableRole, ColumnMapping]:
        """Return the column mapping of each table, from the beginning of its file.

        Raises:
            DataError: An input has no column for an id.
            ConfigError: ``columns`` names a column that does not exist.
        """
        samples = {role: table.sample_columns for role, table in self.opened.items()}
        try:
            return self._match(samples)
        except (ConfigError, DataError):  # a column may appear later in a JSON Lines file
            return self._match({role: table.columns for role, table in self.opened.items()})

    def read(self, rules: EventRules | None = None) -> ImportResult:
        """Read and check all rows; see :func:`read_tables`."""
        mappings = self._match({role: table.columns for role, table in self.opened.items()})
        rejects = Rejects()
        for source in self.opened.values():
            rejects.merge(source.rejects)
        built = {
            role: build_table(source, mappings[role], rejects, self.formats)
            for role, source in self.opened.items()
        }
        tables = Tables.of(**{role: table.frame for role, table in built.items()})
        if "items" in built and tables.items.height > built["items"].frame.height:
            tables = Tables.of(tables.events, mark_listed(built["items"].frame), tables.users)
        notes = [note for source in self.opened.values() for note in source.notes]
        notes += [note for table in built.values() for note in table.notes]
        notes += note_unknown_references({role: t.frame for role, t in built.items()})
        notes += [
            f"{source.file}: read as {role}, but it also has users and items and repeats "
            "them, as events do"
            for role, source in self.opened.items()
            if role != "events" and _looks_like_events(mappings[role], rejects, source.file)
        ]
        notes += self._note_columns(mappings)
        return ImportResult(
            tables,
            rejects,
            mappings,
            tuple(notes),
            rules or EventRules(),
            built["events"].event_ids if "events" in built else None,
            {role: table.frame.height for role, table in built.items()},
            {role: rejects.count_refused(source.file) for role, source in self.opened.items()},
        )

    def _note_columns(self, mappings: Mapping[TableRole, ColumnMapping]) -> list[str]:
        """Return notes about columns of items and users that are not used, or could be."""
        notes = [
            f"{self.opened[role].file}: columns not used: {', '.join(mapping.unused)}"
            for role, mapping in mappings.items()
            if role != "events" and mapping.unused
        ]
        notes += self._note_matrix(mappings)
        events = mappings.get("events")
        key = None if events is None else events.source_of("item_id")
        if events is None or key is None or "items" in mappings or not events.unused:
            return notes
        rows = self.opened["events"].sample([key, *events.unused]).head(SAMPLE_ROWS)
        found = constant_columns(rows, key, events.unused) or []
        if several := [name for name in found if rows[name].n_unique() > 1]:
            notes.append(
                f"{self.opened['events'].file}: the same in all events of an item: "
                f"{', '.join(several)}; to use them, read the file as items, too"
            )
        return notes

    def _note_matrix(self, mappings: Mapping[TableRole, ColumnMapping]) -> list[str]:
        """Return a note about users with a column for each item, which look like attributes."""
        users = mappings.get("users")
        if users is None or "events" in mappings:
            return []
        names = [column.source for column in users.used if column.reason == "own name"]
        rows = self.opened["users"].sample(names).head(SAMPLE_ROWS)
        numbers = [name for name in names if is_opinion_of_one_item(rows[name])]
        if len(numbers) < MIN_MATRIX_COLUMNS or len(numbers) < 0.8 * len(names):
            return []
        return [
            f"{self.opened['users'].file}: {len(numbers)} columns hold few small numbers each, "
            "as where each item has a column; to use them as events, write one row for each "
            "user and item"
        ]

    def _match(
        self, names: Mapping[TableRole, tuple[str, ...]]
    ) -> dict[TableRole, ColumnMapping]:
        """Match the column names of all tables, with the choices of the caller."""
        mappings: dict[TableRole, ColumnMapping] = {}
        used: set[str] = set()
        for role, columns in names.items():
            choices = self._choices_for(role, columns)
            used |= choices.keys()
            sample = self.opened[role].sample
            try:
                mapping = (
                    match_events(columns, choices, sample)
                    if role == "events"
                    else match_columns(columns, role, choices)
                )
            except DataError as error:
                raise DataError(
                    f"{self.opened[role].file}: {error}",
                    next_step=error.next_step,
                    **error.parameters,
                ) from None
            if "event_type" not in choices:
                mapping = recognise_event_types(mapping, sample)
            if "timestamp" not in choices:
                mapping = recognise_event_times(mapping, sample)
                mapping = recognise_clocks(mapping, sample)
                mapping = recognise_date_parts(mapping, sample)
            if role != "events" and has_all_known_names(columns, "events"):
                mapping = _keep_constant_columns(mapping, sample)
            mappings[role] = recognise_item_limits(mapping, sample)
        targets = {target for target in self.columns if target not in COLUMN_ALIASES}
        if unused := sorted(targets - used):
            name = self.columns[unused[0]]
            if any(name in columns for columns in names.values()):
                known = ", ".join(COLUMN_ALIASES["events"])
                raise ConfigError(f"events have no column {unused[0]!r}; columns: {known}")
            raise ConfigError(f"no input has a column {name!r} (chosen for {unused[0]})")
        return mappings

    def _choices_for(self, role: TableRole, columns: tuple[str, ...]) -> dict[str, str | None]:
        """Return the choices for one table: those for all tables that fit, and its own ones."""
        choices = {
            target: name
            for target, name in self.columns.items()
            if target not in COLUMN_ALIASES
            and (name is None or name in columns)
            and (role != "events" or target in COLUMN_ALIASES["events"])
        }
        return {**choices, **self.columns.get(role, {})}


def _keep_constant_columns(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping of items or users that are read from events, without what varies.

    The customer and the time of the last purchase are no attributes of an item.
    """
    key = mapping.source_of(KEY_COLUMNS[mapping.role][0]) or ""
    names = [column.source for column in mapping.used if column.source != key]
    kept = constant_columns(sample([key, *names]).head(SAMPLE_ROWS), key, names)
    if kept is None:
        return mapping
    columns = tuple(
        column
        if column.source in (key, *kept)
        else replace(column, target=None, reason="not used")
        for column in mapping.columns
    )
    return replace(mapping, columns=columns)


def _looks_like_events(mapping: ColumnMapping, rejects: Rejects, file: str) -> bool:
    """Return whether a table of items or users has both ids, and repeats them."""
    sources = [column.source for column in mapping.columns]
    n_replaced = rejects.count_dropped(file) - rejects.count_refused(file)
    return has_all_known_names(sources, "events") and n_replaced > 0


def _given_inputs(events: Any, items: Any, users: Any) -> dict[TableRole, Any]:
    inputs: dict[TableRole, Any] = {"events": events, "items": items, "users": users}
    return {role: data for role, data in inputs.items() if data is not None}


def detect_role(
    path: Path, columns: ColumnChoices | None = None, encoding: str | None = None
) -> tuple[TableRole, OpenedTable]:
    """Return the table that a file holds, and the opened file.

    The table follows from the name of the file. If the name is unknown, it follows from the
    columns: events have users and items, the other tables have one of them.

    Raises:
        DataError: The file has neither a user nor an item column, or cannot be read.
        ConfigError: There is no such encoding.
    """
    if named := role_of_file(path.name):
        return named, open_table(path, named, encoding)
    errors: list[DataError] = []
    likely: OpenedTable | None = None
    for role in TABLE_ROLES:
        # the role names columns without header, and decides about lists of items
        opened = open_table(path, role, encoding)
        try:
            mapping = _preview_one(role, opened, columns or {})
        except DataError as error:
            errors.append(error)
            continue
        if role == "events" and not _repeats_likely_keys(mapping, opened):
            likely = opened
            continue
        if role != "events" and errors:
            _refuse_events(mapping, opened, errors[0])
        return role, opened
    if likely is not None:
        return "events", likely
    raise errors[0]


def _preview_one(role: TableRole, opened: OpenedTable, columns: ColumnChoices) -> ColumnMapping:
    """Match the columns of one table; choices that fit another table only are ignored."""
    try:
        return InputTables({role: opened}, columns).preview()[role]
    except ConfigError:
        return InputTables({role: opened}).preview()[role]


def _repeats_likely_keys(mapping: ColumnMapping, opened: OpenedTable) -> bool:
    """Return whether the ids of events come again, if one has a name of something else, too.

    A table of people may have a column ``job``, and one of items the address of a seller.
    """
    reasons = {column.target: column.reason for column in mapping.used}
    keys = KEY_COLUMNS["events"]
    if LIKELY_REASON not in {reasons.get(key) for key in keys} or ITEM_CELLS in reasons:
        return True
    others = [key for key in keys if reasons[key] != LIKELY_REASON] or keys
    return any(_count_repeats(mapping, opened, key)[0] for key in others)


def _count_repeats(mapping: ColumnMapping, opened: OpenedTable, key: str) -> tuple[int, int]:
    """Return the number of the first rows whose id comes again, and of those with an id."""
    source = mapping.source_of(key)
    rows = opened.sample([source] if source else [])
    ids = rows[source].drop_nulls() if source in rows.columns else pl.Series([])
    return len(ids) - (0 if ids.dtype.is_nested() else ids.n_unique()), len(ids)


def _refuse_events(mapping: ColumnMapping, opened: OpenedTable, error: DataError) -> None:
    """Refuse events that look like users or items because one of their ids is not recognised.

    Of rows with one id the last would be kept, and all others lost.

    Raises:
        DataError: Most of the first rows repeat an id.
    """
    key = KEY_COLUMNS[mapping.role][0]
    n_repeats, n_rows = _count_repeats(mapping, opened, key)
    is_catalogue = mapping.role == "items" and mapping.source_of("title") is not None
    if n_rows < MIN_JUDGED_ROWS or n_repeats <= MAX_REPEATED_SHARE * n_rows or is_catalogue:
        return
    raise DataError(
        f"{error}; these are no {mapping.role}: {n_repeats:,} of {n_rows:,} rows "
        f"repeat {'an' if key == 'item_id' else 'a'} {key} ({mapping.source_of(key)})",
        next_step=error.next_step,
        **error.parameters,
    )


_FILE_SUFFIX = r"\.(csv|tsv|txt|dat|jsonl|ndjson|json|parquet)(\.gz)?$"
_CHINESE_EVENTS = (
    "事件|订单|訂單|购买|購買|评分|評分|评论|評論|交互|互动|行为|行為|点击|點擊|浏览|瀏覽|交易|记录|記錄|流水"
    "|收藏|播放|打分"
)
_CHINESE_ITEMS = (
    "商品|物品|产品|產品|电影|電影|影片|图书|圖書|书籍|書籍|歌曲|音乐|音樂|动画|動畫|动漫|番剧|文章|新闻|新聞"
    "|菜品|目录|目錄"
)
_CHINESE_USERS = "用户|用戶|会员|會員|客户|客戶|顾客|顧客|读者|讀者|观众|觀眾"
"""Words of Chinese file names, looked for in this order: 用户评分.csv has events."""
_FILE_PATTERNS: dict[TableRole, str] = {
    "events": r"(interactions?|events?|ratings?|feedback|inter|transactions?|clicks?)"
    rf"{_FILE_SUFFIX}|.*\.inter(\.gz)?$|.*(?:{_CHINESE_EVENTS}).*{_FILE_SUFFIX}",
    "items": r"(items?|movies?|products?|articles?|news|books?)"
    rf"{_FILE_SUFFIX}|.*\.item(\.gz)?$|.*(?:{_CHINESE_ITEMS}).*{_FILE_SUFFIX}",
    "users": rf"(users?|customers?|profiles?){_FILE_SUFFIX}|.*\.user(\.gz)?$"
    rf"|.*(?:{_CHINESE_USERS}).*{_FILE_SUFFIX}",
}


def role_of_file(name: str) -> TableRole | None:
    """Return the table that a file holds according to its name, None if the name is unknown.

    Example:
        >>> role_of_file("Ratings.csv"), role_of_file("shop.item"), role_of_file("export.csv")
        ('events', 'items', None)
        >>> role_of_file("用户评分.csv"), role_of_file("商品信息.csv"), role_of_file("会员.csv")
        ('events', 'items', 'users')
    """
    lower = name.lower()
    return next(
        (role for role, pattern in _FILE_PATTERNS.items() if re.match(pattern, lower)), None
    )


def find_table_files(path: Path) -> dict[TableRole, Path]:
    """Return the file of each table: ``ratings.csv``, ``movies.dat``, and so on.

    Raises:
        NotFoundError: There is no such folder.
        DataError: No file is recognised, or several files match the same table.
    """
    if not path.exists():
        raise NotFoundError(f"no folder {str(path)!r}")
    if not path.is_dir():
        raise DataError(f"{path.name} is a file, expected a folder; files: read_tables()")
    names = sorted(entry for entry in path.iterdir() if entry.is_file())
    found: dict[TableRole, Path] = {}
    for role in _FILE_PATTERNS:
        files = [file for file in names if role_of_file(file.name) == role]
        if len(files) > 1:
            both = ", ".join(file.name for file in files)
            raise DataError(f"{path.name} has several files of {role}: {both}; name one")
        if files:
            found[role] = files[0]
    if not found:
        raise DataError(
            f"{path.name} has no file that is recognised; expected names like "
            "events.csv, items.csv, users.csv, ratings.dat or shop.inter"
        )
    return found


def note_unknown_references(frames: dict[TableRole, pl.DataFrame]) -> list[str]:
    """Return notes about events whose item or user is not in the table of items or users."""
    notes = []
    events = frames.get("events")
    for role, key in (("items", "item_id"), ("users", "user_id")):
        side = frames.get(role)  # type: ignore[call-overload]
        if events is None or side is None:
            continue
        unknown = events.select(key).join(side.select(key), on=key, how="anti")
        if unknown.height:
            notes.append(
                f"{unknown.height:,} events name {unknown[key].n_unique():,} {role} that are "
                f"not among the {role}, such as {unknown[key][0]!r}; they are known by id only"
                + (" and are not recommended" if role == "items" else "")
            )
    return notes
