"""The body of a chat completion as an `Answer`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from whisper_enrich.errors import AnswerUnusable
from whisper_enrich.llm.refusal import Passing
from whisper_enrich.llm.request import tokens_about
from whisper_enrich.llm.types import Answer, Prompt, Usage

_LENGTH = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "safety", "recitation", "prohibited_content", "refusal"})
_LONGEST_NAME = 200


def error_in(body: Any) -> Any | None:
    """The error that a body with HTTP status 200 carries, as gateways report a failing upstream; None for none."""
    if not isinstance(body, Mapping):
        return None
    return body.get("error") or _choice(body).get("error") or None


def read_reply(body: Any, prompt: Prompt, host: str, latency_seconds: float, tokens_sent: int) -> Answer:
    """The answer in a body without error.

    ``tokens_sent`` is the estimate that stands in where the provider does not count. Raises `AnswerUnusable`: ``refused``
    (a refusal or the provider's content filter), ``too_long`` (cut off at the most tokens), ``invalid`` (nothing in it).
    Raises `Passing` for a body that is no chat completion, and for one that the provider itself says went wrong.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("choices"), list):
        raise Passing(
            f"What {host} answers is no chat completion",
            "Check that LLM_CHAT_API_URL is the base address of an OpenAI-compatible endpoint.",
        )
    choice = _choice(body)
    if _finish_reason(choice) == "error":
        raise Passing(f"{host} broke off the answer", "Run again later.", by_input=True)
    message = choice.get("message") if isinstance(choice.get("message"), Mapping) else {}
    text = storable(_content(message.get("content")))
    model = body.get("model")
    answer = Answer(
        text=text,
        model=storable(model)[:_LONGEST_NAME] if isinstance(model, str) and model else prompt.model,
        finish_reason=_finish_reason(choice),
        usage=read_usage(body.get("usage"), tokens_sent, tokens_about(text)),
        latency_seconds=latency_seconds,
    )
    _check(answer, refused=bool(message.get("refusal")))
    return answer


def _check(answer: Answer, *, refused: bool) -> None:
    if refused or answer.finish_reason == "content_filter":
        raise AnswerUnusable("refused", f"The model {answer.model} refused to answer.", answer=answer)
    if answer.finish_reason == "length":
        raise AnswerUnusable(
            "too_long",
            f"The answer of {answer.model} was cut off after {answer.usage.tokens_out} tokens. LLM_MAX_OUTPUT_TOKENS "
            "says how many there may be.",
            answer=answer,
        )
    if not answer.text.strip():
        raise AnswerUnusable("invalid", f"The answer of {answer.model} was empty.", answer=answer)


def _choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else {}


def _content(content: Any) -> str:
    """The text; of a list of parts, the text parts (reasoning comes as a part of another type)."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    return "".join(part for part in parts if isinstance(part, str))


def _finish_reason(choice: Mapping[str, Any]) -> str:
    reason = choice.get("finish_reason")
    reason = storable(reason).lower()[:_LONGEST_NAME] if isinstance(reason, str) else ""
    return "length" if reason in _LENGTH else "content_filter" if reason in _FILTERED else reason


def read_usage(usage: Any, tokens_sent: int, tokens_received: int) -> Usage:
    """Counts and cost as the provider gives them; the estimates in place of counts that are missing or impossible."""
    given = usage if isinstance(usage, Mapping) else {}
    details = given.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    tokens_in, tokens_out = _count(given.get("prompt_tokens")), _count(given.get("completion_tokens"))
    estimated = tokens_in is None or tokens_out is None
    tokens_in = tokens_sent if tokens_in is None else tokens_in
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_received if tokens_out is None else tokens_out,
        tokens_cached=min(cached or 0, tokens_in),
        cost=_cost(given.get("cost")),
        estimated=estimated,
    )


_MOST = 2**31 - 1


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _cost(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        cost = Decimal(str(value))
    except InvalidOperation:
        return None
    return cost if cost.is_finite() and 0 <= cost < 1_000_000 else None


def storable(text: str) -> str:
    """Without NUL characters and with lone surrogates replaced: PostgreSQL and UTF-8 hold neither."""
    return text.replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
