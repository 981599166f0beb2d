"""Points that cannot be read as messages: kept by reason, never by content."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Disposition, ParsedPoint
from whisper_enrich.messages.store import MARK_HASH, MARK_LEDGER, MARK_STATUS, MARK_TIME, MARK_VERSION
from whisper_enrich.storage.bulk import copy_into_temporary

MAX_FIELDS = 64
_OURS = frozenset({MARK_STATUS, MARK_VERSION, MARK_HASH, MARK_TIME, MARK_LEDGER})


def payload_shape(payload: Any) -> dict[str, str]:
    """Field names and the types of their values; what a person needs to find the writer's mistake.

    Without our own marks: they would make another row of a point at which nothing has changed.
    """
    if not isinstance(payload, Mapping):
        return {"payload": type(payload).__name__}
    written = [(name, value) for name, value in payload.items() if name not in _OURS]
    return {str(name)[:100]: type(value).__name__ for name, value in written[:MAX_FIELDS]}


def record(
    connection: Connection,
    bot_name: str,
    collection: str,
    points: Sequence[tuple[ParsedPoint, Mapping[str, Any]]],
    *,
    now: datetime,
) -> None:
    """Enter the quarantined of ``points`` (with their payloads) and release those that are readable now.

    A point that was dealt with before and has no row here was tidied away by age: it stays so.
    """
    held = [
        (p.point_id, p.reason, p.day or now.date(), json.dumps(payload_shape(payload)))
        for p, payload in points
        if p.disposition is Disposition.QUARANTINED
    ]
    released = [p.point_id for p, _ in points if p.disposition is not Disposition.QUARANTINED]
    connection.execute(
        text("DELETE FROM quarantine WHERE bot_name = :bot AND point_id = ANY(:ids)"),
        {"bot": bot_name, "ids": released},
    )
    if not held:
        return
    copy_into_temporary(connection, "held", "quarantine", ("point_id", "reason", "day", "payload_shape"), held)
    connection.execute(
        text(
            """
            INSERT INTO quarantine AS q (bot_name, point_id, collection, reason, day, payload_shape, discovered_at)
            SELECT :bot, point_id, :collection, reason, day, payload_shape, :now FROM held h
            WHERE EXISTS (SELECT FROM quarantine e WHERE e.bot_name = :bot AND e.point_id = h.point_id)
                OR NOT EXISTS (SELECT FROM message_ledger l
                               WHERE l.bot_name = :bot AND l.point_id = h.point_id AND l.mark_state = 'done')
            ON CONFLICT (bot_name, point_id) DO UPDATE
            SET collection = excluded.collection, reason = excluded.reason, payload_shape = excluded.payload_shape
            WHERE (q.collection, q.reason, q.payload_shape)
                IS DISTINCT FROM (excluded.collection, excluded.reason, excluded.payload_shape)
            """
        ),
        {"bot": bot_name, "collection": collection, "now": now},
    )
