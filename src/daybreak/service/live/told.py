"""What is known of a batch of askers: stored, told with the request, and seen."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.data.events import Events
from daybreak.service.asking import Told
from daybreak.service.inputs import TEXT
from daybreak.service.live.scene import Scene
from daybreak.service.live.sides import as_text, frame_of
from daybreak.service.live.wish import Wish
from daybreak.types import Doubles, Mask, Rows, Sparse

REMEMBERED = 1_000
"""Profiles that are kept encoded for the next request that tells them."""
NOBODY = "\0nobody"
"""Looked up where there is no name; no store holds it."""


class Late(NamedTuple):
    """Events that requests bring: parallel columns."""

    who: Rows
    """Positions of wishes."""
    item: Rows
    at: Doubles
    liked: Mask


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of some askers, by position."""

    told: Told
    seen: tuple[Rows, Rows]
    """Positions, and rows of the catalogue, of everything that an asker has seen."""
    hot: Mask
    """Whether an event is known."""
    warm: Mask
    """Whether a profile or a sentence is known."""


@dataclass
class Listener:
    """Reads what is told with requests; a profile that comes again is not encoded again."""

    _encoder: Any = None
    """The one whose work is remembered."""
    _encoded: OrderedDict[str, Sparse] = field(default_factory=OrderedDict)

    def listen(self, scene: Scene, wishes: Sequence[Wish]) -> Known:
        """Return what is known of the askers of some wishes."""
        n_items = len(scene.shelf.catalogue.items)
        events, seen = self._happened(scene, wishes)
        here = events.item < n_items  # an event may be newer than the shelf
        if not here.all():
            events = events.where(here)
        profile, texts = self._profiles(scene, wishes)
        hot = np.bincount(events.user, minlength=len(wishes)) > 0
        warm = np.diff(profile.indptr) > 0
        warm[list(texts)] = True
        who, item = np.r_[events.user, seen[0]], np.r_[events.item, seen[1]]
        inside = item < n_items
        told = Told(events, profile, texts)
        return Known(told, (who[inside], item[inside]), hot, warm)

    def _profiles(self, scene: Scene, wishes: Sequence[Wish]) -> tuple[Sparse, dict[int, str]]:
        """Return (n_wishes, n_attributes) and the words of askers, by position."""
        profiles = scene.shelf.profiles
        matrix, texts = profiles.ask([wish.user or NOBODY for wish in wishes])
        fresh = [place for place, wish in enumerate(wishes) if wish.profile]
        rows = {place: self._row(scene, wishes[place]) for place in fresh}
        for place in fresh:
            if said := str(as_text(wishes[place].profile.get(TEXT)) or "").strip():
                texts[place] = said
        if any(row is not None for row in rows.values()):
            parts = [matrix[[place]] for place in range(len(wishes))]
            parts = [p if rows.get(n) is None else rows[n] for n, p in enumerate(parts)]
            matrix = sp.csr_array(sp.vstack(parts))
        return matrix, texts

    def _row(self, scene: Scene, wish: Wish) -> Sparse | None:
        """Return the (1, n_attributes) of what is stored and told; None: only words were."""
        told = {name: value for name, value in wish.profile.items() if name != TEXT}
        if not told:
            return None
        profiles = scene.shelf.profiles
        whole = {**profiles.raw(wish.user or NOBODY), **_given(told)}
        if self._encoder is not profiles.encoder:
            self._encoder, self._encoded = profiles.encoder, OrderedDict()
        key = json.dumps(whole, sort_keys=True, default=str)
        if key not in self._encoded:
            frame = frame_of([{"user_id": NOBODY, **whole}])
            self._encoded[key] = sp.csr_array(profiles.encoder.transform(frame))
            while len(self._encoded) > REMEMBERED:
                self._encoded.popitem(last=False)
        self._encoded.move_to_end(key)
        return self._encoded[key]

    def _happened(
        self, scene: Scene, wishes: Sequence[Wish]
    ) -> tuple[Events, tuple[Rows, Rows]]:
        """Return positive events by position, and what was seen without being liked."""
        histories = scene.histories
        users = [wish.user or NOBODY for wish in wishes]
        asked = [users]
        if any(wish.session for wish in wishes):
            asked.append([wish.session or NOBODY for wish in wishes])
        liked = [histories.of(names) for names in asked]
        seen = [histories.only_seen(names) for names in asked]
        if any(wish.events for wish in wishes):
            late = self._told_now(scene, wishes)
            yes = late.liked
            liked.append(Events(late.who[yes], late.item[yes], late.at[yes]))
            seen.append((late.who[~yes], late.item[~yes]))
        if len(liked) == 1:
            return liked[0], seen[0]
        events = Events.of(*(np.concatenate([getattr(part, name) for part in liked])
                             for name in ("user", "item", "at")))  # fmt: skip
        return events, (
            np.concatenate([who for who, _ in seen]), np.concatenate([item for _, item in seen])
        )  # fmt: skip

    def _told_now(self, scene: Scene, wishes: Sequence[Wish]) -> Late:
        """Return the events that requests bring, on items that are known."""
        told = [(place, event) for place, wish in enumerate(wishes) for event in wish.events]
        rows = scene.shelf.catalogue.items.ids.rows([item for _, (item, *_) in told])
        known = rows >= 0
        signs = scene.rules.signs_of([(kind, value) for _, (_, kind, value, _) in told])
        return Late(
            np.array([place for place, _ in told], dtype=np.int64)[known],
            rows[known],
            np.array([at for _, (*_, at) in told], dtype=np.float64)[known],
            np.array([sign > 0 for sign in signs], dtype=bool)[known],
        )


def _given(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}
