"""Both readers behind one face, so that what holds for one is held for the other by the same test."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from whisper_enrich.hot_path import AsyncReader, Options, Reader


class OnALoop:
    """An `AsyncReader` with its pool, on an event loop in a thread, called as if it were synchronous."""

    def __init__(self, dsn: str, options: Options, pool_size: int = 4) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.pool = self.run(self._make_pool(dsn, pool_size))
        self.reader = AsyncReader(self.pool, options)

    @staticmethod
    async def _make_pool(dsn: str, size: int) -> Any:
        import asyncpg

        # Without connections so far: the server may be down.
        return await asyncpg.create_pool(dsn.replace("&gssencmode=disable", ""), min_size=0, max_size=size)

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.reader, name)
        return lambda *args, **named: self.run(method(*args, **named))

    def close(self) -> None:
        async def end() -> None:
            self.pool.terminate()
            await asyncio.sleep(0)  # those that are being given back find it gone

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)


def open_reader(kind: str, dsn: str, options: Options) -> Any:
    """A reader of a kind: 'sync' or 'async'."""
    return Reader(dsn, options) if kind == "sync" else OnALoop(dsn, options)


async def acquired(pool: Any) -> Any:
    """A connection of the pool, as the bot's own code takes one."""
    return await pool.acquire()
