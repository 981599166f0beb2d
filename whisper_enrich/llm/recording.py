"""Answers kept as files, and answered from files: what a model said once can be scored and tested again without it.

A file holds one answer (or that there was none: refused, too long) and is named by what was asked. What was asked is not
in it; the answer is, and with it what people said. Failures of the provider are not kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from whisper_enrich.errors import AnswerUnusable, ConfigurationError, ModelUnavailable
from whisper_enrich.llm.client import AsksModel, ChatClient
from whisper_enrich.llm.types import Answer, Prompt, Usage
from whisper_enrich.settings import Settings

Count = Annotated[int, Field(ge=0)]


class _Used(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    tokens_in: Count
    tokens_out: Count
    tokens_cached: Count = 0
    cost: Decimal | None = None
    estimated: bool = False


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    text: str
    model: str
    finish_reason: str
    usage: _Used
    latency_seconds: float


class _Recording(BaseModel):
    """A file. ``unusable`` and ``explanation`` are those of `AnswerUnusable`, where that is what came."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    purpose: str
    version: str
    model: str
    corrects: bool
    unusable: str | None = None
    explanation: str | None = None
    answer: _Answered | None = None


def connect(settings: Settings, **others: Any) -> AsksModel:
    """What answers by the settings: the endpoint, the endpoint and a recorder, or recordings alone.

    ``others`` go to `ChatClient.connect`. Raises `ConfigurationError`.
    """
    if settings.llm_recording == "off":
        return ChatClient.connect(settings, **others)
    if settings.llm_recordings is None:
        raise ConfigurationError("LLM_RECORDING needs LLM_RECORDINGS, the folder of the recordings. Set it.")
    if settings.llm_recording == "replay":
        return Replayer(settings.llm_recordings)
    return Recorder(ChatClient.connect(settings, **others), settings.llm_recordings)


def recording_key(prompt: Prompt, correction: tuple[str, str] | None = None) -> str:
    """The name of a recording: `Prompt.key`, and for a correction a hash of it, the bad answer and the complaint."""
    if correction is None:
        return prompt.key
    return hashlib.sha256(json.dumps([prompt.key, *correction]).encode()).hexdigest()


class Recorder:
    """Asks a client and keeps what it answers. An older recording of the same question is replaced.

    Raises `ConfigurationError` where the folder cannot be written to, before anything is asked.
    """

    def __init__(self, client: AsksModel, folder: Path) -> None:
        self._client = client
        self._folder = folder.expanduser()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self._folder).close()
        except OSError as error:
            raise ConfigurationError(
                f"Recordings cannot be written to {self._folder}: {error.strerror}. Correct LLM_RECORDINGS."
            ) from None

    def ask(
        self,
        prompt: Prompt,
        structured: str,
        correction: tuple[str, str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Answer:
        """See `ChatClient.ask`."""
        key = recording_key(prompt, correction)
        made = {
            "purpose": prompt.purpose.value, "version": prompt.version, "model": prompt.model,
            "corrects": correction is not None,
        }  # fmt: skip
        try:
            answer = self._client.ask(prompt, structured, correction, without)
        except AnswerUnusable as error:
            kept = error.answer and _kept(error.answer)
            self._write(key, _Recording(**made, unusable=error.reason, explanation=str(error), answer=kept))
            raise
        self._write(key, _Recording(**made, answer=_kept(answer)))
        return answer

    def _write(self, key: str, recording: _Recording) -> None:
        """Under another name first, so that no half file is ever found under this one."""
        handle, name = tempfile.mkstemp(prefix=f".{key}.", suffix=".tmp", dir=self._folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(recording.model_dump_json(indent=1, exclude_none=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._folder / f"{key}.json")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class Replayer:
    """Answers from recordings; no server is asked, and none need exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser()

    def ask(
        self,
        prompt: Prompt,
        structured: str,
        correction: tuple[str, str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Answer:
        """The recorded answer, in whatever mode it was asked for.

        Raises what was recorded to be raised, and `ModelUnavailable` where there is no recording or it cannot be read.
        """
        recording = self._read(recording_key(prompt, correction))
        answer = recording.answer and _restored(recording.answer)
        if recording.unusable is not None:
            raise AnswerUnusable(recording.unusable, recording.explanation or "", answer=answer)
        if answer is None:
            raise self._unreadable(recording_key(prompt, correction))
        return answer

    def _read(self, key: str) -> _Recording:
        try:
            return _Recording.model_validate_json((self._folder / f"{key}.json").read_bytes())
        except FileNotFoundError:
            failure = ModelUnavailable(
                f"{self._folder} holds no recording of what is asked ({key[:12]}…): the messages, the instructions, the model "
                "or a setting differ from those recorded. Record again with LLM_RECORDING=record, or set it to off."
            )
        except (OSError, ValidationError):
            failure = self._unreadable(key)
        raise failure

    def _unreadable(self, key: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"The recording {self._folder / key}.json cannot be read. Remove it and record again with LLM_RECORDING=record."
        )


def _kept(answer: Answer) -> _Answered:
    usage = answer.usage
    used = _Used(
        tokens_in=usage.tokens_in, tokens_out=usage.tokens_out, tokens_cached=usage.tokens_cached, cost=usage.cost,
        estimated=usage.estimated,
    )  # fmt: skip
    return _Answered(
        text=answer.text, model=answer.model, finish_reason=answer.finish_reason, usage=used,
        latency_seconds=answer.latency_seconds,
    )  # fmt: skip


def _restored(kept: _Answered) -> Answer:
    usage = Usage(**kept.usage.model_dump())
    return Answer(kept.text, kept.model, kept.finish_reason, usage, kept.latency_seconds)
