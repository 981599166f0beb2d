"""The question for the digest of a week or month, and how its answer is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from whisper_enrich.asking.batches import estimated_tokens
from whisper_enrich.asking.questions import model_for, new_mask, read_digest, temperature_for
from whisper_enrich.llm.masking import Mask
from whisper_enrich.llm.types import Doubt, Errand, Prompt, Purpose
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


def version_parts(settings: Settings) -> dict[str, Any]:
    """What the engine version of a model's digests is made of."""
    return {
        "prompt": asked.ROLLUP_PROMPT_VERSION, "model": model_for(Purpose.ROLLUP, settings),
        "temperature": temperature_for(Purpose.ROLLUP, settings), "pii": settings.enrichment_pii,
        "words": [settings.summary_min_words, settings.summary_max_words],
    }  # fmt: skip


def version(settings: Settings) -> str:
    """The engine version of digests that come from the model, as `questions.version` is for facts and summaries."""
    return f"llm-1-{hashlib.sha256(json.dumps(version_parts(settings), sort_keys=True).encode()).hexdigest()[:10]}"


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
    return RollupQuestion(prompt, Errand(run_id, bot_name, user_id, day, version(settings), ()), given, mask)


def reader(put: RollupQuestion) -> Callable[[Any], DigestPart]:
    """Reads an answer; raises pydantic's ValidationError, and `Doubt` where it does not keep to the material."""

    def parse(found: Any) -> DigestPart:
        part = read_digest(found)
        complaint = rollups.complaint(asked.unmasked(part, put.mask.unmask), put.given)
        if complaint:
            raise Doubt(put.mask.mask(complaint), part)
        return part

    return parse
