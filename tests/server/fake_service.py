"""A service without a store: what HTTP does is tested apart from what recommending does."""

import threading
import time
from dataclasses import dataclass, field

from daybreak.errors import ConfigError, NotFoundError, StoreError
from daybreak.service.serving import (
    IngestResult,
    RecommendationReason,
    RecommendedItem,
    RecommendResponse,
    RejectedRow,
)
from daybreak.service.serving.batcher import Batcher


class MemoryDocuments:
    """Documents in memory."""

    def __init__(self):
        self._kinds = {}

    def put_documents(self, kind, documents):
        kept = self._kinds.setdefault(kind, {})
        for id_, document in documents.items():
            kept.pop(id_, None)
            if document is not None:
                kept[id_] = dict(document)

    def documents(self, kind):
        return dict(sorted(self._kinds.get(kind, {}).items()))


TEA = RecommendedItem(
    "tea",
    1,
    0.5,
    "personal",
    "hot",
    reasons=(RecommendationReason("event", "cup", "Tea cup", 0.5),),
)


@dataclass
class FakeService:
    """Answers at once, or as slowly or wrongly as a test wants."""

    pause_s: float = 0.0
    asked: list = field(default_factory=list)
    batches: list = field(default_factory=list)
    posted: list = field(default_factory=list)

    def __post_init__(self):
        self.store = MemoryDocuments()
        self.experiments = None
        self.events = self.catalogue = self
        self.entered = threading.Event()
        self.gone = False
        self._batcher = Batcher(self._answers)

    def submit(self, ask):
        return self._batcher.submit(ask)

    def _answers(self, asks):
        self.entered.set()
        time.sleep(self.pause_s)
        self.batches.append(len(asks))
        self.asked += asks
        return [self._answer(ask) for ask in asks]

    def _answer(self, ask):
        if ask.user_id == "bug":
            raise RuntimeError("secret insides")
        if ask.user_id == "wrong":
            return ConfigError("wrong was asked")
        return RecommendResponse("r1", ask.user_id, "cold", "rel", (TEA,)[: ask.n], took_ms=1.0)

    def add(self, rows):
        if self.gone:
            raise StoreError("the store postgresql://shop:secret@db/shop is away")
        self.posted += rows
        bad = [n for n, row in enumerate(rows) if not isinstance(row, dict)]
        found = tuple(
            RejectedRow(n, "", None, "expected an object", "not_an_object") for n in bad
        )
        return IngestResult(len(rows) - len(bad), 0, found)

    def get(self, item_id):
        if item_id == "nothing":
            raise NotFoundError("no item 'nothing'")
        return {"item_id": item_id}

    def explain(self, user_id, item_id):
        return (RecommendationReason("user", user_id, item_id, 0.25),)

    def status(self):
        if self.gone:
            raise StoreError("the store is away")
        return {"release": "rel", "users": 3, "model_metric": {"ndcg/cold": 0.5}}
