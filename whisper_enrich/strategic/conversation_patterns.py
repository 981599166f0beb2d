"""How a user and a bot talk: questions, lengths, openings, times, depth, changes of style, and what moves the user.

Shares carry Wilson's 95% interval. Times are on the user's clock (`History.zone`). Questions and lengths are those of the last
`RECENT_TURNS` messages of each side; openings, hours, depth, topics and changes are of the whole history. A field that cannot
be told is None, with the reason in ``reasons``; a part of a field that cannot be told is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from whisper_enrich.strategic.activity import frequency, preferred_hours
from whisper_enrich.strategic.comparisons import wilson
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, History, OpeningKind, QuestionKind
from whisper_enrich.strategic.moving_topics import most_discussed, moving_topics, subjects_of
from whisper_enrich.strategic.reply_lengths import best_reply_length
from whisper_enrich.strategic.style_changes import asks, length_trend, style_evolution
from whisper_enrich.strategic.user_style import RECENT_TURNS

LEAST_TURNS = 10
"""Messages of the user below which nothing is said of questions and lengths."""
LEAST_SESSIONS = 5
BRIEF_BELOW, DEEP_FROM = 4.0, 12.0
"""Median turns of a session: fewer than four are a word in passing (a question, an answer, a thank you); twelve or more a talk
of six messages each side."""
RAYLEIGH_P = 0.05


@dataclass(frozen=True)
class ConversationPatterns:
    """The field contract's objects, and what they are made from.

    ``question_patterns``: ``messages``, ``questions``, ``question_frequency`` (share, with interval), ``by_kind`` (counts, shares
    of the messages), ``most_frequent`` kind, and ``bot``, the same of the bot.
    ``length_patterns``: ``characters`` and ``words`` of the user's and ``bot_characters`` (quartiles, mean), ``trend``.
    ``initiation_patterns``: who opens sessions, by which kinds, the ``usual`` kind, and how often by asking.
    ``temporal_patterns``: messages by hour and weekday, active days by weekday, circular ``mean_hour`` at which the user opens
    sessions and its ``concentration`` (0 spread evenly, 1 always the same minute), ``preferred_hours``, sessions a week.
    ``depth_preferred``: how long sessions are, how much the user says in them, how often they stay with a subject.
    ``best_reply_length``: `reply_lengths.best_reply_length`. ``emotional_engagement``: `moving_topics.moving_topics`.
    ``topic_patterns``: ``most_discussed`` and ``moving``. ``style_evolution``: `style_changes.style_evolution`.
    """

    question_patterns: dict[str, Any] | None
    temporal_patterns: dict[str, Any] | None
    length_patterns: dict[str, Any] | None
    initiation_patterns: dict[str, Any] | None
    topic_patterns: dict[str, Any] | None
    style_evolution: dict[str, Any] | None
    depth_preferred: dict[str, Any] | None
    best_reply_length: dict[str, Any] | None
    emotional_engagement: list[dict[str, Any]] | None
    reasons: dict[str, str]


def compute(history: History) -> ConversationPatterns:
    """The patterns of ``history`` up to its ``as_of``."""
    own = int(np.count_nonzero(history.turns.from_user))
    few = None if own >= LEAST_TURNS else "too_few_messages" if own else "no_user_messages"
    subjects = subjects_of(history)
    moving, why_not = moving_topics(history, subjects)
    topics = {"most_discussed": most_discussed(history, subjects), "moving": moving} if subjects.labels else None
    found: dict[str, tuple[Any, str | None]] = {
        "question_patterns": (None, few) if few else (_questions(history), None),
        "temporal_patterns": (_times(history), None) if own else (None, few),
        "length_patterns": (None, few) if few else (_lengths(history), None),
        "initiation_patterns": _openings(history),
        "topic_patterns": (topics, None if topics else "no_topics"),
        "style_evolution": style_evolution(history),
        "depth_preferred": _depth(history),
        "best_reply_length": best_reply_length(history),
        "emotional_engagement": (moving, why_not),
    }
    reasons = {name: reason for name, (_, reason) in found.items() if reason is not None}
    return ConversationPatterns(**{name: value for name, (value, _) in found.items()}, reasons=reasons)


def _questions(history: History) -> dict[str, Any]:
    kinds = tuple(QuestionKind)
    sides = {}
    for side, from_user in (("user", True), ("bot", False)):
        recent = np.flatnonzero(history.turns.from_user == from_user)[-RECENT_TURNS:]
        counts = np.bincount(history.turns.question[recent], minlength=len(kinds))
        asked = {kind.value: int(counts[code]) for code, kind in enumerate(kinds) if kind is not QuestionKind.NONE}
        questions = sum(asked.values())
        sides[side] = {
            "messages": len(recent),
            "questions": questions,
            "question_frequency": _share(questions, len(recent)),
            "by_kind": {kind: {"count": count} | (_share(count, len(recent)) or {}) for kind, count in asked.items()},
            "most_frequent": max(asked, key=lambda kind: asked[kind]) if questions else None,
        }
    return {**sides["user"], "bot": sides["bot"]}


def _lengths(history: History) -> dict[str, Any]:
    turns = history.turns
    own = np.flatnonzero(turns.from_user)[-RECENT_TURNS:]
    bots = np.flatnonzero(~turns.from_user)[-RECENT_TURNS:]
    return {
        "messages": len(own),
        "characters": _spread(turns.characters[own]),
        "words": _spread(turns.words[own]),
        "bot_characters": _spread(turns.characters[bots]),
        "trend": length_trend(history),
    }


def _openings(history: History) -> tuple[dict[str, Any] | None, str | None]:
    """An answer may stand first because the platform dropped what it answers; it counts as the bot's opening."""
    starts = history.session_starts()
    if len(starts) < LEAST_SESSIONS:
        return None, "too_few_sessions"
    own = starts[history.turns.from_user[starts]]
    kinds = tuple(OpeningKind)
    counts = np.bincount(history.turns.opening[own], minlength=len(kinds))
    order = np.argsort(-counts, kind="stable")
    shares = {
        kinds[code].value: {"count": int(counts[code])} | (_share(int(counts[code]), len(own)) or {})
        for code in order.tolist()
        if counts[code]
    }
    usual = _usual(shares)
    return {
        "sessions": len(starts),
        "by_user": {"count": len(own)} | (_share(len(own), len(starts)) or {}),
        "by_bot": len(starts) - len(own),
        "kinds": shares,
        "usual": usual,
        "reason": None if usual else "no_usual_opening" if len(own) else "never_opens",
        "by_asking": _share(int(np.count_nonzero(asks(history)[own])), len(own)),
    }, None


def _usual(shares: dict[str, dict[str, Any]]) -> str | None:
    """The most frequent kind, where even the low end of its share is more than that of the next."""
    first, second = [*shares.items(), None, None][:2]
    if first is None:
        return None
    return first[0] if second is None or first[1]["low"] > second[1]["share"] else None


def _times(history: History) -> dict[str, Any]:
    turns = history.turns
    own = turns.from_user
    week = history.local_hours()[own]
    days = history.local_days()[own]
    starts = history.session_starts()
    often = frequency(history)
    since = history.as_of.timestamp() - often.span_days * 86_400.0
    hours = preferred_hours(history)
    return {
        "zone": str(history.zone),
        "zone_source": history.zone_source,
        "messages_by_hour": np.bincount((week % 24.0).astype(np.int64), minlength=24).tolist(),
        "messages_by_weekday": np.bincount((week // 24.0).astype(np.int64), minlength=7).tolist(),
        # 1970-01-01 was a Thursday, weekday 3.
        "active_days_by_weekday": np.bincount((np.unique(days) + 3) % 7, minlength=7).tolist(),
        **_mean_hour(history.local_hours()[starts[own[starts]]] % 24.0),
        "preferred_hours": sorted(hours) or None,
        "sessions": len(starts),
        "sessions_per_week": None
        if often.word is None
        else float((turns.at[starts] > since).sum() * 7 / often.span_days),
        "interaction_pattern": often.word,
        "interaction_reason": often.reason,
        "active_days": often.active_days,
        "days": often.span_days,
        "active_days_per_week": often.days_per_week,
    }


def _mean_hour(hours: np.ndarray) -> dict[str, Any]:
    """The circular mean of the hours, if they gather anywhere: Rayleigh's test, p as in Zar (1999, Biostatistical Analysis)."""
    n = len(hours)
    if n < LEAST_SESSIONS:
        return {"mean_hour": None, "mean_hour_reason": "too_few_sessions", "concentration": None}
    angles = hours * (2.0 * np.pi / 24.0)
    east, north = float(np.cos(angles).mean()), float(np.sin(angles).mean())
    concentration = float(np.hypot(east, north))
    p = np.exp(np.sqrt(1.0 + 4.0 * n + 4.0 * (n**2 - (n * concentration) ** 2)) - (1.0 + 2.0 * n))
    gathered = bool(p < RAYLEIGH_P)
    mean = float(np.arctan2(north, east) * 24.0 / (2.0 * np.pi) % 24.0)
    return {
        "mean_hour": mean if gathered else None,
        "mean_hour_reason": None if gathered else "spread_over_the_day",
        "concentration": concentration,
    }


def _depth(history: History) -> tuple[dict[str, Any] | None, str | None]:
    """``follow_up`` is the share of the user's turns, after their first of a session, that stay with the segment of their turn
    before; None without segments."""
    turns = history.turns
    starts = history.session_starts()
    last_open = len(turns) and history.as_of.timestamp() - turns.at[-1] <= SESSION_GAP_SECONDS
    sizes = np.diff(np.append(starts, len(turns)))
    # The session that still goes on has no length yet.
    closed = sizes[:-1] if last_open else sizes
    if len(closed) < LEAST_SESSIONS:
        return None, "too_few_sessions"
    own = np.flatnonzero(turns.from_user)
    session = np.searchsorted(starts, own, side="right")
    goes_on = session[1:] == session[:-1]
    stays = (turns.segment[own][1:] == turns.segment[own][:-1]) & goes_on
    median = float(np.median(closed))
    return {
        "level": "brief" if median < BRIEF_BELOW else "deep" if median >= DEEP_FROM else "moderate",
        "sessions": len(closed),
        "turns_per_session": _spread(closed),
        "words_per_message": _spread(turns.words[own]),
        "follow_up": _share(int(stays.sum()), int(goes_on.sum())) if len(history.segments) else None,
    }, None


def _share(count: int, of: int) -> dict[str, float] | None:
    if not of:
        return None
    low, high = wilson(count, of)
    return {"share": count / of, "low": float(low), "high": float(high)}


def _spread(values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    lower, median, upper = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper, "mean": float(values.mean())}
