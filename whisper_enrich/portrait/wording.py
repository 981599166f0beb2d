"""Numbers, times and reasons as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

UNKNOWN = "not known"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_REASONS = {
    "answer_time_is_stamped": "the platform stamps answers a millisecond after their question",
    "comes_back_rarely": "comes back too rarely to be called",
    "gone_too_long": "silent for too long to be written to",
    "inconclusive": "neither change nor constancy is shown",
    "known_for_too_short": "known for too short a time",
    "never_opens": "never opens a conversation",
    "no_length_stands_out": "no length of reply does better than others",
    "no_proactive_messages_known": "no message is known that the bot wrote first",
    "no_topic_stands_out": "no topic moves this user more than others",
    "no_usual_opening": "no kind of opening is more usual than the others",
    "nothing_to_say": "there is nothing to write about",
    "only_quiet_hours": "all hours are quiet ones",
    "platform_has_none": "the platform keeps none here",
    "replies_alike": "all replies are of one length",
    "spread_over_the_day": "spread over the day",
    "too_few_messages_in_english": "too few messages in a language with word lists",
    "unanswered_before": "earlier messages that the bot wrote first were not answered",
}


# Control characters, and those that turn the direction of what follows.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(words: str) -> str:
    """Words that somebody else wrote, without what would steer a terminal or a page."""
    return _UNPRINTABLE.sub(" ", words)


def reason(word: str | None) -> str:
    """Why a value is null."""
    if not word:
        return ""
    return _REASONS.get(word, word.replace("_", " "))


def label_of(name: str) -> str:
    """A field's name as words."""
    return name.replace("_", " ").strip()


def number(value: float | None, digits: int = 2) -> str:
    """A number without needless zeros; whole numbers have none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value)}"
    return f"{value:.{digits}f}" if abs(value) >= 10**-digits or value == 0 else f"{value:.1g}"


def signed(value: float | None) -> str:
    """A difference."""
    return "" if value is None else f"{value:+.2f}"


def percent(value: float | None) -> str:
    """A share."""
    if value is None:
        return ""
    return f"{value:.0%}" if value in (0.0, 1.0) or 0.0995 <= value <= 0.99 else f"{value:.1%}"


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def hours(value: float) -> str:
    """A time in hours: minutes, hours or days."""
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.0f} h" if value < 48 else f"{value / 24:.1f} d"


def moment(value: str | datetime | None) -> str:
    """A time in UTC to the minute."""
    if value is None:
        return ""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{at:%Y-%m-%d %H:%M}"


def span(first: date | None, end: date | None) -> str:
    """From when to when something holds: half-open days, written with the last day that is included."""
    if end is None:
        return "" if first is None else f"since {first}"
    if first is not None and end <= first:
        return "never" if end == first else f"{first}"
    last = end - timedelta(days=1)
    return f"{first}" if first == last else f"{first or '?'} to {last}"


def between(interval: Sequence[float | None] | None, form: Any = number) -> str:
    """An interval."""
    if interval is None or any(end is None for end in interval):
        return ""
    low, high = interval
    return f"{form(low)} to {form(high)}"


def compact(value: Any) -> str:
    """Any plain value on a line, nothing left out."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value, 4)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        told = [f"{label_of(str(name))} {_nested(item)}" for name, item in value.items() if name != "scope"]
        return (", ".join(told) or "none") + (" (dm)" if value.get("scope") == "dm" else "")
    parted = "; " if any(isinstance(item, Mapping) for item in value) else ", "
    return parted.join(map(compact, value)) or "none"


def _nested(value: Any) -> str:
    return f"({compact(value)})" if isinstance(value, (Mapping, list, tuple)) and value else compact(value)
