"""Print the table of models in ``docs/models.md``: ``python -m daybreak.models``."""

from daybreak.models import models
from daybreak.models.card import render_table

if __name__ == "__main__":
    cards = {name: models[name].card for name in models.registered()}
    print(render_table(cards))  # noqa: T201
