"""Blocking methods for fine-tuned encoders: ``client.encoders``.

Generated from ``async_encoders.py`` by ``tools/generate_client.py``: change that file.
"""

from daybreak.client.calls import ApiCall, path_of, without_none
from daybreak.client.encoder_results import EncoderCard, EncoderInfo, EncoderList
from daybreak.client.experiments import SendFn
from daybreak.client.results import Task


class EncodersApi:
    """Fine-tuned text encoders of a service: ``client.encoders``.

    Args:
        send: Method of the client that sends a request.
    """

    def __init__(self, send: SendFn) -> None:
        self._send = send

    def list(self) -> tuple[EncoderInfo, ...]:
        """Return all fine-tuned encoders, the newest first."""
        result = self._send(ApiCall("GET", "/encoders", EncoderList))
        return result.encoders

    def tune(
        self,
        method: str = "whitening",
        *,
        objective: str = "contrastive",
        goal: str = "cold_items",
        steps: int = 400,
        seed: int | None = None,
        resume: str | None = None,
    ) -> Task:
        """Start to fine-tune the encoder of the service; ``encoder`` of the task is its id.

        ``client.tasks`` shows the progress, ``client.admin.cancel_task`` ends it.

        Args:
            method: ``whitening``, ``factors``, ``delta``, ``last_layer``, ``lora`` or ``full``.
            objective: ``contrastive``, ``history``, ``masked``, ``click``, ``rating`` or
                ``ranking``.
            goal: What the encoder is judged by: ``cold_items`` or ``similar``.
            steps: Steps of a training, at most.
            seed: Seed; None: that of the service.
            resume: Id of an encoder whose task ended before it was finished.

        Raises:
            RejectedError: Another task is running, or a value is out of range.
        """
        body = {"method": method, "objective": objective, "goal": goal, "steps": steps}
        body |= without_none(seed=seed, resume=resume)
        return self._send(ApiCall("POST", "/encoders", Task, body=body, repeatable=False))

    def get(self, id: str) -> EncoderCard:
        """Return an encoder with its verdict, the gain of each slice, and its card.

        Raises:
            ResourceNotFoundError: There is no such encoder.
        """
        return self._send(ApiCall("GET", path_of("encoders", id), EncoderCard))

    def use(self, id: str) -> EncoderCard:
        """Let trainings of the service use an encoder from now on.

        Args:
            id: Id of a finished encoder, or ``original``: that of the settings.

        Raises:
            RejectedError: The encoder is not finished, or its folder is gone.
            ResourceNotFoundError: There is no such encoder.
        """
        return self._send(ApiCall("POST", path_of("encoders", id, "use"), EncoderCard))
