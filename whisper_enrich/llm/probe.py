"""One tiny question: does anybody answer?"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from whisper_enrich.llm.schema import answer_schema
from whisper_enrich.llm.types import Prompt, Purpose

_INSTRUCTIONS = "Answer with JSON in which ok is true."


class Ok(BaseModel):
    """The answer to a probe."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    ok: bool


_SCHEMA = answer_schema(Ok)


def probe_prompt(model: str, max_output_tokens: int) -> Prompt:
    """A question that any model can answer; reasoning models need room for their thoughts, too."""
    return Prompt(
        Purpose.PROBE, "probe", model, 0.0, _INSTRUCTIONS, "Are you there?", "probe", _SCHEMA, max_output_tokens
    )
