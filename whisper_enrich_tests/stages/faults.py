"""Stages that die at a chosen instant: between two calls to the store, or around a commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from whisper_enrich.stages.context import StageContext


class Died(Exception):
    """The instant has come."""


class Countdown:
    """Raises `Died` at the ``number``-th instant that it is shown, and at no later one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.seen = 0

    def __call__(self) -> None:
        self.seen += 1
        if self.seen == self._number:
            raise Died


class DyingStore:
    """A store with an instant before and after each call, and before each page of a scan."""

    def __init__(self, store, instant: Countdown) -> None:
        self._store = store
        self._instant = instant

    def scan(self, *arguments, **named) -> Iterator[list]:
        for page in self._store.scan(*arguments, **named):
            self._instant()
            yield page

    def __getattr__(self, name: str):
        def call(*arguments, **named):
            self._instant()
            result = getattr(self._store, name)(*arguments, **named)
            self._instant()
            return result

        return call


class DyingDatabase:
    """A database with an instant before each transaction, before its commit and after it."""

    def __init__(self, database, instant: Countdown) -> None:
        self._database = database
        self._instant = instant
        self.connect = database.connect

    @contextmanager
    def begin(self) -> Iterator:
        self._instant()
        with self._database.begin() as connection:
            yield connection
            self._instant()
        self._instant()


def dying(ctx: StageContext, number: int) -> StageContext:
    """The context of a worker that dies at the ``number``-th instant."""
    instant = Countdown(number)
    return replace(ctx, store=DyingStore(ctx.store, instant), database=DyingDatabase(ctx.database, instant))
