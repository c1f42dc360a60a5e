"""Other names: a deprecated one names its replacement for one version, an alias stays."""

import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

REMOVED_IN = "0.3"
"""Version that removes the names that are deprecated now."""


def deprecated_names(module: str, moved: Mapping[str, str]) -> Callable[[str], object]:
    """Return a module-level ``__getattr__`` that resolves deprecated names.

    The function imports the new object, warns with a ``DeprecationWarning`` that names it, and
    raises ``AttributeError`` for any other name. The new name may be a class, a function, a
    constant or a module.

    Args:
        module: Name of the module that gets the function (``__name__``).
        moved: Old name in the module to the full dotted path of the new one.

    Example:
        >>> find = deprecated_names("daybreak.data", {"Role": "daybreak.data.TableRole"})
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     _ = find("Role")
        >>> print(caught[0].message)
        daybreak.data.Role is deprecated, removed in 0.3; use daybreak.data.TableRole
    """

    def find(name: str) -> object:
        if name not in moved:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_deprecated(f"{module}.{name}", moved[name])
        parent, _, last = moved[name].rpartition(".")
        target = getattr(import_module(parent), last, None)
        return import_module(moved[name]) if target is None else target

    return find


class RenamedAttribute:
    """A deprecated attribute or method of a class that forwards to the new one and warns.

    Args:
        new: Name of the new attribute.

    Example:
        >>> class Basket:
        ...     n_items = 3
        ...     size = RenamedAttribute("n_items")
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     Basket().size
        3
        >>> print(caught[0].message)
        Basket.size is deprecated, removed in 0.3; use Basket.n_items
    """

    def __init__(self, new: str) -> None:
        self.new = new
        self._old = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._old = name

    def __get__(self, instance: object | None, owner: type) -> Any:
        warn_deprecated(f"{owner.__name__}.{self._old}", f"{owner.__name__}.{self.new}")
        return getattr(owner if instance is None else instance, self.new)


def rename_members(cls: type, renamed: Mapping[str, str]) -> None:
    """Give the deprecated members that a class defines their new names, and warn.

    For base classes whose subclasses are written elsewhere; call it in ``__init_subclass__``.

    Args:
        cls: The new subclass.
        renamed: Old name of a member to its new name.

    Example:
        >>> class Shape:
        ...     def __init_subclass__(cls):
        ...         rename_members(cls, {"size": "area"})
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     class Square(Shape):
        ...         size = 4
        >>> Square.area, str(caught[0].message)
        (4, 'Square.size is deprecated, removed in 0.3; use Square.area')
    """
    for old, new in renamed.items():
        if old in vars(cls) and new not in vars(cls):
            warn_deprecated(f"{cls.__name__}.{old}", f"{cls.__name__}.{new}")
            setattr(cls, new, vars(cls)[old])


def renamed_parameters(**renamed: str) -> Callable[[F], F]:
    """Return a decorator that accepts the earlier names of keyword parameters, and warns.

    Args:
        **renamed: Earlier name of a parameter to its name now.

    Example:
        >>> @renamed_parameters(count="n_items")
        ... def draw(n_items):
        ...     return n_items
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     draw(count=3)
        3
        >>> print(caught[0].message)
        draw(count=) is deprecated, removed in 0.3; use draw(n_items=)
    """

    def decorate(function: F) -> F:
        name = function.__name__

        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            for old in renamed.keys() & options.keys():
                new = renamed[old]
                warn_deprecated(f"{name}({old}=)", f"{name}({new}=)")
                options[new] = options.pop(old)
            return function(*args, **options)

        return cast(F, call)

    return decorate


def parameter_aliases(**aliases: str) -> Callable[[F], F]:
    """Return a decorator that accepts other names of keyword parameters, without a warning.

    Args:
        **aliases: Other name of a parameter to its name.

    Example:
        >>> @parameter_aliases(n="k")
        ... def draw(k=10):
        ...     return k
        >>> draw(n=3), draw(k=3), draw()
        (3, 3, 10)
        >>> draw(n=3, k=3)
        Traceback (most recent call last):
        TypeError: draw() got 'n', which is another name of 'k', and 'k'
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            for other in aliases.keys() & options.keys():
                name = aliases[other]
                if name in options:
                    raise TypeError(
                        f"{function.__name__}() got {other!r}, which is another name of "
                        f"{name!r}, and {name!r}"
                    )
                options[name] = options.pop(other)
            return function(*args, **options)

        return cast(F, call)

    return decorate


def warn_deprecated(old: str, new: str) -> None:
    """Warn that ``old`` is deprecated, on behalf of the function that calls this one.

    Args:
        old: Name that was used.
        new: Name to use instead.
    """
    message = f"{old} is deprecated, removed in {REMOVED_IN}; use {new}"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
