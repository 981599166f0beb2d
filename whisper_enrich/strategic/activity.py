"""How often and when a user writes: the two habits that several engines speak of, defined once.

Days and hours are the user's own (`History.zone`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whisper_enrich.strategic.history import History

WINDOW_DAYS = 28
"""Frequency is that of the last four weeks up to `History.as_of`, or of the time since the first message."""
KNOWN_DAYS = 7
DAILY_FROM, SEVERAL_FROM, WEEKLY_FROM = 5.0, 2.0, 0.75
"""Active days a week from which on a user is said to come daily, several times a week, weekly."""
REGULAR_WEEKS = 0.75
"""Share of the weeks that must have an active day; below, the user is sporadic however many days a burst had."""

HOURS_FROM_TURNS = 20
HOURS_FROM_DAYS = 5
PREFERRED_RATIO = 2.0
PREFERRED_MOST = 4


@dataclass(frozen=True, slots=True)
class Frequency:
    """``word`` is 'daily', 'several a week', 'weekly', 'sporadic', or None with the ``reason`` 'no_user_messages' or
    'known_for_too_short' (less than `KNOWN_DAYS`). ``active_days`` of ``span_days``; ``days_per_week`` None with ``word``."""

    word: str | None
    reason: str | None
    active_days: int
    span_days: int
    days_per_week: float | None


def frequency(history: History) -> Frequency:
    """On how many days of the last four weeks the user wrote, as a word.

    Weeks are counted back from ``as_of``; a first, incomplete week counts if it has at least half of its days. Silence
    since long is 'sporadic': the word is about now.
    """
    written = np.unique(history.local_days()[history.turns.from_user])
    if not len(written):
        return Frequency(None, "no_user_messages", 0, 0, None)
    today = _local_day(history)
    span = int(min(WINDOW_DAYS, today - written[0] + 1))
    ago = today - written[(written > today - WINDOW_DAYS) & (written <= today)]
    if span < KNOWN_DAYS:
        return Frequency(None, "known_for_too_short", len(ago), max(0, span), None)
    weeks = (span + 3) // 7
    rate = 7.0 * len(ago) / span
    regular = len(np.unique(ago[ago < 7 * weeks] // 7)) >= REGULAR_WEEKS * weeks
    return Frequency(_word(rate) if regular else "sporadic", None, len(ago), span, rate)


def preferred_hours(history: History) -> tuple[int, ...]:
    """Hours of the day in which the user writes at least twice as often as evenly spread, the most usual first, at most four.

    An hour counts once a day, so that one long talk makes no habit; counts are smoothed over neighbouring hours (1/4, 1/2,
    1/4, around midnight too). Empty where none stands out, and where there is too little (`hours_can_be_told`).
    """
    if not hours_can_be_told(history):
        return ()
    own = history.turns.from_user
    days = history.local_days()[own]
    hours = (history.local_hours()[own] % 24.0).astype(np.int64)
    cells = np.unique(days * 24 + hours)
    counts = np.bincount(cells % 24, minlength=24) / len(cells)
    share = counts / 2.0 + (np.roll(counts, 1) + np.roll(counts, -1)) / 4.0
    order = np.lexsort((np.arange(24), -share))[:PREFERRED_MOST]
    return tuple(int(hour) for hour in order if share[hour] >= PREFERRED_RATIO / 24.0 and counts[hour] > 0)


def hours_can_be_told(history: History) -> bool:
    """Whether the user wrote enough to tell a habit of the clock: 20 messages, on five days."""
    days = history.local_days()[history.turns.from_user]
    return len(days) >= HOURS_FROM_TURNS and len(np.unique(days)) >= HOURS_FROM_DAYS


def _local_day(history: History) -> int:
    return history.as_of.astimezone(history.zone).date().toordinal() - 719_163


def _word(days_per_week: float) -> str:
    if days_per_week >= DAILY_FROM:
        return "daily"
    if days_per_week >= SEVERAL_FROM:
        return "several a week"
    return "weekly" if days_per_week >= WEEKLY_FROM else "sporadic"
