"""What the short version on a row that a model made stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from whisper_enrich.llm.types import Purpose


def register(
    connection: Connection,
    version: str,
    *,
    purpose: Purpose,
    prompt_version: str,
    model: str,
    settings: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Enter a version when it is first used; returns whether it is new. One that is known stays as it is.

    ``settings`` are what else the answer depends on: temperature, lengths.
    """
    return bool(
        connection.execute(
            text(
                """
                INSERT INTO model_versions (version, purpose, prompt_version, model, settings, first_used_at)
                VALUES (:version, :purpose, :prompt_version, :model, CAST(:settings AS jsonb), :now)
                ON CONFLICT (version) DO NOTHING
                """
            ),
            {
                "version": version, "purpose": purpose.value, "prompt_version": prompt_version, "model": model,
                "settings": json.dumps(dict(settings)), "now": now,
            },
        ).rowcount
    )  # fmt: skip
