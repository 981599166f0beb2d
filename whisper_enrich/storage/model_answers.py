"""Raw answers of the model, kept before they are parsed, so that a run killed afterwards does not pay twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from sqlalchemy import Connection, Row, text

from whisper_enrich.llm.reply import storable
from whisper_enrich.llm.types import Errand, Purpose
from whisper_enrich.storage import model_batches, model_calls
from whisper_enrich.storage.bulk import array_literal


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it came; ``points`` are (point id, content hash) of the messages sent as content, in order."""

    request_key: str
    purpose: Purpose
    points: tuple[tuple[str, str], ...]
    answer: str
    received_at: datetime
    call_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that has an answer, without the answer; ``points`` as in `StoredAnswer`."""

    request_key: str
    purpose: Purpose
    points: tuple[tuple[str, str], ...]


_COLUMNS = "request_key, purpose, point_ids, content_hashes, answer, received_at, call_id"


class Asked(Protocol):
    """A question, as far as its answer is kept: a `Prompt`, or what is left of one in a batch."""

    @property
    def key(self) -> str:
        """What equal questions have in common."""
        ...

    @property
    def purpose(self) -> Purpose:
        """What it was put for."""
        ...


def store(connection: Connection, errand: Errand, prompt: Asked, call_id: int, answer: str, now: datetime) -> None:
    """Keep an answer, usable until somebody finds otherwise. One to the same question takes the place of the earlier."""
    connection.execute(
        text(
            """
            INSERT INTO model_answers (request_key, call_id, bot_name, user_id, purpose, version, point_ids, content_hashes,
                                       answer, received_at, usable)
            VALUES (:key, :call, :bot, :user, :purpose, :version, CAST(:points AS text[]), CAST(:hashes AS text[]), :answer,
                    :now, true)
            ON CONFLICT (request_key) DO UPDATE SET call_id = excluded.call_id, bot_name = excluded.bot_name,
                user_id = excluded.user_id, purpose = excluded.purpose, version = excluded.version,
                point_ids = excluded.point_ids, content_hashes = excluded.content_hashes, answer = excluded.answer,
                received_at = excluded.received_at, usable = true
            """
        ),
        {
            "key": prompt.key, "call": call_id, "bot": errand.bot_name, "user": errand.user_id,
            "purpose": prompt.purpose.value, "version": errand.version,
            "points": array_literal(point for point, _ in errand.points),
            "hashes": array_literal(content for _, content in errand.points), "answer": storable(answer), "now": now,
        },
    )  # fmt: skip


def find(connection: Connection, request_key: str) -> StoredAnswer | None:
    """The usable answer to this question, whoever's messages it was put for."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM model_answers WHERE request_key = :key AND usable"), {"key": request_key}
    ).one_or_none()
    return _stored(row) if row is not None else None


def known(connection: Connection, request_keys: Collection[str]) -> set[str]:
    """Of these questions, those with a usable answer."""
    rows = connection.execute(
        text("SELECT request_key FROM model_answers WHERE request_key = ANY(CAST(:keys AS text[])) AND usable"),
        {"keys": array_literal(request_keys)},
    )
    return set(rows.scalars())


def answers_for(
    connection: Connection, bot_name: str, user_id: str, version: str, purposes: Collection[Purpose]
) -> list[Answered]:
    """What was asked for these purposes under an engine version and has a usable answer, newest first.

    Answers are kept before they are parsed: one whose run was killed at that moment may still turn out to be unusable.
    """
    rows = connection.execute(
        text(
            """
            SELECT request_key, purpose, point_ids, content_hashes FROM model_answers
            WHERE bot_name = :bot AND user_id = :user AND version = :version AND purpose = ANY(:purposes) AND usable
            ORDER BY received_at DESC, call_id DESC
            """
        ),
        {"bot": bot_name, "user": user_id, "version": version, "purposes": [purpose.value for purpose in purposes]},
    )
    return [
        Answered(row.request_key, Purpose(row.purpose), tuple(zip(row.point_ids, row.content_hashes, strict=True)))
        for row in rows
    ]


def _stored(row: Row) -> StoredAnswer:
    points = tuple(zip(row.point_ids, row.content_hashes, strict=True))
    return StoredAnswer(row.request_key, Purpose(row.purpose), points, row.answer, row.received_at, row.call_id)


def mark_unusable(connection: Connection, request_key: str) -> None:
    """It did not pass the checks: the question may be asked again."""
    connection.execute(text("UPDATE model_answers SET usable = false WHERE request_key = :key"), {"key": request_key})


def prune(connection: Connection, now: datetime, retention_days: int) -> int:
    """Drop answers older than ``retention_days``; returns how many. What was made of them stays."""
    return connection.execute(
        text("DELETE FROM model_answers WHERE received_at < :before"), {"before": now - timedelta(days=retention_days)}
    ).rowcount


@dataclass(frozen=True, slots=True)
class Erased:
    """Answers removed, and calls that no longer say whose messages they were about."""

    answers: int
    calls: int


def erase_user(connection: Connection, user_id: str, bot_name: str | None = None) -> Erased:
    """Remove what a user's messages were answered, for all bots or for one.

    The ledger of calls keeps its figures under a random name that nothing leads back from (`model_calls.forget_user`): they
    say what was paid, and to lower them would let a budget be exceeded.
    """
    # Before the calls: whoever collects a batch locks it first, too.
    model_batches.erase_user(connection, user_id, bot_name)
    calls = model_calls.forget_user(connection, user_id, f"erased-{uuid4().hex[:20]}", bot_name)
    answers = connection.execute(
        text("DELETE FROM model_answers WHERE user_id = :user AND (CAST(:bot AS text) IS NULL OR bot_name = :bot)"),
        {"user": user_id, "bot": bot_name},
    ).rowcount
    return Erased(answers, calls)
