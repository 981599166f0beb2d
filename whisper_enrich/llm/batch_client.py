"""The provider's batch endpoint: many questions in one file, answered within a day at a lower price."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from whisper_enrich.errors import ModelError, ModelUnavailable
from whisper_enrich.llm.endpoint import Endpoint
from whisper_enrich.llm.refusal import Passing, Refusal, meaning_for_all
from whisper_enrich.llm.retries import broke_off, too_slow, unreachable

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

_log = logging.getLogger(__name__)

LABEL = "whisper_enrich"
"""The key of a batch's metadata under which it bears our id."""
_ENDPOINT = "/v1/chat/completions"
_WINDOW = "24h"
_PAGE = 100
_LOOKED_THROUGH = 2_000
_NO_ENDPOINT = (404, 405, 501)


class BatchesUnsupported(ModelUnavailable):
    """The endpoint has no batches."""


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """A batch as the provider sees it. ``ended`` is True when nothing more will come; ``failure`` is a plain word."""

    provider_id: str
    status: str
    input_file: str | None
    output_file: str | None
    error_file: str | None
    failure: str | None = None

    @property
    def ended(self) -> bool:
        """Whether its results are as complete as they will be."""
        return self.status in ("completed", "failed", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class ResultLine:
    """What came of one request: HTTP status and body, both None where the provider did not get as far as asking."""

    custom_id: str
    status: int | None
    body: Any


class BatchClient(Endpoint):
    """Batches at one endpoint. What passes is tried again as `ChatClient` does it; nothing of a text goes into an error."""

    def require(self) -> None:
        """Raise `BatchesUnsupported` where the endpoint has no batches, `ModelUnavailable` where it does not serve us."""
        self._asked(lambda: self._client.batches.list(limit=1).data)

    def find(self, batch_id: str) -> BatchStatus | None:
        """The batch that bears our id, among the newest that the provider lists."""
        return self._asked(lambda: self._look_up(batch_id))

    def upload(self, batch_id: str, requests: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
        """Hand in the file with the requests (custom id, body of the chat completion); returns the provider's id of it."""
        content = "".join(map(_line, requests)).encode()
        name = f"{LABEL}-{batch_id}.jsonl"
        return self._asked(lambda: self._client.files.create(file=(name, content), purpose="batch").id)

    def create(self, batch_id: str, file_id: str) -> str:
        """Start the batch over a file that was handed in; returns the provider's id of it.

        An attempt whose answer got lost may have started it all the same: before another one, it is looked for.
        """
        attempts = 0

        def attempt() -> str:
            nonlocal attempts
            attempts += 1
            if attempts > 1 and (started := self._look_up(batch_id)) is not None:
                return started.provider_id
            return self._client.batches.create(
                input_file_id=file_id, endpoint=_ENDPOINT, completion_window=_WINDOW, metadata={LABEL: batch_id}
            ).id

        return self._asked(attempt)

    def status(self, provider_id: str) -> BatchStatus | None:
        """How far it is; None where the provider does not know it any more."""
        try:
            return self._asked(lambda: _status(self._client.batches.retrieve(provider_id)))
        except BatchesUnsupported:
            return None

    def results(self, status: BatchStatus) -> Iterator[ResultLine]:
        """The lines of both files, in no order. What is no line of results is passed over: its request has no result."""
        for name in filter(None, (status.output_file, status.error_file)):
            content = self._asked(lambda name=name: self._client.files.content(name).content)
            for line in content.splitlines():
                result = _result(line)
                if result is not None:
                    yield result

    def cancel(self, provider_id: str) -> None:
        """Stop a batch that nobody will collect."""
        self._asked(lambda: self._client.batches.cancel(provider_id).id)

    def remove_files(self, status: BatchStatus) -> None:
        """Remove what was sent and what was answered from the provider's store of files.

        One that cannot be removed is named in the log: what to do about it is for its owner to decide.
        """
        for name in filter(None, (status.input_file, status.output_file, status.error_file)):
            try:
                self._asked(lambda name=name: self._client.files.delete(name).id)
            except ModelError as error:
                _log.warning("The file %s of a finished batch stays at %s: %s", name, self.host, error)

    def _look_up(self, batch_id: str) -> BatchStatus | None:
        for number, batch in enumerate(self._client.batches.list(limit=_PAGE)):
            if (batch.metadata or {}).get(LABEL) == batch_id:
                return _status(batch)
            if number >= _LOOKED_THROUGH:
                break
        return None

    def _asked(self, attempt: Callable[[], T]) -> T:
        return self._retries.of(lambda: self._once(attempt))

    def _once(self, attempt: Callable[[], T]) -> T:
        """One request. As in `ChatClient`, what is raised hangs on to no error of a library."""
        import httpx2
        import openai

        failure: Exception
        try:
            return attempt()
        except openai.APIStatusError as error:
            failure = self._refused(error)
        except (openai.APITimeoutError, httpx2.TimeoutException):
            failure = too_slow(self.host, self._settings.llm_timeout_seconds)
        except openai.APIConnectionError as error:
            failure = unreachable(self.host, error)
        except (httpx2.HTTPError, ValueError) as error:
            failure = broke_off(self.host, type(error).__name__)
        except AttributeError:
            # The library hands on whatever is no JSON object as it came: a page of a web server.
            failure = self._unsupported("no JSON")
        raise failure

    def _refused(self, error: openai.APIStatusError) -> ModelError | Passing:
        refusal = Refusal.read(error.status_code, error.body, error.response.headers, self._clock())
        if refusal.status in _NO_ENDPOINT:
            return self._unsupported(str(refusal))
        return meaning_for_all(refusal, self._settings.llm_chat_model or "", self.host)

    def _unsupported(self, why: str) -> BatchesUnsupported:
        return BatchesUnsupported(
            f"{self.host} offers no batches ({why}). Run `whisper-enrich enrich` without --batch: it asks at once, at the "
            "usual price."
        )


def _line(request: tuple[str, Mapping[str, Any]]) -> str:
    custom_id, body = request
    line = {"custom_id": custom_id, "method": "POST", "url": _ENDPOINT, "body": body}
    # JSON escapes whatever is not ASCII: a lone surrogate would not be UTF-8.
    return json.dumps(line) + "\n"


def _status(batch: Any) -> BatchStatus:
    errors = getattr(batch.errors, "data", None) or []
    codes = [entry.code for entry in errors if isinstance(entry.code, str) and entry.code.isidentifier()]
    return BatchStatus(
        batch.id,
        batch.status,
        batch.input_file_id,
        batch.output_file_id,
        batch.error_file_id,
        codes[0] if codes else None,
    )


def _result(line: bytes) -> ResultLine | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping) or not isinstance(found.get("custom_id"), str):
        return None
    response = found.get("response")
    if not isinstance(response, Mapping) or not isinstance(response.get("status_code"), int):
        return ResultLine(found["custom_id"], None, None)
    return ResultLine(found["custom_id"], response["status_code"], response.get("body"))
