"""Questions to the model: which prompt for which messages, and how its answer is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from whisper_enrich.facts import asked as facts_asked
from whisper_enrich.facts.asked import FactItem, FactsPart
from whisper_enrich.llm.masking import NO_MASK, Mask, Masker
from whisper_enrich.llm.schema import answer_schema
from whisper_enrich.llm.transcript import Chunk, render
from whisper_enrich.llm.types import Doubt, Errand, Prompt, Purpose
from whisper_enrich.messages.model import Message
from whisper_enrich.settings import Settings
from whisper_enrich.summaries import asked as summaries_asked
from whisper_enrich.summaries import faithful
from whisper_enrich.summaries.asked import DigestPart, Stretch, SummaryPart
from whisper_enrich.summaries.stretches import points_of

D = TypeVar("D", bound=DigestPart)


class CombinedPart(BaseModel):
    """Facts and summary of one stretch of talk, in one answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    facts: list[FactItem]
    summary: SummaryPart


@dataclass(frozen=True, slots=True)
class Talk:
    """Who talks in a stretch of messages."""

    bot_name: str
    bot_display_name: str
    user_id: str
    user_name: str
    zone: tzinfo = UTC

    def chunk(self, messages: Sequence[Message], context: Sequence[Message] = ()) -> Chunk:
        """These messages as one chunk; they are of one scope."""
        return Chunk(
            self.bot_name, self.bot_display_name, self.user_id, self.user_name, messages[0].scope, tuple(messages),
            tuple(context), self.zone,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt over a chunk, on whose behalf it is put, the mask to read its answer with, the settings it was made by."""

    prompt: Prompt
    errand: Errand
    chunk: Chunk
    mask: Mask
    settings: Settings


def version(purpose: Purpose, settings: Settings) -> str:
    """The engine version of what comes of such answers: a hash of prompt, model, temperature, masking and lengths.

    What it stands for is registered in the table `model_versions`. Rows of `user_facts` bear that of `Purpose.FACTS`, summaries
    that of `Purpose.SUMMARY`, whichever call their answer came with; digests that of `Purpose.ROLLUP`.
    """
    return f"llm-1-{hashlib.sha256(json.dumps(version_parts(purpose, settings), sort_keys=True).encode()).hexdigest()[:10]}"


def version_parts(purpose: Purpose, settings: Settings) -> dict[str, Any]:
    """What an engine version is made of."""
    facts = {
        "prompt": facts_asked.PROMPT_VERSION, "model": model_for(Purpose.FACTS, settings),
        "temperature": temperature_for(Purpose.FACTS, settings), "pii": settings.pii_policy.asked_as,
    }  # fmt: skip
    summaries = {
        "prompt": summaries_asked.PROMPT_VERSION, "model": model_for(Purpose.SUMMARY, settings),
        "temperature": temperature_for(Purpose.SUMMARY, settings), "pii": settings.pii_policy.asked_as,
        "words": [settings.summary_min_words, settings.summary_max_words],
    }  # fmt: skip
    if purpose is Purpose.FACTS:
        return facts
    if purpose is Purpose.ROLLUP:
        return {**summaries, "prompt": summaries_asked.ROLLUP_PROMPT_VERSION}
    return {"facts": facts, "summary": summaries} if purpose is Purpose.COMBINED else summaries


def model_for(purpose: Purpose, settings: Settings) -> str:
    """The model that is asked: for facts LLM_FACT_EXTRACTION_MODEL where set, LLM_CHAT_MODEL else."""
    chosen = settings.llm_fact_extraction_model if purpose is Purpose.FACTS else None
    return chosen or settings.llm_chat_model or ""


def temperature_for(purpose: Purpose, settings: Settings) -> float:
    """Facts have a temperature of their own."""
    return settings.llm_fact_extraction_temperature if purpose is Purpose.FACTS else settings.llm_temperature


def can_combine(settings: Settings) -> bool:
    """Whether one call may ask for both: only where both are asked of the same model."""
    return model_for(Purpose.FACTS, settings) == model_for(Purpose.SUMMARY, settings)


def new_mask(settings: Settings) -> Mask:
    """A mask of its own for each question, so that a placeholder means one thing in it."""
    policy = settings.pii_policy
    return NO_MASK if policy.keeps_all else Masker(policy.kept)


def question(purpose: Purpose, chunk: Chunk, settings: Settings, run_id: str) -> Question:
    """Ask for facts, a summary or both of one chunk."""
    mask = new_mask(settings)
    transcript = render(chunk, mask.mask)
    material = transcript if purpose is Purpose.FACTS else f"{_heading(chunk, settings, mask)}\n{transcript}"
    return _put(purpose, chunk, material, mask, settings, run_id)


def _put(purpose: Purpose, chunk: Chunk, material: str, mask: Mask, settings: Settings, run_id: str) -> Question:
    instructions, schema, prompt_version = _ASKED[purpose]
    asks_facts = purpose in (Purpose.FACTS, Purpose.COMBINED)
    prompt = Prompt(
        purpose=purpose,
        version=prompt_version,
        model=model_for(purpose, settings),
        temperature=temperature_for(Purpose.FACTS if asks_facts else purpose, settings),
        instructions=instructions,
        material=material,
        schema_name=purpose.value,
        schema=schema,
        max_output_tokens=settings.llm_max_output_tokens,
    )
    errand = Errand(
        run_id=run_id,
        bot_name=chunk.bot_name,
        user_id=chunk.user_id,
        day=chunk.messages[0].turn_at.date(),
        version=version(purpose, settings),
        # A reduction reads summaries: the messages were sent before.
        points=() if purpose is Purpose.REDUCE else points_of(chunk.messages),
    )
    return Question(prompt, errand, chunk, mask, settings)


def _heading(chunk: Chunk, settings: Settings, mask: Mask) -> str:
    """People call themselves what they like, their own address included."""
    length = summaries_asked.length_for(len(chunk.messages), settings)
    return summaries_asked.about(mask.mask(chunk.user_name), mask.mask(chunk.bot_display_name), length)


_ASKED: dict[Purpose, tuple[str, dict[str, Any], str]] = {
    Purpose.FACTS: (facts_asked.FACTS_INSTRUCTIONS, facts_asked.FACTS_SCHEMA, facts_asked.PROMPT_VERSION),
    Purpose.SUMMARY: (
        summaries_asked.SUMMARY_INSTRUCTIONS, summaries_asked.SUMMARY_SCHEMA, summaries_asked.PROMPT_VERSION
    ),
    Purpose.COMBINED: (
        f"{facts_asked.FACTS_INSTRUCTIONS}\n\n{summaries_asked.SUMMARY_INSTRUCTIONS}", answer_schema(CombinedPart),
        f"{facts_asked.PROMPT_VERSION}+{summaries_asked.PROMPT_VERSION}",
    ),
    Purpose.REDUCE: (
        summaries_asked.REDUCE_INSTRUCTIONS, summaries_asked.DIGEST_SCHEMA, summaries_asked.PROMPT_VERSION
    ),
}  # fmt: skip
"""Instructions, schema of the answer, and the version of both."""


def read_facts(found: Any) -> FactsPart:
    """The facts of an answer to `Purpose.FACTS`. Raises pydantic's ValidationError."""
    return FactsPart.model_validate(found)


def read_combined(found: Any) -> CombinedPart:
    """Both parts of an answer to `Purpose.COMBINED`. Raises pydantic's ValidationError."""
    return CombinedPart.model_validate(found)


def read_summary(found: Any) -> SummaryPart:
    """The answer to `Purpose.SUMMARY`. Raises pydantic's ValidationError."""
    return SummaryPart.model_validate(found)


def read_digest(found: Any) -> DigestPart:
    """The answer to `Purpose.REDUCE`. Raises pydantic's ValidationError."""
    return DigestPart.model_validate(found)


def reduce_question(whole: Chunk, found: Sequence[Stretch], settings: Settings, run_id: str) -> Question:
    """Ask for one summary of the summaries of a window's stretches; ``whole`` is the window."""
    mask = new_mask(settings)
    material = summaries_asked.reduce_material(found, mask.mask)
    return _put(Purpose.REDUCE, whole, f"{_heading(whole, settings, mask)}\n{material}", mask, settings, run_id)


T = TypeVar("T")


def doubting(read: Callable[[Any], T], complaint: Callable[[T], str | None]) -> Callable[[Any], T]:
    """``read``, with a `Doubt` about an answer of which there is a ``complaint``."""

    def parse(found: Any) -> T:
        answer = read(found)
        words = complaint(answer)
        if words:
            raise Doubt(words, answer)
        return answer

    return parse


def keeping_to(put: Question, read: Callable[[Any], D]) -> Callable[[Any], D]:
    """``read``, with a `Doubt` about an answer that does not keep to what was said."""
    return doubting(read, lambda part: _complaint(part, put))


def both_keeping_to(put: Question) -> Callable[[Any], CombinedPart]:
    """`read_combined`, likewise for its summary."""
    return doubting(read_combined, lambda both: _complaint(both.summary, put))


def _complaint(part: DigestPart, put: Question) -> str | None:
    length = summaries_asked.length_for(len(put.chunk.messages), put.settings)
    words = faithful.check(summaries_asked.unmasked(part, put.mask.unmask), put.chunk, length)
    return put.mask.mask(words) if words else None
