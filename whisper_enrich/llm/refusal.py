"""What a provider's error means: the provider cannot serve anybody, or this input gets no answer, or try again.

Nothing of an error's text goes into an exception: it may repeat what was sent. Its code does, where it is a plain word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from whisper_enrich.errors import AnswerUnusable, ModelError, ModelUnavailable
from whisper_enrich.llm.types import Prompt


class StructuredOutputUnsupported(ModelError):
    """The server refuses the way in which a structured answer was asked for; another may do."""


class Faltered(ModelUnavailable):
    """The provider failed in a way that what was sent may be to blame for: whether it serves anything else is to be seen."""


class Passing(Exception):
    """A failure that may be gone at the next attempt: what happened, what to do should it stay, and the pause asked for.

    ``by_input`` says that what was sent may be to blame.
    """

    def __init__(self, what: str, remedy: str, *, wait: float | None = None, by_input: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.wait = wait
        self.by_input = by_input


class Unaccustomed(Exception):
    """The model does not take a parameter of the request, and can be asked without it."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


ADAPTABLE = ("max_tokens", "temperature")

_PASSING = frozenset({408, 409, 425, 429})
_FOR_GOOD = frozenset({501, 505})
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")

_CREDIT_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_credits"}
)
_REFUSED_CODES = frozenset(
    {
        "content_filter", "content_policy_violation", "content_violation", "moderation_blocked", "invalid_prompt",
        "responsibleaipolicyviolation", "data_inspection_failed", "prohibited_content", "refusal",
    }
)  # fmt: skip
_TOO_LONG_CODES = frozenset(
    {
        "context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "string_too_long",
        "token_limit_exceeded", "request_too_large",
    }
)  # fmt: skip
_NO_MODEL_CODES = frozenset({"model_not_found", "invalid_model", "model_decommissioned", "unknown_model"})
_NO_JSON_CODES = frozenset({"json_validate_failed"})

_CREDIT = re.compile(r"insufficient (credit|quota|balance|funds)|credit balance", re.I)
_REFUSED = re.compile(
    r"content management policy|content policy|(prompt|input|request) was flagged|inappropriate content", re.I
)
_TOO_LONG = re.compile(
    r"context (length|window|size)|prompt is too long|too many (input )?tokens|input token count|input is too long"
    r"|reduce the length|request too large",
    re.I,
)
_CONTEXT_LENGTH = re.compile(r"context length (?:is|of) (\d+)", re.I)
_NO_MODEL = re.compile(r"not a valid model|\bmodel\b.{0,120}?(not found|not exist|unknown)", re.I | re.S)
_STRUCTURED = re.compile(
    r"response_?format|json_?schema|json_object|structured.?output|guided|grammar|response_?schema|json mode", re.I
)
_UNSUPPORTED = re.compile(r"unsupported|not supported|does not support|not support", re.I)
_INSTRUCTIONS_AND_MORE = 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a provider reports it: an HTTP status, or the status that the body of an HTTP 200 carries."""

    status: int
    code: str = ""
    parameter: str = ""
    text: str = field(default="", repr=False)
    flagged: bool = False
    wait: float | None = None

    @classmethod
    def read(
        cls, status: int, error: Any, headers: Mapping[str, str] | None = None, now: datetime | None = None
    ) -> Refusal:
        """From the ``error`` object of a body (or whatever the body is), and the headers where there are any."""
        wait = retry_after(headers, now) if headers is not None and now is not None else None
        if not isinstance(error, Mapping):
            return cls(status, text=error if isinstance(error, str) else "", wait=wait)
        details = error.get("metadata") if isinstance(error.get("metadata"), Mapping) else {}
        inner = error.get("innererror") if isinstance(error.get("innererror"), Mapping) else {}
        codes = (error.get("code"), inner.get("code"), details.get("error_type"), error.get("type"))
        words = [code for code in codes if isinstance(code, str) and _PLAIN_WORD.fullmatch(code)]
        known = (word for word in words if word.lower() in _KNOWN_CODES)
        return cls(
            status,
            code=next(known, words[0] if words else ""),
            parameter=error["param"] if isinstance(error.get("param"), str) else "",
            text=_text(error),
            flagged="flagged_input" in details or "reasons" in details,
            wait=wait,
        )

    def says(self, codes: frozenset[str], words: re.Pattern[str]) -> bool:
        """True where the code is one of these, or the text has these words."""
        return self.code.lower() in codes or words.search(self.text) is not None

    def __str__(self) -> str:
        return f'HTTP {self.status}, "{self.code}"' if self.code else f"HTTP {self.status}"


_KNOWN_CODES = _CREDIT_CODES | _REFUSED_CODES | _TOO_LONG_CODES | _NO_MODEL_CODES | _NO_JSON_CODES


def _text(error: Mapping[str, Any]) -> str:
    """What the error says, for recognising it: a message, or the places and messages of a list of complaints."""
    message = error.get("message")
    if isinstance(message, str):
        return message
    complaints = error.get("detail")
    if isinstance(complaints, str):
        return complaints
    if not isinstance(complaints, list):
        return ""
    return "; ".join(f"{c.get('loc')} {c.get('msg')}" for c in complaints if isinstance(c, Mapping))


def meaning(refusal: Refusal, prompt: Prompt, structured: str, host: str) -> ModelError | Passing | Unaccustomed:
    """The exception for a refusal. What concerns the input comes first: elsewhere it would stop everybody's work."""
    return (
        _about_input(refusal, prompt, host)
        or _about_request(refusal, structured, host)
        or meaning_for_all(refusal, prompt.model, host)
    )


def meaning_for_all(refusal: Refusal, model: str, host: str) -> ModelError | Passing:
    """The exception for a refusal that concerns no single input."""
    return _about_account(refusal, model, host) or _about_service(refusal, host)


def _about_input(refusal: Refusal, prompt: Prompt, host: str) -> ModelError | None:
    status = refusal.status
    by_filter = status in (400, 422) and refusal.says(_REFUSED_CODES, _REFUSED)
    if by_filter or (status == 403 and (refusal.flagged or refusal.code.lower() in _REFUSED_CODES)):
        return AnswerUnusable("refused", f"{host} refuses this input by its content rules ({refusal}).")
    if status == 413 or (status in (400, 422, 429, 500) and refusal.says(_TOO_LONG_CODES, _TOO_LONG)):
        room = _CONTEXT_LENGTH.search(refusal.text)
        if room and int(room[1]) <= prompt.max_output_tokens + _INSTRUCTIONS_AND_MORE:
            return ModelUnavailable(
                f"The model {prompt.model} has room for {room[1]} tokens in all, hardly more than the "
                f"{prompt.max_output_tokens} that an answer may have. Lower LLM_MAX_OUTPUT_TOKENS, or choose a model with "
                "a longer context."
            )
        return AnswerUnusable("too_long", f"The input is too long for the model {prompt.model} ({refusal}).")
    if status == 400 and refusal.code.lower() in _NO_JSON_CODES:
        return AnswerUnusable("invalid", f"The model's answer was no valid JSON, says {host} ({refusal}).")
    return None


def _about_request(refusal: Refusal, structured: str, host: str) -> ModelError | Unaccustomed | None:
    if refusal.status not in (400, 404, 415, 422, 500, 501):
        return None
    for parameter in ADAPTABLE:
        named = refusal.parameter == parameter or f"'{parameter}'" in refusal.text
        if refusal.status in (400, 422) and named and _UNSUPPORTED.search(f"{refusal.code} {refusal.text}"):
            return Unaccustomed(parameter)
    if structured != "none" and (
        refusal.parameter.startswith("response_format") or _STRUCTURED.search(refusal.text) is not None
    ):
        return StructuredOutputUnsupported(f"{host} does not take response_format {structured} ({refusal}).")
    if refusal.status in (400, 422) and "max_tokens" in (refusal.parameter, *refusal.text.split()):
        return ModelUnavailable(
            f"{host} does not allow answers of so many tokens ({refusal}). Lower LLM_MAX_OUTPUT_TOKENS."
        )
    return None


def _about_account(refusal: Refusal, model: str, host: str) -> ModelError | None:
    status, spent = refusal.status, refusal.code.lower() in _CREDIT_CODES
    if status == 402 or spent or (status in (400, 403) and _CREDIT.search(refusal.text)):
        return ModelUnavailable(
            f"The credit or quota at {host} is used up ({refusal}). Add credit there, then run again; nothing was lost."
        )
    if status == 401:
        return ModelUnavailable(f"{host} does not accept the API key ({refusal}). Correct LLM_CHAT_API_KEY.")
    if status in (400, 404) and refusal.says(_NO_MODEL_CODES, _NO_MODEL):
        return _unknown_model(refusal, model, host)
    if status == 403:
        return ModelUnavailable(
            f"{host} does not let this API key use the model {model} ({refusal}). Correct LLM_CHAT_API_KEY, or "
            "choose another model by LLM_CHAT_MODEL."
        )
    return _unknown_model(refusal, model, host) if status == 404 else None


def _unknown_model(refusal: Refusal, model: str, host: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{host} has no model {model}, or nothing at this address ({refusal}). Correct LLM_CHAT_MODEL (or "
        "LLM_FACT_EXTRACTION_MODEL), or LLM_CHAT_API_URL."
    )


def _about_service(refusal: Refusal, host: str) -> ModelError | Passing:
    status = refusal.status
    if status == 429:
        return Passing(
            f"{host} takes no more requests for now ({refusal})", "Run again later, or lower LLM_CONCURRENCY.",
            wait=refusal.wait,
        )  # fmt: skip
    if status in _PASSING or (status >= 500 and status not in _FOR_GOOD):
        by_input = status >= 500 or status == 408
        return Passing(
            f"{host} fails to serve the request ({refusal})", "Run again later.", wait=refusal.wait, by_input=by_input
        )
    return ModelUnavailable(
        f"{host} refuses the request as invalid ({refusal}). Check that LLM_CHAT_API_URL is the base address of an "
        "OpenAI-compatible endpoint, and that LLM_CHAT_MODEL is a chat model."
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by ``retry-after-ms`` or ``Retry-After`` (seconds or a date), None where neither can be read.

    A date counts from the response's own ``Date``, so that the clocks of both ends need not agree, else from ``now``.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return seconds * unit
    until = _date(headers.get("retry-after"))
    if until is None:
        return None
    return max(0.0, (until - (_date(headers.get("date")) or now)).total_seconds())


def _number(text: str | None) -> float | None:
    if text is None or re.fullmatch(r"\s*\d{1,12}(\.\d*)?\s*", text) is None:
        return None
    return float(text)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        read = parsedate_to_datetime(text)
    except ValueError:
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
