"""Which messages go into one call for facts: those that wait, with what is needed to understand them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from whisper_enrich.llm.transcript import estimated_tokens
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.summaries.stretches import Points, points_of

MAX_BETWEEN = 3
"""Messages between two that wait, beyond which they are asked about separately."""
CONTEXT_MESSAGES = 2
"""Messages before a batch that are sent to be understood."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages to ask about, and those before them that are only to be understood."""

    messages: tuple[Message, ...]
    context: tuple[Message, ...]


def batches(
    timeline: Sequence[Message],
    waiting: Collection[str],
    size: int,
    max_tokens: int,
    asked_before: Sequence[Points] = (),
) -> list[Batch]:
    """The user's messages on ``timeline`` whose point is in ``waiting``, in batches of at most ``size``.

    ``timeline`` holds both speakers of one scope in `Message.order`. What the bot said between them comes along. A batch ends
    at ``size`` waiting messages, at ``max_tokens`` estimated tokens, or where more than `MAX_BETWEEN` messages lie between
    two that wait; a single message that is longer is a batch by itself. What was ``asked_before`` together, and still
    stands so on the timeline, is a batch as it was: its answer is stored.
    """
    left = set(waiting)
    found: list[Batch] = []
    for first, last in _standing(timeline, asked_before):
        held = {m.point_id for m in timeline[first : last + 1] if m.speaker is Speaker.USER} & left
        if held:
            found.append(_batch(timeline, first, last))
            left -= held
    return found + _fresh(timeline, left, size, max_tokens)


def _standing(timeline: Sequence[Message], groups: Sequence[Points]) -> list[tuple[int, int]]:
    """First and last index of each group whose points still follow each other with the same contents."""
    places: dict[tuple[str, str], list[int]] = {}
    for index, message in enumerate(timeline):
        places.setdefault((message.point_id, message.content_hash), []).append(index)
    spans = []
    for group in groups:
        if all(point in places for point in group):
            first, last = places[group[0]][0], places[group[-1]][-1]
            if points_of(timeline[first : last + 1]) == group:
                spans.append((first, last))
    return spans


def _fresh(timeline: Sequence[Message], waiting: Collection[str], size: int, max_tokens: int) -> list[Batch]:
    found: list[Batch] = []
    start: int | None = None
    last = -1
    held = tokens = 0
    for index, message in enumerate(timeline):
        if message.speaker is not Speaker.USER or message.point_id not in waiting:
            continue
        added = sum(estimated_tokens(m.text) for m in timeline[last + 1 if start is not None else index : index + 1])
        if start is not None and (held >= size or tokens + added > max_tokens or index - last - 1 > MAX_BETWEEN):
            found.append(_batch(timeline, start, last))
            start = None
        if start is None:
            start, held, tokens = index, 0, 0
            added = estimated_tokens(message.text)
        last, held, tokens = index, held + 1, tokens + added
    if start is not None:
        found.append(_batch(timeline, start, last))
    return found


def _batch(timeline: Sequence[Message], first: int, last: int) -> Batch:
    """With the whole of its last point, which may hold an answer too: as `_standing` finds it again."""
    last = end_of_point(timeline, last)
    return Batch(tuple(timeline[first : last + 1]), tuple(timeline[max(0, first - CONTEXT_MESSAGES) : first]))


def end_of_point(messages: Sequence[Message], index: int) -> int:
    """The last of the messages that follow the one at ``index`` at once and are of the same point."""
    while index + 1 < len(messages) and messages[index + 1].point_id == messages[index].point_id:
        index += 1
    return index


def with_context(
    held: Sequence[Message], start: int, stretch: Sequence[Message], suspects: Collection[str] = ()
) -> Batch:
    """A ``stretch`` that begins at ``start`` of a window's messages, with its context, which is of the same window: so that
    whoever asks about it asks the same question. ``suspects`` are no context: nobody would get an answer."""
    context = held[max(0, start - CONTEXT_MESSAGES) : start]
    return Batch(tuple(stretch), tuple(message for message in context if message.point_id not in suspects))


def smaller_part(count: int) -> int:
    """How many of ``count`` (two at least) are asked about first, where one of them is to blame.

    Where those get their answer, the others need not be asked about to know that they hold it; where not, the others are
    asked about for their own sake. With 38 per cent (one less the golden section) either way is as long: 9 questions at
    most find one of 50, and answer the 49, where halves take 13.
    """
    return max(1, round(count * 0.382))


def parts(batch: Batch, waiting: Collection[str]) -> list[Batch]:
    """The batch in two, cut after a message that waits, the first part the smaller one. One such message with more beside it
    comes alone: with what else its point holds, then without. Empty where that changes nothing: it is to blame.

    No part has context: whoever is to blame would spoil the part after it, too.
    """
    messages = batch.messages
    asked = [i for i, m in enumerate(messages) if m.speaker is Speaker.USER and m.point_id in waiting]
    if len(asked) > 1:
        cut = end_of_point(messages, asked[smaller_part(len(asked)) - 1]) + 1
        return [Batch(messages[:cut], ()), Batch(messages[cut:], ())]
    one = messages[asked[0]]
    point = Batch(tuple(message for message in messages if message.point_id == one.point_id), ())
    alone = Batch((one,), ())
    return [] if alone == batch else [alone if point == batch else point]
