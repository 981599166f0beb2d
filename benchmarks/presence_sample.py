"""The sample's users as times of writing, each in the time zone that their conversations say."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from whisper_enrich.messages.model import Speaker
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_names, sample_points

ANCHOR = datetime(2026, 2, 2, 12, tzinfo=UTC)
ZONES = {
    "Sol": "America/Chicago",
    "Ruth": "America/Winnipeg",
    "Dani": "Europe/Madrid",
    "Amara": "Europe/London",
    "Kenji": "Asia/Tokyo",
    "Nadia": "Europe/Berlin",
    "Theo": "America/Los_Angeles",
    "Piet": "Europe/Amsterdam",
}


def sample_times() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By name (a user of two bots counts once) the local hours of the week and the UTC seconds of the user's own messages."""
    names = sample_names()
    times: dict[str, list[float]] = defaultdict(list)
    for bot, points in sample_points(ANCHOR).items():
        for message in messages_of(parse_point(bot, p, now=ANCHOR, first_day=date(2020, 1, 1)) for p in points):
            if message.speaker is Speaker.USER and message.user_id in names:
                times[names[message.user_id]].append(message.at.timestamp())
    return {name: in_zone(np.sort(np.array(at)), ZONES[name]) for name, at in sorted(times.items())}


def in_zone(at: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Hours of the week in ``zone``, and the times themselves."""
    local = [datetime.fromtimestamp(t, tz=ZoneInfo(zone)) for t in at]
    hours = [24 * t.weekday() + t.hour + t.minute / 60 + t.second / 3600 for t in local]
    return np.array(hours, dtype=float), at
