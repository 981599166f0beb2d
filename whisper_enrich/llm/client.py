"""The client: one question to an OpenAI-compatible endpoint, one answer, or an error that says whose fault it is."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from whisper_enrich.errors import AnswerUnusable, ModelUnavailable
from whisper_enrich.llm.endpoint import Endpoint, connected
from whisper_enrich.llm.refusal import Faltered, Passing, Refusal, StructuredOutputUnsupported, Unaccustomed, meaning
from whisper_enrich.llm.reply import error_in, read_reply
from whisper_enrich.llm.request import adapted, request_body, tokens_sent_about
from whisper_enrich.llm.retries import broke_off, too_slow, unreachable
from whisper_enrich.llm.types import Answer, Prompt, Purpose, Usage
from whisper_enrich.settings import Settings

if TYPE_CHECKING:
    import openai

__all__ = [
    "AsksModel", "ChatClient", "Faltered", "StructuredOutputUnsupported", "Unaccustomed", "answer_in_batch", "connected",
]  # fmt: skip

_log = logging.getLogger(__name__)
_BYTES_ANYWAY = 65_536
_BYTES_A_TOKEN = 64


class AsksModel(Protocol):
    """Anything that answers prompts: the client, or what records and replays its answers."""

    def ask(
        self,
        prompt: Prompt,
        structured: str,
        correction: tuple[str, str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Answer:
        """See `ChatClient.ask`."""
        ...


class ChatClient(Endpoint):
    """Chat completions at one endpoint. May be used by several threads at once.

    A request that fails in passing (429, 408, 409, 5xx, time-out, connection, a body that broke off) is made again: see
    `Retries`. Nothing else retries: the `openai` client's own are off.

    An attempt ends with the first byte that comes LLM_TIMEOUT_SECONDS or more after its beginning, and when none has come
    for that long: after twice as long at the latest. (Gateways send blanks to keep a connection alive, so that the second
    alone would not end it.)
    """

    def __init__(self, client: openai.OpenAI, settings: Settings, **others: Any) -> None:
        super().__init__(client, settings, **others)
        self._without: dict[str, frozenset[str]] = {}

    def ask(
        self,
        prompt: Prompt,
        structured: str,
        correction: tuple[str, str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Answer:
        """The answer to ``prompt``; a probe (`Purpose.PROBE`) is made once, whatever happens.

        ``structured`` is one of `request.MODES`. ``correction`` is an answer that did not do, and the complaint about it.
        ``without`` are parameters that the model is known not to take. Raises `ModelUnavailable` where the provider does not
        serve (`Faltered`, where what was sent may be to blame), `AnswerUnusable` where this input gets no answer,
        `StructuredOutputUnsupported` where the server does not take ``structured``. None of them carries any text
        that was sent or received.
        """
        body = request_body(prompt, structured, correction)
        at_most = 0 if prompt.purpose is Purpose.PROBE else None
        return self._retries.of(lambda: self._adapted(prompt, structured, body, without), at_most=at_most)

    def _adapted(self, prompt: Prompt, structured: str, body: dict[str, Any], known: frozenset[str]) -> Answer:
        """One attempt, made over at once where the model does not know a parameter; what it does not know is remembered."""
        while True:
            without = known | self._without.get(prompt.model, frozenset())
            try:
                return replace(self._attempt(prompt, structured, adapted(body, without)), without=without)
            except Unaccustomed as unaccustomed:
                parameter = unaccustomed.parameter
            if parameter in without:
                raise ModelUnavailable(
                    f"{self.host} refuses {parameter} for the model {prompt.model} in every form. Choose another model by "
                    "LLM_CHAT_MODEL."
                )
            _log.info("The model %s does not take %s as others do; asked without it.", prompt.model, parameter)
            self._without[prompt.model] = without | {parameter}

    def _attempt(self, prompt: Prompt, structured: str, body: dict[str, Any]) -> Answer:
        """One request. What is raised is raised outside of any handler, so that no error of a library, which may quote what
        was sent, hangs on to it."""
        import httpx2
        import openai

        begun = time.monotonic()
        failure: Exception
        try:
            received = self._exchange(body, begun, prompt)
        except openai.APIStatusError as error:
            refusal = Refusal.read(error.status_code, error.body, error.response.headers, self._clock())
            failure = meaning(refusal, prompt, structured, self.host)
        except (openai.APITimeoutError, httpx2.TimeoutException):
            failure = too_slow(self.host, self._settings.llm_timeout_seconds)
        except openai.APIConnectionError as error:
            failure = unreachable(self.host, error)
        except httpx2.HTTPError as error:
            failure = broke_off(self.host, type(error).__name__)
        else:
            return self._read(received, prompt, structured, body, time.monotonic() - begun)
        raise failure

    def _exchange(self, body: dict[str, Any], begun: float, prompt: Prompt) -> bytes:
        """The bytes of the answer. Raises what the libraries raise, `Passing`, `ModelUnavailable`, `AnswerUnusable`."""
        create = self._client.chat.completions.with_streaming_response.create
        with create(**body, extra_body=self._extras()) as response:
            kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
            if kind in ("text/event-stream", "text/html"):
                raise ModelUnavailable(
                    f"{self.host} answers with {kind} where a chat completion was asked for. Check that LLM_CHAT_API_URL is "
                    "the base address of an OpenAI-compatible endpoint, such as https://openrouter.ai/api/v1."
                )
            most = _BYTES_ANYWAY + _BYTES_A_TOKEN * prompt.max_output_tokens
            received = bytearray()
            for piece in response.iter_bytes():
                received += piece
                if len(received) > most:
                    raise self._endless(prompt, body, len(received), time.monotonic() - begun)
                if time.monotonic() - begun > self._settings.llm_timeout_seconds:
                    raise too_slow(self.host, self._settings.llm_timeout_seconds)
            return bytes(received)

    def _extras(self) -> dict[str, Any] | None:
        """OpenRouter tells the cost of a call where it is asked to; others might take the question for an error."""
        name = urlsplit(self._settings.llm_chat_api_url).hostname or ""
        return {"usage": {"include": True}} if name == "openrouter.ai" or name.endswith(".openrouter.ai") else None

    def _read(
        self, received: bytes, prompt: Prompt, structured: str, body: Mapping[str, Any], latency: float
    ) -> Answer:
        content = _json(received)
        if content is None:
            raise broke_off(self.host, "no whole JSON")
        error = error_in(content)
        if error is None:
            return read_reply(content, prompt, self.host, latency, tokens_sent_about(body))
        raise meaning(Refusal.read(_status(error), error), prompt, structured, self.host)

    def _endless(self, prompt: Prompt, body: Mapping[str, Any], size: int, latency: float) -> AnswerUnusable:
        usage = Usage(tokens_sent_about(body), max(size // 4, prompt.max_output_tokens), estimated=True)
        return AnswerUnusable(
            "too_long",
            f"The answer of {prompt.model} went on past {size:,} bytes, though {prompt.max_output_tokens} tokens were asked "
            "for at most; it was not read to its end.",
            answer=Answer("", prompt.model, "length", usage, latency),
        )


def answer_in_batch(status: int, body: Any, prompt: Prompt, structured: str, host: str) -> Answer:
    """The answer in a line of a batch's results: the ``status_code`` and ``body`` of its ``response``.

    Its latency is 0. Raises what `ChatClient.ask` raises; what passes there is `ModelUnavailable` here, so that the question
    can be put again, and a parameter that the model does not take is `Unaccustomed`.
    """
    error = error_in(body) if status < 400 else (body.get("error") or body if isinstance(body, Mapping) else body)
    try:
        if error is None:
            return read_reply(body, prompt, host, 0.0, tokens_sent_about(request_body(prompt, structured)))
    except Passing as passing:
        failure: Exception = passing
    else:
        failure = meaning(Refusal.read(status if status >= 400 else _status(error), error), prompt, structured, host)
    if isinstance(failure, Passing):
        failure = ModelUnavailable(f"{failure.what}. {failure.remedy}")
    raise failure


def _json(received: bytes) -> Any | None:
    try:
        return json.loads(received)
    except (ValueError, RecursionError):
        return None


def _status(error: Any) -> int:
    """The HTTP status that an error within a body names; 502 where it names none, for it came from behind the gateway."""
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code.isdecimal() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and 400 <= code <= 599 else 502
