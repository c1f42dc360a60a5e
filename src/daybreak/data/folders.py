"""Tell which file of a folder holds events, items or users."""

import re
from pathlib import Path

from daybreak.data.aliases import Role
from daybreak.errors import DataError, NotFoundError

_TEXT = r"\.(csv|tsv|txt|dat|jsonl|ndjson|json|parquet)(\.gz)?$"
_NAMES: dict[Role, str] = {
    "events": rf"(interactions?|events?|ratings?|feedback|inter|transactions?|clicks?){_TEXT}"
    r"|.*\.inter(\.gz)?$",
    "items": rf"(items?|movies?|products?|articles?|news|books?){_TEXT}|.*\.item(\.gz)?$",
    "users": rf"(users?|customers?|profiles?){_TEXT}|.*\.user(\.gz)?$",
}


def role_of(name: str) -> Role | None:
    """Return what a file of this name holds, None when the name does not say.

    Example:
        >>> role_of("Ratings.csv"), role_of("shop.item"), role_of("export.csv")
        ('events', 'items', None)
    """
    lower = name.lower()
    return next((role for role, pattern in _NAMES.items() if re.match(pattern, lower)), None)


def recognise_folder(path: Path) -> dict[Role, Path]:
    """Return the file of each table: ``ratings.csv``, ``movies.dat``, and so on.

    Raises:
        NotFoundError: There is no such folder.
        DataError: Nothing is recognised, or two files claim the same table.
    """
    if not path.exists():
        raise NotFoundError(f"no folder {str(path)!r}")
    if not path.is_dir():
        raise DataError(f"{path.name} is a file, expected a folder; files: read_tables()")
    names = sorted(entry for entry in path.iterdir() if entry.is_file())
    found: dict[Role, Path] = {}
    for role in _NAMES:
        files = [file for file in names if role_of(file.name) == role]
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
