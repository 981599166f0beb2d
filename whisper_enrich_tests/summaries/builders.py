"""Small builders for conversations of our own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.summaries.extractive import summarise
from whisper_enrich.summaries.model import Summary
from whisper_enrich.summaries.windows import window_of

START = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def message(
    text: str,
    *,
    by: Speaker = Speaker.USER,
    number: int = 0,
    at: datetime | None = None,
    scope: Scope = Scope.DM,
    emotion: str | None = None,
    intensity: float | None = None,
    vector: Sequence[float] | None = None,
    point_id: str | None = None,
) -> Message:
    """One message; ``number`` places it, three minutes apart, and names it."""
    return Message(
        bot_name="marlow",
        point_id=point_id or f"point-{number:05d}",
        speaker=by,
        user_id="ana",
        at=at or START + timedelta(minutes=3 * number),
        text=text,
        scope=scope,
        content_hash=f"{number:016x}",
        emotion=emotion,
        emotion_intensity=intensity,
        vector=vector,
    )


def talk(*lines: str) -> list[Message]:
    """A conversation from lines like "u: I moved" and "b: Where to?"."""
    return [
        message(line[3:], by=Speaker.USER if line.startswith("u: ") else Speaker.BOT, number=number)
        for number, line in enumerate(lines)
    ]


def summary_of(messages: Sequence[Message], *, user: str = "Ana", bot: str = "Marlow", short: bool = False) -> Summary:
    """The summary of messages of one day and scope."""
    window = window_of(min(m.at for m in messages), 24)
    return summarise(messages, user_name=user, bot_name=bot, window=window, scope=messages[0].scope, short=short)


GARDEN = (
    "u: hey Marlow! I finally planted tomatoes on the balcony this morning.",
    "b: That's lovely, Ana! Which kind of tomatoes did you choose?",
    "u: Cherry tomatoes, and two pots of basil next to them. My neighbour Ivo gave me the seedlings.",
    "b: I grew beans behind the lighthouse once, and the salt wind took every one of them.",
    "u: Haha, no salt here. But the balcony faces north, so I worry about the light for the tomatoes.",
    "b: You should turn the tomato pots once a week, so that each side gets its share of light.",
    "u: Good idea! I also got a letter from the clinic today. My surgery has been moved to the 20th of March.",
    "b: That is sooner than you hoped. How do you feel about the surgery?",
    "u: I'm nervous, but I want it behind me. My sister will drive me to the clinic and stay for the weekend.",
    "b: I am glad that your sister will be there.",
    "u: Thanks! I have to water the balcony now. Talk to you tomorrow!",
    "b: Good night, Ana!",
)
"""A talk of twelve messages about a balcony and a surgery."""
