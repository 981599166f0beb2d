"""Lists whose items may be private: who may not see these still gets a full list of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def most(items: Sequence[T], limit: int, is_private: Callable[[T], bool]) -> list[T]:
    """The first ``limit`` items, and after them, in order, as many more that are shared as make ``limit`` of these."""
    first = list(items[:limit])
    missing = limit - sum(not is_private(item) for item in first)
    return first + [item for item in items[limit:] if not is_private(item)][:missing]


def of_dm(item: dict) -> bool:
    """Whether a text item is marked as private."""
    return item["scope"] == "dm"
