"""Requests to a Qdrant server: what passes is tried again, what does not becomes one plain sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from whisper_enrich.errors import StoreError, StoreUnavailable

_NO_ANSWER = 0
_LONGEST_PAUSE = 5.0
_GRPC_STATUS = {
    "UNAVAILABLE": _NO_ANSWER,
    "DEADLINE_EXCEEDED": 504,
    "RESOURCE_EXHAUSTED": 429,
    "ABORTED": 503,
    "INTERNAL": 500,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
}

T = TypeVar("T")


class NotFound(StoreError):
    """The server knows no such collection, or no such point."""


class ServerCalls:
    """Runs requests against one server.

    A request that fails for a passing reason is tried ``attempts`` times in all, with random pauses that grow from
    ``pause_seconds``, or as long as the server asks, 5 s at most. Error texts name the server and what was being done,
    never what the server said: that may quote a message.
    """

    def __init__(self, address: str, attempts: int, pause_seconds: float) -> None:
        self._address = address
        self._attempts = attempts
        self._pause_seconds = pause_seconds

    def run(self, doing: str, request: Callable[[], T]) -> T:
        """The answer to ``request``. Raises `StoreUnavailable`, `NotFound` or `StoreError`."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        retrying = Retrying(
            stop=stop_after_attempt(self._attempts), wait=self._pause, retry=retry_if_exception(_passes), reraise=True
        )
        try:
            return retrying(request)
        except _client_errors() as error:
            raise self._in_our_words(doing, error) from None

    def _pause(self, state: Any) -> float:
        from tenacity import wait_random_exponential

        asked_for = getattr(state.outcome.exception(), "retry_after_s", None)
        if asked_for is not None:
            return min(float(asked_for), _LONGEST_PAUSE)
        return wait_random_exponential(multiplier=self._pause_seconds, max=_LONGEST_PAUSE)(state)

    def _in_our_words(self, doing: str, error: BaseException) -> StoreError:
        status = _status(error)
        server = f"Qdrant at {self._address}"
        if status == _NO_ANSWER:
            return StoreUnavailable(
                f"{server} cannot be reached ({_why_no_answer(error)}). Start it, or correct QDRANT_URL, or QDRANT_HOST "
                "with QDRANT_PORT or QDRANT_GRPC_PORT."
            )
        if status in (401, 403):
            return StoreUnavailable(f"{server} refuses us access (while {doing}). Correct QDRANT_API_KEY.")
        if _is_passing_status(status):
            return StoreUnavailable(
                f"{server} is overloaded or failing (status {status} while {doing}). Look at its log and try again."
            )
        if status == 404:
            return NotFound(
                f"{server} does not know what was asked for (while {doing}). Check that the collection exists and that "
                "QDRANT_URL or QDRANT_HOST names the right server."
            )
        if b"ndex required" in getattr(error, "content", b""):
            return StoreError(
                f"{server} is in strict mode and has no payload index for a field that we filter on (while {doing}). "
                "Let the payload indexes be created first."
            )
        return StoreError(
            f"{server} refused a request ({type(error).__name__}, status {status}, while {doing}). Look at its log."
        )


def _client_errors() -> tuple[type[BaseException], ...]:
    """What the client raises: its own errors, gRPC's, and the bare ones of its local mode and of its checks."""
    import grpc
    import httpx
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException

    return (ApiException, QdrantException, grpc.RpcError, httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError)


def _passes(error: BaseException) -> bool:
    return isinstance(error, _client_errors()) and _is_passing_status(_status(error))


def _is_passing_status(status: int | None) -> bool:
    return status is not None and (status in (_NO_ANSWER, 408, 429) or status >= 500)


def _status(error: BaseException) -> int | None:
    """The HTTP status, or what would be one; 0 where nothing answered; None where the client itself refused."""
    if hasattr(error, "retry_after_s"):
        return 429
    if hasattr(error, "status_code"):
        return error.status_code
    if hasattr(error, "code"):
        return _GRPC_STATUS.get(error.code().name, 400)
    if _transport_error(error) is not None:
        return _NO_ANSWER
    # The client's local mode, which stands in for a server in tests, raises bare errors.
    unknown = isinstance(error, KeyError) or (isinstance(error, ValueError) and str(error).endswith("not found"))
    return 404 if unknown else None


def _transport_error(error: BaseException) -> BaseException | None:
    import httpx

    source = getattr(error, "source", error)
    return source if isinstance(source, (httpx.TransportError, OSError)) else None


def _why_no_answer(error: BaseException) -> str:
    import httpx

    source = _transport_error(error)
    if isinstance(source, httpx.TimeoutException):
        return "no answer in time"
    return "no connection" if source is None else f"no connection, {type(source).__name__}"
