"""Batches at a provider: what was handed in, for whom, and what became of it.

A batch is open from before it is handed in until its results are stored. While it is open its row says what each request
stands for, without any message's text; afterwards the calls in `model_calls` bear its run id, and the row says no more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from whisper_enrich.llm.types import Errand, Purpose

HELD = timedelta(hours=26)
"""For how long messages wait for the answers of their batch: the provider's 24 hours, and time to collect them."""

Points = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One question of a batch: its call, what the answer will be stored under, how it was put.

    ``mode`` is the way in which a structured answer was asked for; ``tokens_in`` an estimate. Where the user was erased
    meanwhile, the errand has no user and no points.
    """

    call_id: int
    key: str
    purpose: Purpose
    errand: Errand
    prompt_version: str
    model: str
    mode: str
    max_output_tokens: int
    tokens_in: int

    @property
    def custom_id(self) -> str:
        """What the provider knows it by."""
        return str(self.call_id)


@dataclass(frozen=True, slots=True)
class Batch:
    """An open batch; ``provider_id`` is None until the provider is known to have it."""

    id: str
    bot_name: str
    run_id: str
    base_url: str
    created_at: datetime
    requests: tuple[BatchRequest, ...] = field(repr=False)
    provider_id: str | None = None

    @property
    def held_until(self) -> datetime:
        """When messages stop waiting for it."""
        return self.created_at + HELD

    @property
    def points(self) -> set[str]:
        """The messages that it is about."""
        return {point for request in self.requests for point, _ in request.errand.points}

    @property
    def user_days(self) -> set[tuple[str, date]]:
        """Their users and days."""
        return {(request.errand.user_id, request.errand.day) for request in self.requests}


_OPEN = "state IN ('preparing', 'submitted')"
_COLUMNS = "id, bot_name, run_id, base_url, created_at, requests, provider_id"


def insert(connection: Connection, batch: Batch) -> None:
    """Enter a batch that is about to be handed in."""
    connection.execute(
        text(
            """
            INSERT INTO model_batches (id, bot_name, run_id, base_url, state, created_at, requests)
            VALUES (CAST(:id AS uuid), :bot, :run, :url, 'preparing', :now, CAST(:requests AS jsonb))
            """
        ),
        {
            "id": batch.id, "bot": batch.bot_name, "run": batch.run_id, "url": batch.base_url, "now": batch.created_at,
            "requests": json.dumps({request.custom_id: _entry(request) for request in batch.requests}),
        },
    )  # fmt: skip


def _entry(request: BatchRequest) -> dict[str, Any]:
    errand = request.errand
    return {
        "key": request.key, "purpose": request.purpose.value, "user_id": errand.user_id, "day": errand.day.isoformat(),
        "version": errand.version, "points": errand.points, "prompt_version": request.prompt_version,
        "model": request.model, "mode": request.mode, "max_output_tokens": request.max_output_tokens,
        "tokens_in": request.tokens_in,
    }  # fmt: skip


def open_batches(connection: Connection, base_url: str, bot_name: str | None = None) -> list[Batch]:
    """Batches at this endpoint whose results are not stored yet, oldest first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM model_batches WHERE {_OPEN} AND base_url = :url "
            "AND (CAST(:bot AS text) IS NULL OR bot_name = :bot) ORDER BY created_at, id"
        ),
        {"url": base_url, "bot": bot_name},
    )
    return [_batch(row) for row in rows]


def open_elsewhere(connection: Connection, base_url: str) -> dict[str, int]:
    """How many batches are open at other endpoints than this, by their addresses."""
    rows = connection.execute(
        text(
            f"SELECT base_url, count(*) AS batches FROM model_batches WHERE {_OPEN} AND base_url <> :url "
            "GROUP BY base_url ORDER BY base_url"
        ),
        {"url": base_url},
    )
    return {row.base_url: row.batches for row in rows}


def locked(connection: Connection, batch_id: str) -> Batch | None:
    """The batch as it is now, which nobody else changes until the transaction ends; None where it is open no more."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM model_batches WHERE id = CAST(:id AS uuid) AND {_OPEN} FOR UPDATE"),
        {"id": batch_id},
    ).one_or_none()
    return _batch(row) if row is not None else None


def _batch(row: Row) -> Batch:
    requests = tuple(_request(row, call_id, entry) for call_id, entry in row.requests.items())
    return Batch(str(row.id), row.bot_name, row.run_id, row.base_url, row.created_at, requests, row.provider_id)


def _request(row: Row, call_id: str, entry: Mapping[str, Any]) -> BatchRequest:
    errand = Errand(
        row.run_id, row.bot_name, entry["user_id"], date.fromisoformat(entry["day"]), entry["version"],
        _points(entry["points"]),
    )  # fmt: skip
    return BatchRequest(
        int(call_id), entry["key"], Purpose(entry["purpose"]), errand, entry["prompt_version"], entry["model"],
        entry["mode"], entry["max_output_tokens"], entry["tokens_in"],
    )  # fmt: skip


def _points(entries: Sequence[Sequence[str]]) -> Points:
    return tuple((point, content) for point, content in entries)


def submitted(connection: Connection, batch_id: str, provider_id: str) -> bool:
    """Note that the provider has the batch. False where somebody else has decided on it."""
    return bool(
        connection.execute(
            text(
                "UPDATE model_batches SET state = 'submitted', provider_id = :provider "
                "WHERE id = CAST(:id AS uuid) AND state = 'preparing'"
            ),
            {"id": batch_id, "provider": provider_id},
        ).rowcount
    )


def finish(connection: Connection, batch_id: str, now: datetime, failure: str | None = None) -> None:
    """Close a batch: collected, or failed for a reason. What its requests stood for goes."""
    connection.execute(
        text(
            "UPDATE model_batches SET state = :state, finished_at = :now, failure = :failure, requests = '{}' "
            f"WHERE id = CAST(:id AS uuid) AND {_OPEN}"
        ),
        {"id": batch_id, "now": now, "state": "failed" if failure else "collected", "failure": failure},
    )


@dataclass(frozen=True, slots=True)
class Held:
    """What users' messages are in batches whose answers are waited for: by user, purpose and engine version."""

    groups: Mapping[tuple[str, Purpose, str], Sequence[tuple[Points, datetime]]] = field(default_factory=dict)

    def together(self, user_id: str, purpose: Purpose, version: str) -> list[Points]:
        """What is asked about together."""
        return [points for points, _ in self.groups.get((user_id, purpose, version), ())]

    def until(self, user_id: str, versions: Collection[tuple[Purpose, str]]) -> dict[tuple[str, str], datetime]:
        """By (point id, content hash), until when a message waits for an answer of one of these kinds."""
        found: dict[tuple[str, str], datetime] = {}
        for purpose, version in versions:
            for points, until in self.groups.get((user_id, purpose, version), ()):
                for point in points:
                    found[point] = max(until, found.get(point, until))
        return found


def held(connection: Connection, bot_name: str, users: Collection[str], now: datetime) -> Held:
    """What of these users' messages is in an open batch that is young enough to be waited for."""
    rows = connection.execute(
        text(
            f"""
            SELECT b.created_at, r.value AS entry FROM model_batches b, jsonb_each(b.requests) r
            WHERE b.{_OPEN} AND b.bot_name = :bot AND b.created_at > :since AND r.value->>'user_id' = ANY(:users)
            ORDER BY b.created_at DESC
            """
        ),
        {"bot": bot_name, "since": now - HELD, "users": list(users)},
    )
    groups: dict[tuple[str, Purpose, str], list[tuple[Points, datetime]]] = {}
    for row in rows:
        entry = row.entry
        name = (entry["user_id"], Purpose(entry["purpose"]), entry["version"])
        groups.setdefault(name, []).append((_points(entry["points"]), row.created_at + HELD))
    return Held(groups)


def erase_user(connection: Connection, user_id: str, bot_name: str | None = None) -> int:
    """Forget whose requests in open batches these are, for all bots or for one; returns how many.

    Their calls are still settled at what they took; their answers are not stored.
    """
    rows = connection.execute(
        text(
            f"SELECT id, requests FROM model_batches WHERE {_OPEN} AND (CAST(:bot AS text) IS NULL OR bot_name = :bot) "
            "ORDER BY id FOR UPDATE"
        ),
        {"bot": bot_name},
    ).all()
    count = 0
    for row in rows:
        mine = {name: entry for name, entry in row.requests.items() if entry["user_id"] == user_id}
        if not mine:
            continue
        blank = {name: {**entry, "user_id": "", "key": "", "points": []} for name, entry in mine.items()}
        connection.execute(
            text("UPDATE model_batches SET requests = requests || CAST(:blank AS jsonb) WHERE id = :id"),
            {"id": row.id, "blank": json.dumps(blank)},
        )
        count += len(mine)
    return count


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """A batch for a person: ``requests`` by what came of them. Tokens of what is not settled yet are not counted."""

    id: str
    bot_name: str
    provider_id: str | None
    state: str
    created_at: datetime
    finished_at: datetime | None
    failure: str | None
    requests: int
    answered: int
    failed: int
    tokens: int
    cost: float


_FIGURES = """
    SELECT CAST(b.id AS text) AS id, b.bot_name, b.provider_id, b.state, b.created_at, b.finished_at, b.failure,
        count(c.id) AS requests,
        count(c.id) FILTER (WHERE c.outcome IN ('answered', 'invalid')) AS answered,
        count(c.id) FILTER (WHERE c.outcome IN ('unavailable', 'refused', 'too_long')) AS failed,
        coalesce(sum(c.tokens_in + c.tokens_out) FILTER (WHERE c.outcome NOT IN ('reserved', 'lost')), 0) AS tokens,
        CAST(coalesce(sum(c.cost) FILTER (WHERE c.outcome NOT IN ('reserved', 'lost')), 0) AS float) AS cost
    FROM (SELECT * FROM model_batches WHERE {which}) b
    LEFT JOIN model_calls c ON c.run_id = b.run_id
    GROUP BY b.id, b.bot_name, b.provider_id, b.state, b.created_at, b.finished_at, b.failure
    ORDER BY b.created_at DESC, b.id
"""


def figures(connection: Connection, limit: int = 50) -> list[BatchFigures]:
    """The latest batches, newest first."""
    which = "true ORDER BY created_at DESC, id LIMIT :limit"
    rows = connection.execute(text(_FIGURES.format(which=which)), {"limit": limit})
    return [BatchFigures(**row._mapping) for row in rows]


def figures_of(connection: Connection, batch_id: str) -> BatchFigures:
    """One batch."""
    row = connection.execute(text(_FIGURES.format(which="id = CAST(:id AS uuid)")), {"id": batch_id}).one()
    return BatchFigures(**row._mapping)
