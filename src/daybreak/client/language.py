"""Blocking methods of a language model: ``client.language``.

Generated from ``async_language.py`` by ``tools/generate_client.py``: change that file.
"""

from collections.abc import Sequence

from daybreak.client.calls import ApiCall
from daybreak.client.experiments import SendFn
from daybreak.client.language_results import BuyersStatus, EnrichmentStatus
from daybreak.client.results import Task


class LanguageApi:
    """Tasks with the language model of a service: ``client.language``.

    Args:
        send: Method of the client that sends a request.
    """

    def __init__(self, send: SendFn) -> None:
        self._send = send

    def enrich(self, *, language: str = "en", thin_words: int = 12, use: str = "auto") -> Task:
        """Start to write about items with thin text.

        ``client.tasks`` shows the progress, ``client.admin.cancel_task`` ends it; what was
        written before is kept.

        Args:
            language: Language of the texts, ``en`` or ``zh``.
            thin_words: Words of an item below which its text is thin.
            use: ``auto`` (if simulated new items gain), ``always`` or ``never``.

        Raises:
            RejectedError: Another task is running, or there is no language model.
        """
        body = {"language": language, "thin_words": thin_words, "use": use}
        return self._send(ApiCall("POST", "/enrichment", Task, body=body, repeatable=False))

    def enrichment(self) -> EnrichmentStatus:
        """Return what was written about items, and whether it is used."""
        return self._send(ApiCall("GET", "/enrichment", EnrichmentStatus))

    def imagine_buyers(
        self,
        items: Sequence[str] = (),
        *,
        title: str = "title",
        language: str = "en",
        n_items: int = 20,
        n_users: int = 20,
        seed: int = 0,
    ) -> Task:
        """Start to learn whether guesses about the users of new items help.

        Args:
            items: Items whose users are ranked afterwards, at most 20.
            title: Column of items with titles.
            language: Language of the instruction, ``en`` or ``zh``.
            n_items: Known items on which the weight is learned.
            n_users: Likeliest users of an item about whom the model is asked.
            seed: Seed of the choice of known items.

        Raises:
            RejectedError: Another task is running, or there is no language model.
        """
        body = {
            "items": list(items),
            "title": title,
            "language": language,
            "n_items": n_items,
            "n_users": n_users,
            "seed": seed,
        }
        return self._send(ApiCall("POST", "/buyers", Task, body=body, repeatable=False))

    def buyers(self) -> BuyersStatus:
        """Return what the last task learned about imagined buyers."""
        return self._send(ApiCall("GET", "/buyers", BuyersStatus))
