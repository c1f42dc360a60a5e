"""Your own files: columns are recognised, bad rows are listed, good rows count."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from daybreak import EventRules, Recommender, read_tables

LOG = """Kunde;Artikel;rating;time
ann;tea;5;2024-03-01
ann;cup;4;2024-03-02
bob;tea;5;2024-03-02
bob;rum;1;2024-03-04
;tea;5;2024-03-04
cid;tea;as usual;2024-03-05
"""

with TemporaryDirectory() as folder:
    file = Path(folder) / "log.csv"
    file.write_text(LOG)
    read = read_tables(
        file,
        columns={"user_id": "Kunde", "item_id": "Artikel"},
        rules=EventRules(positive="rating>=4", negative="rating<3"),
    )

print(read.mappings["events"])
for reject in read.rejects.rows:
    print(reject)
assert read.rejects.counts == {"no user_id": 1, "value is not a number": 1}

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    shop = Recommender(encoder="none").fit(read)
print(
    caught[0].message
)  # once a training: how many rows and values are not used, and the first
assert shop.recommend(["dan"], k=1)["item_id"].to_list() == ["tea"]
