"""The one error hierarchy.

Every message is one plain sentence that says what is wrong, followed by what to do about it. No message
carries the text of a conversation: Dagster keeps error texts for ever.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whisper_enrich.llm.types import Answer


class EnrichError(Exception):
    """Anything this project reports to a person. ``str(error)`` is the whole explanation."""


class ConfigurationError(EnrichError):
    """A setting is missing, malformed or contradicts another."""


class InputError(EnrichError):
    """What a person typed or a file that they gave cannot be used."""


class StoreError(EnrichError):
    """The message store answered with an error, or did not answer."""


class StoreUnavailable(StoreError):
    """The message store cannot be reached. A failed read is never taken for an empty store."""


class StoreBusy(StoreUnavailable):
    """Another process holds the embedded store and did not let go before the deadline."""


class DatabaseUnavailable(EnrichError):
    """PostgreSQL cannot be reached."""


class SchemaDrift(EnrichError):
    """The live schema differs from what the code expects."""


class LeaseLost(EnrichError):
    """Another worker took over while this one was working; its results were not written."""


class Withdrawn(LeaseLost):
    """A person was forgotten while their messages were being read; nothing of them was written."""


class LeaseHeld(EnrichError):
    """Another worker is on this partition now."""


class PartialFailure(EnrichError):
    """Some messages or partitions failed; what could be done was done and stored."""


class ModelError(EnrichError):
    """The language model did not give what was asked of it."""


class ModelUnavailable(ModelError):
    """The provider is down, refuses, or has no credit left: no fault of what was sent, so nothing is counted against it."""


class BudgetSpent(ModelError):
    """The next call could exceed a budget that the settings name; it was not made.

    ``holder`` is what the budget is for: ``day``, ``bot``, ``user`` or ``run``. ``frees_at`` is when there is more of it
    (aware UTC), None for a run's.
    """

    def __init__(self, explanation: str, *, holder: str, frees_at: datetime | None = None) -> None:
        super().__init__(explanation)
        self.holder = holder
        self.frees_at = frees_at


class BudgetReserved(BudgetSpent):
    """Spent only if the calls that are under way take all that they may take; when they have ended there may be room."""


class AnswerUnusable(ModelError):
    """What was sent gets no usable answer.

    ``reason`` is ``invalid``, ``refused``, ``too_long``, or ``failed``: the provider fails on it, and serves something else.
    ``answer`` is what came nevertheless, None where nothing did: its tokens were used up all the same. ``call_id`` is the
    ledger's for the call, where one was made.
    """

    def __init__(self, reason: str, explanation: str, *, answer: Answer | None = None) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.answer = answer
        self.call_id: int | None = None
