"""What a recall answers with: which time was understood, and the digests, summaries and facts that fit the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from whisper_enrich.hot_path.context import Absence, Part
from whisper_enrich.hot_path.time_phrases.model import Understood


@dataclass(frozen=True, slots=True)
class Digest:
    """What a whole week or month came to: ``start`` up to, but without, ``end``, UTC days. ``period`` 'week' or 'month'."""

    period: str
    start: date
    end: date
    text: str
    topics: tuple[str, ...]
    tone: str | None
    message_count: int
    state: str
    scope: str


@dataclass(frozen=True, slots=True)
class FoundSummary:
    """The summary of a window, ``start`` up to, but without, ``end``.

    ``found_by`` says how: 'time', 'words', 'meaning', the first of which there is in this order. ``score`` adds up its ranks in
    the lists that it is in (`recall_rows.fused`). ``message_ids`` are the messages that it covers.
    """

    id: int
    text: str
    start: datetime
    end: datetime
    message_count: int
    topics: tuple[str, ...]
    tone: str | None
    confidence: float | None
    state: str
    scope: str
    message_ids: tuple[str, ...]
    score: float
    found_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundFact:
    """Something that was said. ``current`` is False where it holds no longer, or is no longer believed.

    ``confidence`` is that for the moment of reading, as in `Fact`; of what is past, as when it was believed.
    ``first_said_at`` and ``last_said_at`` are within the range for what was found by time, else over all that is known;
    ``message_ids`` are the messages that say so in that time.
    """

    content: str
    category: str
    first_said_at: datetime
    last_said_at: datetime
    valid_from: date | None
    valid_to: date | None
    current: bool
    confidence: float
    scope: str
    message_ids: tuple[str, ...]
    score: float
    found_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Part):
    """The answer to a question about what was talked about.

    ``understood`` says in ``sentence`` which range was meant, and by ``ambiguous`` and ``alternatives`` which else it could be.
    ``digests`` are those of whole weeks and months within the range, in order of time, each day in one of them per scope at
    most, and of summaries that were put away the week, also where it reaches beyond the range; ``summaries`` and ``facts``
    are those that fit best, the best first. ``missing`` is None where the database answered, else why there is nothing;
    ``meaning_missing`` likewise for the search by vector, where one was asked for.
    """

    understood: Understood
    digests: tuple[Digest, ...] = ()
    summaries: tuple[FoundSummary, ...] = ()
    facts: tuple[FoundFact, ...] = ()
    missing: Absence | None = None
    meaning_missing: Absence | None = None

    @property
    def found(self) -> bool:
        """Whether there is anything."""
        return bool(self.digests or self.summaries or self.facts)


class Near(Protocol):
    """The window of a summary whose vector is near: where it starts (aware), and its scope."""

    @property
    def start(self) -> datetime: ...
    @property
    def scope(self) -> str: ...


class SearchByMeaning(Protocol):
    """The nearest summaries of a user, the nearest first: `MessageStore.search_summary_vectors`, or a bot's own search in
    the collection ``whisperengine_summaries_<bot>``."""

    def __call__(
        self, bot_name: str, vector: Sequence[float], *, user_id: str, scopes: Sequence[str], limit: int
    ) -> Sequence[Near]: ...
