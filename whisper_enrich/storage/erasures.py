"""Tombstones in the database, and a copy beside it that outlives the restore of an older backup."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Row, text

from whisper_enrich.errors import ConfigurationError, Withdrawn
from whisper_enrich.llm.types import Errand
from whisper_enrich.rights.tombstones import ALL_BOTS, KEY_BYTES, Tombstone, Tombstones, person_hash
from whisper_enrich.settings import Settings
from whisper_enrich.storage.bulk import array_literal

_COLUMNS = (
    "id", "key_id", "person", "bot_name", "asked_at", "covers_until", "with_messages", "model_opt_out", "finished_at",
    "counts",
)  # fmt: skip
_SELECT = "SELECT " + ", ".join(f"CAST({name} AS text) AS {name}" if "id" in name else name for name in _COLUMNS)


def enter(
    connection: Connection,
    user_id: str,
    bot_name: str,
    *,
    asked_at: datetime,
    covers_until: datetime | None,
    with_messages: bool,
    model_opt_out: bool,
) -> Tombstone:
    """Write the tombstone of a user who is about to be forgotten by a bot (`ALL_BOTS`: by all)."""
    key_id, key = _own_key(connection)
    row = connection.execute(
        text(
            """
            INSERT INTO erasures (key_id, person, bot_name, asked_at, covers_until, with_messages, model_opt_out)
            VALUES (CAST(:key AS uuid), :person, :bot, :asked, :until, :messages, :opt_out)
            RETURNING CAST(id AS text)
            """
        ),
        {
            "key": key_id, "person": person_hash(key, user_id), "bot": bot_name, "asked": asked_at,
            "until": covers_until, "messages": with_messages, "opt_out": model_opt_out,
        },
    )  # fmt: skip
    return Tombstone(
        row.scalar_one(),
        key_id,
        person_hash(key, user_id),
        bot_name,
        asked_at,
        covers_until,
        with_messages,
        model_opt_out,
    )


def _own_key(connection: Connection) -> tuple[str, bytes]:
    """The key of this database, made when it is first needed."""
    connection.execute(text("LOCK TABLE erasure_keys IN SHARE ROW EXCLUSIVE MODE"))
    keys = keys_of(connection)
    if not keys:
        connection.execute(
            text("INSERT INTO erasure_keys (key) VALUES (:key)"), {"key": secrets.token_bytes(KEY_BYTES)}
        )
        keys = keys_of(connection)
    return next(iter(keys.items()))


def keys_of(connection: Connection) -> dict[str, bytes]:
    """Every key by its id, the database's own first."""
    rows = connection.execute(text("SELECT CAST(id AS text) AS id, key FROM erasure_keys ORDER BY made_at, id"))
    return {row.id: bytes(row.key) for row in rows}


def tombstones_of(connection: Connection) -> Tombstones:
    """All of them, with their keys: what a backup keeps beside the dump, for `merge_tombstones` after a restore."""
    rows = connection.execute(text(f"{_SELECT} FROM erasures ORDER BY asked_at, id"))
    return Tombstones(keys_of(connection), [_stone(row) for row in rows])


def merge_tombstones(connection: Connection, tombstones: Tombstones) -> int:
    """Enter those that this database does not know, as not finished: what they cover may have come back with a restore.

    Returns how many. `stages.erasure.resume` then erases what they cover.
    """
    for key_id, key in tombstones.keys.items():
        connection.execute(
            text("INSERT INTO erasure_keys (id, key) VALUES (CAST(:id AS uuid), :key) ON CONFLICT (id) DO NOTHING"),
            {"id": key_id, "key": key},
        )
    return sum(
        connection.execute(
            text(
                """
                INSERT INTO erasures (id, key_id, person, bot_name, asked_at, covers_until, with_messages, model_opt_out)
                VALUES (CAST(:id AS uuid), CAST(:key AS uuid), :person, :bot, :asked, :until, :messages, :opt_out)
                ON CONFLICT (id) DO NOTHING
                """
            ),
            {
                "id": stone.id, "key": stone.key_id, "person": stone.person, "bot": stone.bot_name,
                "asked": stone.asked_at, "until": stone.covers_until, "messages": stone.with_messages,
                "opt_out": stone.model_opt_out,
            },
        ).rowcount
        for stone in tombstones.stones
    )  # fmt: skip


def of_users(connection: Connection, user_ids: Collection[str], bot_name: str | None = None) -> Tombstones:
    """The tombstones of these users, whose messages with this bot (None: with any) are concerned."""
    keys = keys_of(connection) if user_ids else {}
    if not keys:
        return Tombstones()
    persons = {person_hash(key, user_id) for key in keys.values() for user_id in user_ids}
    rows = connection.execute(
        text(
            f"{_SELECT} FROM erasures WHERE person = ANY(CAST(:persons AS text[])) "
            "AND (CAST(:bot AS text) IS NULL OR bot_name IN (:bot, :all)) ORDER BY asked_at, id"
        ),
        {"persons": array_literal(persons), "bot": bot_name, "all": ALL_BOTS},
    )
    return Tombstones(keys, [_stone(row) for row in rows])


def unfinished(connection: Connection, bot_name: str | None = None) -> Tombstones:
    """Those that are to be gone on with, which concern this bot (None: any)."""
    rows = connection.execute(
        text(
            f"{_SELECT} FROM erasures WHERE finished_at IS NULL "
            "AND (CAST(:bot AS text) IS NULL OR bot_name IN (:bot, :all)) ORDER BY asked_at, id"
        ),
        {"bot": bot_name, "all": ALL_BOTS},
    )
    stones = [_stone(row) for row in rows]
    return Tombstones(keys_of(connection), stones) if stones else Tombstones()


def finish(connection: Connection, tombstone_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """Everything is gone; a finished one stays as it was."""
    connection.execute(
        text(
            "UPDATE erasures SET finished_at = :now, counts = CAST(:counts AS jsonb) "
            "WHERE id = CAST(:id AS uuid) AND finished_at IS NULL"
        ),
        {"id": tombstone_id, "now": now, "counts": json.dumps(counts)},
    )


def lift(connection: Connection, user_id: str, now: datetime) -> int:
    """What is said after ``now`` is derived from again; returns the tombstones that had covered it, too."""
    stones = [stone.id for stone in of_users(connection, [user_id]).stones if stone.covers_until is None]
    connection.execute(
        text("UPDATE erasures SET covers_until = :now WHERE CAST(id AS text) = ANY(CAST(:ids AS text[]))"),
        {"now": now, "ids": array_literal(stones)},
    )
    return len(stones)


def refuse_withdrawn(connection: Connection, errand: Errand) -> None:
    """Raise `Withdrawn` where a question is about messages of a user who was forgotten, or opted out of models, since they were
    read."""
    opted_out = text("SELECT EXISTS (SELECT FROM user_profiles WHERE user_id = :user AND model_opt_out)")
    if connection.execute(opted_out, {"user": errand.user_id}).scalar_one():
        raise Withdrawn(
            "A person asked that no model reads what they say while this run was about to ask one. It did not; run it again."
        )
    if not of_users(connection, [errand.user_id], errand.bot_name).stones:
        return
    known = connection.execute(
        text(
            "SELECT count(*) FROM message_ledger WHERE bot_name = :bot AND user_id = :user "
            "AND (:all OR point_id = ANY(CAST(:points AS text[])))"
        ),
        {
            "bot": errand.bot_name, "user": errand.user_id, "all": not errand.points,
            "points": array_literal(point for point, _ in errand.points),
        },
    ).scalar_one()  # fmt: skip
    if known < len({point for point, _ in errand.points}) or not known:
        raise Withdrawn(
            "A person was forgotten while this run was reading what they had said. It asked nothing about it and wrote "
            "nothing of it; run it again."
        )


def _stone(row: Row) -> Tombstone:
    return Tombstone(**row._mapping)


def beside(settings: Settings) -> Path:
    """The file in the state folder with a copy of the tombstones of this database and schema."""
    database = "embedded" if settings.embedded_postgres else settings.postgres_db
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in f"{database}-{settings.postgres_schema}")
    return settings.home / f"erasures-{name}.json"


def write_beside(settings: Settings, tombstones: Tombstones) -> bool:
    """Write the copy, together with what it holds already; readable by its owner alone. False where the folder takes none."""
    try:
        _write(beside(settings), settings, tombstones)
    except OSError:
        return False
    return True


def _write(path: Path, settings: Settings, tombstones: Tombstones) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    before = read_beside(settings)
    known = {stone.id for stone in tombstones.stones}
    merged = Tombstones(
        {**before.keys, **tombstones.keys},
        [*(stone for stone in before.stones if stone.id not in known), *tombstones.stones],
    )
    unfinished_file = path.with_suffix(".new")
    descriptor = os.open(unfinished_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(merged.as_json(), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished_file.replace(path)


def read_beside(settings: Settings) -> Tombstones:
    """The copy; none where there is no file. Raises `ConfigurationError` for one that cannot be read."""
    path = beside(settings)
    try:
        return Tombstones.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Tombstones()
    except (OSError, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"The file {path} with the list of those who asked to be forgotten cannot be read. Restore it from a backup; "
            "if it is lost, remove it: the database holds the list, too, unless an older backup was restored."
        ) from None


def unknown_of(connection: Connection, tombstones: Iterable[Tombstone]) -> list[Tombstone]:
    """Of these, those that the database does not know."""
    known = set(connection.execute(text("SELECT CAST(id AS text) FROM erasures")).scalars())
    return [stone for stone in tombstones if stone.id not in known]
