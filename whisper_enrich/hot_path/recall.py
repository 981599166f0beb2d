"""What was talked about: "what did we say about the trip last week?" answered from summaries, digests and facts.

    found = recall(reader, user_id, "elena", "what did we talk about last week?", now, tz)
    found.understood.sentence          # which range was understood
    found.digests, found.summaries, found.facts

Three ways lead to a summary: its window overlaps the time that is asked about; it has the question's words, in its text or by
their hashes in its messages (those that few of the person's texts have weigh most); its vector is near the question's. The
lists are merged by reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009; `recall_rows.fused`), as are the two of the
facts. Two queries: one for the days that the question may name ("since my birthday"), one for everything else.
`Options.recall_deadline_seconds` bounds the waiting for all of it; the search by vector goes on beside the first query.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from whisper_enrich.hot_path import recall_rows
from whisper_enrich.hot_path.answers import Answers, Question
from whisper_enrich.hot_path.context import Absence
from whisper_enrich.hot_path.guard import NoAnswer
from whisper_enrich.hot_path.recall_model import Near, Recall, SearchByMeaning
from whisper_enrich.hot_path.recall_queries import anchors_query, recall_query
from whisper_enrich.hot_path.recall_search import Searching
from whisper_enrich.hot_path.recall_words import sought
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
    query_vector: Sequence[float] | None
    search: SearchByMeaning | None
    strict: bool


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
    summaries that are near; one without the other is of no use (ValueError). ``search`` is called in a thread; what it does
    not say within half of the deadline is done without, and so is what it raises: ``meaning_missing`` says so. At most
    ``limit`` summaries and facts.

    Raises ValueError for a scope other than 'dm' and 'shared' and for a naive ``now``; of what the database does, nothing
    unless ``strict``. The first question of a process waits for its language's rules (`time_phrases.prepare`).
    """
    request = reader.answers.request(user_id, bot_name, channel_scope, now)
    course = _Course(reader.answers, Asked(request, text, tz, limit, query_vector, search, strict))
    while (wanted := course.wanted) is not None:
        with course.waiting() as seconds:
            answer = reader.ask(wanted, seconds) if isinstance(wanted, Question) else wanted.wait(seconds / 2)
        course.go_on(answer)
    return course.found


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
    """As `recall`."""
    request = reader.answers.request(user_id, bot_name, channel_scope, now)
    course = _Course(reader.answers, Asked(request, text, tz, limit, query_vector, search, strict))
    while (wanted := course.wanted) is not None:
        with course.waiting() as seconds:
            if isinstance(wanted, Question):
                answer = await reader.ask(wanted, seconds)
            else:
                answer = await wanted.wait_async(seconds / 2)
        course.go_on(answer)
    return course.found


class _Course:
    """The course of a recall without any I/O: ``wanted`` is what is to be waited for next, None once there is ``found``."""

    found: Recall

    def __init__(self, answers: Answers, asked: Asked) -> None:
        if asked.limit < 1:
            raise ValueError("a recall of nothing: give a limit of at least 1")
        if (asked.query_vector is None) != (asked.search is None):
            raise ValueError("query_vector and search belong together: give both or neither")
        self._answers, self._asked = answers, asked
        self._left = answers.options.recall_deadline_seconds
        self._steps = _steps(answers, asked)
        self.wanted: Question | Searching | None = next(self._steps)

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """For how many seconds there may be waiting; time that was not waited stays for what comes then."""
        started = time.monotonic()
        yield self._left
        self._left = max(self._left - (time.monotonic() - started), 0.0)

    def go_on(self, answer: Any) -> None:
        """With what was waited for."""
        try:
            self.wanted = self._steps.send(answer)
        except StopIteration as end:
            self.wanted, self.found = None, self._answers.observed.recalled(self._asked.request.bot_name, end.value)


def _steps(answers: Answers, asked: Asked) -> Generator[Question | Searching, Any, Recall]:
    """Yields what is to be waited for, is sent what came of it, ends with the answer."""
    request, schema, strict = asked.request, answers.options.schema, asked.strict
    searching = None if asked.search is None else Searching(lambda: asked.search(*_near_what(asked), **_whose(asked)))
    row = yield Question(request, anchors_query(schema), request.key)
    if isinstance(row, NoAnswer):
        return _without(asked, row, answers)
    anchors = answers.read(lambda: recall_rows.anchors_of(row or ()), strict) or {}
    understood = understand(asked.text, now=request.moment.now, tz=asked.tz, anchors=anchors)

    near: Sequence[Near] | NoAnswer = () if searching is None else (yield searching)
    meaning_missing = None
    if isinstance(near, NoAnswer):
        answers.log.note("no search by meaning", near.cause)
        near, meaning_missing = (), near.reason

    row = yield Question(request, recall_query(schema), _values(asked, understood, near))
    if isinstance(row, NoAnswer):
        return _without(asked, row, answers, anchors)
    found = answers.read(lambda: recall_rows.recall_of(row or (), request, understood, asked.limit), strict)
    if found is None:
        return recall_rows.nothing(understood, Absence.UNREADABLE)
    return replace(found, meaning_missing=meaning_missing)


def _near_what(asked: Asked) -> tuple[str, Sequence[float]]:
    return asked.request.bot_name, asked.query_vector


def _whose(asked: Asked) -> dict[str, Any]:
    scopes = ("dm", "shared") if asked.request.private else ("shared",)
    return {"user_id": asked.request.user_id, "scopes": scopes, "limit": max(LISTED, asked.limit)}


def _without(asked: Asked, why: NoAnswer, answers: Answers, anchors: Mapping[str, date] | None = None) -> Recall:
    """Which time was meant can be said all the same."""
    answers.note(why, asked.strict)
    understood = understand(asked.text, now=asked.request.moment.now, tz=asked.tz, anchors=anchors)
    return recall_rows.nothing(understood, why.reason)


def _values(asked: Asked, understood: Understood, near: Sequence[Near]) -> tuple[Any, ...]:
    # What no time was made of ("after the accident") is something to look for.
    words = sought(asked.text, without="" if understood.kind == "none" else understood.phrase)
    extreme = understood.kind if understood.kind in ("first", "latest") else ""
    # Arrays as texts: about any other type asyncpg asks each new connection first, which takes tens of milliseconds.
    starts = [_naive(each.start).isoformat() for each in near]
    scopes = [str(each.scope) for each in near]
    return (
        *asked.request.key, *_bounds(understood, asked.tz), extreme, [prefix for prefix, _ in words] or None, starts, scopes,
        max(LISTED, asked.limit), [str(term) for _, term in words] or None,
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
