"""When messages are sent to the model: in batches, not one by one as they arrive.

A hundred messages that arrive singly would otherwise send their conversation a hundred times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whisper_enrich.messages.model import Message
from whisper_enrich.settings import Settings
from whisper_enrich.summaries.model import Window


@dataclass(frozen=True, slots=True)
class Patience:
    """``batch`` messages of a user are enough; none waits longer than ``max_wait``; silence of ``pause`` ends a stretch."""

    batch: int
    max_wait: timedelta
    pause: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Patience:
        """The patience that the settings ask for."""
        return cls(
            settings.enrichment_batch_size,
            timedelta(seconds=settings.enrichment_max_wait_seconds),
            timedelta(seconds=settings.enrichment_pause_seconds),
        )


def facts_due(waiting: Sequence[Message], last_at: datetime, patience: Patience, now: datetime) -> datetime | None:
    """None where the facts of ``waiting`` (of one user, not empty) are to be asked for now, else when to look again.

    ``last_at`` is the time of the user's last message or answer. They are asked for when a batch is full, when the oldest
    has waited for long enough, or when the conversation has paused, whichever comes first.
    """
    oldest = min(message.at for message in waiting)
    look_again = min(oldest + patience.max_wait, last_at + patience.pause)
    return None if len(waiting) >= patience.batch or now >= look_again else look_again


def summary_due(window: Window, last_at: datetime, patience: Patience, now: datetime) -> datetime | None:
    """None where the model is to summarise the window now, else when to look again: at a pause or at the window's close."""
    look_again = min(last_at + patience.pause, window.end)
    return None if now >= look_again else look_again
