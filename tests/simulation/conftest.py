from tests.ranking.conftest import data  # noqa: F401 - the same data set
