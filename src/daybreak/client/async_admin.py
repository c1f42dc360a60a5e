"""Asynchronous methods for operators: ``client.admin``.

``tools/generate_client.py`` generates ``admin.py`` from this file: change this file, then run
the script.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from daybreak.client.admin_results import (
    CatalogueMap,
    KeyInfo,
    KeyList,
    PolicyInfo,
    PolicyPreview,
    StoredDataReport,
    TrainingPlanInfo,
    WarmUpStatus,
)
from daybreak.client.async_experiments import AsyncSendFn
from daybreak.client.calls import ApiCall, path_of
from daybreak.client.results import Task


class AsyncAdminApi:
    """API keys, policy, data and map of a service: ``client.admin``.

    Args:
        send: Method of the client that sends a request.
    """

    def __init__(self, send: AsyncSendFn) -> None:
        self._send = send

    async def keys(self) -> KeyList:
        """Return all API keys, without their secrets."""
        return await self._send(ApiCall("GET", "/keys", KeyList))

    async def create_key(self, role: str, name: str = "") -> KeyInfo:
        """Make an API key; only this result has its text.

        Args:
            role: ``read``, ``write`` or ``admin``.
            name: Name of the owner.
        """
        body = {"role": role, "name": name}
        return await self._send(ApiCall("POST", "/keys", KeyInfo, body=body, repeatable=False))

    async def revoke_key(self, id: str) -> KeyInfo:
        """Revoke an API key.

        Raises:
            ResourceNotFoundError: There is no such key.
        """
        return await self._send(ApiCall("DELETE", path_of("keys", id), KeyInfo))

    async def training_plan(self) -> TrainingPlanInfo:
        """Return what a training would learn, and how much time and memory it would take."""
        return await self._send(ApiCall("GET", "/train/plan", TrainingPlanInfo))

    async def policy(self) -> PolicyInfo:
        """Return the rules of all lists, when to retrain, and how long events are kept."""
        return await self._send(ApiCall("GET", "/policy", PolicyInfo))

    async def set_policy(
        self,
        *,
        where: str = "",
        boosts: Sequence[Mapping[str, Any]] = (),
        retrain: str | None = None,
        retention_days: float | None = None,
    ) -> PolicyInfo:
        """Replace the policy.

        Args:
            where: Filter that the items of every list must match.
            boosts: Boosts of every list, such as ``{"where": "price < 5", "factor": 2}``.
            retrain: ``auto``, ``off``, or conditions such as ``every=12h, events=0.2``; None:
                as the server was started.
            retention_days: How long events are kept [days]; 0: forever; None: as the server
                was started.

        Raises:
            RejectedError: A filter or a value is invalid.
        """
        body = {
            "where": where,
            "boosts": list(boosts),
            "retrain": retrain,
            "retention_days": retention_days,
        }
        return await self._send(ApiCall("PUT", "/policy", PolicyInfo, body=body))

    async def preview_policy(
        self, *, where: str = "", boosts: Sequence[Mapping[str, Any]] = ()
    ) -> PolicyPreview:
        """Return which items rules would hide or move; nothing is changed.

        Args:
            where: Filter that the items of every list must match.
            boosts: Boosts of every list.
        """
        body = {"where": where, "boosts": list(boosts)}
        return await self._send(ApiCall("POST", "/policy/preview", PolicyPreview, body=body))

    async def cancel_task(self, id: str) -> Task:
        """Ask a training or another task to end; it may run for some more seconds.

        Raises:
            ResourceNotFoundError: There is no such task.
        """
        return await self._send(ApiCall("POST", path_of("tasks", id, "cancel"), Task))

    async def data_report(self) -> StoredDataReport:
        """Return checks of the stored data, what they allow, and how event types count."""
        return await self._send(ApiCall("GET", "/data", StoredDataReport))

    async def measure_shop(self, model_id: str, sources: Sequence[str] | None = None) -> Task:
        """Start to measure the warm-up curve of the shop; ``model_report`` has it later.

        Args:
            model_id: Id of a release, which keeps the curve.
            sources: As for :meth:`evaluate`.

        Raises:
            RejectedError: A training or another task is running.
            ResourceNotFoundError: There is no such release.
        """
        path = path_of("models", model_id, "shop-curve")
        body = None if sources is None else {"sources": list(sources)}
        return await self._send(ApiCall("POST", path, Task, body=body, repeatable=False))

    async def evaluate(self, model_id: str, sources: Sequence[str] | None = None) -> Task:
        """Start to evaluate the settings by slice; ``model_report`` has the results later.

        Args:
            model_id: Id of a release, which keeps the results.
            sources: Names of sources that the store remembers, or ``domain=NAME``; the
                settings are then measured with and without them. None: all that the store
                remembers; empty: none.

        Raises:
            RejectedError: A training or another task is running.
            ResourceNotFoundError: There is no such release.
        """
        path = path_of("models", model_id, "evaluation")
        body = None if sources is None else {"sources": list(sources)}
        return await self._send(ApiCall("POST", path, Task, body=body, repeatable=False))

    async def exposure(self, item_id: str) -> WarmUpStatus:
        """Return how an item warms up: impressions, users, and what exploration promises it.

        Raises:
            ResourceNotFoundError: The item is not in the catalogue.
        """
        return await self._send(
            ApiCall("GET", path_of("items", item_id, "exposure"), WarmUpStatus)
        )

    async def item_map(self, after: int = 0) -> CatalogueMap:
        """Return the catalogue in two dimensions.

        Args:
            after: ``total`` of an earlier map of the same ``version``: only what is new.
        """
        return await self._send(ApiCall("GET", "/map", CatalogueMap, {"after": after}))
