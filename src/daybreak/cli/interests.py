"""The command ``interests``: what a user turns to over time, or where the audience moves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daybreak.cli import options
from daybreak.cli.language import message
from daybreak.cli.output import print_message, print_messages, show_json
from daybreak.cli.tables import show_frame

if TYPE_CHECKING:
    from daybreak.service.state.interests import InterestFlow, UserInterests

UserArgument = Annotated[
    str | None,
    typer.Argument(metavar="[USER]", help="Id of a known user; default: the whole audience."),
]
TopicsOption = Annotated[
    int, typer.Option(metavar="NUMBER", min=2, max=30, help="Largest number of topics.")
]
PointsOption = Annotated[
    int,
    typer.Option(metavar="NUMBER", min=1, max=100, help="Largest number of points in time."),
]
PictureOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the picture, as an SVG file.")
]


def interests(
    user: UserArgument = None,
    topics: TopicsOption = 8,
    points: PointsOption = 12,
    picture: PictureOption = None,
    store: options.StoreOption = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Show the interests of a user over time, or where the audience is moving."""
    from daybreak.service.moving import flow_svg, interests_svg

    with options.open_workspace(store=store) as workspace:
        if user is None:
            flow = workspace.load_recommender().interest_flow(topics=topics, points=points)
            svg = "" if picture is None else flow_svg(flow)
        else:
            found = workspace.load_recommender([user]).interests(
                user, topics=topics, points=points
            )
            svg = "" if picture is None else interests_svg(found)
        notes = workspace.notes
    if picture is not None:
        _write_picture(picture, svg)
    if json:
        shown = flow.to_dict() if user is None else found.to_dict()
        show_json({**shown, "notes": notes})
        return
    print_messages(notes)
    if user is None:
        _show_flow(flow)
    else:
        _show_user(found)


def _show_user(found: "UserInterests") -> None:
    import polars as pl

    first = found.points[0].shares if found.points else found.expected
    last = found.points[-1].shares if found.points else found.expected
    frame = pl.DataFrame(
        {
            "topic": [topic.name for topic in found.topics],
            "first": first,
            "now": last,
            "expected": found.expected,
        }
    )
    show_frame(frame.sort("now", descending=True), f"Interests of {found.user_id}")


def _show_flow(flow: "InterestFlow") -> None:
    import polars as pl

    names = [topic.name for topic in flow.topics]
    frame = pl.DataFrame({"topic": names, "now": flow.current, "expected": flow.expected})
    change = (pl.col("expected") - pl.col("now")).alias("change")
    show_frame(
        frame.with_columns(change).sort("change", descending=True), "Interests of the audience"
    )
    moves = pl.DataFrame(
        {
            "from": [names[move.source] for move in flow.moves],
            "to": [names[move.target] for move in flow.moves],
            "share": [move.share for move in flow.moves],
        },
        schema={"from": pl.String, "to": pl.String, "share": pl.Float64},
    )
    show_frame(moves, "Largest moves")


def _write_picture(path: Path, svg: str) -> None:
    from daybreak.errors import ConfigError

    try:
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    print_message(message("wrote", path=path))
