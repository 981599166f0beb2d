"""Digests of a week or month with one user: from the summaries of its windows, the facts and words of their messages.

A rollup is never made of another rollup, so that nothing is lost twice. Weeks are those of ISO 8601, from Monday on, in UTC;
dm and shared windows have rollups of their own.

The extractive digest takes sentences of the windows' summaries and statements of the facts. With d(w) the number of windows
and facts with a content word w,

    score(s) = sum over w in s of ln(1 + d(w)) / sqrt(max(words(s), 6))

and sentences are taken greedily by score * (1 - 0.9 * similarity to the most similar one taken), maximal marginal
relevance as in `selection`, similarity being the share of the smaller one's content words that both have.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from whisper_enrich.messages.model import Scope
from whisper_enrich.summaries.asked import MOST_ITEMS, MOST_TOPICS, DigestPart, entries, fenced, tone_read, topics_of
from whisper_enrich.summaries.claims import Sources
from whisper_enrich.summaries.faithful import check_text, confidence_in, coverage
from whisper_enrich.summaries.model import SummaryState
from whisper_enrich.summaries.phrasing import MONTHS
from whisper_enrich.summaries.tone import BOTH_SIDES, FEELING_SHARE, NEGATIVE, POSITIVE
from whisper_enrich.summaries.vocabulary import content_stems, short_forms, stem, stop_words, words
from whisper_enrich.text.language import detect
from whisper_enrich.text.sentences import sentences

ENGINE_VERSION = "rollup-1"
"""Of the extractive digest; changes whenever the same input would be told differently."""

REDUNDANCY = 0.9
MOST_SENTENCES = {"week": 7, "month": 12}
MOST_WORDS = {"week": 120, "month": 220}
"""Words after which no further sentence is taken."""
LEAST_GAIN = 0.15
"""Share of the best score below which a sentence adds too little."""
_SHORT = 6
_HIGHEST_CONFIDENCE = 0.99


class Kind(StrEnum):
    """The lengths of period that there are."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The UTC days from ``start`` to the one before ``end``."""

    kind: Kind
    start: date
    end: date

    @property
    def title(self) -> str:
        """As a person says it: "October 2026", "the week of 5 to 11 October 2026"."""
        if self.kind is Kind.MONTH:
            return f"{MONTHS[self.start.month - 1]} {self.start.year}"
        last = self.end - timedelta(days=1)
        return f"the week of {_span(self.start, last)}"


def week_of(day: date) -> Period:
    """The ISO week that holds ``day``: Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Period(Kind.WEEK, monday, monday + timedelta(days=7))


def month_of(day: date) -> Period:
    """The calendar month that holds ``day``."""
    first = day.replace(day=1)
    return Period(Kind.MONTH, first, (first + timedelta(days=32)).replace(day=1))


def period(kind: Kind, start: date) -> Period:
    """The period of this kind that begins on ``start``. Raises ValueError where none does."""
    found = week_of(start) if kind is Kind.WEEK else month_of(start)
    if found.start != start:
        raise ValueError(f"no {kind} begins on {start}")
    return found


@dataclass(frozen=True, slots=True)
class WindowDigest:
    """What a rollup reads of a window's summary. ``start`` and ``end`` are aware UTC."""

    start: datetime
    end: datetime
    summary_text: str
    key_topics: tuple[str, ...]
    emotional_tone: str | None
    confidence_score: float | None
    message_count: int
    decisions: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()

    @property
    def day(self) -> date:
        """The UTC day that the window lies in."""
        return self.start.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Known:
    """A current fact and the words of a message of the period that it rests on."""

    statement: str
    quote: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class RollupInput:
    """All that the digest of one period, user, bot and scope is made from; windows and facts in order of time."""

    period: Period
    scope: Scope
    user_name: str
    bot_name: str
    windows: tuple[WindowDigest, ...]
    facts: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollup:
    """The digest of a period.

    ``confidence_score`` in 0..1 is that of the windows, by messages, times what the digest covers of their summaries; None
    where no window has one. ``emotional_tone`` is None where no window has one.
    """

    period: Period
    scope: Scope
    summary_text: str
    key_topics: tuple[str, ...]
    emotional_tone: str | None
    decisions: tuple[str, ...]
    open_questions: tuple[str, ...]
    window_count: int
    message_count: int
    confidence_score: float | None
    state: SummaryState
    engine_version: str


def extractive(given: RollupInput, state: SummaryState = SummaryState.FINAL) -> Rollup:
    """The digest without a language model. Raises ValueError where there is no window."""
    if not given.windows:
        raise ValueError("a rollup needs at least one window")
    chosen = _selected(given)
    text = " ".join([_opening(given), *_told(chosen)])
    covered = coverage(" ".join(s.text for s in chosen), _texts(given))
    return _rollup(
        given, text, key_topics=common_topics(given.windows), tone=None, state=state, version=ENGINE_VERSION,
        decisions=_merged([window.decisions for window in given.windows]),
        open_questions=_merged([window.open_questions for window in given.windows]),
        confidence=_confidence(given, covered),
    )  # fmt: skip


def by_model(part: DigestPart, given: RollupInput, version: str) -> Rollup:
    """The digest from a model's answer, personal data in place."""
    own = confidence_in(part, sources_of(given), _texts(given))
    return _rollup(
        given, part.summary, key_topics=topics_of(part.topics) or common_topics(given.windows),
        tone=tone_read(part.tone), state=SummaryState.FINAL, version=version,
        decisions=tuple(part.decisions[:MOST_ITEMS]), open_questions=tuple(part.open_questions[:MOST_ITEMS]),
        confidence=_confidence(given, own),
    )  # fmt: skip


def _rollup(
    given: RollupInput, text: str, *, key_topics: tuple[str, ...], tone: str | None, state: SummaryState, version: str,
    decisions: tuple[str, ...], open_questions: tuple[str, ...], confidence: float | None,
) -> Rollup:  # fmt: skip
    return Rollup(
        period=given.period,
        scope=given.scope,
        summary_text=text,
        key_topics=key_topics,
        # As for windows: what the bots labelled comes before what a model reads.
        emotional_tone=tone_of_windows(given.windows) or tone,
        decisions=decisions,
        open_questions=open_questions,
        window_count=len(given.windows),
        message_count=sum(window.message_count for window in given.windows),
        confidence_score=confidence,
        state=state,
        engine_version=version,
    )


def sources_of(given: RollupInput) -> Sources:
    """What a digest may rest on."""
    texts = [
        text
        for window in given.windows
        for text in (window.summary_text, *window.key_topics, *window.decisions, *window.open_questions)
    ]
    texts += [text for fact in given.facts for text in (fact.statement, fact.quote)]
    times = [window.start for window in given.windows] + [fact.said_at for fact in given.facts]
    return Sources((*texts, given.period.title), (given.user_name, given.bot_name), tuple(times))


def complaint(part: DigestPart, given: RollupInput) -> str | None:
    """What to complain of to the model about its digest (personal data in place), None where there is nothing."""
    return check_text(part, sources_of(given), _texts(given), name=given.user_name)


def material(given: RollupInput, mask: Callable[[str], str], max_tokens: int, size: Callable[[str], int]) -> str:
    """What the model reads: windows in order, then facts with their words, fenced.

    The windows are always all there. Facts are left out from the oldest on where they would take more than ``max_tokens``
    beside the windows.
    """
    blocks = [_block(window, mask) for window in given.windows]
    left = max_tokens - sum(map(size, blocks))
    known: list[str] = []
    for fact in reversed(given.facts):
        line = f'{fact.said_at.astimezone(UTC):%Y-%m-%d} {mask(fact.statement)} ("{mask(_one_line(fact.quote))}")'
        left -= size(line)
        if left < 0:
            break
        known.append(line)
    return fenced("period", [*blocks, *(["Known from these days:"] if known else []), *reversed(known)])


def _block(window: WindowDigest, mask: Callable[[str], str]) -> str:
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    hours = "" if end - start >= timedelta(days=1) else f" {start:%H:%M}"
    lines = [f"{start:%a %Y-%m-%d}{hours}: {mask(_one_line(window.summary_text))}"]
    lines += entries("decisions", window.decisions, mask)
    lines += entries("open questions", window.open_questions, mask)
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def parts_of(given: RollupInput, max_tokens: int, size: Callable[[str], int]) -> list[RollupInput]:
    """The input in consecutive parts whose windows take at most ``max_tokens`` each; itself where it fits.

    A month of hourly windows is more than a model reads at once. Facts go with the part whose windows they lie in.
    """
    groups: list[list[WindowDigest]] = []
    left = 0
    for window in given.windows:
        needed = size(_block(window, str))
        if not groups or needed > left:
            groups.append([])
            left = max_tokens
        groups[-1].append(window)
        left -= needed
    if len(groups) == 1:
        return [given]
    edges = [group[0].start for group in groups[1:]]
    return [
        RollupInput(
            given.period, given.scope, given.user_name, given.bot_name, tuple(group),
            tuple(fact for fact in given.facts if sum(edge <= fact.said_at for edge in edges) == index),
        )
        for index, group in enumerate(groups)
    ]  # fmt: skip


def digested(given: RollupInput, parts: Sequence[tuple[RollupInput, DigestPart]]) -> RollupInput:
    """The input of the last step over parts: their digests in place of their windows, with all facts and words."""
    windows = tuple(
        WindowDigest(
            part.windows[0].start, part.windows[-1].end, digest.summary, topics_of(digest.topics), None, None,
            sum(window.message_count for window in part.windows), tuple(digest.decisions), tuple(digest.open_questions),
        )
        for part, digest in parts
    )  # fmt: skip
    return RollupInput(given.period, given.scope, given.user_name, given.bot_name, windows, given.facts)


def common_topics(windows: Sequence[WindowDigest]) -> tuple[str, ...]:
    """Up to five topics by the number of windows that have them, then by first appearance; plurals count as one."""
    spelt: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for window in windows:
        found = {" ".join(map(stem, words(topic))): " ".join(topic.lower().split()) for topic in window.key_topics}
        for key, topic in found.items():
            spelt.setdefault(key, topic)
            counts[key] += 1
    order = {key: place for place, key in enumerate(spelt)}
    ranked = sorted(counts, key=lambda key: (-counts[key], order[key]))
    return tuple(spelt[key] for key in ranked if key)[:MOST_TOPICS]


def tone_of_windows(windows: Sequence[WindowDigest]) -> str | None:
    """The tone over windows, each by its number of messages, with the bounds of `tone`; None where none has one.

    Half of a mixed window counts for either side.
    """
    sides: Counter[str] = Counter()
    feelings: dict[str, Counter[str]] = {}
    for window in windows:
        valence, _, label = (window.emotional_tone or "").rstrip(")").partition(" (")
        if valence not in ("positive", "negative", "mixed", "neutral"):
            continue
        for side in ("positive", "negative") if valence == "mixed" else (valence,):
            sides[side] += window.message_count // (2 if valence == "mixed" else 1)
        if label:
            feelings.setdefault(valence, Counter())[label] += window.message_count
    if not feelings and not sides:
        return None
    return _named(_valence(sides), feelings)


def _valence(sides: Counter[str]) -> str:
    weaker, stronger = sorted((sides["positive"], sides["negative"]))
    if weaker + stronger < FEELING_SHARE * sides.total() or stronger == 0:
        return "neutral"
    if weaker >= BOTH_SIDES * stronger:
        return "mixed"
    return "positive" if sides["positive"] > sides["negative"] else "negative"


def _named(valence: str, feelings: dict[str, Counter[str]]) -> str:
    """With the feeling of most messages on the side or sides that decided."""
    every = sum(feelings.values(), Counter())
    sides = {"positive": POSITIVE, "negative": NEGATIVE, "mixed": POSITIVE | NEGATIVE}
    fitting = {label: count for label, count in every.items() if valence not in sides or label in sides[valence]}
    if not fitting:
        return valence
    label = min(fitting, key=lambda name: (-fitting[name], name))
    return valence if label == valence else f"{valence} ({label})"


def _merged(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """All entries once, the newest kept where there are too many."""
    return tuple(dict.fromkeys(entry for found in lists for entry in found))[-MOST_ITEMS:]


def _texts(given: RollupInput) -> list[str]:
    return [_without_opening(window.summary_text) for window in given.windows]


def _confidence(given: RollupInput, own: float | None) -> float | None:
    rated = [(w.confidence_score, w.message_count) for w in given.windows if w.confidence_score is not None]
    weight = sum(count for _, count in rated)
    if own is None or not weight:
        return None
    mean = math.fsum(score * count for score, count in rated) / weight
    return round(min(_HIGHEST_CONFIDENCE, mean * own), 4)


@dataclass(frozen=True, slots=True)
class _Sentence:
    day: date
    place: int
    text: str
    size: int
    stems: frozenset[str]


def _selected(given: RollupInput) -> list[_Sentence]:
    """The sentences that stand for the period, in order of time."""
    names = short_forms(given.user_name) | short_forms(given.bot_name)
    pool = _pool(given, names)
    told = [*_texts(given), *dict.fromkeys(fact.statement for fact in given.facts)]
    frequency = Counter(key for text in told for key in frozenset(_stems(text, names)))
    scores = [
        math.fsum(math.log1p(frequency[key]) for key in sorted(s.stems)) / math.sqrt(max(s.size, _SHORT)) for s in pool
    ]
    least = LEAST_GAIN * max(scores, default=0.0)
    taken: list[int] = []
    redundancy = [0.0] * len(pool)
    most_words, most = MOST_WORDS[given.period.kind], MOST_SENTENCES[given.period.kind]
    while len(taken) < most and sum(pool[k].size for k in taken) < most_words:
        gains = {k: scores[k] * (1 - REDUNDANCY * redundancy[k]) for k in range(len(pool)) if k not in taken}
        best = max(gains, key=lambda k: (gains[k], -k), default=None)
        if best is None or (taken and gains[best] < least):
            break
        taken.append(best)
        for k, sentence in enumerate(pool):
            redundancy[k] = max(redundancy[k], _similarity(sentence, pool[best]))
    return [pool[k] for k in sorted(taken, key=lambda k: (pool[k].day, pool[k].place, k))]


def _pool(given: RollupInput, names: frozenset[str]) -> list[_Sentence]:
    told = [
        (window.day, text) for window in given.windows for text in _whole_sentences(_without_opening(window.summary_text))
    ]  # fmt: skip
    told += [(fact.said_at.astimezone(UTC).date(), fact.statement) for fact in given.facts]
    seen: set[str] = set()
    pool = []
    for place, (day, text) in enumerate(told):
        if text not in seen:
            seen.add(text)
            pool.append(_Sentence(day, place, text, len(words(text)), frozenset(_stems(text, names))))
    return pool


def _stems(text: str, names: frozenset[str]) -> list[str]:
    return content_stems(words(text), names | stop_words(detect(text)))


def _similarity(one: _Sentence, other: _Sentence) -> float:
    smaller = min(len(one.stems), len(other.stems))
    return len(one.stems & other.stems) / smaller if smaller else float(one.text == other.text)


def _without_opening(text: str) -> str:
    """A window's summary without the extractive engine's first sentence, which says who talked and when."""
    head, mark, rest = text.partition(" UTC. ")
    return rest if mark and len(sentences(head)) == 1 else text


def _whole_sentences(text: str) -> list[str]:
    """Sentences, a quotation in one piece however many it holds."""
    whole: list[str] = []
    for span in sentences(text):
        if whole and _open_quotation(whole[-1]):
            whole[-1] = f"{whole[-1]} {span.text}"
        else:
            whole.append(span.text)
    return whole


def _open_quotation(text: str) -> bool:
    return text.count('"') % 2 == 1 or text.count("“") > text.count("”")


def _opening(given: RollupInput) -> str:
    days = len({window.day for window in given.windows})
    when = "on one day" if days == 1 else f"on {days} days"
    messages = sum(window.message_count for window in given.windows)
    lead = f"In {given.period.title}"
    return f"{lead}, {given.user_name} and {given.bot_name} talked {when} ({messages} messages)."


def _told(chosen: Sequence[_Sentence]) -> list[str]:
    """The sentences, each day's headed by its date."""
    lines: list[str] = []
    before: date | None = None
    for sentence in chosen:
        heading = "" if sentence.day == before else f"{sentence.day.day} {MONTHS[sentence.day.month - 1]}: "
        before = sentence.day
        lines.append(heading + sentence.text)
    return lines


def _span(first: date, last: date) -> str:
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {_day(last)}"
    start = f"{first.day} {MONTHS[first.month - 1]}"
    return f"{start} to {_day(last)}" if first.year == last.year else f"{start} {first.year} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
