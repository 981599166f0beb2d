"""From a sentence to the range that it asks about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache

from whisper_enrich.hot_path.time_phrases.clocks import CLOCKS
from whisper_enrich.hot_path.time_phrases.compositions import BESIDE, COMPOSITIONS, OPEN
from whisper_enrich.hot_path.time_phrases.lexicon import LANGUAGES, Language, items, language, likely_languages
from whisper_enrich.hot_path.time_phrases.model import Kind, TimeRange, Understood
from whisper_enrich.hot_path.time_phrases.periods import PERIODS
from whisper_enrich.hot_path.time_phrases.quantities import HOURS, QUANTITIES
from whisper_enrich.hot_path.time_phrases.rules import Stage
from whisper_enrich.hot_path.time_phrases.spans import Asked, Result, Span, to_range
from whisper_enrich.hot_path.time_phrases.tokens import Item, Token, folded, tokenise
from whisper_enrich.hot_path.time_phrases.wording import described

_LONGEST = 2000
# Compositions come twice: what the first pass has put together may be part of something else.
_CASCADE = (QUANTITIES, HOURS, PERIODS, COMPOSITIONS, COMPOSITIONS, BESIDE, CLOCKS, OPEN)
_NOTHING = Understood(None, "", "no time is named", "none")


@dataclass(frozen=True, slots=True)
class _Named:
    """A result with its place in the text."""

    result: Result
    start: int
    end: int


def understand(text: str, *, now: datetime, tz: tzinfo, anchors: Mapping[str, date] | None = None) -> Understood:
    """Which time ``text`` asks about, as said at ``now`` (aware) by somebody whose clock is ``tz``.

    ``anchors`` are days of that person's life by name ("birthday", "wedding", "trip", "sister's birthday"), in English; birthdays
    and anniversaries come back every year. English, German, French, Spanish, Portuguese and Italian are read. Of several times
    in one sentence the first counts and the others are alternatives. Only the first 2000 characters are read.

    Never raises on any text; ``ValueError`` for a naive ``now``. The first call in a process reads the words and compiles the
    rules of its language: see ``prepare``.
    """
    if now.tzinfo is None:
        raise ValueError("understand() needs an aware now")
    text = unicodedata.normalize("NFC", text[:_LONGEST])
    asked = Asked(now.astimezone(UTC), tz, anchors={_anchor_name(name): day for name, day in (anchors or {}).items()})
    tokens = tokenise(text)
    unknown = _NOTHING
    for words in likely_languages(tokens):
        understood = _understand_in(words, text, tokens, asked)
        if understood.kind != "none":
            return understood
        unknown = understood if understood.phrase and not unknown.phrase else unknown
    return unknown


def prepare(*languages: str) -> None:
    """Read the words and compile the rules of ``languages`` (all by default), so that no question has to wait for it."""
    for name in languages or LANGUAGES:
        _stages(language(name))


def _anchor_name(name: str) -> str:
    small = folded(name).replace("_", " ").replace("’", "'").strip()
    return re.sub(r"^(?:my|the|our) | day$", "", small)


@lru_cache(maxsize=8)
def _stages(words: Language) -> tuple[Stage, ...]:
    return tuple(Stage(words, rules) for rules in _CASCADE)


def _understand_in(words: Language, text: str, tokens: Sequence[Token], asked: Asked) -> Understood:
    plain = " ".join(token.word for token in tokens)
    ahead, behind = words.ahead.search(plain) is not None, words.behind.search(plain) is not None
    asked = replace(asked, past=behind and not ahead, ahead=ahead and not behind, torn=ahead and behind)
    found = items(tokens, words, _anchor_phrases(asked.anchors))
    for stage in _stages(words):
        found = stage.reduce(found, asked)
    named = _named(found)
    extreme = _extreme(words, plain)
    if extreme:
        return _about_extreme(extreme, named, tokens, text, asked)
    if not named:
        return _unknown(found, text)
    return _about_range(named, text, asked)


def _anchor_phrases(anchors: Mapping[str, date]) -> dict[tuple[str, ...], str]:
    """The words by which the anchors may be called, the longest first."""
    phrases = {tuple(token.word for token in tokenise(name)): name for name in anchors}
    phrases |= {(*phrase, "day"): name for phrase, name in phrases.items() if phrase[-1:] != ("birthday",)}
    return dict(sorted(phrases.items(), key=lambda each: -len(each[0])))


def _named(found: Sequence[Item]) -> list[_Named]:
    """The times in the order in which they count: those that only describe a subject come behind."""
    named = []
    for item in found:
        if "R" in item.roles:
            named.append(_Named(item.roles["R"], item.start, item.end))
        elif "P" in item.roles:
            named.append(_Named(Result("range", item.roles["P"]), item.start, item.end))
    return [each for each in named if each.result.span] or named


_SUBJECT = re.compile(r"\b(?:about|regarding|über|sobre|su|de)\s+(?:[^\s,;.!?]+\s+){1,5}$", re.IGNORECASE)


def _in_order(named: Sequence[_Named], text: str) -> list[_Named]:
    """ "What did I say about the trip in October last week?" asks about last week."""
    before = [0, *(each.end for each in named)]
    subjects = [_SUBJECT.search(text[end : each.start]) is not None for end, each in zip(before, named, strict=False)]
    return [each for _, each in sorted(zip(subjects, named, strict=True), key=lambda pair: pair[0])]


def _about_range(named: Sequence[_Named], text: str, asked: Asked) -> Understood:
    first, *rest = _in_order(named, text)
    phrase = text[first.start : first.end]
    result = first.result
    if result.span is None:
        return Understood(None, phrase, f"{phrase}: {result.reason}", "none")
    found = to_range(result.span, asked.tz)
    if found is None:
        return Understood(None, phrase, f"{phrase}: that day was skipped in {asked.zone}", "none")
    others = [(span, why) for span, why in result.span.others]
    others += [
        (each.result.span, f'the other time named, "{text[each.start : each.end]}"')
        for each in rest
        if each.result.span
    ]
    return _understood(result.kind, found, phrase, others, asked)


def _understood(
    kind: Kind, found: TimeRange, phrase: str, others: Sequence[tuple[Span, str]], asked: Asked
) -> Understood:
    ranges = (to_range(span, asked.tz, why) for span, why in others)
    alternatives = tuple(dict.fromkeys(each for each in ranges if each and each != found))
    readings = [f"{phrase}: {described(found, kind, asked)}"]
    readings += [f"or {each.why}: {described(each, kind, asked)}" for each in alternatives]
    return Understood(found, phrase, f"{'; '.join(readings)}, {asked.zone}", kind, bool(alternatives), alternatives)


def _extreme(words: Language, plain: str) -> tuple[Kind, int, int] | None:
    """The first or the latest talk, and where the words are."""
    for kind, pattern in (("first", words.first), ("latest", words.latest)):
        match = pattern.search(plain)
        if match:
            return kind, match.start(), match.end()
    return None


def _about_extreme(
    extreme: tuple[Kind, int, int], named: Sequence[_Named], tokens: Sequence[Token], text: str, asked: Asked
) -> Understood:
    """The first or latest talk, of a range where one is named."""
    kind, start, end = extreme
    phrase = _words_at(tokens, text, start, end)
    which = "the earliest" if kind == "first" else "the latest"
    within = _about_range(named, text, asked) if named else None
    if within is None or within.range is None:
        return Understood(None, phrase, f"{phrase}: {which} there is", kind)
    return replace(within, kind=kind, phrase=phrase, sentence=f"{phrase}: {which} of {within.sentence}")


def _words_at(tokens: Sequence[Token], text: str, start: int, end: int) -> str:
    """The stretch of ``text`` whose tokens, joined by spaces, are ``start`` to ``end``."""
    at = 0
    inside = []
    for token in tokens:
        if start <= at < end:
            inside.append(token)
        at += len(token.word) + 1
    return text[inside[0].start : inside[-1].end]


def _unknown(found: Sequence[Item], text: str) -> Understood:
    """ "Before the trip": a time is meant, but which is not known."""
    for at, item in enumerate(found[:-2]):
        if any(role in item.roles for role in "SBUF") and any(role in found[at + 1].roles for role in "Gd"):
            end = at + 2
            if "X" not in found[end].roles or found[end].roles["X"]:
                continue
            phrase = text[item.start : found[end].end]
            event = text[found[end].start : found[end].end]
            return Understood(None, phrase, f'{phrase}: no date is known for "{event}"', "none")
    return _NOTHING
