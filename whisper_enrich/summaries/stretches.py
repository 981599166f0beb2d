"""A window's messages in stretches that one call can read: cut where the talk pauses or a new turn begins, never cut off.

A stretch that was asked about already stays as it is while its messages do: its stored answer is still right, and a
window that gains messages is not sent anew as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from whisper_enrich.llm.transcript import estimated_tokens
from whisper_enrich.messages.model import Message, Speaker

Points = tuple[tuple[str, str], ...]
"""(point id, content hash) of the messages of a stretch, in order, each once: as `Errand.points` has them."""

LINE_TOKENS = 8
"""What number, speaker and time of a line of the transcript take."""


def size_of(message: Message) -> int:
    """Estimated tokens of a message as a line of the transcript."""
    return estimated_tokens(message.text) + LINE_TOKENS


def points_of(messages: Sequence[Message]) -> Points:
    """The points of a stretch, for comparison with those of a stored answer."""
    return tuple(dict.fromkeys((message.point_id, message.content_hash) for message in messages))


def stretches(
    messages: Sequence[Message], stored_point_groups: Sequence[Points], pause_seconds: float, max_tokens: int
) -> list[tuple[Message, ...]]:
    """``messages`` (of one window and scope, in `Message.order`) in consecutive stretches: each once, the order kept.

    A group of ``stored_point_groups`` whose points still stand side by side with the same contents is a stretch as it
    is; of groups that overlap, the one that comes first in the sequence. What lies between is cut only where it has more
    than ``max_tokens`` estimated tokens: best at a pause of ``pause_seconds`` before a message of the user, else before a
    message of the user that follows the bot's, else at a pause, else between two messages, in this order; of equal
    places at the longest silence. A piece is filled to a half at least where that leaves a choice. A single message or
    pair that is larger stands alone.
    """
    units = _units(messages)
    kept = _kept(units, stored_point_groups)
    found: list[tuple[Message, ...]] = []
    start = 0
    for first, last in sorted(kept):
        found += _pieces(units[start:first], pause_seconds, max_tokens)
        found.append(_joined(units[first:last]))
        start = last
    return found + _pieces(units[start:], pause_seconds, max_tokens)


_Unit = tuple[Message, ...]
"""Messages of one point that follow each other: a question and its answer stored together are not torn apart."""


def _units(messages: Sequence[Message]) -> list[_Unit]:
    units: list[list[Message]] = []
    for message in messages:
        if units and units[-1][0].point_id == message.point_id:
            units[-1].append(message)
        else:
            units.append([message])
    return [tuple(unit) for unit in units]


def _kept(units: Sequence[_Unit], groups: Sequence[Points]) -> list[tuple[int, int]]:
    """Spans of units, half-open, that are a stored group; they do not overlap."""
    points = [(unit[0].point_id, unit[0].content_hash) for unit in units]
    places: dict[tuple[str, str], list[int]] = {}
    for index, point in enumerate(points):
        places.setdefault(point, []).append(index)
    spans: list[tuple[int, int]] = []
    taken: set[int] = set()
    for group in groups:
        # A point whose two messages lie apart has two places, and stands in no group.
        if not group or any(len(places.get(point, ())) != 1 for point in group):
            continue
        first = places[group[0]][0]
        span = range(first, first + len(group))
        if tuple(points[first : span.stop]) == tuple(group) and taken.isdisjoint(span):
            taken.update(span)
            spans.append((first, span.stop))
    return spans


def _pieces(units: Sequence[_Unit], pause_seconds: float, max_tokens: int) -> list[tuple[Message, ...]]:
    pieces: list[tuple[Message, ...]] = []
    sizes = [sum(map(size_of, unit)) for unit in units]
    start = 0
    while start < len(units):
        stop = start + _fitting(sizes[start:], max_tokens)
        if stop < len(units):
            stop = _best_cut(units, sizes, start, stop, pause_seconds, max_tokens)
        pieces.append(_joined(units[start:stop]))
        start = stop
    return pieces


def _fitting(sizes: Sequence[int], max_tokens: int) -> int:
    """How many fit, one at least."""
    total = 0
    for count, size in enumerate(sizes):
        total += size
        if total > max_tokens and count:
            return count
    return len(sizes)


def _best_cut(
    units: Sequence[_Unit], sizes: Sequence[int], start: int, stop: int, pause_seconds: float, max_tokens: int
) -> int:
    """The best place in ``start + 1 .. stop`` to begin the next piece at."""
    total = 0
    places = []
    for index in range(start + 1, stop + 1):
        total += sizes[index - 1]
        if 2 * total >= max_tokens or index == stop:
            places.append(index)
    return max(places, key=lambda index: (*_quality(units[index - 1][-1], units[index][0], pause_seconds), index))


def _quality(before: Message, after: Message, pause_seconds: float) -> tuple[int, float]:
    silence = (after.at - before.at).total_seconds()
    paused = silence >= pause_seconds
    by_user = after.speaker is Speaker.USER
    if paused and by_user:
        return (3, silence)
    if by_user and before.speaker is Speaker.BOT:
        return (2, silence)
    return (1 if paused else 0, silence)


def _joined(units: Sequence[_Unit]) -> tuple[Message, ...]:
    return tuple(message for unit in units for message in unit)
