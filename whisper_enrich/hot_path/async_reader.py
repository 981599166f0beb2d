"""The asynchronous reader: over the asyncpg pool that the bot has.

A call that ran out of time leaves its query running in the background, and its connection goes back to the pool when the late
answer has come: to cancel it would cost the server a connection more, and the pool one of its own. What takes longer than
``options.late_seconds`` loses its connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from whisper_enrich.hot_path.answers import Answers, Question
from whisper_enrich.hot_path.context import Absence, Context, Facts, Missing, Strategic, Summaries
from whisper_enrich.hot_path.drift import aware
from whisper_enrich.hot_path.guard import WAKING_SECONDS, NoAnswer, absence_of
from whisper_enrich.hot_path.heuristics import MessageSeen
from whisper_enrich.hot_path.kept import Kept, Lent
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.queries import Query, touch_query
from whisper_enrich.hot_path.reports import AsyncReports
from whisper_enrich.hot_path.requests import request_query

if TYPE_CHECKING:
    from asyncpg import Pool


class AsyncReader:
    """`whisper_enrich.hot_path.reader.Reader` for asyncio. The pool stays the bot's: it is neither opened nor closed here."""

    def __init__(self, pool: Pool, options: Options | None = None) -> None:
        self.options = options or Options()
        self._pool = pool
        self.answers = Answers(self.options)
        self._kept = Kept(pool, self.options.late_seconds)
        self._late: set[_Call] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reports = AsyncReports(self.answers.observed, self.options, self.answers.circuit, self._send_report, pool)

    async def close(self) -> None:
        """Report what was counted, and give back the connections that wait. To be awaited before the pool is closed."""
        await self._reports.close()
        await self._kept.close()

    async def get_context(
        self,
        user_id: str,
        bot_name: str,
        channel_scope: str,
        now: datetime,
        *,
        messages: Sequence[MessageSeen] = (),
        strict: bool = False,
    ) -> Context:
        """As `Reader.get_context`."""
        question = self.answers.for_context(self.answers.request(user_id, bot_name, channel_scope, now))
        return self.answers.context(question, await self.ask(question), messages, strict)

    async def get_strategic(
        self, table: str, user_id: str, bot_name: str, channel_scope: str, now: datetime, *, strict: bool = False
    ) -> dict[str, Strategic | Missing]:
        """As `Reader.get_strategic`."""
        question = self.answers.for_cache(self.answers.request(user_id, bot_name, channel_scope, now), table)
        return self.answers.strategic(question, table, await self.ask(question), strict)

    async def get_facts(
        self,
        user_id: str,
        bot_name: str,
        channel_scope: str,
        now: datetime,
        *,
        category: str | None = None,
        as_of: date | None = None,
        known_as_of: datetime | None = None,
        limit: int = 20,
        strict: bool = False,
    ) -> Facts | Missing:
        """As `Reader.get_facts`."""
        request = self.answers.request(user_id, bot_name, channel_scope, now)
        question = self.answers.for_facts(request, category, as_of, known_as_of, limit)
        return self.answers.facts(question, await self.ask(question), limit, strict)

    async def get_summaries(
        self,
        user_id: str,
        bot_name: str,
        channel_scope: str,
        now: datetime,
        *,
        between: tuple[datetime | None, datetime | None] = (None, None),
        topics: Sequence[str] = (),
        limit: int = 10,
        strict: bool = False,
    ) -> Summaries | Missing:
        """As `Reader.get_summaries`."""
        request = self.answers.request(user_id, bot_name, channel_scope, now)
        question = self.answers.for_summaries(request, between, topics, limit)
        return self.answers.summaries(question, await self.ask(question), strict)

    async def touch(self, user_id: str, bot_name: str, at: datetime, *, strict: bool = False) -> bool:
        """As `Reader.touch`."""
        values = (user_id, bot_name, aware(at))
        return self.answers.touched(await self._run(touch_query(self.options.schema), values), strict)

    async def request_enrichment(self, user_id: str, bot_name: str, *, strict: bool = False) -> bool:
        """As `Reader.request_enrichment`."""
        values = (user_id, bot_name)
        return self.answers.touched(await self._run(request_query(self.options.schema), values), strict)

    async def ask(self, question: Question, seconds: float | None = None) -> Sequence[Any] | NoAnswer | None:
        """As `Reader.ask`."""
        started = time.perf_counter()
        row = await self._run(question.query, question.values, seconds)
        self._reports.noted(question, time.perf_counter() - started)
        return row

    async def _send_report(self, query: Query, values: Sequence[Any]) -> Sequence[Any] | None:
        return await self._in_time(query, values, self.options.late_seconds)

    async def _run(
        self, query: Query, values: Sequence[Any], seconds: float | None = None
    ) -> Sequence[Any] | NoAnswer | None:
        circuit = self.answers.circuit
        if not circuit.admits():
            return NoAnswer(Absence.CIRCUIT_OPEN, "waiting before the next try")
        if len(self._late) >= self.options.most_late:
            return NoAnswer(Absence.BUSY, "late answers hold connections")
        try:
            row = await self._in_time(query, values, self.options.deadline_seconds if seconds is None else seconds)
        except NoAnswer as why:
            if why.reason not in (Absence.BUSY, Absence.UNREADABLE):
                circuit.failed()
            return why
        circuit.succeeded()
        return row

    async def _in_time(self, query: Query, values: Sequence[Any], seconds: float) -> Sequence[Any] | None:
        loop = asyncio.get_running_loop()
        call = _Call(self._kept, loop.create_future())
        task = loop.create_task(call.run(query.text, values))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            async with asyncio.timeout(seconds - WAKING_SECONDS):
                return await call.answer
        except TimeoutError:
            waiting = call.lent is None and self._pool.get_idle_size() == 0
            self._let_run(call, task, loop)
            if waiting and self._pool.get_size() >= self._pool.get_max_size():
                raise NoAnswer(Absence.BUSY, "every connection of the pool is taken") from None
            raise NoAnswer(Absence.DEADLINE, "no answer in time") from None
        except asyncio.CancelledError:
            self._let_run(call, task, loop)
            raise
        except Exception as error:  # noqa: BLE001 - told as the absence that it is.
            raise absence_of(error, getattr(error, "sqlstate", None)) from None

    def _let_run(self, call: _Call, task: asyncio.Task[None], loop: asyncio.AbstractEventLoop) -> None:
        """Nobody waits for it any more: it may take its time, and then it loses its connection."""
        self._late.add(call)
        timer = loop.call_later(self.options.late_seconds, call.break_off, task)

        def over(_: asyncio.Task[None]) -> None:
            timer.cancel()
            self._late.discard(call)

        task.add_done_callback(over)


class _Call:
    """One query: ``answer`` is there as soon as the row is, before the pool has tidied the connection up."""

    def __init__(self, kept: Kept, answer: asyncio.Future[Sequence[Any] | None]) -> None:
        self._kept = kept
        self.answer = answer
        self.lent: Lent | None = None

    async def run(self, statement: str, values: Sequence[Any]) -> None:
        try:
            self.lent = await self._kept.acquire()
            try:
                if not self.answer.done():
                    row = await self.lent.connection.fetchrow(statement, *values)
                    if not self.answer.done():
                        self.answer.set_result(row)
            finally:
                await self._kept.release(self.lent)
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited; a late one concerns nobody.
            if not self.answer.done():
                self.answer.set_exception(error)

    def break_off(self, task: asyncio.Task[None]) -> None:
        if self.lent is None:
            task.cancel()
        else:
            self.lent.connection.terminate()
