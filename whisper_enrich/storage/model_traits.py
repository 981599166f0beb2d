"""What each server was found to support, so that it is found out once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from whisper_enrich.storage.bulk import array_literal


@dataclass(frozen=True, slots=True)
class Traits:
    """``structured_output``: the way of asking for JSON that worked last (``json_schema``, ``json_object`` or ``none``), None
    where not known yet. ``without``: parameters of a request that the model does not take."""

    structured_output: str | None = None
    without: frozenset[str] = frozenset()


def traits_of(connection: Connection, base_url: str, model: str) -> Traits:
    """What is known of a model at this address."""
    row = connection.execute(
        text("SELECT structured_output, refused_parameters FROM model_traits WHERE base_url = :url AND model = :model"),
        {"url": base_url, "model": model},
    ).one_or_none()
    return Traits(row.structured_output, frozenset(row.refused_parameters)) if row is not None else Traits()


def remember(
    connection: Connection,
    base_url: str,
    model: str,
    now: datetime,
    *,
    mode: str | None = None,
    without: Collection[str] = (),
) -> None:
    """Store the way that worked, where one did, and what the model does not take, in addition to what is known."""
    connection.execute(
        text(
            """
            INSERT INTO model_traits AS t (base_url, model, structured_output, detected_at, refused_parameters)
            VALUES (:url, :model, :mode, :now, CAST(:without AS text[]))
            ON CONFLICT (base_url, model) DO UPDATE SET
                structured_output = coalesce(excluded.structured_output, t.structured_output),
                refused_parameters = ARRAY(
                    SELECT DISTINCT p FROM unnest(t.refused_parameters || excluded.refused_parameters) AS u (p) ORDER BY p),
                detected_at = excluded.detected_at
            WHERE coalesce(excluded.structured_output, t.structured_output) IS DISTINCT FROM t.structured_output
               OR NOT t.refused_parameters @> excluded.refused_parameters
            """
        ),
        {"url": base_url, "model": model, "mode": mode, "now": now, "without": array_literal(sorted(without))},
    )
