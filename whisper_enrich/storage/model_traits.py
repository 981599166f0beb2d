"""What each server was found to support, so that it is found out once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text


def structured_output(connection: Connection, base_url: str, model: str) -> str | None:
    """The way of asking for JSON that worked last: ``json_schema``, ``json_object`` or ``none``; None where not known yet."""
    return connection.execute(
        text("SELECT structured_output FROM model_traits WHERE base_url = :url AND model = :model"),
        {"url": base_url, "model": model},
    ).scalar()


def remember_structured_output(connection: Connection, base_url: str, model: str, mode: str, now: datetime) -> None:
    """Store the way that worked."""
    connection.execute(
        text(
            """
            INSERT INTO model_traits AS t (base_url, model, structured_output, detected_at)
            VALUES (:url, :model, :mode, :now)
            ON CONFLICT (base_url, model) DO UPDATE
            SET structured_output = excluded.structured_output, detected_at = excluded.detected_at
            WHERE t.structured_output <> excluded.structured_output
            """
        ),
        {"url": base_url, "model": model, "mode": mode, "now": now},
    )
