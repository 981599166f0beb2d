"""Our own form for conversations in a file: JSONL, one message a line.

===========  =======================================================================================================
bot          the bot's name; normalised as the platform does (`normalise_bot_name`). Required, like the next four
user         the id of the person in the conversation, on the bot's lines too
speaker      ``user`` or ``bot``
at           when: ISO 8601 with a time of day, ``2026-01-05T06:41:10Z`` or with an offset; without either it is UTC
text         the words
channel      ``dm`` for what may be repeated in the same private channel only, ``guild`` or null for the rest
emotion      a label such as ``joy``; ``intensity``: 0 to 1
id           the message's own id, unique for its bot. Without it user, speaker, time and text tell messages apart
name         what to call the person; the last one in the file counts
vector       {"content": [384 numbers], "emotion": [...], "semantic": [...]}, any of them. Without it: `hashed_vectors`
===========  =======================================================================================================

Blank lines are ignored. A file with one broken line is not loaded at all; a field of another name is an error, since a
misspelt ``channel`` would make public what was private. Lines may come in any order.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

from whisper_enrich.errors import InputError
from whisper_enrich.loading.loaded import PAGE, Loaded, Pages, message_point, point_id
from whisper_enrich.loading.vectors import with_hashed_vectors
from whisper_enrich.messages.bots import MAX_BOT_NAME, bot_of_collection, normalise_bot_name
from whisper_enrich.messages.model import Point, Speaker
from whisper_enrich.messages.parsing import MAX_TEXT, MAX_USER_ID
from whisper_enrich.messages.store import VECTOR_NAMES, VECTOR_SIZE

REQUIRED = ("bot", "user", "speaker", "at", "text")
OPTIONAL = ("channel", "emotion", "intensity", "id", "name", "vector")

_FIELDS = frozenset(REQUIRED + OPTIONAL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_LABEL = 64
_LONGEST_SHOWN = 40


class _Broken(Exception):
    """What is wrong with a line, and the remedy, without a word of what it says."""


@dataclass(frozen=True, slots=True)
class _Entry:
    bot_name: str
    user_name: str | None
    point: Point
    digest: int


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size: int
    modified: int


def read_jsonl(path: Path | str) -> Loaded:
    """The messages of a file, every line of it checked.

    Goes through the file once, keeping about 150 bytes a line; `Loaded.pages` goes through it again, a page at a time.
    ``skipped["repeated line"]`` counts lines that say again what another line has said. Raises `InputError` that names file
    and line for a line that is broken, or that has the id of another but differs from it, for a file without messages, and
    for one that cannot be read or has changed between the two passes.
    """
    file = _file(Path(path))
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    first_lines: dict[int, int] = {}
    repeated: set[int] = set()
    for number, entry in _entries(file):
        identity = int.from_bytes(blake2b(f"{entry.bot_name}/{entry.point.id}".encode(), digest_size=16).digest())
        before = first_lines.setdefault(identity, number << 64 | entry.digest)
        if before >> 64 != number:
            if before & (1 << 64) - 1 != entry.digest:
                raise _error(
                    file, number, f"it has the id of line {before >> 64}, or its user, speaker, time and text, but differs "
                    "from it otherwise. Give each message an id of its own."
                )  # fmt: skip
            repeated.add(number)
            continue
        counts[entry.bot_name] += 1
        if entry.user_name is not None:
            names[str(entry.point.payload["user_id"])] = entry.user_name
    if not counts:
        raise InputError(f"{path} holds no message. Write one JSON object a line, each a message.")
    skipped = {"repeated line": len(repeated)} if repeated else {}
    return Loaded(dict(sorted(counts.items())), names, skipped, lambda: _pages(file, repeated), with_hashed_vectors)


def _pages(file: _File, repeated: set[int]) -> Pages:
    if _file(file.path) != file:
        raise InputError(f"{file.path} changed while it was being loaded. Load it again once nothing writes to it.")
    entries = (entry for number, entry in _entries(file) if number not in repeated)
    while page := list(islice(entries, PAGE)):
        by_bot: dict[str, list[Point]] = {}
        for entry in page:
            by_bot.setdefault(entry.bot_name, []).append(entry.point)
        yield from by_bot.items()


def _file(path: Path) -> _File:
    try:
        status = os.stat(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Name a JSONL file.") from None
    return _File(path, status.st_size, status.st_mtime_ns)


def _entries(file: _File) -> Iterator[tuple[int, _Entry]]:
    """(line number, message) of every line that is not blank."""
    try:
        with file.path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if raw.strip():
                    try:
                        yield number, _entry(_object(raw))
                    except _Broken as problem:
                        raise _error(file, number, str(problem)) from None
    except OSError as error:
        raise InputError(f"{file.path} cannot be read: {error.strerror}. Name a JSONL file.") from None


def _error(file: _File, number: int, problem: str) -> InputError:
    return InputError(f"{file.path}, line {number}: {problem} Nothing of the file was loaded.")


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        # Decoding may fail, as may numbers of thousands of digits and endless nesting.
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise _Broken("it is not UTF-8. Save the file as UTF-8.") from None
    except (ValueError, RecursionError):
        raise _Broken("it is no JSON. Write one complete JSON object on the line.") from None
    if not isinstance(found, dict):
        raise _Broken("it is JSON, but no object. Write one JSON object a line, {...}.")
    return found


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _entry(raw: Mapping[str, Any]) -> _Entry:
    if unknown := sorted(raw.keys() - _FIELDS):
        shown = f"{unknown[0]!r}" if len(unknown[0]) <= _LONGEST_SHOWN else "with a long name"
        raise _Broken(f"it has an unknown field {shown}. Fields are {', '.join(REQUIRED + OPTIONAL)}.")
    if missing := [name for name in REQUIRED if raw.get(name) is None]:
        raise _Broken(f'it has no "{missing[0]}". Every line needs {", ".join(REQUIRED)}.')
    bot_name, user_id = _bot(raw["bot"]), _user(raw["user"])
    speaker, at, text = _speaker(raw["speaker"]), _instant(raw["at"]), _words(raw["text"])
    own_id = _optional(raw, "id", _id)
    parts = ("id", own_id) if own_id is not None else ("text", user_id, speaker.value, at.isoformat(), text)
    point = message_point(
        point_id(bot_name, *parts),
        user_id=user_id,
        speaker=speaker,
        at=at,
        text=text,
        channel=_optional(raw, "channel", _channel),
        emotion=_optional(raw, "emotion", _emotion),
        intensity=_optional(raw, "intensity", _intensity),
        vectors=_optional(raw, "vector", _vectors),
    )
    said = repr((point.payload, sorted(point.vectors.items())))
    digest = int.from_bytes(blake2b(said.encode(), digest_size=8).digest())
    return _Entry(bot_name, _optional(raw, "name", _name), point, digest)


def _optional(raw: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    return None if raw.get(name) is None else read(raw[name])


def _string(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str) or not value.replace("\x00", "").strip():
        raise _Broken(f'"{field}" is no text, or blank. Write a JSON string.')
    if len(value) > longest:
        raise _Broken(f'"{field}" has {len(value):,} characters; {longest:,} is the most. Shorten it.')
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _Broken(
            f'"{field}" holds half of a surrogate pair, which is no character. Remove the escape \\uD8.. to \\uDF...'
        ) from None
    return value


def _id(value: object, field: str = "id") -> str:
    """Whole numbers are taken as text: chat platforms' ids are long numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:
        return str(value)
    return _string(value, field, MAX_USER_ID)


def _bot(value: object) -> str:
    name = normalise_bot_name(_string(value, "bot", MAX_BOT_NAME))
    if bot_of_collection(f"bot_{name}", ("bot_",)) != name:
        raise _Broken('"bot" cannot be a bot\'s name. Use letters, digits, _ and -, and no _7d at the end.')
    return name


def _user(value: object) -> str:
    user_id = _id(value, "user")
    if user_id.startswith("bot_"):
        raise _Broken('"user" starts with bot_, as the bots\' own accounts do, which are left out. Name the person.')
    return user_id


def _speaker(value: object) -> Speaker:
    if value not in ("user", "bot"):
        raise _Broken('"speaker" is neither "user" nor "bot". Write who said it.')
    return Speaker(value)


def _instant(value: object) -> datetime:
    remedy = 'Write it like "2026-01-05T06:41:10Z".'
    try:
        at = datetime.fromisoformat(_string(value, "at", _MAX_LABEL).strip().upper())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Broken(f'"at" is no ISO time. {remedy}') from None
    if len(str(value).strip()) <= len("2026-01-05"):
        raise _Broken(f'"at" has no time of day. {remedy}')
    if at < _EPOCH:
        raise _Broken(f'"at" lies before 1970. {remedy}')
    return at


def _words(value: object) -> str:
    return _string(value, "text", MAX_TEXT)


def _channel(value: object) -> str:
    if value not in ("dm", "guild"):
        raise _Broken('"channel" is neither "dm" nor "guild". Write one of them, or leave it out.')
    return str(value)


def _emotion(value: object) -> str:
    return _string(value, "emotion", _MAX_LABEL).strip().lower()


def _name(value: object) -> str:
    return _string(value, "name", MAX_USER_ID).strip()


def _intensity(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise _Broken('"intensity" is no number from 0 to 1. Correct it, or leave it out.')
    return float(value)


def _vectors(value: object) -> dict[str, Sequence[float]]:
    if not isinstance(value, dict) or not value or not value.keys() <= set(VECTOR_NAMES):
        raise _Broken(
            f'"vector" is no object with one or more of {", ".join(VECTOR_NAMES)}. Correct it, or leave it out.'
        )
    for name, vector in value.items():
        if not isinstance(vector, list) or len(vector) != VECTOR_SIZE or not all(map(_is_number, vector)):
            raise _Broken(
                f'"vector" has a {name} that is no list of {VECTOR_SIZE} numbers. Correct it, or leave it out.'
            )
        if not any(vector):
            raise _Broken(f'"vector" has a {name} of zeros, which points nowhere. Correct it, or leave it out.')
    return {name: [float(number) for number in vector] for name, vector in value.items()}


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return isfinite(value)
    except OverflowError:
        return False
