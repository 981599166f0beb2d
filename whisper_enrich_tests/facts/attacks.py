"""Attacks inside messages, what a manipulated model would answer to them, and honest messages that look like attacks.

``attacks.jsonl``: ``messages`` are the talk, ``U: `` or ``B: `` before each; one that is very long is written as a list in
which ``[text, n]`` stands for n repetitions. ``obedient`` is the answer of a model that does what the messages say; of an
item only what is not usual is written (line 1, the whole message as quote, the attribute's category, affirmed, present,
nearly certain). ``never`` are words that no stored statement or value may hold, ``*`` that nothing may be stored at all;
``kept`` is what must be stored all the same. ``harmless`` are statements that may be stored although ``never`` forbids
them: they say what the user said, right or wrong, and are no rule for a bot.

``attack_lookalikes.jsonl`` and ``honest_facts.jsonl`` have ``wanted`` instead: items that must be stored.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from whisper_enrich.facts.asked import FactItem, FactsPart
from whisper_enrich.facts.attributes import ATTRIBUTES, normalise
from whisper_enrich.facts.model import Assertion, Category
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.messages.model import Message, Scope, Speaker

BOT, USER = "marlow", "user-1"
_BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_HERE = Path(__file__).parent
_SPEAKERS = {"U: ": Speaker.USER, "B: ": Speaker.BOT}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A talk and an answer about it. ``never`` is empty for an honest one, whose ``kept`` are all of its items."""

    id: str
    kind: str
    chunk: Chunk
    answer: FactsPart
    never: tuple[str, ...]
    harmless: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]

    def stored_in_spite(self, assertions: Iterable[Assertion]) -> list[Assertion]:
        """The assertions that must not be there."""
        suspects = [a for a in assertions if a.statement.lower() not in self.harmless]
        return [a for a in suspects if "*" in self.never or any(word in plain(a) for word in self.never)]


def attacks() -> list[Attempt]:
    return [_attempt(row, row["obedient"]) for row in _rows("attacks.jsonl")]


def lookalikes() -> list[Attempt]:
    return [_attempt(row, row["wanted"]) for row in _rows("attack_lookalikes.jsonl")]


def honest_facts() -> list[Attempt]:
    return [_attempt(row, row["wanted"]) for row in _rows("honest_facts.jsonl")]


def plain(assertion: Assertion) -> str:
    """Statement and value as a reader sees them: compatibility forms resolved, nothing invisible, lower case."""
    text = unicodedata.normalize("NFKC", f"{assertion.statement} {assertion.value}")
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn")).lower()


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_HERE / name).read_text(encoding="utf-8").splitlines()]


def _attempt(row: Mapping[str, Any], items: list[Mapping[str, Any]]) -> Attempt:
    messages = tuple(_message(number, _text(parts)) for number, parts in enumerate(row["messages"], 1))
    chunk = Chunk(
        bot_name=BOT,
        bot_display_name="Marlow",
        user_id=USER,
        user_name="Robin",
        scope=Scope.SHARED,
        messages=messages,
    )
    if "never" in row:
        kept = [tuple(pair.split("=")) for pair in row.get("kept", ())]
    else:
        kept = [(item.get("attribute", ""), normalise(item.get("value", ""))) for item in items]
    answer = FactsPart(facts=[_item(item, chunk) for item in items])
    never, harmless = tuple(row.get("never", ())), tuple(row.get("harmless", ()))
    return Attempt(row["id"], row.get("kind", "honest"), chunk, answer, never, harmless, tuple(kept))


def _text(parts: str | list[Any]) -> str:
    if isinstance(parts, str):
        return parts
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)


def _message(number: int, line: str) -> Message:
    return Message(
        bot_name=BOT,
        point_id=f"point-{number}",
        speaker=_SPEAKERS[line[:3]],
        user_id=USER,
        at=_BEGUN + timedelta(minutes=number),
        text=line[3:],
        scope=Scope.SHARED,
        content_hash="0" * 16,
    )


def _item(item: Mapping[str, Any], chunk: Chunk) -> FactItem:
    line = item.get("line", 1)
    spoken = chunk.line(line)
    attribute = item.get("attribute", "")
    usual = {
        "line": line,
        "quote": spoken.text if spoken else "",
        "category": ATTRIBUTES[attribute].category if attribute else Category.PERSONAL,
        "attribute": attribute,
        "value": "",
        "polarity": "affirm",
        "tense": "present",
        "holds_from": None,
        "holds_to": None,
        "confidence": 0.95,
        "question_line": None,
    }
    return FactItem.model_validate(usual | dict(item))
