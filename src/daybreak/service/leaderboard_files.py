"""The leaderboard on disk: a page, or pictures."""

from pathlib import Path

from daybreak.evaluation.canvas import standalone
from daybreak.service.leaderboard import Leaderboard
from daybreak.service.leaderboard_page import leaderboard_page
from daybreak.service.leaderboard_pictures import bars_picture, curves_picture


def write_page(board: Leaderboard, path: Path) -> list[Path]:
    """Write the board as HTML; return what was written."""
    path.write_text(leaderboard_page(board), encoding="utf-8")
    return [path]


def write_pictures(board: Leaderboard, folder: Path, before: str = "") -> list[Path]:
    """Write ``curves.svg`` and ``bars.svg``, as far as there is something to draw.

    Args:
        board: What to draw.
        folder: Made when it is not there.
        before: Put before the names of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, picture in (("curves", curves_picture(board)), ("bars", bars_picture(board))):
        if picture is not None:
            path = folder / f"{before}{name}.svg"
            path.write_text(standalone(picture.svg), encoding="utf-8")
            written.append(path)
    return written
