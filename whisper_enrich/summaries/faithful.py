"""Whether a model's summary keeps to what was said, and how far it can be trusted.

Names, numbers and dates of the summary must occur in its sources (`claims`); what does not is a reason to ask once more, and
lowers the confidence where it stays. With S the summary, T its sources, g(w) = ln(1 + texts of T with the content word w):

    faithfulness = (claims of S that T supports + 1) / (claims of S + 1)
    grip         = (quotes found in T + 1) / (quotes given + 1)
    coverage     = sum of g(w) for w in S and T / sum of the k largest g(w),   k = number of content words of S
    confidence   = faithfulness ** 2 * grip * sqrt(coverage)

all in 0..1, and confidence never above `HIGHEST`. Coverage is held against the words that a text of as many could at best
have had, so a short summary is not worse for being short. Faithfulness counts squared: one invented name in ten claims
costs a fifth. The formula is ours. No claim can be checked in a language whose script has no capitals except its numbers and
dates; in German, where every noun has one, only names that are introduced as such.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.summaries.claims import NO_CAPITALS, Sources, claims, folded, in_order, unsupported
from whisper_enrich.summaries.vocabulary import content_stems, stop_words, words
from whisper_enrich.text.language import detect

if TYPE_CHECKING:
    from whisper_enrich.llm.transcript import Chunk
    from whisper_enrich.summaries.asked import DigestPart, Length, SummaryPart

HIGHEST = 0.99
MOST_NAMED = 12
"""Unsupported words that a complaint lists."""
_SAME_LANGUAGE = 0.7
"""Share of the talk, by length, that makes a language its language."""
_NAMES_STAY = frozenset({None, "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb"})
"""Languages in which a name keeps its form."""


def unfaithful(
    text: str, sources: Sequence[str], known_names: Iterable[str] = (), times: Iterable[datetime] = ()
) -> list[str]:
    """The names, numbers and dates of ``text`` that occur in none of ``sources``, in the order of the text.

    ``known_names`` are those of the speakers; ``times`` the moments of what was said, whose days are known too.
    """
    return _unfaithful(text, Sources(tuple(sources), tuple(known_names), tuple(times)))


def _unfaithful(text: str, sources: Sources) -> list[str]:
    return in_order(unsupported(claims(text), sources), text)


def sources_of(chunk: Chunk) -> Sources:
    """What a summary of ``chunk`` may rest on: its messages and those before them, names and times."""
    said = (*chunk.context, *chunk.messages)
    return Sources(
        tuple(message.text for message in said),
        (chunk.user_name, chunk.bot_display_name),
        tuple(message.at for message in said),
        chunk.zone,
    )


def check(part: DigestPart, chunk: Chunk, length: Length | None = None) -> str | None:
    """What to complain of to the model about its answer (personal data in place), None where there is nothing.

    That of a reduction is checked in the same way, against all messages of the window. The complaint quotes the answer:
    it is for the model alone, never for a log.
    """
    spoke = any(message.speaker is Speaker.USER for message in chunk.messages)
    return check_text(
        part,
        sources_of(chunk),
        [m.text for m in chunk.messages],
        name=chunk.user_name if spoke else None,
        length=length,
    )


def check_text(
    part: DigestPart, sources: Sources, texts: Sequence[str], *, name: str | None = None, length: Length | None = None
) -> str | None:
    """The same for any sources. ``texts`` are what is summarised, ``name`` must be told where given."""
    found = [_not_there(part, sources), _wrong_language(part.summary, texts), _nameless(part.summary, name)]
    if length is not None:
        found.append(_wrong_length(part.summary, texts, length))
    return " ".join(filter(None, found)) or None


def _not_there(part: DigestPart, sources: Sources) -> str | None:
    missing = _unfaithful("\n".join((part.summary, *part.decisions, *part.open_questions)), sources)
    if not missing:
        return None
    return (
        f"These do not occur in the text: {', '.join(missing[:MOST_NAMED])}. Use only names, numbers and dates that do; "
        "leave out what you cannot support."
    )


def _wrong_language(summary: str, texts: Sequence[str]) -> str | None:
    own, spoken = detect(summary), language_of(texts)
    if own is None or spoken is None or own == spoken:
        return None
    return f"The text is in the language '{spoken}', the summary in '{own}'. Write it in '{spoken}'."


def language_of(texts: Sequence[str]) -> str | None:
    """The language of most of what ``texts`` say, None where no language has `_SAME_LANGUAGE` of what could be told."""
    told: Counter[str] = Counter()
    for text in texts:
        language = detect(text)
        if language is not None:
            told[language] += len(text)
    if not told:
        return None
    language, size = told.most_common(1)[0]
    return language if size >= _SAME_LANGUAGE * told.total() else None


def _nameless(summary: str, name: str | None) -> str | None:
    parts = {folded(word) for word in words(name or "") if not word.isdecimal()}
    if not parts or detect(summary) not in _NAMES_STAY:
        return None
    if parts & {folded(word) for word in words(summary)}:
        return None
    return "The summary does not name the user. Name them as given."


def _wrong_length(summary: str, texts: Sequence[str], length: Length) -> str | None:
    if detect(summary) in NO_CAPITALS:
        return None
    size = len(summary.split())
    # Little talk makes a short summary whatever is asked for.
    little = sum(len(text.split()) for text in texts) < 2 * length.least_words
    if 2 * size >= length.least_words * (not little) and size <= 1.5 * length.most_words + 20:
        return None
    return f"The summary has {size} words. Its length is to be {length.text}."


def quotes_found(part: SummaryPart, chunk: Chunk) -> tuple[str, ...]:
    """The quotes of ``part`` that stand in the message of their line, as the message has them, each once.

    White space, case and quotation marks may differ, nothing else. One that stands in another message of the chunk counts
    too: it is what was said, only the line is wrong.
    """
    found = []
    for quote in part.quotes:
        named = chunk.line(quote.line)
        others = (message for message in chunk.messages if message is not named)
        places = (_place(quote.quote, message) for message in ((named, *others) if named else others))
        original = next(filter(None, places), None)
        if original is not None:
            found.append(original)
    return tuple(dict.fromkeys(found))


_QUOTATION = str.maketrans(dict.fromkeys("“”„‟«»‹›″", '"') | dict.fromkeys("‘’‚‛`´′", "'"))
_SPACE = re.compile(r"\s+")
_LEAST_QUOTE = 2
"""Letters and digits below which a quote says nothing."""


def _place(quote: str, message: Message) -> str | None:
    wanted = _plain(quote).strip()
    if sum(map(str.isalnum, wanted)) < _LEAST_QUOTE:
        return None
    pattern = r"\s+".join(re.escape(word) for word in wanted.split())
    text = unicodedata.normalize("NFC", message.text)
    # Marks are exchanged one for one, so that places in the plain text are places in the original.
    match = re.search(pattern, text.translate(_QUOTATION), re.IGNORECASE)
    return _SPACE.sub(" ", text[match.start() : match.end()]).strip() if match else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_QUOTATION)


def confidence(part: DigestPart, chunk: Chunk) -> float | None:
    """The confidence in an answer (personal data in place); the formula is at the top of this module.

    That of a reduction is taken over all messages of the window. None where the messages have no content word.
    """
    given = getattr(part, "quotes", ())
    found = quotes_found(part, chunk) if given else ()  # type: ignore[arg-type]
    return confidence_in(part, sources_of(chunk), [m.text for m in chunk.messages], (len(found), len(given)))


def confidence_in(
    part: DigestPart, sources: Sources, texts: Sequence[str], quotes: tuple[int, int] = (0, 0)
) -> float | None:
    """The same for any sources: ``texts`` are what is to be covered, ``quotes`` those found and those given."""
    covered = coverage(part.summary, texts)
    if covered is None:
        return None
    made = list(dict.fromkeys(claims("\n".join((part.summary, *part.decisions, *part.open_questions)))))
    missing = sum(not sources.support(claim) for claim in made)
    faithful = (len(made) - missing + 1) / (len(made) + 1)
    grip = (quotes[0] + 1) / (quotes[1] + 1)
    return round(min(HIGHEST, faithful**2 * grip * math.sqrt(covered)), 4)


def coverage(summary: str, texts: Sequence[str]) -> float | None:
    """How much of what ``texts`` come back to the summary has, against the most that so many words could; in 0..1.

    None where the texts have no content word, 0 where the summary has none.
    """
    stems = [frozenset(_stems(text)) for text in texts]
    frequency = Counter(stem for found in stems for stem in found)
    if not frequency:
        return None
    weight = {stem: math.log1p(count) for stem, count in frequency.items()}
    own = frozenset(_stems(summary))
    if not own:
        return 0.0
    best = math.fsum(sorted(weight.values(), reverse=True)[: len(own)])
    return min(1.0, math.fsum(weight[stem] for stem in sorted(own & weight.keys())) / best)


def _stems(text: str) -> list[str]:
    return content_stems(words(text), stop_words(detect(text)))
