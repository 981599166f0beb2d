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
    """A question that has an answer, or was given up on, without the answer; ``points`` as in `StoredAnswer`."""

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
                received_at = excluded.received_at, usable = true, failure = NULL
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
    return _questions(connection, bot_name, user_id, [version], purposes, "usable")


def given_up_for(
    connection: Connection, bot_name: str, user_id: str, versions: Collection[str], purposes: Collection[Purpose]
) -> list[Answered]:
    """What was asked for these purposes under these engine versions and given up on, newest first."""
    return _questions(connection, bot_name, user_id, versions, purposes, "NOT usable AND tries > 0")


def _questions(
    connection: Connection,
    bot_name: str,
    user_id: str,
    versions: Collection[str],
    purposes: Collection[Purpose],
    condition: str,
) -> list[Answered]:
    rows = connection.execute(
        text(
            f"""
            SELECT request_key, purpose, point_ids, content_hashes FROM model_answers
            WHERE bot_name = :bot AND user_id = :user AND version = ANY(:versions) AND purpose = ANY(:purposes)
              AND {condition}
            ORDER BY received_at DESC, call_id DESC
            """
        ),
        {
            "bot": bot_name, "user": user_id, "versions": list(versions),
            "purposes": [purpose.value for purpose in purposes],
        },
    )  # fmt: skip
    return [
        Answered(row.request_key, Purpose(row.purpose), tuple(zip(row.point_ids, row.content_hashes, strict=True)))
        for row in rows
    ]


def _stored(row: Row) -> StoredAnswer:
    points = tuple(zip(row.point_ids, row.content_hashes, strict=True))
    return StoredAnswer(row.request_key, Purpose(row.purpose), points, row.answer, row.received_at, row.call_id)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A question that got no usable answer, why, and how often it was put in vain."""

    failure: str
    tries: int


def given_up(connection: Connection, request_keys: Collection[str]) -> dict[str, GivenUp]:
    """Of these questions, those that were given up on."""
    rows = connection.execute(
        text(
            "SELECT request_key, failure, tries FROM model_answers "
            "WHERE request_key = ANY(CAST(:keys AS text[])) AND NOT usable AND tries > 0 AND failure IS NOT NULL"
        ),
        {"keys": array_literal(request_keys)},
    )
    return {row.request_key: GivenUp(row.failure, row.tries) for row in rows}


def give_up(
    connection: Connection, errand: Errand, prompt: Asked, call_id: int | None, failure: str, now: datetime
) -> None:
    """The question got no usable answer: remember that, and that it was put once more.

    Of a user who was erased since the call was made, nothing is remembered.
    """
    connection.execute(
        text(
            """
            INSERT INTO model_answers AS a (request_key, call_id, bot_name, user_id, purpose, version, point_ids,
                content_hashes, answer, received_at, usable, failure, tries)
            SELECT :key, :call, :bot, :user, :purpose, :version, CAST(:points AS text[]), CAST(:hashes AS text[]), '', :now,
                false, :failure, 1
            WHERE EXISTS (SELECT FROM model_calls WHERE id = :call AND user_id = :user)
               OR EXISTS (SELECT FROM model_answers WHERE request_key = :key)
            ON CONFLICT (request_key) DO UPDATE SET usable = false, failure = excluded.failure, tries = a.tries + 1
            """
        ),
        {
            "key": prompt.key, "call": call_id, "bot": errand.bot_name, "user": errand.user_id,
            "purpose": prompt.purpose.value, "version": errand.version,
            "points": array_literal(point for point, _ in errand.points),
            "hashes": array_literal(content for _, content in errand.points), "failure": failure, "now": now,
        },
    )  # fmt: skip


def forget_given_up(connection: Connection, bot_name: str, point_ids: Collection[str]) -> int:
    """Let questions about these messages be put afresh; returns how many were given up on."""
    return connection.execute(
        text(
            "UPDATE model_answers SET tries = 0 WHERE bot_name = :bot AND NOT usable AND tries > 0 "
            "AND point_ids && CAST(:points AS text[])"
        ),
        {"bot": bot_name, "points": array_literal(point_ids)},
    ).rowcount


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
