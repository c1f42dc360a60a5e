"""The real data set in the package."""

from importlib.resources import files
from pathlib import Path

FILES = ("interactions.csv.gz", "items.csv.gz", "users.csv.gz")


def gift_shop() -> Path:
    """Return the folder of seven months of a British online gift shop, as packed CSV files.

    Online Retail II, Daqing Chen, UCI Machine Learning Repository (2019), DOI 10.24432/C5CG6D,
    CC BY 4.0; its README lists the changes.

    Example:
        >>> sorted(file.name for file in gift_shop().glob("*.gz"))
        ['interactions.csv.gz', 'items.csv.gz', 'users.csv.gz']
    """
    return Path(str(files("daybreak.data").joinpath("gift_shop")))
