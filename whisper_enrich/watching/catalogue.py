"""Every metric once: its name, type, meaning and labels, by the part that it is collected with.

Names follow https://prometheus.io/docs/practices/naming/. No label takes a user's name or anything else without bound: bots,
stages, tables, jobs, models and the like are few. None is called ``job`` or ``instance``: so Prometheus names what it scrapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "whisper_enrich_"


class Kind(StrEnum):
    """As in the text format. A gauge histogram counts what happened within a moving time, and so may go back."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE_HISTOGRAM = "gaugehistogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """``name`` without the prefix, and without what its type adds (``_total``, ``_bucket``)."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """As it is scraped, but for the suffixes of a histogram."""
        return f"{PREFIX}{self.name}{'_total' if self.kind is Kind.COUNTER else ''}"

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its samples."""
        suffixes = {
            Kind.HISTOGRAM: ("_bucket", "_count", "_sum"),
            Kind.GAUGE_HISTOGRAM: ("_bucket", "_gcount", "_gsum"),
        }
        return tuple(f"{self.full_name}{suffix}" for suffix in suffixes.get(self.kind, ("",)))


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, meaning, labels)


def _counter(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, meaning, labels)


_OF_CALLS = ("bot", "purpose", "model")

METRICS: dict[str, tuple[Metric, ...]] = {
    "exporter": (
        _gauge("up", "Whether the target answered when it was last asked.", "target"),
        _gauge("build_info", "Always 1; what is running.", "version", "python", "engine"),
        _gauge("collect_success", "Whether the part was collected when it was last tried.", "part"),
        _gauge("collect_duration_seconds", "What that took.", "part"),
        _gauge("collect_timestamp_seconds", "When the part was last collected successfully.", "part"),
    ),
    "worker": (
        _gauge("schema_info", "Always 1; the revision that the database is at.", "revision"),
        _gauge("heartbeat_timestamp_seconds", "The worker's last sign of life for a bot.", "bot"),
        _gauge("alive_timestamp_seconds", "The worker's last sign of life for any bot."),
        _gauge(
            "uptime_ratio",
            "Share of the window in which the worker was not silent for longer than WORKER_SILENCE_SECONDS; target 0.99.",
            "bot", "window",
        ),
    ),
    "ledger": (
        _gauge("oldest_waiting_age_seconds", "How long the oldest message that could be worked on has waited; 0: none.", "bot"),
        _gauge("newest_unread_age_seconds", "Age of the newest message whose facts are not read yet; 0: none.", "bot"),
        _gauge(
            "pending_messages",
            "Messages that wait for a stage. due: could be worked on; later: wait for others or a window; retry: failed before.",
            "bot", "stage", "state",
        ),
        _gauge("dead_letters", "Messages that were set aside after their last attempt.", "bot", "stage"),
        _gauge("quarantined_points", "Points that cannot be read as messages.", "bot"),
        _gauge("open_requests", "Users whom a bot wants read at once, and who are not yet.", "bot"),
    ),
    "stages": (
        Metric("stage_duration_seconds", Kind.HISTOGRAM, "What a stage took within a step of a run, of all bots.", ("stage",)),
        _counter("stage_seconds", "What a stage took, all steps together.", "bot", "stage"),
        _counter("stage_steps", "Steps of runs that had any of it.", "bot", "stage"),
        _counter("stage_messages", "Messages that a stage worked off.", "bot", "stage"),
        _counter("stage_results", "Assertions or summaries that came of them.", "bot", "stage"),
        _counter("stage_failures", "Attempts at a message that failed.", "bot", "stage"),
    ),
    "model": (
        _counter("model_calls", "Settled calls of a language model.", *_OF_CALLS, "outcome"),
        _counter("model_messages", "Messages sent as content, by what came of the call.", *_OF_CALLS, "outcome"),
        _counter("model_tokens", "Tokens; those in the cache are among those in.", *_OF_CALLS, "kind"),
        _counter("model_cost_dollars", "US dollars, of calls whose price is known.", *_OF_CALLS),
        _counter("model_unpriced_calls", "Calls that took tokens and whose price is not known.", *_OF_CALLS),
        _counter("model_wait_seconds", "Waited for answers.", *_OF_CALLS),
        _gauge("budget_limit", "The budgets that are set, in tokens or US dollars.", "holder", "unit"),
        _gauge(
            "budget_used_ratio",
            "Share of a budget that is spent or reserved; of all users or runs the highest. The bot only for those of bots.",
            "holder", "unit", "bot",
        ),
        _gauge("budget_waiting_messages", "Messages that wait because a budget is spent.", "bot"),
    ),
    "reader": (
        _gauge("recent_reads", "Reads of the bots within the last hour, by what they got.", "bot", "table", "outcome"),
        _gauge("recent_unfresh_reads", "Of these, those that got nothing fresh, by reason.", "table", "reason"),
        _gauge("recent_time_anchored_questions", "Questions of the last hour that named a time.", "found"),
        _gauge("cache_hit_ratio", "Share of the reads of caches, facts, summaries within the last hour that were fresh.", "bot"),
        Metric(
            "recent_read_latency_seconds", Kind.GAUGE_HISTOGRAM, "Round trips of the readers within the last five minutes.",
            ("table",),
        ),
    ),
    "storage": (
        _gauge("database_size_bytes", "The whole database that holds our schema."),
        _gauge("table_size_bytes", "A table of ours with its indexes.", "table"),
        _gauge("table_rows", "Its rows, as PostgreSQL estimates them.", "table"),
        _gauge("cache_rows", "Rows of the caches: valid, or past their end.", "table", "state"),
        _gauge("home_free_bytes", "Room on the disk that holds the state folder."),
    ),
    "store": (
        _gauge("points", "Points of a bot in the message store.", "bot"),
    ),
    "untaken": (
        _gauge("untaken_points", "Points in the message store that the ledger does not know yet.", "bot"),
        _gauge("oldest_untaken_age_seconds", "Age of the oldest message among the first of those; 0: none.", "bot"),
    ),
    "runs": (
        _counter("runs", "Runs that ended while this exporter watched.", "dagster_job", "status"),
        Metric("run_duration_seconds", Kind.HISTOGRAM, "What they took, from start to end.", ("dagster_job", "status")),
        _gauge("runs_in_flight", "Runs that are queued or running.", "state"),
        _gauge("consecutive_failed_runs", "Runs of a job for a bot that have failed in a row, up to now.", "dagster_job", "bot"),
        _gauge("last_success_timestamp_seconds", "When a run of the bot last succeeded.", "bot"),
    ),
    "checks": (
        _gauge("check_failed", "1 where the latest evaluation of an asset check failed, else 0.", "asset", "check"),
        _gauge("check_timestamp_seconds", "When it was last evaluated.", "asset", "check"),
    ),
    "event_log": (_gauge("dagster_event_log_bytes", "What Dagster's event log takes on disk."),),
}  # fmt: skip


def metric(name: str) -> Metric:
    """By its name without prefix. Raises `KeyError`."""
    return _BY_NAME[name]


_BY_NAME = {metric.name: metric for part in METRICS.values() for metric in part}
