"""Sizes and colours of one product, which are one item.

Catalogues of shops have a row for each variant, with the product in a column such as *Handle*,
``parent_id`` or ``item_group_id``. A list of ten must not be ten sizes of a shirt, and the
buyers of all sizes are those of the shirt. Start at :func:`find_variants`.
"""

from collections.abc import Mapping

import polars as pl

from daybreak.data.fields import HIDDEN_COLUMN

_GROUP_COLUMNS = (
    *("handle", "item_group_id", "parent_id", "parent", "parent_sku", "parent_item_id"),
    *("parent_product_id", "parent_code", "product_handle", "master_id", "master_sku"),
    *("product_group_id", "style_id", "elternartikel", "vaterartikel", "hauptartikel"),
)
"""Columns of items that name their product."""
MAX_JUDGED_GROUPS = 200
"""Largest number of products of which the titles are compared."""
MIN_ALIKE_SHARE = 0.8
"""Smallest share of the products whose variants have titles that begin alike."""
MIN_COMMON_SHARE = 0.5
"""Smallest part of a title that its variants have in common."""
MIN_REFERENCES = 0.5
"""Smallest share of products that are items themselves where parents are meant."""


def find_variants(items: pl.DataFrame) -> tuple[str, dict[str, str]] | None:
    """Return the column of products and the item for each variant; None: there are none.

    The item is the product, if it has a row of its own, else its first variant.

    Args:
        items: The catalogue.

    Example:
        >>> shirts = pl.DataFrame({"item_id": ["s", "m", "cup"],
        ...     "handle": ["shirt", "shirt", "cup"], "title": ["Shirt", None, "Cup"]})
        >>> find_variants(shirts)
        ('handle', {'m': 's'})
    """
    for name in _GROUP_COLUMNS:
        if name in items.columns and not items[name].dtype.is_nested():
            variants = _variants_by(items, name)
            if variants:
                return name, variants
    return None


def fold_variants(
    items: pl.DataFrame, column: str, variants: Mapping[str, str]
) -> pl.DataFrame:
    """Return the catalogue in which variants are hidden and products have what variants say.

    Variants keep the texts of their product: an event on one of them says what it is about.

    Args:
        items: The catalogue.
        column: Column of products.
        variants: Item that stands for each variant.
    """
    stands = pl.col("item_id").replace(dict(variants))
    others = [n for n in items.columns if n not in ("item_id", column, HIDDEN_COLUMN)]
    filled = items.with_columns(
        pl.col(name).fill_null(pl.col(name).drop_nulls().first().over(stands))
        for name in others
        if not items[name].dtype.is_nested()
    )
    hidden = (
        pl.col(HIDDEN_COLUMN).cast(pl.String)
        if HIDDEN_COLUMN in items.columns
        else pl.lit(None, pl.String)
    )
    is_variant = pl.col("item_id").is_in(list(variants))
    state = pl.when(is_variant).then(pl.lit("true")).otherwise(hidden)
    return filled.with_columns(state.alias(HIDDEN_COLUMN))


def _variants_by(items: pl.DataFrame, column: str) -> dict[str, str]:
    groups = items.select(
        "item_id",
        pl.col(column)
        .cast(pl.String)
        .str.strip_chars()
        .str.replace(r"^id:", "")
        .alias("group"),
        (pl.col("title") if "title" in items.columns else pl.lit(None, pl.String)).alias(
            "title"
        ),
    ).with_columns(pl.col("group").replace("", None))
    own = "id" if "id" in items.columns else "item_id"
    ids = dict(zip(items[own].cast(pl.String), items["item_id"], strict=True))
    given = groups.drop_nulls("group")
    if not given.height:
        return {}
    n_references = given["group"].is_in(list(ids)).sum()
    if n_references >= MIN_REFERENCES * given.height:
        stands = given["group"].replace_strict(ids, default=None, return_dtype=pl.String)
    else:
        stands = given.select(pl.col("item_id").first().over("group")).to_series()
    named = given.with_columns(stands.alias("stands")).drop_nulls("stands")
    titles = dict(groups.select("item_id", "title").rows())
    if not _begin_alike(named, titles):
        return {}
    pairs = named.filter(pl.col("item_id") != pl.col("stands"))
    return dict(pairs.select("item_id", "stands").rows())


def _begin_alike(named: pl.DataFrame, titles: Mapping[str, str | None]) -> bool:
    """Return whether the variants of a product have one title, or such that begin alike."""
    others = named.filter(pl.col("item_id") != pl.col("stands"))
    together = others.group_by("stands", maintain_order=True).agg("item_id")
    judged = [
        [title.lower() for one in (stands, *ids) if (title := titles.get(one))]
        for stands, ids in together.head(MAX_JUDGED_GROUPS).rows()
    ]
    alike = [_begins_alike(texts) for texts in judged]
    return bool(alike) and sum(alike) >= MIN_ALIKE_SHARE * len(alike)


def _begins_alike(titles: list[str]) -> bool:
    """Return whether titles have their beginning in common; without a title they may."""
    shortest = min(titles, key=len, default="")
    beginning = shortest[: max(1, round(MIN_COMMON_SHARE * len(shortest)))]
    return all(title.startswith(beginning) for title in titles)
