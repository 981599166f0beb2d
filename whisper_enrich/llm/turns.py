"""Threads that have the same question take turns: the second finds the first one's answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


class Turns:
    """One lock a key, for as long as anybody wants it."""

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def alone_with(self, key: str) -> Iterator[None]:
        """Hold the key for the block; others with the same one wait."""
        with self._state:
            turn = self._turns.setdefault(key, _Turn())
            turn.threads += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._state:
                turn.threads -= 1
                if not turn.threads:
                    del self._turns[key]
