"""The endpoint that the settings name: the connection to it, and what every client of it has in common."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.llm.retries import Retries
from whisper_enrich.settings import Settings, utc_now

if TYPE_CHECKING:
    import httpx2
    import openai

_CONNECT_SECONDS = 10.0


def connected(settings: Settings) -> openai.OpenAI:
    """The `openai` client for the endpoint of the settings, without retries of its own; nothing is sent yet.

    Without a key, no key is sent: not even one that other variables of the environment hold. Raises `ConfigurationError`
    for an address that is none.
    """
    import httpx2
    import openai

    if urlsplit(settings.llm_chat_api_url).scheme not in ("http", "https") or not host_of(settings.llm_chat_api_url):
        raise ConfigurationError(
            "LLM_CHAT_API_URL is no address of a server. It looks like https://openrouter.ai/api/v1."
        )
    for noisy in ("openai", "httpx2", "httpcore2"):
        # Below this level they may tell what is sent.
        logging.getLogger(noisy).setLevel(logging.WARNING)
    seconds, key = settings.llm_timeout_seconds, settings.model_api_key
    timeout = httpx2.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
    return openai.OpenAI(
        base_url=settings.llm_chat_api_url,
        api_key=key.get_secret_value() if key else "none",
        max_retries=0,
        timeout=timeout,
        http_client=openai.DefaultHttpxClient(
            timeout=timeout, event_hooks={"request": [] if key else [_without_authorization]}
        ),
    )


def _without_authorization(request: httpx2.Request) -> None:
    request.headers.pop("authorization", None)


def host_of(url: str) -> str:
    """Host and port of the address, without user, password and path."""
    return urlsplit(url).netloc.rpartition("@")[2]


def address_of(url: str) -> str:
    """The address without user and password."""
    return urlunsplit(urlsplit(url)._replace(netloc=host_of(url)))


class Endpoint:
    """A client of one endpoint, with the one layer of retries."""

    def __init__(
        self,
        client: openai.OpenAI,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._settings = settings
        self._retries = Retries(settings, sleep, jitter)
        self._clock = clock
        self.host = host_of(settings.llm_chat_api_url)

    @classmethod
    def connect(cls, settings: Settings, **others: Any) -> Self:
        """A client for the endpoint of the settings; nothing is sent yet. ``others`` go to the constructor.

        Raises `ConfigurationError` for an address that is none.
        """
        return cls(connected(settings), settings, **others)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
