"""What the strategic engines read: the turns of one user with one bot, as columns, and what was found in them.

Everything here is derived once from the messages of a day (`whisper_enrich.strategic.days`), stored as that day's features,
and put together again for the engines; texts are not kept, except the few items that a person must be able to read (a
question that stayed open, a promise), and each of these carries its scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

from whisper_enrich.messages.model import Scope

EMOTIONS: tuple[str, ...] = (
    "anger",
    "anticipation",
    "disgust",
    "fear",
    "joy",
    "love",
    "neutral",
    "optimism",
    "pessimism",
    "sadness",
    "surprise",
    "trust",
)
"""The bots' labels, in the order of `Turns.emotion`. A label that is not among them is unknown (-1)."""

T = TypeVar("T")

SESSION_GAP_SECONDS = 1800.0
"""A pause after which a conversation counts as a new session: half an hour, as for the model's questions."""


class QuestionKind(StrEnum):
    """What a turn asks, `NONE` where it asks nothing. `Turns.question` holds the index."""

    NONE = "none"
    YES_NO = "yes_no"
    WHAT = "what"
    WHY = "why"
    HOW = "how"
    WHEN_WHERE_WHO = "when_where_who"
    CHOICE = "choice"
    TAG = "tag"


class OpeningKind(StrEnum):
    """How a turn would open a conversation, by its first words. `Turns.opening` holds the index."""

    GREETING = "greeting"
    QUESTION = "question"
    NEWS = "news"
    REQUEST = "request"
    FOLLOW_UP = "follow_up"
    REACTION = "reaction"
    STATEMENT = "statement"


TRAITS: tuple[str, ...] = (
    "warmth",
    "humour",
    "formality",
    "verbosity",
    "curiosity",
    "expressiveness",
    "directness",
    "positivity",
    "self_disclosure",
    "attentiveness",
)
"""What `whisper_enrich.strategic.traits` scores a turn on, in the order of `Turns.traits`; each is defined there."""

SPACES: tuple[str, ...] = ("content", "emotion", "semantic")
"""The bots' vector spaces, 384 dimensions each."""


@dataclass(frozen=True)
class Turns:
    """Columns over n turns in the order of the conversation (time, the user before the bot, id).

    ``at`` float64 [n], seconds since 1970 UTC. ``from_user``, ``private`` (said in a dm) bool [n]. ``characters``, ``words``
    int32 [n]. ``emotion`` int8 [n], index into `EMOTIONS` or -1; ``intensity`` float32 [n] in 0..1 or NaN; ``valence``
    float32 [n] in -1..1 or NaN. ``question``, ``opening`` int8 [n], indices into the kinds above. ``traits`` float32
    [n, len(TRAITS)] in 0..1, or NaN where a trait cannot be told from the text. ``coherence`` float32 [n]: cosine of this
    turn's content vector with the last turn of the other speaker of the same day, NaN where either has none. ``segment``
    int32 [n]: index into `History.segments`.
    """

    ids: tuple[str, ...]
    at: np.ndarray
    from_user: np.ndarray
    private: np.ndarray
    characters: np.ndarray
    words: np.ndarray
    emotion: np.ndarray
    intensity: np.ndarray
    valence: np.ndarray
    question: np.ndarray
    opening: np.ndarray
    traits: np.ndarray
    coherence: np.ndarray
    segment: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def session_starts(self) -> np.ndarray:
        """Indices of the turns that begin a session, int64: the first, and each after `SESSION_GAP_SECONDS` of silence."""
        if not len(self):
            return np.empty(0, dtype=np.int64)
        gaps = np.diff(self.at, prepend=-np.inf)
        return np.flatnonzero(gaps > SESSION_GAP_SECONDS)


@dataclass(frozen=True, slots=True)
class Mention:
    """The user or the bot named a term (an entity, or a recurring topic word): lower case ``key``, ``label`` as written.

    ``turn`` is the index into `Turns`. ``kind`` is 'entity' or 'topic'.
    """

    key: str
    label: str
    kind: str
    turn: int


class Form(NamedTuple):
    """A `Mention` less its turn: what mentions of one term that is written alike have in common."""

    key: str
    label: str
    kind: str


class Mentions(Sequence[Mention]):
    """Mentions as columns; a `Mention` is made where somebody asks for one.

    Mention i is of ``forms[form[i]]``, in turn ``turn[i]`` (both int64 [n]). A slice, or those of an array of indices, share the
    forms: of some of them there may be no mention.
    """

    def __init__(self, forms: Sequence[Form], form: np.ndarray, turn: np.ndarray) -> None:
        self.forms = forms
        self.form = form
        self.turn = turn

    @classmethod
    def of(cls, mentions: Sequence[Mention]) -> Mentions:
        """The same mentions in the same order."""
        if isinstance(mentions, Mentions):
            return mentions
        ids: dict[Form, int] = {}
        form = [ids.setdefault(Form(m.key, m.label, m.kind), len(ids)) for m in mentions]
        return cls(tuple(ids), np.array(form, dtype=np.int64), np.array([m.turn for m in mentions], dtype=np.int64))

    @cached_property
    def _keys(self) -> tuple[tuple[str, ...], np.ndarray]:
        ids: dict[str, int] = {}
        of_form = [ids.setdefault(form.key, len(ids)) for form in self.forms]
        return tuple(ids), np.array(of_form, dtype=np.int64)

    @property
    def keys(self) -> tuple[str, ...]:
        """The distinct keys."""
        return self._keys[0]

    @cached_property
    def key(self) -> np.ndarray:
        """Index of each mention's key in ``keys``, int64 [n]."""
        return self._keys[1][self.form]

    @cached_property
    def entity(self) -> np.ndarray:
        """Whether each mention is of kind 'entity', bool [n]."""
        return np.array([form.kind == "entity" for form in self.forms], dtype=bool)[self.form]

    @cached_property
    def _derived(self) -> dict[Callable[[Turns, Mentions], Any], tuple[Turns, Any]]:
        return {}

    def once(self, turns: Turns, derive: Callable[[Turns, Mentions], T]) -> T:
        """``derive(turns, self)``, computed once for all engines and for all histories of the same days."""
        found = self._derived.get(derive)
        if found is None or found[0] is not turns:
            found = self._derived[derive] = (turns, derive(turns, self))
        return found[1]

    def __len__(self) -> int:
        return len(self.form)

    @overload
    def __getitem__(self, index: int) -> Mention: ...

    @overload
    def __getitem__(self, index: slice | np.ndarray) -> Mentions: ...

    def __getitem__(self, index: int | slice | np.ndarray) -> Mention | Mentions:
        if isinstance(index, (slice, np.ndarray)):
            return Mentions(self.forms, self.form[index], self.turn[index])
        return Mention(*self.forms[self.form[index]], int(self.turn[index]))

    def __iter__(self) -> Iterator[Mention]:
        for form, turn in zip(self.form.tolist(), self.turn.tolist(), strict=True):
            yield Mention(*self.forms[form], turn)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Segment:
    """A stretch of turns about one topic: turns ``first``..``last`` inclusive.

    ``topic`` is a short lower-case label of the segment's most telling words, ``terms`` these words, most telling first;
    both may be empty ("ok", "lol"). ``bridged`` is True where the speaker linked the change ("by the way", a word of the
    earlier topic), False where it was abrupt, None for the first segment after a session's start. ``depth`` is the
    boundary score in 0..1 that began it (0 at a session's start). ``centroid`` is the mean content vector (float32 [384],
    unit length), None without vectors; no engine reads it, so it is not stored, and None in a `History`. ``private`` is
    True where any turn of it was said in a dm.
    """

    first: int
    last: int
    topic: str
    terms: tuple[str, ...]
    bridged: bool | None
    depth: float
    private: bool
    centroid: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A question or promise that had not been settled by the end of its day.

    ``kind`` is 'question_to_user' (the bot asked), 'question_to_bot', 'promise_of_user', 'promise_of_bot', 'follow_up'
    (the user announced something whose outcome is not known). ``text`` is the sentence (at most 300 characters),
    ``terms`` its content words in stemmed lower case, by which a later turn can settle it; ``due`` the day it spoke of.
    """

    turn: int
    kind: str
    text: str
    terms: tuple[str, ...]
    due: date | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class DayTerms:
    """The content words that user and bot used on a day, as ascending 32-bit hashes of their stems: enough to see that
    an open item was taken up again, and no text. Made by `whisper_enrich.strategic.open_items.terms_of_day`."""

    day: date
    user: tuple[int, ...]
    bot: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reaction:
    """The user reacted to the bot with an emoji. ``kind`` is the platform's emotion_type, ``score`` in -1..1."""

    at: float
    kind: str
    score: float
    point_id: str


@dataclass(frozen=True)
class VectorSums:
    """Sums of the unit vectors of one speaker's turns of one day in one space: float32 [384] and how many were summed."""

    day: date
    from_user: bool
    space: str
    total: np.ndarray
    count: int


@dataclass(frozen=True, slots=True)
class AccessCounts:
    """What Qdrant says of how often a memory was retrieved, where the platform writes that; `History.access` maps
    point ids to it, and is empty where retrieval is unobserved."""

    count: int
    last_at: float | None


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact as believed at `History.as_of`, with the times at which it was said (ascending, seconds since 1970 UTC).

    ``fact_id`` is its key in `fact_versions`, stable over rebuilds.
    """

    fact_id: str
    statement: str
    category: str
    attribute: str
    value: str
    scope: Scope
    tense: str
    confidence: float
    said_at: tuple[float, ...]
    message_ids: tuple[str, ...]
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class History:
    """All that is known of one user with one bot up to ``as_of``.

    ``zone_source`` says where the time zone comes from: 'profile', 'platform', 'inferred' or 'unknown' (then UTC).
    ``bot_proactive`` are the times at which the bot spoke first, where the platform says so; None where it does not.
    """

    bot_name: str
    user_id: str
    user_name: str
    as_of: datetime
    turns: Turns
    mentions: Sequence[Mention] = ()
    segments: Sequence[Segment] = ()
    open_items: Sequence[OpenItem] = ()
    reactions: Sequence[Reaction] = ()
    vector_sums: Sequence[VectorSums] = ()
    facts: Sequence[KnownFact] = ()
    access: Mapping[str, AccessCounts] = field(default_factory=dict)
    zone: tzinfo = UTC
    zone_source: str = "unknown"
    day_terms: Sequence[DayTerms] = ()

    @cached_property
    def named(self) -> Mentions:
        """``mentions`` as columns."""
        return Mentions.of(self.mentions)

    def session_starts(self) -> np.ndarray:
        """As `Turns.session_starts`."""
        return self.turns.session_starts()

    @cached_property
    def local_seconds(self) -> np.ndarray:
        """Time of each turn on the user's clock, float64 [n]: seconds since 1970-01-01 00:00 there. Computed once.

        The offset is looked up once a UTC quarter of an hour, so that many turns cost little.
        """
        quarters, where = np.unique(np.floor(self.turns.at / 900.0), return_inverse=True)
        offsets = np.array([_offset(quarter * 900.0, self.zone) for quarter in quarters])
        return self.turns.at + (offsets[where] if len(quarters) else 0.0)

    def local_hours(self) -> np.ndarray:
        """Hour of the week of each turn in the user's time zone, float64 [n] in 0..168, Monday 0:00 is 0."""
        # 1970-01-01 was a Thursday.
        return ((self.local_seconds / 3600.0) + 72.0) % 168.0

    def local_days(self) -> np.ndarray:
        """Day of each turn in the user's time zone, int64 [n], days since 1970-01-01."""
        return np.floor(self.local_seconds / 86400.0).astype(np.int64)


def _offset(at: float, zone: tzinfo) -> float:
    return datetime.fromtimestamp(at, tz=zone).utcoffset().total_seconds()  # type: ignore[union-attr]
