"""Subjects that a user comes back to, and of which something is known that can be spoken of.

A word that recurs is not yet a subject ("door", "read"): one counts if the user named it in several turns on several days of
the last month, the bot has taken it up or it is a name, and a current fact of the user's says what it is to them. Left out is
what saddens: what the user speaks of in a heavy mood, what was called off, what the fact tells of loss, illness or parting.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from whisper_enrich.facts.model import Category, Tense
from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import EMOTIONS, History, KnownFact, Mention
from whisper_enrich.strategic.open_items import called_off
from whisper_enrich.summaries.vocabulary import content_stems, words

LEAST_DAYS = 2
LEAST_TURNS = 3
MOST_SUBJECTS = 3
RECENT = timedelta(days=30)

HEAVY_MOODS = frozenset(EMOTIONS.index(name) for name in ("anger", "disgust", "fear", "pessimism", "sadness"))
_SAD_VALENCE = -0.2
_HALF_LIFE_DAYS = 10.0
_GLAD = frozenset(
    {
        Category.PREFERENCE, Category.PLAN, Category.COMMITMENT, Category.EVENT, Category.WORK, Category.PLACE,
        Category.POSSESSION, Category.SKILL,
    }
)  # fmt: skip
_GRIEF = re.compile(
    r"\b(?:die[ds]?|dead|death|passed|lost|loss|widow\w*|funeral|divorc\w*|ex|ended|broke|broken|split|separated|left|quit\w*|fired"
    r"|ill|sick|cancer|diagnos\w*|disease|surgery|hospital|hurt\w*|pain|allerg\w*|hates?|afraid|fears?|scared|worr\w+|debt\w*"
    r"|can't|cannot|not|never|no|doesn't|isn't|don't|didn't|without|smok\w*|drink\w*|late husband|late wife)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """``label`` as written, ``statement`` of the fact behind it; on how many ``days`` the user spoke of it, and the turns."""

    label: str
    statement: str
    scope: Scope
    days: int
    turns: tuple[int, ...]


def subjects(history: History) -> list[Subject]:
    """At most `MOST_SUBJECTS`, by how often and how lately they were spoken of."""
    facts = _facts_by_stem(history)
    if not facts:
        return []
    scored = []
    for (kind, key), own in sorted(_recent_mentions(history).items()):
        turns = np.unique([mention.turn for mention in own])
        fact = _fact_of(key, facts) if len(turns) >= LEAST_TURNS else None
        if fact is None or _saddens(history, turns) or any(called_off(key, day) for day in history.day_terms):
            continue
        found = _subject(history, own, turns, fact)
        if found is not None:
            age = (history.as_of.timestamp() - history.turns.at[turns]) / 86400.0
            weight = float(np.sum(2.0 ** (-age / _HALF_LIFE_DAYS))) * (1.5 if kind == "entity" else 1.0)
            scored.append((-weight, key, fact.fact_id, found))
    ranked, told = [], set()
    for _, _, fact_id, found in sorted(scored, key=lambda s: s[:3]):
        if fact_id not in told:
            told.add(fact_id)
            ranked.append(found)
    return ranked[:MOST_SUBJECTS]


def _recent_mentions(history: History) -> Mapping[tuple[str, str], Sequence[Mention]]:
    """The user's mentions of names, and of words that the bot has used as well, of what came up often enough."""
    since = (history.as_of - RECENT).timestamp()
    named = history.named
    by_user = history.turns.from_user[named.turn]
    taken_up = np.zeros(len(named.keys), dtype=bool)
    taken_up[named.key[~by_user]] = True
    recent = by_user & (history.turns.at[named.turn] >= since)
    chosen = np.flatnonzero(recent & (named.entity | taken_up[named.key]))
    group = 2 * named.key[chosen] + named.entity[chosen]
    chosen = chosen[np.argsort(group, kind="stable")]
    counts = np.bincount(group)
    ends = np.cumsum(counts)
    often = counts >= LEAST_TURNS
    parts = (list(named[chosen[end - n : end]]) for end, n in zip(ends[often], counts[often], strict=True))
    return {(own[0].kind, own[0].key): own for own in parts}


def _facts_by_stem(history: History) -> Mapping[str, list[KnownFact]]:
    """Facts that can be spoken of lightly and are not over, by the stems of what they are about."""
    today = history.as_of.astimezone(history.zone).date()
    found: Mapping[str, list[KnownFact]] = defaultdict(list)
    for fact in history.facts:
        ends = fact.valid_to or (fact.valid_from if fact.tense == Tense.FUTURE else None)
        over = fact.tense == Tense.PAST or (ends is not None and ends < today)
        if fact.category in _GLAD and not over and fact.message_ids:
            for term in set(content_stems(words(f"{fact.value} {fact.statement.replace('{user}', '')}"))):
                found[term].append(fact)
    return found


def _fact_of(key: str, facts: Mapping[str, list[KnownFact]]) -> KnownFact | None:
    """The surest fact that names the subject; None also where any of them tells of something sad."""
    terms = content_stems(words(key))
    named = [f for f in facts.get(terms[0], ()) if all(f in facts.get(t, ()) for t in terms)] if terms else []
    if not named or any(_GRIEF.search(fact.statement) for fact in named):
        return None
    return max(named, key=lambda f: (f.confidence, f.said_at[-1:], f.fact_id))


def _subject(history: History, own: Sequence[Mention], turns: np.ndarray, fact: KnownFact) -> Subject | None:
    """Shared where what was said in shared places alone makes it recurring and the fact is shared as well; None where it
    recurs on one day only."""
    days = {int(at // 86400) for at in history.turns.at[turns]}
    if len(days) < LEAST_DAYS:
        return None
    public = turns[~history.turns.private[turns]]
    public_days = {int(at // 86400) for at in history.turns.at[public]}
    shared = len(public) >= LEAST_TURNS and len(public_days) >= LEAST_DAYS and fact.scope is Scope.SHARED
    evidence = public if shared else turns
    label = max(own, key=lambda m: (int(m.turn in evidence), m.turn)).label
    return Subject(
        label=label,
        statement=fact.statement.replace("{user}", history.user_name),
        scope=Scope.SHARED if shared else Scope.DM,
        days=len(public_days if shared else days),
        turns=tuple(evidence.tolist()),
    )


def _saddens(history: History, turns: np.ndarray) -> bool:
    """Whether the user is in low spirits when speaking of it, on the whole or the last time."""
    valence, moods = history.turns.valence[turns], history.turns.emotion[turns]
    if int(moods[-1]) in HEAVY_MOODS:
        return True
    if np.isfinite(valence).any():
        return bool(np.nanmean(valence) <= _SAD_VALENCE)
    return bool(np.isin(moods, list(HEAVY_MOODS)).mean() > 0.5)
