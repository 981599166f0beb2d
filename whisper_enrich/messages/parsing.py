"""From a point's payload to messages: every payload generation of the data contract, and what is no conversation.

Nothing that a payload holds makes these functions raise. A point ends in exactly one disposition; its reason is a key
of `LEFT_OUT` or of `QUARANTINED`, whose values say it to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from math import isfinite
from typing import Any, TypeAlias

from whisper_enrich.messages.model import ANSWER_DELAY, Disposition, Message, ParsedPoint, Point, Scope, Speaker

LEFT_OUT: Mapping[str, str] = {
    "before_first_day": "said before the first day partition",
    "forgotten": "of a person who asked to be forgotten",
    "empty_content": "holds no text",
    "pseudo_user": "its user is a bot's own account",
    "not_conversation": "a stored fact, preference, profile or system entry",
    "emoji_reaction": "a reaction by emoji",
    "emotional_feedback": "feedback that the platform derived from a reaction",
    "knowledge_import": "imported knowledge",
    "self_reflection": "the bot's reflection on itself",
    "emotional_assessment": "an assessment by the platform",
    "intervention": "an intervention by the platform",
}
"""What needs no enrichment, by reason."""

QUARANTINED: Mapping[str, str] = {
    "payload_not_mapping": "the payload is no object with fields",
    "no_user": "no user_id",
    "user_not_text": "user_id is neither text nor a whole number",
    "user_too_long": "user_id has more than 255 characters",
    "content_not_text": "the text is no string",
    "content_too_long": "the text has more than 100,000 characters",
    "unknown_speaker": "neither role, source nor memory_type says who spoke",
    "no_time": "neither timestamp nor timestamp_unix",
    "bad_time": "no time that can be read in timestamp or timestamp_unix",
    "time_in_future": "dated more than an hour from now",
}
"""What is broken, by reason."""

MAX_TEXT = 100_000
"""Characters. The platform allows 6,000; what is far longer is no chat message, and would cost the engines minutes."""
MAX_USER_ID = 255
FUTURE_TOLERANCE = timedelta(hours=1)

HASH_FIELDS: tuple[str, ...] = (
    "memory_type",
    "role",
    "source",
    "interaction_type",
    "content",
    "user_message",
    "bot_response",
    "user_id",
    "timestamp",
    "timestamp_unix",
    "channel_id",
    "channel_type",
    "emotional_context",
    "emotional_intensity",
    "emotion_type",
)
"""The payload fields that decide what a point says: who, what, when, where and with which emotion."""

_Texts: TypeAlias = tuple[str | None, str | None]
_NO_TEXTS: _Texts = (None, None)
_Kind: TypeAlias = tuple[str | None, ...]
_PAIR = "conversation_pair"
_SPEAKERS: Mapping[str, Mapping[str | None, Speaker | str]] = {
    "role": {"user": Speaker.USER, "assistant": Speaker.BOT, "bot": Speaker.BOT, _PAIR: _PAIR},
    "source": {"user_message": Speaker.USER, "bot_response": Speaker.BOT, _PAIR: _PAIR},
    "memory_type": {"user_message": Speaker.USER, "bot_response": Speaker.BOT, _PAIR: _PAIR},
}
_OTHER_MEMORIES = frozenset({"fact", "preference", "context", "correction", "relationship"})
_OTHER_ROLES = frozenset({"system", "tool", "function"})
_OTHER_SOURCES = frozenset({"explicit_fact", "profile_update", "system"})
_PREFIXES: Mapping[str, str] = {
    "[EMOJI_REACTION]": "emoji_reaction",
    "[EMOTIONAL_FEEDBACK]": "emotional_feedback",
    "[KNOWLEDGE_IMPORT]": "knowledge_import",
    "[SELF_REFLECTION]": "self_reflection",
    "Emotional assessment:": "emotional_assessment",
    "Intervention:": "intervention",
}
_PREFIX_TUPLE = tuple(_PREFIXES)
_PRIVATE_CHANNELS = frozenset({"dm", "direct_message", "private"})
_IMPORT_LABEL = re.compile(r"^(User|AI):", re.MULTILINE)
_IMPORT_STARTS = ("User:", "AI:")
_MAX_LABEL = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_SCALARS = frozenset({str, int, float, bool, type(None)})
_MAX_DEPTH = 16


def content_hash(payload: object) -> str:
    """16 hex digits (BLAKE2b) over `HASH_FIELDS` of a payload as they are stored, not as this version reads them.

    So an upgrade of the parser changes no hash, and neither do our own marks, access counts and whatever else the bots
    keep in a point. An absent field equals a null. The same payload gives the same hash in every process and version of
    Python.
    """
    if not isinstance(payload, Mapping):
        return _digest(_canonical(payload, 0))
    values = list(map(payload.get, HASH_FIELDS))
    if _SCALARS.issuperset(map(type, values)):
        try:
            return _digest(values)
        except ValueError:
            # Python refuses to print whole numbers of more than 4,300 digits; the slow way writes them in hex.
            pass
    return _digest([_canonical(value, 0) for value in values])


def parse_point(bot_name: str, point: Point, *, now: datetime, first_day: date) -> ParsedPoint:
    """What intake knows about a point, and its messages where it is conversation.

    The speaker comes from ``role``, else ``source``, else ``memory_type``. A pair gives the user's message, then the
    bot's, `ANSWER_DELAY` later, and one message where a half is empty. Without a speaker, a content whose lines start
    with ``User:`` and ``AI:`` is a pair too; where the two alternate, all that the user said becomes one message and
    all that the bot said another, parts joined by a line break, since a point never holds more than two messages. The
    emotion label of a pair is the user's.

    The event time is ``timestamp`` (ISO; naive means UTC), else ``timestamp_unix`` (seconds); years before 1970 are no
    time. Texts are kept verbatim but for NUL characters (dropped) and lone surrogates (replaced), neither of which
    PostgreSQL can hold. ``point.vectors["content"]``, where present, becomes the vector of each message.

    ``now`` is aware; what is dated more than `FUTURE_TOLERANCE` after it is quarantined. What was said before
    ``first_day`` (UTC) is left out. What is no conversation is left out whatever else may be wrong with it.
    """
    payload = point.payload
    digest = content_hash(payload)
    if not isinstance(payload, Mapping):
        return ParsedPoint(
            point.id, Disposition.QUARANTINED, "payload_not_mapping", None, None, None, Scope.SHARED, digest
        )
    kind = tuple(_label(payload.get(name)) for name in _SPEAKERS)
    speaker = _speaker(kind)
    at, time_problem, skew = _event_time(payload)
    day = None
    if at is not None and at - now > FUTURE_TOLERANCE:
        time_problem = "time_in_future"
    elif at is not None:
        day = (at - ANSWER_DELAY).date() if speaker is Speaker.BOT else at.date()
    user_id, user_problem = _identifier(payload.get("user_id"))
    scope = Scope.DM if _label(payload.get("channel_type")) in _PRIVATE_CHANNELS else Scope.SHARED
    reason = _other_kind(payload, kind, user_id)
    if reason is None and day is not None and day < first_day:
        reason = "before_first_day"
    texts, text_problem = _texts(payload, speaker) if reason is None else (_NO_TEXTS, None)
    reason = reason or user_problem or text_problem or time_problem
    if reason is not None:
        disposition = Disposition.LEFT_OUT if reason in LEFT_OUT else Disposition.QUARANTINED
        return ParsedPoint(point.id, disposition, reason, user_id, at, day, scope, digest, (), skew)
    messages = _messages(bot_name, point, speaker, texts, user_id, at, scope, digest)
    return ParsedPoint(point.id, Disposition.CONVERSATION, None, user_id, at, day, scope, digest, messages, skew)


def messages_of(parsed: Iterable[ParsedPoint]) -> list[Message]:
    """All messages of parsed points as one conversation: by time, the user before the bot, then point id."""
    return sorted((message for point in parsed for message in point.messages), key=lambda message: message.order)


def _digest(values: object) -> str:
    # ascii() escapes alike in every Python version; repr() depends on the Unicode tables of the interpreter.
    return blake2b(ascii(values).encode("ascii"), digest_size=8).hexdigest()


def _canonical(value: object, depth: int) -> object:
    """A value that prints the same however its mappings are ordered and however large its numbers are."""
    if value is None or isinstance(value, (str, bool, float)):
        return value
    if isinstance(value, int):
        return hex(value)
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return "object", sorted((ascii(key), ascii(_canonical(item, depth + 1))) for key, item in value.items())
    if depth < _MAX_DEPTH and isinstance(value, (list, tuple)):
        return "array", [_canonical(item, depth + 1) for item in value]
    return type(value).__name__


def _event_time(payload: Mapping[str, Any]) -> tuple[datetime | None, str | None, float | None]:
    """(time in UTC, problem, seconds that timestamp_unix is ahead of timestamp)."""
    stamp, unix = payload.get("timestamp"), payload.get("timestamp_unix")
    at = _iso_time(stamp) if isinstance(stamp, str) else None
    seconds = _finite(unix)
    if at is not None:
        return at, None, None if seconds is None else seconds - at.timestamp()
    if seconds is not None and 0 <= seconds < _END_OF_TIME:
        return _EPOCH + timedelta(seconds=seconds), None, None
    return None, "no_time" if stamp in (None, "") and unix is None else "bad_time", None


def _iso_time(stamp: str) -> datetime | None:
    if len(stamp) > _MAX_LABEL:
        return None
    try:
        at = datetime.fromisoformat(stamp.strip().upper())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at >= _EPOCH else None


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _identifier(raw: object) -> tuple[str | None, str | None]:
    """(a user's or channel's id, problem). Whole numbers are read as text: writers store snowflakes as numbers too."""
    if raw is None:
        return None, "no_user"
    if isinstance(raw, int) and not isinstance(raw, bool):
        return (str(raw), None) if raw.bit_length() < 512 else (None, "user_too_long")
    if not isinstance(raw, str):
        return None, "user_not_text"
    user_id = _storable(raw)
    if not user_id or user_id.isspace():
        return None, "no_user"
    return (user_id, None) if len(user_id) <= MAX_USER_ID else (None, "user_too_long")


def _speaker(kind: _Kind) -> Speaker | str | None:
    for label, known in zip(kind, _SPEAKERS.values(), strict=True):
        if label in known:
            return known[label]
    return None


def _other_kind(payload: Mapping[str, Any], kind: _Kind, user_id: str | None) -> str | None:
    """Why a point is no conversation, if it is none."""
    if _label(payload.get("interaction_type")) == "emoji_reaction":
        return "emoji_reaction"
    for name in ("content", "user_message", "bot_response"):
        text = payload.get(name)
        if isinstance(text, str) and (start := text.lstrip()).startswith(_PREFIX_TUPLE):
            return next(reason for prefix, reason in _PREFIXES.items() if start.startswith(prefix))
    role, source, memory_type = kind
    if memory_type in _OTHER_MEMORIES or role in _OTHER_ROLES:
        return "not_conversation"
    if source in _OTHER_SOURCES and role not in _SPEAKERS["role"]:
        return "not_conversation"
    return "pseudo_user" if user_id is not None and user_id.startswith("bot_") else None


def _texts(payload: Mapping[str, Any], speaker: Speaker | str | None) -> tuple[_Texts, str | None]:
    """(the user's text and the bot's, problem): at least one text where there is no problem."""
    if not isinstance(speaker, Speaker):
        return _pair_texts(payload)
    text, problem = _text(payload.get("content"))
    if problem or text is None:
        return _NO_TEXTS, problem or "empty_content"
    return ((text, None) if speaker is Speaker.USER else (None, text)), None


def _pair_texts(payload: Mapping[str, Any]) -> tuple[_Texts, str | None]:
    """The halves from their own fields, else from an imported content."""
    user_text, user_problem = _text(payload.get("user_message"))
    bot_text, bot_problem = _text(payload.get("bot_response"))
    problem = user_problem or bot_problem
    if problem or user_text or bot_text:
        return (user_text, bot_text), problem
    content, problem = _text(payload.get("content"))
    if problem or content is None:
        return _NO_TEXTS, problem or "empty_content"
    if not content.lstrip().startswith(_IMPORT_STARTS):
        return _NO_TEXTS, "unknown_speaker"
    texts = _imported(content)
    return texts, None if any(texts) else "empty_content"


def _imported(content: str) -> _Texts:
    """The user's and the bot's parts of ``User: …\\nAI: …``; a line that starts with a label opens a part."""
    _, *labelled = _IMPORT_LABEL.split(content.lstrip())
    said: dict[str, list[str]] = {"User": [], "AI": []}
    for label, text in zip(labelled[::2], labelled[1::2], strict=True):
        if stripped := text.strip():
            said[label].append(stripped)
    return "\n".join(said["User"]) or None, "\n".join(said["AI"]) or None


def _text(raw: object) -> tuple[str | None, str | None]:
    """(storable text or None where there is none, problem)."""
    if raw is None:
        return None, None
    if not isinstance(raw, str):
        return None, "content_not_text"
    if len(raw) > MAX_TEXT:
        return None, "content_too_long"
    text = _storable(raw)
    return (text, None) if text and not text.isspace() else (None, None)


def _storable(text: str) -> str:
    """Without NUL characters, which PostgreSQL text cannot hold, and with lone surrogates replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _label(raw: object) -> str | None:
    """A short word of the platform's vocabulary, lower case; None for anything that cannot be one."""
    if not isinstance(raw, str) or len(raw) > _MAX_LABEL:
        return None
    if raw.islower() and raw.isidentifier():
        return raw
    label = _storable(raw).strip().lower()
    return label if 0 < len(label) <= _MAX_LABEL else None


def _messages(
    bot_name: str,
    point: Point,
    speaker: Speaker | str | None,
    texts: _Texts,
    user_id: str,
    at: datetime,
    scope: Scope,
    digest: str,
) -> tuple[Message, ...]:
    payload, (user_text, bot_text) = point.payload, texts
    common = (scope, digest, _identifier(payload.get("channel_id"))[0])
    emotion = (_label(payload.get("emotional_context")), _share(payload.get("emotional_intensity")))
    vector = _usable_vector(point.vectors.get("content")) if point.vectors else None
    messages: tuple[Message, ...] = ()
    if user_text is not None:
        messages = (Message(bot_name, point.id, Speaker.USER, user_id, at, user_text, *common, *emotion, vector),)
    if bot_text is not None:
        if speaker is not Speaker.BOT:
            at, emotion = at + ANSWER_DELAY, (None, None)
        messages += (Message(bot_name, point.id, Speaker.BOT, user_id, at, bot_text, *common, *emotion, vector),)
    return messages


def _share(raw: object) -> float | None:
    number = _finite(raw)
    return number if number is not None and 0.0 <= number <= 1.0 else None


def _usable_vector(vector: Sequence[float] | None) -> Sequence[float] | None:
    """None for an absent, empty or broken vector: one NaN would spoil every mean that it enters."""
    return vector if vector is not None and len(vector) and isfinite(sum(vector)) else None
