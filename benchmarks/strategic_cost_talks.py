"""Users as long as one likes, out of the sample conversations: their days one after the other, stretched over a year.

A user goes through the talks of all pairs of the sample, beginning with another one each, as often as it takes. From the
second time on, a third of the names in them are others, as a long acquaintance brings up new ones; vectors, emotions, scopes,
reactions and generations of points stay as they are. Talks keep their hours of the day and their inner pauses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import count
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.sample.conversations import sample_points
from whisper_enrich.sample.lines import MONTHS, WEEKDAYS

PAUSE = timedelta(hours=1)
"""Between two talks that would overlap."""

_NAME = re.compile(r"(?<=[a-zé,] )[A-Z][a-zé]{2,}")
_KEPT = frozenset((*WEEKDAYS, *MONTHS, "English", "French", "Spanish", "German", "Dutch", "Japanese"))
_SYLLABLES = ("ba", "den", "ki", "lor", "ma", "nes", "o", "pri", "ra", "sol", "ti", "ul", "ve", "wen", "ya", "zor")
_TEXTS = ("content", "user_message", "bot_response")


@dataclass(frozen=True)
class Talk:
    """A pair's points of one day of the sample, with the time after midnight of each and how many messages they hold."""

    points: tuple[tuple[timedelta, Point], ...]
    messages: int


def pairs() -> list[list[Talk]]:
    """The talks of each pair of the sample, in their order."""
    anchor = datetime(2026, 6, 1, tzinfo=UTC)
    found: dict[tuple[str, str], dict[date, list[tuple[timedelta, Point, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for bot, points in sample_points(anchor).items():
        for point in points:
            parsed = parse_point(bot, point, now=anchor, first_day=date(2022, 1, 1))
            if parsed.day is None or parsed.user_id is None or not point.vectors:
                continue
            since = parsed.at - datetime.combine(parsed.day, time(), UTC)
            found[bot, parsed.user_id][parsed.day].append((since, point, len(parsed.messages)))
    return [
        [
            Talk(tuple((at, point) for at, point, _ in own), sum(messages for _, _, messages in own))
            for _, own in sorted(days.items())
        ]
        for _, days in sorted(found.items())
    ]


def talk_of(user_id: str, messages: int, days: int, end: datetime) -> Iterator[Point]:
    """Points of at least ``messages`` messages of a user over the ``days`` days before ``end``, and not one talk more."""
    rng = np.random.default_rng(_number(user_id))
    chosen = list(_talks(messages, int(rng.integers(1000))))
    first = (end - timedelta(days=days)).date()
    # Some days hold several talks, some none.
    placed = np.sort(rng.integers(0, days, len(chosen)))
    free = datetime.min.replace(tzinfo=UTC)
    for number, (lap, talk) in enumerate(chosen):
        begin = datetime.combine(first + timedelta(days=int(placed[number])), time(), UTC)
        late = max(free - (begin + talk.points[0][0]), timedelta())
        for since, point in talk.points:
            at = begin + late + since
            free = max(free, at + PAUSE)
            yield _moved(point, user_id, at, lap, number)


def _talks(messages: int, start: int) -> Iterator[tuple[int, Talk]]:
    """Talks with the number of the lap over the whole sample, until they hold so many messages."""
    order = [talk for pair in _rotated(pairs(), start) for talk in pair]
    for lap in count():
        for talk in order:
            if messages <= 0:
                return
            messages -= talk.messages
            yield lap, talk


def _rotated(items: list[list[Talk]], by: int) -> list[list[Talk]]:
    by %= len(items)
    return items[by:] + items[:by]


def _moved(point: Point, user_id: str, at: datetime, lap: int, number: int) -> Point:
    texts = {name: _renamed(point.payload[name], lap) for name in _TEXTS if name in point.payload}
    payload = {
        **point.payload, **texts, "user_id": user_id,
        "timestamp": at.replace(tzinfo=None).isoformat(), "timestamp_unix": at.timestamp(),
    }  # fmt: skip
    return Point(str(uuid5(NAMESPACE_URL, f"{user_id}/{number}/{point.id}")), payload, point.vectors)


def _renamed(text: str, lap: int) -> str:
    return _NAME.sub(lambda found: _name(found[0], lap), text) if lap else text


def _name(name: str, lap: int) -> str:
    drawn = _number(f"{name}/{lap}")
    if name in _KEPT or drawn % 3:
        return name
    drawn //= 3
    return "".join(_SYLLABLES[drawn // 16**place % 16] for place in range(3)).capitalize()


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest())
