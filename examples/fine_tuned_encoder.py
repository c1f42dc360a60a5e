"""Fine-tune a text encoder on events, and use it if it helps.

The shop has one word for each item; taste is three faint directions of 24. With your own data,
give a folder and no ``encoder``: the packaged model is tuned.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from daybreak.encoders import StaticText
from daybreak.service.finetuning.finetune import finetune_encoder
from daybreak.testing.encoders import static_parts

rng = np.random.default_rng(0)
vectors = rng.normal(size=(320, 24))
taste = vectors[:, :3].copy()
vectors[:, :3] *= 0.5  # faint
likes = 3 * rng.normal(size=(160, 3)) @ taste.T - rng.gumbel(size=(160, 320))
chosen = np.argsort(-likes)[:, :16]
user = np.repeat(np.arange(160), 16)
ids = [f"item{item}" for item in range(320)]
titles = [f"word{item}" for item in range(320)]
events = pl.DataFrame({"user_id": user, "item_id": [ids[item] for item in chosen.ravel()]})
items = pl.DataFrame({"item_id": ids, "title": titles})
words = dict(zip(titles, vectors.tolist(), strict=True))

with TemporaryDirectory() as folder:
    base = StaticText(static_parts(words)).save(Path(folder) / "base")
    result = finetune_encoder(events, Path(folder) / "tuned", items=items, encoder=str(base))

print(result.table())
print(f"{result.verdict}: {result.sentence}")
assert result.verdict == "helps"
