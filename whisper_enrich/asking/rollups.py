"""The question for the digest of a week or month, and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from whisper_enrich.asking.questions import doubting, model_for, new_mask, read_digest, temperature_for, version
from whisper_enrich.llm.masking import Mask
from whisper_enrich.llm.transcript import estimated_tokens
from whisper_enrich.llm.types import Errand, Prompt, Purpose
from whisper_enrich.settings import Settings
from whisper_enrich.summaries import asked, rollups
from whisper_enrich.summaries.asked import DigestPart
from whisper_enrich.summaries.rollups import RollupInput


@dataclass(frozen=True, slots=True)
class RollupQuestion:
    """A prompt for a period, on whose behalf, and the mask that its answer is to be unmasked with."""

    prompt: Prompt
    errand: Errand
    given: RollupInput
    mask: Mask


def question(
    given: RollupInput, settings: Settings, *, run_id: str, bot_name: str, user_id: str, day: date
) -> RollupQuestion:
    """Ask for the digest of one period. ``day`` is that of the run: nobody's messages are sent as such."""
    mask = new_mask(settings)
    length = asked.length_for(sum(window.message_count for window in given.windows), settings)
    heading = (
        f"{asked.about(mask.mask(given.user_name), mask.mask(given.bot_name), length)} Period: {given.period.title}."
    )
    body = rollups.material(given, mask.mask, settings.llm_chunk_tokens, estimated_tokens)
    prompt = Prompt(
        purpose=Purpose.ROLLUP,
        version=asked.ROLLUP_PROMPT_VERSION,
        model=model_for(Purpose.ROLLUP, settings),
        temperature=temperature_for(Purpose.ROLLUP, settings),
        instructions=asked.ROLLUP_INSTRUCTIONS,
        material=f"{heading}\n{body}",
        schema_name=Purpose.ROLLUP.value,
        schema=asked.DIGEST_SCHEMA,
        max_output_tokens=settings.llm_max_output_tokens,
    )
    errand = Errand(run_id, bot_name, user_id, day, version(Purpose.ROLLUP, settings), ())
    return RollupQuestion(prompt, errand, given, mask)


def reader(put: RollupQuestion) -> Callable[[Any], DigestPart]:
    """Reads an answer; raises pydantic's ValidationError, and `Doubt` where it does not keep to the material."""

    def complaint(part: DigestPart) -> str | None:
        words = rollups.complaint(asked.unmasked(part, put.mask.unmask), put.given)
        return put.mask.mask(words) if words else None

    return doubting(read_digest, complaint)
