"""The one error hierarchy.

Every message is one plain sentence that says what is wrong, followed by what to do about it. No message
carries the text of a conversation: Dagster keeps error texts for ever.
"""


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


class LeaseHeld(EnrichError):
    """Another worker is on this partition now."""


class PartialFailure(EnrichError):
    """Some messages or partitions failed; what could be done was done and stored."""


class ModelError(EnrichError):
    """The language model did not give what was asked of it."""


class ModelUnavailable(ModelError):
    """The provider is down, refuses, or has no credit left: no fault of what was sent, so nothing is counted against it."""


class BudgetSpent(ModelError):
    """The next call could exceed a budget that the settings name; it was not made."""


class AnswerUnusable(ModelError):
    """What was sent gets no usable answer: ``reason`` is ``invalid``, ``refused`` or ``too_long``."""

    def __init__(self, reason: str, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
