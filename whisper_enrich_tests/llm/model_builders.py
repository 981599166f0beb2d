"""Prompts, settings and clients for tests of what talks to a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from whisper_enrich.llm.client import ChatClient
from whisper_enrich.llm.types import Answer, Prompt, Purpose
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich_tests.scripted_model import Script, ScriptedModel

SECRET = "my landlady Brunhilde snores"
"""Words of the material that may occur in no error and no log."""

FACTS_SCHEMA = {
    "type": "object",
    "properties": {"facts": {"type": "array", "items": {"type": "object"}}},
    "required": ["facts"],
    "additionalProperties": False,
}

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def prompt(material: str = f"<talk-1>\n1 U 09:00: {SECRET}\n</talk-1>", **changed: Any) -> Prompt:
    """A question for facts."""
    fields: dict[str, Any] = {
        "purpose": Purpose.FACTS, "version": "v1", "model": "scripted", "temperature": 0.0,
        "instructions": "Say what is so.", "material": material, "schema_name": "facts", "schema": FACTS_SCHEMA,
        "max_output_tokens": 1000,
    }  # fmt: skip
    return Prompt(**(fields | changed))


def model_settings(url: str, **changed: Any) -> Settings:
    """Settings with this endpoint."""
    fields: dict[str, Any] = {
        "llm_chat_api_url": url, "llm_chat_api_key": "key-1", "llm_chat_model": "scripted", "llm_timeout_seconds": 5.0,
    }  # fmt: skip
    return load_settings(**(fields | changed))


@dataclass
class Played:
    """A client in front of a scripted model; ``pauses`` are those that it would have made."""

    model: ScriptedModel
    client: ChatClient
    pauses: list[float] = field(default_factory=list)

    def ask(self, asked: Prompt | None = None, structured: str = "json_schema", **others: Any) -> Answer:
        """Ask the client."""
        return self.client.ask(asked or prompt(), structured, **others)


@contextmanager
def playing(script: Script, *, jitter: float = 0.0, **settings: Any) -> Iterator[Played]:
    """A scripted model and a client for it that does not sleep."""
    pauses: list[float] = []
    with ScriptedModel(script) as model:
        client = ChatClient.connect(
            model_settings(model.url, **settings), sleep=pauses.append, clock=lambda: NOW, jitter=lambda: jitter
        )
        yield Played(model, client, pauses)
        client.close()
