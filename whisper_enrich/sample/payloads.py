"""Turns as the points that each generation of bots stored for them.

=================  ==========================================================================================
assistant          two points; role ``user`` / ``assistant``, source ``user_message`` / ``bot_response``
bot_role           the same, older: role ``bot``, no breakdown of emotions
design             two points; memory_type ``user_message`` / ``bot_response`` and no role or source, status pending
pair               one point; role and source ``conversation_pair``, texts in ``user_message`` and ``bot_response``
duplicate_pair     as ``assistant``, and the pair point as well
import             one point; content ``User: ...`` and ``AI: ...`` on two lines, no role, source or emotions
=================  ==========================================================================================

A turn without an answer is one point of its user in every generation. Where the field keeps numbers that our authors did not
write (the classifier's confidence, a content hash, the semantic key), they are derived from the line, and nothing of this
project reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid5

from whisper_enrich.sample.lines import Line, Turn
from whisper_enrich.sample.people import PEOPLE

_NAMESPACE = UUID("5b0c1c1e-6f5a-4c58-9d0e-7a4f0d1b2c93")
_WORD = re.compile(r"[^\W\d_]{4,}")
_KEYWORDS = 5
_KEY_WORDS = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """A point to be: its id, its payload, and the ids of the lines whose words it holds."""

    point_id: str
    payload: dict[str, Any]
    line_ids: tuple[str, ...] = ()


def point_id(key: str) -> str:
    """The point id of a line. A point with two lines has that of its user's line, a duplicate pair that with ``/pair``."""
    return str(uuid5(_NAMESPACE, key))


def stored(turn: Turn) -> list[Stored]:
    """The points of a turn, in the generation of its line."""
    generation = turn.line.generation
    if turn.line.speaker == "reaction":
        return [_reaction(turn)]
    if turn.answer is not None and generation == "pair":
        return [_pair(turn, turn.line.id)]
    if turn.answer is not None and generation == "import":
        return [_import(turn)]
    points = [_single(turn, line) for line in (turn.line, turn.answer) if line is not None]
    if turn.answer is not None and generation == "duplicate_pair":
        points.append(_pair(turn, f"{turn.line.id}/pair"))
    return points


def holders(turns: Iterable[Turn]) -> dict[str, str]:
    """The id of the point that holds each line, by line id; of two, the one of its own."""
    found: dict[str, str] = {}
    for turn in turns:
        for point in stored(turn):
            for line_id in point.line_ids:
                found.setdefault(line_id, point.point_id)
    return found


def stored_broken(record: Mapping[str, Any], days: int, last: datetime) -> Stored:
    """A broken point, ``days`` later. A time after ``last`` (of all lines, unshifted) is what is broken about it."""
    payload = dict(record["payload"])
    if isinstance(payload.get("user_id"), str) and payload["user_id"] in PEOPLE:
        payload["user_id"] = PEOPLE[payload["user_id"]].user_id
    try:
        at = datetime.fromisoformat(payload["timestamp"]).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return Stored(point_id(record["id"]), payload)
    if at <= last:
        payload["timestamp"] = _naive(at + timedelta(days=days))
    return Stored(point_id(record["id"]), payload)


def semantic_key(text: str) -> str:
    """Up to three of the longest words, in their order; ``small_talk`` where there is none of four letters."""
    words = _keywords(text)[:_KEY_WORDS]
    return "_".join(word for word in dict.fromkeys(_words(text)) if word in words) or "small_talk"


def spoken_text(line: Line) -> str:
    """What stands in the content of the line's own point."""
    return f"[EMOJI_REACTION] {line.text}" if line.speaker == "reaction" else line.text


def _single(turn: Turn, line: Line) -> Stored:
    payload = _content(spoken_text(line)) | _common(turn, line)
    by_user = line.speaker == "user"
    kind = "user_message" if by_user else "bot_response"
    if line.generation == "design":
        payload |= {"memory_type": kind, "enrichment_status": "pending"}
    else:
        bot_role = "bot" if line.generation == "bot_role" else "assistant"
        payload |= {"memory_type": "conversation", "role": "user" if by_user else bot_role, "source": kind}
    return Stored(point_id(line.id), payload, (line.id,))


def _pair(turn: Turn, key: str) -> Stored:
    question, answer = turn.line, turn.answer
    payload = _content(f"{question.text}\n{answer.text}") | _common(turn, question)
    payload |= {
        "memory_type": "conversation",
        "role": "conversation_pair",
        "source": "conversation_pair",
        "user_message": question.text,
        "bot_response": answer.text,
    }
    return Stored(point_id(key), payload, (question.id, answer.id))


def _import(turn: Turn) -> Stored:
    question, answer = turn.line, turn.answer
    payload = _content(f"User: {question.text}\nAI: {answer.text}") | _where_and_when(question)
    # Imports come from a tool that writes the zone.
    payload |= {"memory_type": "conversation", "timestamp": payload["timestamp"] + "Z"}
    return Stored(point_id(question.id), payload, (question.id, answer.id))


def _reaction(turn: Turn) -> Stored:
    line = turn.line
    payload = _content(spoken_text(line)) | _common(turn, line)
    payload |= {
        "memory_type": "conversation",
        "role": "user",
        "source": "user_message",
        "interaction_type": "emoji_reaction",
        "emotion_type": line.emotion_type,
    }
    return Stored(point_id(line.id), payload, (line.id,))


def _content(text: str) -> dict[str, Any]:
    return {
        "content": text,
        "content_hash": int.from_bytes(blake2b(text.encode(), digest_size=7).digest()),
        "semantic_key": semantic_key(text),
        "keywords": _keywords(text),
        "word_count": len(text.split()),
        "char_count": len(text),
    }


def _where_and_when(line: Line) -> dict[str, Any]:
    return {
        "user_id": PEOPLE[line.user].user_id,
        "timestamp": _naive(line.at),
        "timestamp_unix": line.at.timestamp(),
        "channel_id": _channel_id(line),
        "channel_type": line.channel,
    }


def _common(turn: Turn, line: Line) -> dict[str, Any]:
    return _where_and_when(line) | {
        "emotional_context": line.emotion,
        "emotional_intensity": line.intensity,
        "roberta_confidence": _confidence(line),
        "emotion_data": None if line.generation == "bot_role" else _emotion(line),
        "bot_emotion": None if turn.answer is None else _emotion(turn.answer),
    }


def _emotion(line: Line) -> dict[str, Any]:
    confidence = _confidence(line)
    return {
        "primary_emotion": line.emotion,
        "intensity": line.intensity,
        "confidence": confidence,
        "all_emotions": {line.emotion: confidence},
    }


def _confidence(line: Line) -> float:
    """Invented: a classifier is surer of what is said strongly."""
    return round(0.62 + 0.33 * line.intensity, 4)


def _channel_id(line: Line) -> str | None:
    """One private channel for each bot and user, one guild channel for each bot."""
    if line.channel is None:
        return None
    key = f"{line.bot}/{line.user}" if line.channel == "dm" else line.bot
    return str(10**18 + int.from_bytes(blake2b(key.encode(), digest_size=7).digest()))


def _naive(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _keywords(text: str) -> list[str]:
    """The longest words, the longest first, equals in their order."""
    return sorted(dict.fromkeys(_words(text)), key=len, reverse=True)[:_KEYWORDS]
