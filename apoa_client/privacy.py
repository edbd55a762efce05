"""What a ``repr`` shows of a value with personal data: it may reach a log or an error report."""

from collections.abc import Callable
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type[Any])


def repr_with(*names: str) -> Callable[[_Class], _Class]:
    """Return a decorator for a class whose ``repr`` shows only the attributes with these names; … stands for others."""

    def decorate(cls: _Class) -> _Class:
        def shown(self: object) -> str:
            values = [repr(getattr(self, name)) for name in names]
            return f"{cls.__name__}({', '.join([*values, '…'])})"

        cls.__repr__ = shown  # type: ignore[assignment]  # mypy reads it as bound already
        return cls

    return decorate
