"""Milestones of a user with a bot that hold on the day: a round count of messages, a conversation that began so many months
or years ago to the day, a streak of days, a birthday.

Days are the user's own. Nothing is rounded up: a count is of the messages that are kept, and so a lower bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from dateutil.relativedelta import relativedelta

from whisper_enrich.strategic.history import History

COUNTS = (100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000)
MONTHS = (1, 3, 6)
STREAKS = (7, 14, 21, 30, 50, 75, 100, 150, 200, 250, 300, 365)
FRESH = timedelta(days=3)
"""How long a count that was reached is news."""
MOST_IDS = 5
"""Messages that a birthday is told from: the latest."""

_EPOCH = date(1970, 1, 1)
_BIRTHDAY = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})$")


@dataclass(frozen=True, slots=True)
class Milestone:
    """``kind`` is 'messages', 'months', 'years', 'streak' or 'birthday'; ``number`` of messages, months, years or days, for a
    birthday the age, None where the year is not known. ``scope`` as of all text items."""

    kind: str
    number: int | None
    scope: str
    message_ids: tuple[str, ...] = ()


def milestones(history: History, days: np.ndarray) -> list[Milestone]:
    """Those that hold on the local day of ``history.as_of``, most personal first; ``days`` are the local days of the user's
    messages, since 1970-01-01."""
    today = history.as_of.astimezone(history.zone).date()
    found = list(_birthday(history, today))
    if len(days):
        written = [_EPOCH + timedelta(days=day) for day in np.unique(days).tolist()]
        users = np.sort(history.turns.at[history.turns.from_user])
        found += [*_since(written[0], today), *_streak(written, today), *_count(users, history.as_of)]
    return found


def _birthday(history: History, today: date) -> list[Milestone]:
    for fact in history.facts:
        match = _BIRTHDAY.match(fact.value) if fact.attribute == "birthday" else None
        if match and (int(match[2]), int(match[3])) == (today.month, today.day):
            age = today.year - int(match[1]) if match[1] else None
            return [Milestone("birthday", age if age else None, fact.scope.value, fact.message_ids[-MOST_IDS:])]
    return []


def _since(first: date, today: date) -> list[Milestone]:
    years = today.year - first.year
    if years > 0 and first + relativedelta(years=years) == today:
        return [Milestone("years", years, "shared")]
    return [Milestone("months", months, "shared") for months in MONTHS if first + relativedelta(months=months) == today]


def _streak(days: Sequence[date], today: date) -> list[Milestone]:
    """Days in a row up to today or yesterday, where the last of them made a round number."""
    if (today - days[-1]).days not in (0, 1):
        return []
    length, day, known = 0, days[-1], set(days)
    while day in known:
        length, day = length + 1, day - timedelta(days=1)
    return [Milestone("streak", length, "shared")] if length in STREAKS else []


def _count(users: np.ndarray, as_of: datetime) -> list[Milestone]:
    reached = [count for count in COUNTS if count <= len(users)]
    if not reached or as_of.timestamp() - users[reached[-1] - 1] > FRESH.total_seconds():
        return []
    return [Milestone("messages", reached[-1], "shared")]
