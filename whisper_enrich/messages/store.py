"""The message-store protocol: what the pipeline needs of Qdrant, and no more. Two adapters implement it.

Rules that hold for every adapter: a failed read raises `StoreUnavailable` where the store cannot be reached and
`StoreError` where it refuses (a collection that does not exist), never an empty result; pages are complete and in
stable order; ids are strings; an adapter opens the embedded engine briefly and lets go before control returns to the
caller of a non-generator, and between two pages of a generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whisper_enrich.messages.model import Point, Scope

MARK_STATUS = "enrichment_status"
"""Payload field of the design contract. ``completed`` on success; other values say why a point needs nothing more."""
MARK_VERSION = "enrichment_version"
MARK_HASH = "enrichment_content_hash"
MARK_TIME = "enriched_at"
MARK_LEDGER = "enrichment_ledger"
"""The id of the database whose ledger knows the point: marks of another (lost, replaced) database do not count."""

VALID_STATUSES: tuple[str, ...] = ("completed", "left_out", "quarantined", "set_aside")
"""A point needs nothing more where ``enrichment_status`` is one of these and ``enrichment_ledger`` is ours. Any other
point is unmarked: no mark, ``pending``, null, an unknown status, the mark of another ledger or of no ledger."""

FILTER_FIELDS: tuple[str, ...] = (MARK_STATUS, MARK_LEDGER)
"""The payload fields that our filters use; `ensure_indexes` gives each a keyword index."""

VECTOR_NAMES: tuple[str, ...] = ("content", "emotion", "semantic")
VECTOR_SIZE = 384

PAYLOAD_FIELDS: tuple[str, ...] = (
    "user_id",
    "memory_type",
    "role",
    "source",
    "content",
    "user_message",
    "bot_response",
    "timestamp",
    "timestamp_unix",
    "emotional_context",
    "emotional_intensity",
    "channel_id",
    "channel_type",
    "interaction_type",
    "emotion_type",
    MARK_STATUS,
    MARK_VERSION,
    MARK_HASH,
    MARK_LEDGER,
)
"""What intake and the stages read of a payload; everything else stays in the store."""


@dataclass(frozen=True, slots=True)
class BotCollection:
    """A bot and the physical collection that holds its messages."""

    bot_name: str
    collection: str


@dataclass(frozen=True, slots=True)
class UnreadCollection:
    """A collection or alias under our prefixes that no bot is read from, and why, as a sentence for a person."""

    collection: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A completion mark for one point, to be set only while its content still hashes to ``content_hash``."""

    point_id: str
    status: str
    content_hash: str
    version: str
    ledger_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MarkOutcome:
    """Ids by what became of their marks: set; not set as the content changed; not set as the point is gone."""

    marked: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


SUMMARY_VECTOR = "content"
"""The one vector of a summary, in the space of the messages' vector of that name."""


@dataclass(frozen=True, slots=True)
class SummaryWindow:
    """Which summary of a bot: whose, of which span (aware, ``end`` exclusive), in which scope."""

    user_id: str
    start: datetime
    end: datetime
    scope: Scope


@dataclass(frozen=True, slots=True)
class NearSummary:
    """A summary that a search found. ``score`` is the cosine with the vector searched for."""

    window: SummaryWindow
    score: float

    @property
    def start(self) -> datetime:
        return self.window.start

    @property
    def scope(self) -> Scope:
        return self.window.scope


class MessageStore(Protocol):
    """Read messages by page and by id, count them, mark them; and, for loading, create and fill a collection."""

    def bots(self) -> list[BotCollection]:
        """Every bot found under the configured prefixes, sorted by bot name, one physical collection each."""

    def unread_collections(self) -> list[UnreadCollection]:
        """Collections under our prefixes whose messages are not read, each with the reason: for a person to look at."""

    def count(self, collection: str, *, unmarked_for: str | None = None) -> int:
        """Exact number of points; with ``unmarked_for`` only those without a valid mark of that ledger id."""

    def scan(
        self,
        collection: str,
        *,
        unmarked_for: str | None = None,
        fields: Sequence[str] = PAYLOAD_FIELDS,
        page_size: int = 1000,
        max_pages: int | None = None,
    ) -> Iterator[list[Point]]:
        """Pages of all points (or of those without a valid mark of that ledger id), each point once, no vectors.

        Points come in the order of their ids. What is added, marked or deleted while the scan is under way may or may
        not be seen; every point that was there before and stays unmarked is. A page may be read ahead of its turn, by
        10,000 points at most, so a point may have changed by the time it is handled: marks are conditional therefore.
        """

    def by_ids(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        fields: Sequence[str] = PAYLOAD_FIELDS,
        vectors: Sequence[str] = (),
    ) -> list[Point]:
        """The points that exist among ``ids``, each once, in the order asked for; unknown ids are left out."""

    def mark(self, collection: str, marks: Sequence[Mark]) -> MarkOutcome:
        """Set completion marks in bulk, each on the condition of its content hash.

        Of several marks for one point the last one counts. What each adapter guarantees about an edit at the same
        moment is in its own docstring.
        """

    def ensure_indexes(self, collection: str) -> list[str]:
        """Create the payload indexes that our filters need and that are missing; returns those created, drops none."""

    def create_collection(self, bot_name: str) -> BotCollection:
        """Create the collection of a bot (three named 384-d cosine vectors) unless it exists."""

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """Write points, replacing those of the same id."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""

    def put_summary_vectors(self, bot_name: str, vectors: Mapping[SummaryWindow, Sequence[float]]) -> None:
        """Write the vectors of a bot's summaries, replacing those of the same window.

        They are kept in a collection of their own, ``whisperengine_summaries_<bot>``, which is made where it is missing; the
        payload has ``user_id``, ``scope``, ``start`` and ``end`` (ISO 8601, UTC).
        """

    def search_summary_vectors(
        self, bot_name: str, vector: Sequence[float], *, user_id: str, scopes: Sequence[str], limit: int
    ) -> list[NearSummary]:
        """The summaries of one user in these scopes that are nearest by cosine, the nearest first; none where none is stored."""

    def delete_summary_vectors(self, bot_name: str, windows: Sequence[SummaryWindow]) -> None:
        """Delete vectors of summaries; unknown windows are ignored."""

    def count_summary_vectors(self, bot_name: str) -> int:
        """How many summaries of a bot have a vector here."""

    def summary_windows(self, bot_name: str, user_id: str | None = None) -> list[SummaryWindow]:
        """The summaries of a bot (of one user) that have a vector here, whether or not the database knows them."""

    def points_of_user(self, collection: str, user_id: str) -> list[Point]:
        """All points of a user with their whole payload, without vectors; the user's id as text or as a whole number."""

    def unmark(self, collection: str, ids: Sequence[str]) -> None:
        """Take off every field that `mark` sets; unknown ids are ignored."""

    def close(self) -> None:
        """Release connections."""
