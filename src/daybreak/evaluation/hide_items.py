"""Hide items, and some users: slices for what is new, alone and among everything else."""

import polars as pl

from daybreak.evaluation.known import Known
from daybreak.evaluation.slices import PAIR, Made, Plan, Told, make_slice
from daybreak.rng import stream

ITEM_SHARE = {"random": 0.2, "newest": 0.15}
"""Share of items that are hidden."""
BOTH_SHARE = 0.1
"""Share of users that are hidden with them."""
LATE, LATE_FROM = 0.1, 10
"""Share of the last events held out as well, for users with at least so many [events]."""


def hide_items(data: Known) -> tuple[Plan, Made]:
    """Return one training without the hidden items and users, and the slices that ask for them.

    The content of hidden items stays in the catalogue: they are new, not unknown.
    """
    cold, chosen = _cold(data)
    strangers = data.drawn("user_id", BOTH_SHARE)
    is_cold, is_stranger = (
        pl.col(name).is_in(ids.implode())
        for name, ids in (("item_id", cold), ("user_id", strangers))
    )
    late = _late(data.timeline.filter(~is_cold & ~is_stranger))
    flagged = data.tables.events.select(PAIR).join(
        late.select(PAIR).with_columns(late=pl.lit(value=True)),
        on=PAIR,
        how="left",
        maintain_order="left",
    )
    keep = flagged.select(keep=~is_cold & pl.col("late").is_null())["keep"]
    plan = data.plan("new items", keep, strangers)
    positives = plan.positives
    wanted = data.timeline.filter(is_cold)
    members = wanted.filter(pl.col("user_id").is_in(positives["user_id"].unique().implode()))
    mixed = pl.concat([members, late], how="diagonal")
    everything = pl.concat([cold, positives["item_id"]])
    told = Told(profiles=data.profiles)
    profile = "nothing is" if data.profiles is None else "their attributes are"
    rule = f"{chosen} are without any event in training; their content is known."
    made: Made = {
        "cold_item": make_slice(
            "cold_item",
            f"{rule} Right: positive events of known users with them. Candidates: new items "
            "only.",
            members,
            cold,
        ),
        "cold_item_all": make_slice(
            "cold_item_all",
            f"{rule} Right: positive events with them, and the last {LATE:.0%} of the others "
            f"({data.order}; users with at least {LATE_FROM}). Candidates: new and old items "
            "in one list.",
            mixed,
            everything,
        ),
        "both_cold": make_slice(
            "both_cold",
            f"{rule} A random {BOTH_SHARE:.0%} of users are absent as well, and {profile} "
            "told when they ask. Right: their positive events with new items. Candidates: new "
            "items only.",
            wanted.filter(is_stranger),
            cold,
            told,
        ),
    }
    return plan, made


def _cold(data: Known) -> tuple[pl.Series, str]:
    """Return the hidden items, and in words how they were chosen."""
    share = ITEM_SHARE[data.cold_items]
    if data.cold_items == "random":
        return data.drawn("item_id", share), f"A random {share:.0%} of items"
    first = data.timeline.group_by("item_id").agg(pl.col("timestamp").min()).sort("item_id")
    tie = stream(data.seed, "newest items").random(first.height)
    first = first.with_columns(tie=tie).sort("timestamp", "tie", nulls_last=False)
    newest = first["item_id"].tail(min(first.height - 1, max(1, round(share * first.height))))
    return newest, f"The newest {share:.0%} of items, by their first positive event,"


def _late(warm: pl.DataFrame) -> pl.DataFrame:
    """Return the last tenth of each long history of old items."""
    place = pl.int_range(pl.len()).over("user_id")
    size = pl.len().over("user_id")
    return warm.filter((place >= (size * (1 - LATE)).cast(pl.Int64)) & (size >= LATE_FROM))
