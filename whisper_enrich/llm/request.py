"""A prompt as the body of a chat completion."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from whisper_enrich.llm.types import Prompt

MODES = ("json_schema", "json_object", "none")
"""How an answer is held to its schema: by the server, by the server as far as JSON goes, by the instructions alone."""

_AS_JSON = "Answer with one JSON object that fits this JSON schema, and with nothing else:"


def adapted(body: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """The body for a model that does not take some parameters. OpenAI's reasoning models have another name for the most
    tokens, and one temperature only."""
    made_over = {name: value for name, value in body.items() if name not in without}
    if "max_tokens" in without:
        made_over["max_completion_tokens"] = body["max_tokens"]
    return made_over


def request_body(prompt: Prompt, structured: str, correction: tuple[str, str] | None = None) -> dict[str, Any]:
    """What is posted to ``/chat/completions``, or stands as ``body`` in a line of a batch.

    ``structured`` is one of `MODES`. ``correction`` is an answer that did not do and the complaint about it: they follow
    as the assistant's message and the user's. Raises ValueError for a mode that there is not.
    """
    if structured not in MODES:
        raise ValueError(f"structured output is one of {', '.join(MODES)}, not {structured!r}")
    body: dict[str, Any] = {
        "model": prompt.model,
        "messages": _messages(prompt, structured, correction),
        "temperature": prompt.temperature,
        "max_tokens": prompt.max_output_tokens,
    }
    if structured == "json_schema":
        named = {"name": prompt.schema_name, "schema": prompt.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif structured == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _messages(prompt: Prompt, structured: str, correction: tuple[str, str] | None) -> list[dict[str, str]]:
    instructions = prompt.instructions
    if structured != "json_schema":
        schema = json.dumps(prompt.schema, ensure_ascii=False, separators=(",", ":"))
        instructions = f"{instructions}\n{_AS_JSON}\n{schema}"
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": prompt.material}]
    if correction is not None:
        answer, complaint = correction
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": complaint}]
    return messages


def tokens_about(*texts: str) -> int:
    """Tokens of the texts, about: a quarter of their UTF-8 bytes, rounded up.

    For figures only. English has four bytes a token; scripts of two and three bytes a letter come near it likewise.
    """
    return -(-sum(len(text.encode("utf-8", "replace")) for text in texts) // 4)


def tokens_sent_about(body: Mapping[str, Any]) -> int:
    """Tokens of the messages in a request, about."""
    return tokens_about(*(message["content"] for message in body["messages"]))
