"""A service without a store, for tests of the HTTP layer alone."""

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
        stored = self._kinds.setdefault(kind, {})
        for id_, document in documents.items():
            stored.pop(id_, None)
            if document is not None:
                stored[id_] = dict(document)

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
    """Recommends one item, after a pause or with an error if a test needs that.

    A test clears ``may_answer`` to keep requests running until it sets it again.
    """

    pause_s: float = 0.0
    requests: list = field(default_factory=list)
    batches: list = field(default_factory=list)
    posted: list = field(default_factory=list)

    def __post_init__(self):
        self.store = MemoryDocuments()
        self.experiments = None
        self.events = self.catalogue = self
        self.entered, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        self.n_submitted = 0
        self.is_unavailable = False
        self._batcher = Batcher(self._recommend_many)

    def submit(self, request):
        self.n_submitted += 1
        return self._batcher.submit(request)

    def _recommend_many(self, requests):
        self.entered.set()
        time.sleep(self.pause_s)
        self.may_answer.wait()
        self.batches.append(len(requests))
        self.requests += requests
        return [self._recommend(request) for request in requests]

    def _recommend(self, request):
        if request.user_id == "bug":
            raise RuntimeError("secret insides")
        if request.user_id == "wrong":
            return ConfigError("wrong was asked")
        return RecommendResponse(
            "r1", request.user_id, "cold", "rel", (TEA,)[: request.n], took_ms=1.0
        )

    def add(self, rows):
        if self.is_unavailable:
            raise StoreError("the store postgresql://shop:secret@db/shop is away")
        self.posted += rows
        invalid = [n for n, row in enumerate(rows) if not isinstance(row, dict)]
        rejected = tuple(
            RejectedRow(n, "", None, "expected an object", "not_an_object") for n in invalid
        )
        return IngestResult(len(rows) - len(invalid), 0, rejected)

    def add_many(self, calls):
        return [self.add(rows) for rows in calls]

    def require_listed(self, item_id):
        self.get(item_id)

    def get(self, item_id):
        if item_id == "nothing":
            raise NotFoundError("no item 'nothing'")
        return {"item_id": item_id}

    def explain(self, user_id, item_id):
        return (RecommendationReason("user", user_id, item_id, 0.25),)

    def status(self):
        if self.is_unavailable:
            raise StoreError("the store is away")
        return {"release": "rel", "users": 3, "model_metric": {"ndcg/cold": 0.5}}
