"""What was talked about: "what did we say about the trip last week?" answered from summaries, digests and facts.

    found = recall(reader, user_id, "elena", "what did we talk about last week?", now, tz)
    found.understood.sentence          # which range was understood
    found.digests, found.summaries, found.facts

Three ways lead to a summary: its window overlaps the time that is asked about; it has the question's words (those that few of
the person's texts have weigh most); its vector is near the question's. The lists are merged by reciprocal rank fusion, the
sum of 1 / (60 + rank) (Cormack, Clarke and Buettcher, 2009), as are the two of the facts. Two queries: one for the days that the
question may name ("since my birthday"), one for everything else; each keeps the reader's deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from whisper_enrich.hot_path import recall_rows
from whisper_enrich.hot_path.answers import Question
from whisper_enrich.hot_path.context import Absence
from whisper_enrich.hot_path.guard import NoAnswer
from whisper_enrich.hot_path.recall_model import Near, Recall, SearchByMeaning
from whisper_enrich.hot_path.recall_queries import anchors_query, recall_query
from whisper_enrich.hot_path.recall_words import prefixes
from whisper_enrich.hot_path.rows import Request
from whisper_enrich.hot_path.time_phrases import Understood, understand

if TYPE_CHECKING:
    from whisper_enrich.hot_path.async_reader import AsyncReader
    from whisper_enrich.hot_path.reader import Reader

LISTED = 20
"""From each list so many take part at least; more where more are asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about the past, by whom and about whom."""

    request: Request
    text: str
    tz: tzinfo
    limit: int


Row = Sequence[Any] | NoAnswer | None
Steps = Generator[Question | str, Any, Recall]
"""Yields what is to be asked: a question for the database, then 'meaning' for the search by vector; ends with the answer."""


def recall(
    reader: Reader,
    user_id: str,
    bot_name: str,
    text: str,
    now: datetime,
    tz: tzinfo,
    channel_scope: str = "shared",
    *,
    query_vector: Sequence[float] | None = None,
    search: SearchByMeaning | None = None,
    limit: int = 5,
    strict: bool = False,
) -> Recall:
    """What fits a question, as far as the caller's scope may see it.

    ``tz`` is the user's time zone. ``query_vector`` is the bot's own vector of ``text``, for which ``search`` finds the
    summaries that are near; one without the other is of no use (ValueError). ``search`` has to keep to a time limit by
    itself; what it raises becomes ``meaning_missing``. At most ``limit`` summaries and facts.

    Raises ValueError for a scope other than 'dm' and 'shared' and for a naive ``now``; of what the database does, nothing
    unless ``strict``. The first question of a process waits for its language's rules (`time_phrases.prepare`).
    """
    asked = _asked(reader, user_id, bot_name, text, now, tz, channel_scope, limit)
    _check_pair(query_vector, search)
    steps = _steps(reader, asked, query_vector is not None, strict)
    wanted = next(steps)
    while True:
        if isinstance(wanted, Question):
            answer = reader.ask(wanted)
        else:
            try:
                answer = search(bot_name, query_vector, **_whose(asked))
            except Exception as error:  # noqa: BLE001 - another server's failure must not cost the bot its answer.
                answer = _unreachable(error)
        try:
            wanted = steps.send(answer)
        except StopIteration as end:
            return end.value


async def recall_async(
    reader: AsyncReader,
    user_id: str,
    bot_name: str,
    text: str,
    now: datetime,
    tz: tzinfo,
    channel_scope: str = "shared",
    *,
    query_vector: Sequence[float] | None = None,
    search: SearchByMeaning | None = None,
    limit: int = 5,
    strict: bool = False,
) -> Recall:
    """As `recall`. ``search`` is called in a thread; what it does not say within the reader's deadline is done without."""
    asked = _asked(reader, user_id, bot_name, text, now, tz, channel_scope, limit)
    _check_pair(query_vector, search)
    steps = _steps(reader, asked, query_vector is not None, strict)
    wanted = next(steps)
    while True:
        if isinstance(wanted, Question):
            answer = await reader.ask(wanted)
        else:
            try:
                async with asyncio.timeout(reader.options.deadline_seconds):
                    answer = await asyncio.to_thread(search, bot_name, query_vector, **_whose(asked))
            except TimeoutError:
                answer = NoAnswer(Absence.DEADLINE, "the search by vector took too long")
            except Exception as error:  # noqa: BLE001 - as above.
                answer = _unreachable(error)
        try:
            wanted = steps.send(answer)
        except StopIteration as end:
            return end.value


def _asked(
    reader: Reader | AsyncReader,
    user_id: str,
    bot_name: str,
    text: str,
    now: datetime,
    tz: tzinfo,
    scope: str,
    limit: int,
) -> Asked:
    if limit < 1:
        raise ValueError("a recall of nothing: give a limit of at least 1")
    return Asked(reader.answers.request(user_id, bot_name, scope, now), text, tz, limit)


def _check_pair(vector: Sequence[float] | None, search: SearchByMeaning | None) -> None:
    if (vector is None) != (search is None):
        raise ValueError("query_vector and search belong together: give both or neither")


def _whose(asked: Asked) -> dict[str, Any]:
    scopes = ("dm", "shared") if asked.request.private else ("shared",)
    return {"user_id": asked.request.user_id, "scopes": scopes, "limit": max(LISTED, asked.limit)}


def _unreachable(error: Exception) -> NoAnswer:
    return NoAnswer(Absence.UNREACHABLE, type(error).__name__)


def _steps(reader: Reader | AsyncReader, asked: Asked, by_meaning: bool, strict: bool) -> Steps:
    answers, request = reader.answers, asked.request
    schema, now = reader.options.schema, request.moment.now
    row = yield Question(request, anchors_query(schema), request.key)
    if isinstance(row, NoAnswer):
        return _without(asked, row, answers, strict)
    anchors = answers.read(lambda: recall_rows.anchors_of(row or ()), strict) or {}
    understood = understand(asked.text, now=now, tz=asked.tz, anchors=anchors)

    near: Sequence[Near] | NoAnswer = ()
    if by_meaning:
        near = yield "meaning"
    meaning_missing = near.reason if isinstance(near, NoAnswer) else None
    if meaning_missing is not None:
        answers.log.note("no search by meaning", near.cause)
        near = ()

    row = yield Question(request, recall_query(schema), _values(asked, understood, near))
    if isinstance(row, NoAnswer):
        return _without(asked, row, answers, strict, anchors)
    found = answers.read(lambda: recall_rows.recall_of(row or (), request, understood, asked.limit), strict)
    if found is None:
        return _without(asked, NoAnswer(Absence.UNREADABLE, "a row"), answers, False, anchors)
    return replace(found, meaning_missing=meaning_missing)


def _without(
    asked: Asked, why: NoAnswer, answers: Any, strict: bool, anchors: Mapping[str, date] | None = None
) -> Recall:
    """Which time was meant can be said all the same."""
    answers.note(why, strict)
    understood = understand(asked.text, now=asked.request.moment.now, tz=asked.tz, anchors=anchors)
    return recall_rows.nothing(understood, why.reason)


def _values(asked: Asked, understood: Understood, near: Sequence[Near]) -> tuple[Any, ...]:
    words = prefixes(asked.text, without=understood.phrase) or None
    extreme = understood.kind if understood.kind in ("first", "latest") else ""
    starts = [_naive(each.start) for each in near]
    scopes = [str(each.scope) for each in near]
    return (
        *asked.request.key, *_bounds(understood, asked.tz), extreme, words, starts, scopes, max(LISTED, asked.limit),
    )  # fmt: skip


def _bounds(understood: Understood, tz: tzinfo) -> tuple[datetime | None, datetime | None, date | None, date | None]:
    """The range as instants (naive UTC), and the whole days of the person's calendar in it."""
    if understood.range is None:
        return None, None, None, None
    start, end = understood.range.start, understood.range.end
    first, last = start.astimezone(tz), end.astimezone(tz)
    first_day = first.date() if not _into_day(first) else first.date() + timedelta(days=1)
    if understood.kind in ("first", "latest"):
        return _naive(start), _naive(end), None, None
    return _naive(start), _naive(end), first_day, last.date()


def _into_day(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0)


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
