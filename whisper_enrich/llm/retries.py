"""The one layer of retries: a request that fails in passing is made again, after the pause that the server asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.llm.refusal import Faltered, Passing
from whisper_enrich.settings import Settings

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 1.0


class Retries:
    """Makes a request again after `Passing`, at most LLM_MAX_RETRIES times (unless told otherwise).

    The pause is what the server asks for, else 1, 2, 4, … seconds, each with up to a second of jitter and never over
    LLM_MAX_RETRY_WAIT_SECONDS.
    """

    def __init__(self, settings: Settings, sleep: Callable[[float], None], jitter: Callable[[], float]) -> None:
        self._settings = settings
        self._sleep = sleep
        self._jitter = jitter

    def of(self, attempt: Callable[[], T], *, at_most: int | None = None) -> T:
        """What ``attempt`` returns in the end. Raises `ModelUnavailable` after the last (`Faltered`, where what was sent may
        be to blame), and whatever is not `Passing`."""
        retrying = Retrying(
            retry=retry_if_exception(self._worth_another_attempt),
            stop=stop_after_attempt(1 + (self._settings.llm_max_retries if at_most is None else at_most)),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except Passing as failure:
            last = failure
        raise self._gave_up(last, retrying.statistics["attempt_number"])

    def _worth_another_attempt(self, failure: BaseException) -> bool:
        return isinstance(failure, Passing) and (failure.wait or 0.0) <= self._settings.llm_max_retry_wait_seconds

    def _pause(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked_for = failure.wait if isinstance(failure, Passing) else None
        doubled = _FIRST_PAUSE_SECONDS * 2.0 ** min(state.attempt_number - 1, 30)
        # Jitter in both cases: callers that were turned away together must not come back together.
        pause = (doubled if asked_for is None else asked_for) + self._jitter()
        return min(pause, self._settings.llm_max_retry_wait_seconds)

    def _gave_up(self, failure: Passing, attempts: int) -> ModelUnavailable:
        longest = self._settings.llm_max_retry_wait_seconds
        if failure.wait is not None and failure.wait > longest:
            return ModelUnavailable(
                f"{failure.what}: it asks for a pause of {failure.wait:,.0f} seconds, more than the {longest:,.0f} of "
                "LLM_MAX_RETRY_WAIT_SECONDS. Run again after that pause."
            )
        tried = "once" if attempts == 1 else f"{attempts} times"
        kind = Faltered if failure.by_input else ModelUnavailable
        return kind(f"{failure.what}; tried {tried}. {failure.remedy}")


def too_slow(host: str, seconds: float) -> Passing:
    """No answer within the time-out."""
    return Passing(
        f"{host} did not answer within {seconds:g} seconds", "Run again later, or raise LLM_TIMEOUT_SECONDS.",
        by_input=True,
    )  # fmt: skip


def unreachable(host: str, error: Exception) -> Passing:
    """No connection, or one that broke off before the answer."""
    import httpx2

    cause = error.__cause__ or error
    return Passing(
        f"{host} cannot be reached, or broke off the connection ({type(cause).__name__})",
        "Check LLM_CHAT_API_URL and the network, or run again later.",
        # Once the request is on its way, whoever reads it may have died of it.
        by_input=isinstance(cause, (httpx2.ReadError, httpx2.RemoteProtocolError)),
    )


def broke_off(host: str, why: str) -> Passing:
    """An answer that is not whole."""
    return Passing(f"What {host} answered broke off or was no JSON ({why})", "Run again later.", by_input=True)
