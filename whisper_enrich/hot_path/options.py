"""How the reader behaves. Plain values: the settings of the worker are read with libraries that a bot should not have to load."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from whisper_enrich.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader is told when it is made. Times in seconds.

    ``schema``, ``cache_ttl_seconds``, ``cache_max_unread_messages`` and ``worker_silence_seconds`` must be those of the worker
    (POSTGRES_SCHEMA, CACHE_TTL_SECONDS, CACHE_MAX_UNREAD_MESSAGES, WORKER_SILENCE_SECONDS): `from_environment` reads them by
    these names.

    ``deadline_seconds`` is what a call may take, whatever happens to the database. An answer that comes later is waited
    for in the background, at most ``late_seconds``, and dropped; ``most_late`` of these may hold a connection of the bot's
    pool. ``connections`` is how many the synchronous reader opens of its own. After ``failures_to_open`` failures in a row
    nothing is asked for ``open_seconds``, then one call tries again. ``remembered`` answers (about 30 kB each) are kept in
    memory for ``remember_seconds``, and given again as stale where the database does not answer.

    ``prepared`` is for the synchronous reader: False behind a pooler in transaction mode (pgbouncer), which hands each
    transaction another connection of the server. Then each query is planned anew (some 4 ms), and nothing is set or left in a
    session. A reader that finds its statements gone goes on without them by itself, but what it has set by then stays with
    the pooler. (For the asynchronous one, make the pool with ``statement_cache_size=0`` there, as asyncpg asks for.)

    What the reader counts is reported to the worker every ``report_seconds`` (`reports`); 0: never.

    ``recall_deadline_seconds`` is what `recall.recall` may wait in all, for the database and for the search by vector.

    ``facts`` and ``summaries`` are how many of them a context holds at most.
    """

    schema: str = "whisper_enrich"
    cache_ttl_seconds: float = 300.0
    cache_max_unread_messages: int = 20
    worker_silence_seconds: float = 600.0
    deadline_seconds: float = 0.020
    recall_deadline_seconds: float = 0.200
    late_seconds: float = 1.0
    most_late: int = 4
    failures_to_open: int = 5
    open_seconds: float = 2.0
    connections: int = 4
    prepared: bool = True
    facts: int = 20
    summaries: int = 5
    remembered: int = 200
    remember_seconds: float = 3600.0
    report_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", self.schema):
            raise ConfigurationError("The schema of the tables is no plain lower-case name. Correct POSTGRES_SCHEMA.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **given: float | int | str) -> Self:
        """Options with the worker's settings, from the environment. Raises `ConfigurationError` for what is no number."""
        values: dict[str, float | int | str] = {}
        for name, variable, kind in _SHARED:
            if (text := environment.get(variable, "").strip()) and name not in given:
                try:
                    values[name] = kind(text)
                except ValueError:
                    raise ConfigurationError(f"{variable} is no number. Correct it in the environment.") from None
        return cls(**values, **given)  # type: ignore[arg-type]


_SHARED = (
    ("schema", "POSTGRES_SCHEMA", str),
    ("cache_ttl_seconds", "CACHE_TTL_SECONDS", float),
    ("cache_max_unread_messages", "CACHE_MAX_UNREAD_MESSAGES", int),
    ("worker_silence_seconds", "WORKER_SILENCE_SECONDS", float),
)
