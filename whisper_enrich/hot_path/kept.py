"""A connection or two of the bot's pool that the asynchronous reader keeps between calls that follow each other closely.

A pool tidies a connection up whenever it gets it back: one more round trip for each call, which costs the bot and the server
about as much as `SELECT 1`. The reader's queries leave nothing to tidy up. So a connection that is done with waits `KEPT_SECONDS`
for the next call, as long as the pool has another for whoever else asks; one that nobody asks for goes back, and one that has
served `MOST_CALLS`, because the pool counts its connections' queries and ages.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection, Pool

KEPT_SECONDS = 0.020
MOST_KEPT = 2
MOST_CALLS = 200


@dataclass(slots=True)
class Lent:
    """A connection of the pool, and how many calls it has served since it came from there."""

    connection: Connection
    calls: int = 0
    timer: asyncio.TimerHandle | None = None


class Kept:
    """Connections of one pool, on the pool's event loop."""

    def __init__(self, pool: Pool, release_seconds: float) -> None:
        self._pool, self._release_seconds = pool, release_seconds
        self._idle: list[Lent] = []
        self._releasing: set[asyncio.Task[None]] = set()

    async def acquire(self) -> Lent:
        """One that waits, or one of the pool. Raises what the pool raises."""
        while self._idle:
            lent = self._idle.pop()
            lent.timer.cancel()
            if not lent.connection.is_closed():
                return lent
            self._give_back(lent)
        return Lent(await self._pool.acquire())

    async def release(self, lent: Lent) -> None:
        """It is done with. Raises what the pool raises where it cannot tidy it up."""
        lent.calls += 1
        if self._may_keep(lent):
            lent.timer = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._unasked, lent)
            self._idle.append(lent)
        else:
            await self._pool.release(lent.connection, timeout=self._release_seconds)

    async def close(self) -> None:
        """Give back what waits, and see it arrive: the pool's own close would wait for it."""
        while self._idle:
            lent = self._idle.pop()
            lent.timer.cancel()
            self._give_back(lent)
        if self._releasing:
            await asyncio.wait(self._releasing)

    def _may_keep(self, lent: Lent) -> bool:
        pool = self._pool
        others = pool.get_idle_size() + pool.get_max_size() - pool.get_size()
        return (
            others > 0 and len(self._idle) < MOST_KEPT and lent.calls < MOST_CALLS
            and not lent.connection.is_closed() and not pool.is_closing()
        )  # fmt: skip

    def _unasked(self, lent: Lent) -> None:
        self._idle.remove(lent)
        self._give_back(lent)

    def _give_back(self, lent: Lent) -> None:
        task = asyncio.get_running_loop().create_task(self._tidied_up(lent))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)

    async def _tidied_up(self, lent: Lent) -> None:
        try:
            await self._pool.release(lent.connection, timeout=self._release_seconds)
        except Exception:  # noqa: BLE001 - the pool has dropped it then; whoever asks next gets another.
            return
