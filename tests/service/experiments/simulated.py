"""A service in memory whose visitors click with given rates."""

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.service.experiments import ExperimentManager
from daybreak.store import open_store
from daybreak.store.base import LoggedItem, LoggedRecommendation

DAY = 86400.0
ITEMS = tuple(f"item-{number:02d}" for number in range(40))


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SimulatedService:
    """A store in memory, its experiments, and a clock."""

    def __init__(self, **options) -> None:
        self.clock = Clock()
        self.store = open_store("sqlite:///:memory:")
        self.written = 0
        self.experiments = ExperimentManager(self.store, clock=self.clock, **options)

    def run(self, **plan):
        """Start an experiment between ``now`` and ``new``."""
        row = {"id": "page", "variants": [{"name": "now"}, {"name": "new"}], "salt": "s"}
        self.experiments.create(row | plan)
        return self.experiments.start(row["id"])

    def answer(self, id, user, items, **fields):
        """Write down what somebody was shown; the experiment decides the variant."""
        part = self.experiments.assign(user, fields.get("session_id"))
        mine = (
            {}
            if part is None
            else {"experiment": part.experiment, "variant": part.variant.name}
        )
        shown = tuple(
            LoggedItem(item, 1.0, rank + 1, "popular") for rank, item in enumerate(items)
        )
        self.store.put_recommendations(
            [
                LoggedRecommendation(
                    **{
                        "id": id,
                        "at": self.clock.now,
                        "user_id": user,
                        "release": "r",
                        "shown": shown,
                        **mine,
                        **fields,
                    }
                )
            ]
        )

    def react(self, *events):
        """Write events: recommendation, user, item, type and if wanted value and time."""
        rows = [
            (*event, None, self.clock.now)[:6] if len(event) == 4 else event for event in events
        ]
        frame = pl.DataFrame(
            rows,
            schema={
                "r": pl.String,
                "user_id": pl.String,
                "item_id": pl.String,
                "event_type": pl.String,
                "value": pl.Float64,
                "timestamp": pl.Float64,
            },
            orient="row",
        )
        ids = pl.Series([f"e{self.written + number}" for number in range(len(rows))])
        self.written += len(rows)
        self.store.write(Tables.of(frame.drop("r")), event_ids=ids, recommendations=frame["r"])

    def days(self, rates, people=400, visits=2, seed=0):
        """Let people visit and click: each place with the rate of the variant they see."""
        rng = np.random.default_rng(seed)
        answers, events = [], []
        for person in range(people):
            user = f"user-{person}"
            part = self.experiments.assign(user)
            for visit in range(visits):
                at, name = person * 60.0 + visit * DAY, part.variant.name
                items = rng.permutation(len(ITEMS))[:5]
                shown = tuple(
                    LoggedItem(ITEMS[i], 1.0, k + 1, "popular") for k, i in enumerate(items)
                )
                id_ = f"{user}/{visit}"
                answers.append(
                    LoggedRecommendation(id_, at, user, "r", shown, part.experiment, name)
                )
                events += [
                    (id_, user, place.item_id, "click", None, at + 5.0)
                    for place in shown
                    if rng.random() < rates[name]
                ]
        self.store.put_recommendations(answers)
        self.react(*events)
        self.clock.now = people * 60.0 + visits * DAY
