"""What Python and notebooks expect of a recommender: parameters, display, copies.

The methods are those of estimators of scikit-learn, so that ``sklearn.base.clone`` and the like
work without scikit-learn being installed.
"""

from abc import ABC
from dataclasses import replace
from html import escape
from inspect import signature
from typing import Any, Self

import polars as pl

from daybreak.encoders import Encoder
from daybreak.errors import ConfigError, unknown_name_message
from daybreak.ranking.blending.strategies import Strategy
from daybreak.service.snapshot import FrameSnapshot, StateSnapshot
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.encoder_choice import EncoderChoice

MAX_SHOWN_CHARS = 60
"""Longest value of a parameter that is displayed [characters]."""
MAX_SHOWN_NOTES = 10
"""Largest number of notes that a notebook displays."""
_HTML_STYLE = "border-collapse:collapse;text-align:left"


class Estimator(ABC):
    """Base of :class:`Recommender`: access to its parameters, display, copies.

    Each parameter of the constructor is an attribute of the same name.
    """

    encoder: str | Encoder | EncoderChoice
    notes: tuple[str, ...]
    strategies: tuple[Strategy, ...]
    _encoder_name: str | None
    _given_strategies: Any
    """Argument ``strategies`` of the constructor, while it describes :attr:`strategies`."""
    _state: ServingState | None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, as the constructor takes them.

        Args:
            deep: For compatibility with scikit-learn; it changes nothing.
        """
        params = {name: getattr(self, name) for name in self._param_names()}
        return {**params, "strategies": self._named_strategies()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; they count in the next :meth:`fit`.

        Args:
            **params: Values by the names of :meth:`get_params`.

        Raises:
            ConfigError: A parameter is unknown, or its value is invalid.
        """
        known = self._param_names()
        for name in params:
            if name not in known:
                raise ConfigError(unknown_name_message("parameter", name, known))
        changed = type(self)(**{**self.get_params(), **params})
        for name in params:
            setattr(self, name, getattr(changed, name))
        if {"strategies", "budget_s", "objective"} & params.keys():
            self.strategies = changed.strategies
            self._given_strategies = changed._given_strategies
        return self

    @classmethod
    def _param_names(cls) -> list[str]:
        return [name for name in signature(cls.__init__).parameters if name != "self"]

    def _named_strategies(self) -> Any:
        """Return the argument of the constructor that gives these strategies."""
        if self._given_strategies is None:
            return [strategy.name for strategy in self.strategies]
        return self._given_strategies

    def __repr__(self) -> str:
        """Return one line: the parameters that were given, and what was fitted."""
        defaults = signature(type(self).__init__).parameters
        given = ", ".join(
            f"{name}={_shown(value)}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        )
        call = f"{type(self).__name__}({given})"
        return call if self._state is None else f"{call}, fitted: {_sizes(self._state)}"

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        rows = [(name, _shown(value)) for name, value in self.get_params().items()]
        fitted, notes = "not fitted", ""
        if self._state is not None:
            fitted = f"fitted: {_sizes(self._state)}"
            rows.append(("used strategies", ", ".join(self._state.trained.blend.strategies)))
            listed = "".join(
                f"<li>{escape(note)}</li>" for note in self.notes[:MAX_SHOWN_NOTES]
            )
            notes = f"<ul>{listed}</ul>" if listed else ""
        cells = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows
        )
        title = f"<b>{escape(type(self).__name__)}</b>, {escape(fitted)}"
        return f'{title}<table style="{_HTML_STYLE}">{cells}</table>{notes}'

    def __copy__(self) -> Self:
        """Return an independent recommender; both share what is never changed in place."""
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        if self._state is not None:
            histories = self._state.histories.copy()
            copy._state = replace(self._state, histories=histories)
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copy = self.__copy__()
        memo[id(self)] = copy
        return copy

    def __getstate__(self) -> dict[str, Any]:
        """Return attributes for ``pickle``; what was fitted is in the formats of releases."""
        attributes = {
            name: FrameSnapshot.of(value) if isinstance(value, pl.DataFrame) else value
            for name, value in self.__dict__.items()
        }
        if isinstance(self.encoder, EncoderChoice):
            attributes["encoder"] = self.encoder.name or self.encoder.encoder or "none"
        if self._state is not None:
            attributes["_state"] = StateSnapshot.of(self._state, self._encoder_name)
        return attributes

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        attributes = {
            name: value.restore() if isinstance(value, FrameSnapshot) else value
            for name, value in attributes.items()
        }
        snapshot = attributes["_state"]
        if isinstance(snapshot, StateSnapshot):
            encoder = attributes["encoder"]
            given = encoder if isinstance(encoder, Encoder) else None
            state = snapshot.restore(given)
            mode = attributes.get("_unknown_items", "exclude")
            attributes = {**attributes, "_state": state.with_unknown_items(mode)}
        self.__dict__.update(attributes)


def _shown(value: Any) -> str:
    """Return a value as one short line.

    Example:
        >>> _shown("auto"), len(_shown("x" * 100))
        ("'auto'", 60)
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[: MAX_SHOWN_CHARS - 1]}…"


def _sizes(state: ServingState) -> str:
    """Return the numbers of items, users and strategies."""
    n_items = len(state.catalogue.items) - len(state.catalogue.deleted_rows)
    n_users = len({*state.histories.user_ids(), *state.profiles.rows})
    n_strategies = len(state.trained.blend.strategies)
    return f"{n_items:,} items, {n_users:,} users, {n_strategies} strategies"
