"""Whether and when a bot should write first: how its earlier first words were taken, and the best time from now on.

An hour t is worth

    presence(hour of the week of t) * 2 ** (-(t - earliest) / PATIENCE_HOURS)

among the hours of the coming week outside quiet hours; ``earliest`` is when the silence has become longer than most of this
user's pauses (80%, or half of them where something is due), no less than a day, and what the caps allow. Whoever would be
back by themselves is left to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from whisper_enrich.strategic.gaps import GapModel
from whisper_enrich.strategic.history import History, Turns
from whisper_enrich.strategic.presence import HOURS, Presence

PATIENCE_HOURS = 48.0
_UNASKED_PAUSE_SECONDS = 4 * 3600.0
_DAY_SECONDS = 86400.0
_PRIOR_ANSWERED, _PRIOR_UNANSWERED = 1.0, 1.0


@dataclass(frozen=True, slots=True)
class OutreachLimits:
    """What a bot that writes first keeps to.

    ``quiet_from`` to ``quiet_to``: local hours without messages, unless the user has written in that hour on ``own_hour_days``
    days. Where the zone is not known, the quiet hours are as many that the user is least present in. ``least_pause_hours``
    since the user's last message; ``least_hours_between`` two unasked messages, and ``most_in_a_week`` of them. After
    ``most_unanswered`` in a row without a reply, or ``give_up_days`` of silence, the user is left in peace.
    """

    quiet_from: int = 22
    quiet_to: int = 8
    own_hour_days: int = 3
    least_pause_hours: float = 24.0
    least_hours_between: float = 72.0
    most_in_a_week: int = 2
    most_unanswered: int = 2
    reply_within_hours: float = 24.0
    give_up_days: float = 90.0


@dataclass(frozen=True, slots=True)
class Unasked:
    """The bot's unasked messages: seconds of each, whether the user replied in time (None: may still)."""

    at: tuple[float, ...]
    answered: tuple[bool | None, ...]

    @property
    def known(self) -> list[bool]:
        """Outcomes that are settled, oldest first."""
        return [a for a in self.answered if a is not None]

    @property
    def success_rate(self) -> float | None:
        """The observed share of answered ones; None without any."""
        return sum(self.known) / len(self.known) if self.known else None

    @property
    def receptivity(self) -> float | None:
        """The expected share: mean of the Beta posterior (beta-binomial with a uniform prior); None without any."""
        if not self.known:
            return None
        return (sum(self.known) + _PRIOR_ANSWERED) / (len(self.known) + _PRIOR_ANSWERED + _PRIOR_UNANSWERED)

    @property
    def unanswered_in_a_row(self) -> int:
        """How many of the latest got no reply."""
        count = 0
        for answered in reversed(self.known):
            if answered:
                break
            count += 1
        return count


@dataclass(frozen=True, slots=True)
class Timing:
    """The instant to reach out at (seconds), or None and why not."""

    at: float | None
    reason: str | None = None


def unasked_messages(turns: Turns, as_of: datetime, limits: OutreachLimits) -> Unasked:
    """Bot turns that come after hours of silence: the platform stamps an answer with its question's time, so that one that
    late answers nothing. Turns that follow it within hours belong to it."""
    gaps = np.diff(turns.at, prepend=-np.inf)
    first = (~turns.from_user) & (gaps > _UNASKED_PAUSE_SECONDS)
    at = turns.at[first & np.isfinite(gaps)]
    users = turns.at[turns.from_user]
    following = np.searchsorted(users, at, side="right")
    found: list[bool | None] = []
    for when, index in zip(at.tolist(), following.tolist(), strict=True):
        replied = index < len(users) and users[index] - when <= limits.reply_within_hours * 3600.0
        waiting = as_of.timestamp() - when < limits.reply_within_hours * 3600.0
        found.append(True if replied else None if waiting else False)
    return Unasked(tuple(at.tolist()), tuple(found))


def best_time(
    history: History,
    presence: Presence,
    gaps: GapModel | None,
    unasked: Unasked,
    quiet: np.ndarray,
    limits: OutreachLimits,
    *,
    something_to_say: bool,
    something_due: bool,
) -> Timing:
    """When to reach out, from ``history.as_of`` on; never in the local hours that are ``quiet`` (bool [24])."""
    last = float(history.turns.at[history.turns.from_user].max())
    now = history.as_of.timestamp()
    refusal = _refusal(gaps, unasked, limits, silent_hours=(now - last) / 3600.0, something_to_say=something_to_say)
    if refusal is not None or gaps is None:
        return Timing(None, refusal)
    pause = max(gaps.quantile(0.5 if something_due else 0.8), limits.least_pause_hours)
    earliest = max(last + pause * 3600.0, now, _allowed_from(unasked, limits))
    if earliest - last > limits.give_up_days * _DAY_SECONDS:
        return Timing(None, "comes_back_rarely")
    hours = np.ceil(earliest / 3600.0) + np.arange(7 * HOURS)
    of_week = _hours_of_week(hours * 3600.0, history)
    worth = np.array(presence.week)[of_week] * 2.0 ** (-np.arange(7 * HOURS) / PATIENCE_HOURS)
    worth[quiet[of_week % HOURS]] = 0.0
    if not worth.any():
        return Timing(None, "only_quiet_hours")
    return Timing(float(hours[int(worth.argmax())] * 3600.0))


def quiet_hours(
    presence: Presence, hours_of_week: np.ndarray, days: np.ndarray, limits: OutreachLimits, *, zone_known: bool
) -> np.ndarray:
    """Bool [24] by local hour: when this user is not to be written to. ``hours_of_week`` and ``days`` are the local hours and
    days of the user's messages."""
    hour = np.arange(HOURS)
    length = (limits.quiet_to - limits.quiet_from) % HOURS
    if not zone_known:
        shares = np.array(presence.hours)
        windows = [shares[(start + np.arange(length)) % HOURS].sum() for start in range(HOURS)]
        return (hour - int(np.argmin(windows))) % HOURS < length
    quiet = (hour - limits.quiet_from) % HOURS < length
    distinct = np.unique(days * HOURS + (hours_of_week % HOURS).astype(np.int64))
    return quiet & (np.bincount(distinct % HOURS, minlength=HOURS) < limits.own_hour_days)


def _refusal(
    gaps: GapModel | None, unasked: Unasked, limits: OutreachLimits, *, silent_hours: float, something_to_say: bool
) -> str | None:
    if unasked.unanswered_in_a_row >= limits.most_unanswered:
        return "unanswered_before"
    if silent_hours > limits.give_up_days * 24.0:
        return "gone_too_long"
    if gaps is None:
        return "too_few_sessions"
    return None if something_to_say else "nothing_to_say"


def _allowed_from(unasked: Unasked, limits: OutreachLimits) -> float:
    """The earliest time that the caps allow."""
    if not unasked.at:
        return -np.inf
    latest = unasked.at[-1] + limits.least_hours_between * 3600.0
    if len(unasked.at) >= limits.most_in_a_week:
        latest = max(latest, unasked.at[-limits.most_in_a_week] + timedelta(days=7).total_seconds())
    return latest


def _hours_of_week(at: np.ndarray, history: History) -> np.ndarray:
    local = [datetime.fromtimestamp(t, tz=UTC).astimezone(history.zone) for t in at.tolist()]
    return np.array([HOURS * t.weekday() + t.hour for t in local])
