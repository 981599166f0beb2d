"""A stretch of talk as a model reads it: numbered lines, personal data masked, fenced so that text stays text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from whisper_enrich.messages.model import Message, Scope, Speaker

_BREAKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive messages of one user, bot and scope that are asked about at once.

    ``messages`` are the content, in `Message.order`; ``context`` are messages before them, given to be understood and not
    to be analysed. ``zone`` is the user's time zone, UTC where unknown.
    """

    bot_name: str
    bot_display_name: str
    user_id: str
    user_name: str
    scope: Scope
    messages: tuple[Message, ...]
    context: tuple[Message, ...] = ()
    zone: tzinfo = UTC

    def line(self, number: int) -> Message | None:
        """The message that a line number of the transcript stands for (1 is the first of the content), None for no such."""
        return self.messages[number - 1] if 1 <= number <= len(self.messages) else None


def estimated_tokens(text: str) -> int:
    """Tokens of a text, about: a token of English has some four characters; of other scripts, about as many bytes a third."""
    return max(len(text) // 4, len(text.encode()) // 6) + 1


def render(chunk: Chunk, mask: Callable[[str], str]) -> str:
    """The transcript: context without numbers, then the content, each message one line ``number speaker time: text``.

    The speaker is ``U`` for the user and ``B`` for the bot. Days head the lines that follow; times are the user's local
    ones. The fence carries a hash of what it holds that occurs nowhere in it, so that no message can close it.
    """
    lines: list[str] = []
    if chunk.context:
        lines.append("Before (context only):")
        lines += _lines(chunk.context, chunk, mask, numbered=False)
        lines.append("Now:")
    lines += _lines(chunk.messages, chunk, mask, numbered=True)
    talk = "\n".join(lines)
    fence = _fence(talk)
    return f"<talk-{fence}>\n{talk}\n</talk-{fence}>"


def _fence(talk: str) -> str:
    """Six hex digits of a hash of ``talk`` that do not occur in it.

    Who writes a message can try texts until one holds its own hash, so the hash is taken again until it is not in there.
    """
    mark = hashlib.sha256(talk.encode(errors="replace")).hexdigest()
    while mark[:6] in talk.lower():
        mark = hashlib.sha256(mark.encode()).hexdigest()
    return mark[:6]


def _lines(messages: Sequence[Message], chunk: Chunk, mask: Callable[[str], str], *, numbered: bool) -> list[str]:
    lines, day = [], None
    for number, message in enumerate(messages, start=1):
        local = message.at.astimezone(chunk.zone)
        if local.date() != day:
            day = local.date()
            lines.append(f"{day:%a %Y-%m-%d}")
        speaker = "U" if message.speaker is Speaker.USER else "B"
        words = _BREAKS.sub(" ", mask(message.text)).strip()
        lines.append(f"{f'{number} ' if numbered else ''}{speaker} {local:%H:%M}: {words}")
    return lines
