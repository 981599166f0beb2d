"""A search of somebody else's, waited for no longer than there is time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from whisper_enrich.hot_path.context import Absence
from whisper_enrich.hot_path.guard import NoAnswer
from whisper_enrich.hot_path.recall_model import Near

MOST_AT_ONCE = 32
"""In a process. A server that does not answer must not fill it with threads."""

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


class Searching:
    """``search`` under way in a thread of its own, from the beginning of this object on. Waiting for it never raises."""

    def __init__(self, search: Callable[[], Sequence[Near]]) -> None:
        self._search = search
        self._answer: Future[Sequence[Near] | NoAnswer] = Future()
        # What runs cannot be cancelled: who gives up waiting leaves it to itself.
        self._answer.set_running_or_notify_cancel()
        if not _places.acquire(blocking=False):
            self._answer.set_result(NoAnswer(Absence.BUSY, "too many searches by vector at once"))
            return
        try:
            threading.Thread(target=self._run, name="whisper_enrich-recall", daemon=True).start()
        except RuntimeError:
            _places.release()
            self._answer.set_result(NoAnswer(Absence.BUSY, "no thread to search in"))

    def wait(self, seconds: float) -> Sequence[Near] | NoAnswer:
        """What it found, or why there is nothing."""
        try:
            return self._answer.result(seconds)
        except TimeoutError:
            return NoAnswer(Absence.DEADLINE, "the search by vector took too long")

    async def wait_async(self, seconds: float) -> Sequence[Near] | NoAnswer:
        """As `wait`."""
        answer = asyncio.wrap_future(self._answer)
        await asyncio.wait([answer], timeout=seconds)
        answer.cancel()
        return self.wait(0)

    def _run(self) -> None:
        found: Sequence[Near] | NoAnswer
        try:
            found = self._search()
        except BaseException as error:  # noqa: BLE001 - another server's failure must not cost the bot its answer.
            found = NoAnswer(Absence.UNREACHABLE, type(error).__name__)
        finally:
            _places.release()
        self._answer.set_result(found)
