"""Calls of Qdrant's embedded engine, with errors that say what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from whisper_enrich.errors import StoreBusy, StoreError

T = TypeVar("T")


def engine_call(doing: str, call: Callable[..., T], *arguments: Any) -> T:
    """Call the engine; its errors, which are bare exceptions or panics, become ours."""
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001 - the engine raises nothing more precise
        if "WouldBlock" in str(error):
            raise StoreBusy("Another process holds the embedded message store. Try again later.") from None
        raise _failed(doing, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _failed(doing, error) from None


def _failed(doing: str, error: BaseException) -> StoreError:
    # Conversion errors quote the value that could not be converted, so only the engine's own words are passed on.
    detail = str(error)[:300] if type(error) is Exception else type(error).__name__
    return StoreError(
        f"The embedded message store failed while {doing}: {detail}. Look for a full disk or a damaged folder."
    )
