"""LoCoMo conversations as conversations with bots: one speaker is the user, the other the bot.

The format ("Evaluating Very Long-Term Conversational Memory of LLM Agents", ACL 2024): a JSON object (or a list of them) with
``sample_id`` and ``conversation``: ``speaker_a``, ``speaker_b``, ``session_N`` a list of ``{speaker, dia_id, text}``, and
``session_N_date_time`` such as "1:56 pm on 8 May, 2023". No message has a time of its own: the first of a session is given
the session's, each later one 30 seconds more, in UTC. Only the words are taken: images, and the captions that stand in for
them, are left out and counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from whisper_enrich.errors import InputError
from whisper_enrich.loading.loaded import PAGE, Loaded, Pages, message_point, point_id
from whisper_enrich.loading.vectors import with_hashed_vectors
from whisper_enrich.messages.bots import bot_of_collection, normalise_bot_name
from whisper_enrich.messages.model import Point, Speaker

TURN_SECONDS = 30
USER_SPEAKERS = ("a", "b", "both")

_SESSION = re.compile(r"session_(\d+)")
_TIME = re.compile(r"(\d{1,2}):(\d{2}) ([ap])m on (\d{1,2}) ([a-z]+),? (\d{4})", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class _Turn:
    speaker: str
    dia_id: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class _Sample:
    """``short_id`` is the sample's id without ``conv-``."""

    short_id: str
    speakers: tuple[str, str]
    turns: tuple[_Turn, ...]


def read_locomo(path: Path | str, user_speaker: str = "both") -> Loaded:
    """The conversations of a file; ``user_speaker`` says who is the user: speaker ``a``, ``b``, or ``both``, one after the
    other with a bot each.

    The bot is called ``locomo_<sample>_<speaker>`` (locomo_26_melanie), the user ``<speaker>_<sample>`` (caroline_26); all is
    said in a guild. ``skipped`` counts image captions and turns without text, once a bot. Raises `InputError` for what is not
    of this format, with the place.
    """
    if user_speaker not in USER_SPEAKERS:
        raise InputError(f"The user of a LoCoMo file is one of {', '.join(USER_SPEAKERS)}. Choose one of them.")
    names: dict[str, str] = {}
    bot_names: dict[str, str] = {}
    skipped: Counter[str] = Counter()
    points: dict[str, list[Point]] = {}
    for place, raw in _conversations(Path(path)):
        sample, left_out = _sample(place, raw, Path(path).stem)
        for user, bot in _roles(sample.speakers, user_speaker):
            bot_name = _bot_name(place, sample, bot)
            if bot_name in points:
                raise InputError(f"{place} has the sample and speakers of another. Give each a sample_id of its own.")
            points[bot_name] = _points(sample, bot_name, user)
            names[_user_id(sample, user)] = user
            bot_names[bot_name] = bot
            skipped += left_out
    if not any(points.values()):
        raise InputError(f"{path} holds no message. Name a LoCoMo file with sessions.")

    def pages() -> Pages:
        for bot_name, own in points.items():
            for start in range(0, len(own), PAGE):
                yield bot_name, own[start : start + PAGE]

    counts = {bot_name: len(own) for bot_name, own in sorted(points.items())}
    return Loaded(counts, names, dict(skipped), pages, with_hashed_vectors, bot_names)


def locomo_point_id(bot_name: str, dia_id: str) -> str:
    """The point that holds the turn ``dia_id`` ("D1:3") for a bot."""
    return point_id(bot_name, "locomo", dia_id)


def _conversations(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(where it stands, one sample) for each in the file."""
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Name a LoCoMo file.") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: no JSON from here on. Name a complete LoCoMo file.") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is no JSON in UTF-8. Name a LoCoMo file.") from None
    several = isinstance(found, list)
    for index, raw in enumerate(found if several else [found]):
        place = f"{path}, conversation {index + 1}" if several else str(path)
        if not isinstance(raw, dict) or not isinstance(raw.get("conversation"), dict):
            raise InputError(f'{place} has no "conversation". Name a LoCoMo file.')
        yield place, raw


def _sample(place: str, raw: Mapping[str, Any], stem: str) -> tuple[_Sample, Counter[str]]:
    conversation = raw["conversation"]
    speakers = (conversation.get("speaker_a"), conversation.get("speaker_b"))
    if not all(isinstance(name, str) and name.strip() for name in speakers) or speakers[0] == speakers[1]:
        raise InputError(f"{place} does not name two speakers in speaker_a and speaker_b. Correct it.")
    turns: list[_Turn] = []
    left_out: Counter[str] = Counter()
    for session in sorted(int(match[1]) for key in conversation if (match := _SESSION.fullmatch(key))):
        turns += _session(place, conversation, session, speakers, left_out)
    if repeated := [dia_id for dia_id, times in Counter(turn.dia_id for turn in turns).items() if times > 1]:
        raise InputError(f"{place} has the dia_id {repeated[0]} twice. Give each turn one of its own.")
    short_id = str(raw.get("sample_id") or stem).lower().removeprefix("conv-")
    return _Sample(short_id, speakers, tuple(turns)), left_out


def _session(
    place: str, conversation: Mapping[str, Any], session: int, speakers: tuple[str, str], left_out: Counter[str]
) -> list[_Turn]:
    start = _start(place, session, conversation.get(f"session_{session}_date_time"))
    raw_turns = conversation[f"session_{session}"]
    if not isinstance(raw_turns, list):
        raise InputError(f"{place}: session_{session} is no list of turns. Correct it.")
    found = []
    for index, raw in enumerate(raw_turns):
        where = f"{place}: turn {index + 1} of session_{session}"
        if not isinstance(raw, dict) or raw.get("speaker") not in speakers:
            raise InputError(f"{where} is by neither {speakers[0]} nor {speakers[1]}. Correct its speaker.")
        text, dia_id = raw.get("text"), raw.get("dia_id")
        if not isinstance(text, str | None) or not isinstance(dia_id, str):
            raise InputError(f"{where} has no dia_id, or a text that is no string. Correct it.")
        left_out["image caption"] += "blip_caption" in raw
        if text is None or not text.strip():
            left_out["turn without text"] += 1
        else:
            found.append(_Turn(raw["speaker"], dia_id, start + index * timedelta(seconds=TURN_SECONDS), text))
    return found


def _start(place: str, session: int, raw: object) -> datetime:
    match = _TIME.fullmatch(raw.strip()) if isinstance(raw, str) else None
    try:
        if match is not None:
            hour, minute, half, day, month, year = match.groups()
            month_number = _MONTHS.index(month[:3].lower()) + 1
            hour_of_day = int(hour) % 12 + (12 if half.lower() == "p" else 0)
            return datetime(int(year), month_number, int(day), hour_of_day, int(minute), tzinfo=UTC)
    except ValueError:
        pass
    raise InputError(f'{place}: session_{session}_date_time is no time like "1:56 pm on 8 May, 2023". Correct it.')


def _roles(speakers: tuple[str, str], user_speaker: str) -> list[tuple[str, str]]:
    """(user, bot) for each bot to be made."""
    a, b = speakers
    return [pair for key, pair in (("a", (a, b)), ("b", (b, a))) if user_speaker in (key, "both")]


def _bot_name(place: str, sample: _Sample, speaker: str) -> str:
    name = normalise_bot_name(f"locomo_{sample.short_id}_{speaker}")
    if not normalise_bot_name(speaker).strip("_") or bot_of_collection(f"bot_{name}", ("bot_",)) != name:
        raise InputError(f"{place}: sample_id and speaker give no bot name. Use plain letters and digits in both.")
    return name


def _user_id(sample: _Sample, speaker: str) -> str:
    return f"{speaker.strip().lower()}_{sample.short_id}"


def _points(sample: _Sample, bot_name: str, user: str) -> list[Point]:
    user_id = _user_id(sample, user)
    return [
        message_point(
            locomo_point_id(bot_name, turn.dia_id),
            user_id=user_id,
            speaker=Speaker.USER if turn.speaker == user else Speaker.BOT,
            at=turn.at,
            text=turn.text,
            channel="guild",
        )
        for turn in sample.turns
    ]
