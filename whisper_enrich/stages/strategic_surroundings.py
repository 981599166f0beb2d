"""What is known of a bot and its users beside their messages: measured metrics, the platform's tables, reports of the bots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from whisper_enrich.metrics.influx import Measured, MetricsSource
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.platform import platform_states
from whisper_enrich.storage.strategic_inputs import feedback_of
from whisper_enrich.strategic.engines import Surroundings
from whisper_enrich.strategic.performance_inputs import Feedback

DAYS = 90
"""How far back performance is looked at."""

Surrounding = Callable[[Sequence[str]], Surroundings]
"""What surrounds these users."""


def surroundings_of(database: Database, source: MetricsSource, bot_name: str, now: datetime) -> Surrounding:
    """A reader for the users of one bot; the metrics of the bot are read with the first of them."""
    measured: list[Measured] = []

    def read(users: Sequence[str]) -> Surroundings:
        if not measured:
            measured.append(source.read(bot_name, now.date(), DAYS))
        since = (now - timedelta(days=DAYS)).date()
        reported: dict[str, list[Feedback]] = defaultdict(list)
        with database.connect() as connection:
            for user_id, at, score, kind in feedback_of(connection, bot_name, since):
                reported[user_id].append(Feedback(at.timestamp(), score, kind))
            states = platform_states(connection, bot_name, users, since)
        everybody = [one for reports in reported.values() for one in reports]
        return Surroundings(
            by_user={
                user_id: measured[0].of_user(user_id).with_platform([states[user_id]], reported[user_id])
                for user_id in users
            },
            of_bot=measured[0].of_bot().with_platform(list(states.values()), everybody),
        )

    return read
