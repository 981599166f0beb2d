"""What is asked of a language model and what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Purpose(StrEnum):
    """What a call is for. ``combined`` asks for facts and summary of a stretch of talk at once, ``reduce`` makes one summary
    of those of several stretches, ``rollup`` one of those of several windows, ``probe`` asks whether anybody answers."""

    FACTS = "facts"
    SUMMARY = "summary"
    COMBINED = "combined"
    REDUCE = "reduce"
    ROLLUP = "rollup"
    PROBE = "probe"


OF_TALK = (Purpose.FACTS, Purpose.COMBINED, Purpose.SUMMARY)
"""Those for which messages are sent."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that an answer depends on.

    ``schema`` is the JSON schema of the answer. ``version`` names instructions and schema (a hash of both); ``instructions``
    go into the system message, ``material`` into the user's.
    """

    purpose: Purpose
    version: str
    model: str
    temperature: float
    instructions: str
    material: str
    schema_name: str
    schema: Mapping[str, Any]
    max_output_tokens: int

    @property
    def key(self) -> str:
        """SHA-256 over all of it, in hex: equal keys are the same question."""
        parts = [
            self.purpose.value, self.version, self.model, self.temperature, self.instructions, self.material,
            self.schema_name, self.schema, self.max_output_tokens,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; ``tokens_cached`` are of ``tokens_in``. ``cost`` in US dollars, where the provider says.

    ``estimated`` is True where the provider gave no count and a figure is from the length of the texts.
    """

    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    cost: Decimal | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``text`` as it came, ``model`` as the provider names it, why it ended.

    ``without`` are parameters of a request that the model does not take; it was asked without them.
    """

    text: str
    model: str
    finish_reason: str
    usage: Usage
    latency_seconds: float
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Errand:
    """On whose behalf a call is made, and what it carries: for the ledger of calls and the store of answers.

    ``points`` are (point id, content hash) of the messages sent as content, in order; ``version`` is the engine version
    that rows made from the answer bear.
    """

    run_id: str
    bot_name: str
    user_id: str
    day: date
    version: str
    points: tuple[tuple[str, str], ...]


class Doubt(ValueError):
    """What a parser raises of an answer that could be better: it is asked for once more, and else ``answer`` is taken.

    The text is for the model.
    """

    def __init__(self, complaint: str, answer: Any) -> None:
        super().__init__(complaint)
        self.answer = answer
