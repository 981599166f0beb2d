"""Every setting, once: its environment variable, type, unit and default.

The names are the chat platform's own where it has one, so that its ``.env`` can be used as it is. A file ``.env`` in the
working directory is read, the environment wins over it. `whisper-enrich doctor` prints what is in force.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.rights.pii import Policy, policy


class Price(BaseModel):
    """US dollars a million tokens. ``cached`` is for what the provider had in its cache; ``in`` where it is not given."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid", frozen=True)

    tokens_in: float = Field(alias="in", ge=0)
    tokens_out: float = Field(alias="out", ge=0)
    tokens_cached: float | None = Field(None, alias="cached", ge=0)


DIVISORS_OF_A_DAY = (1, 2, 3, 4, 6, 8, 12, 24)


class Settings(BaseSettings):
    """All settings. Field names, upper-cased, are the environment variables."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True)

    whisper_enrich_home: Path = Field(
        Path(".whisper-enrich"),
        description="Folder of the embedded databases, Dagster's local storage and logs. Removing it starts afresh.",
    )

    qdrant_url: str | None = Field(
        None, description="Qdrant server, e.g. http://localhost:6333. Wins over QDRANT_HOST."
    )
    qdrant_host: str | None = Field(None, description="Qdrant host. Neither URL nor host: the embedded engine is used.")
    qdrant_port: int = Field(6333, ge=1, le=65535, description="Qdrant REST port.")
    qdrant_grpc_port: int = Field(6334, ge=1, le=65535, description="Qdrant gRPC port.")
    qdrant_prefer_grpc: bool = Field(False, description="Talk gRPC to Qdrant where possible.")
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")
    qdrant_timeout_seconds: float = Field(20.0, gt=0, description="Time-out of one Qdrant request, seconds.")
    qdrant_collection_prefix: Annotated[tuple[str, ...], NoDecode] = Field(
        ("whisperengine_memory_", "chat_memories_"),
        description="Prefixes that make a collection a bot's, comma separated; the first is used for new ones.",
    )
    qdrant_page_size: int = Field(1000, ge=1, le=10_000, description="Points a page when reading.")

    postgres_host: str | None = Field(None, description="PostgreSQL host. Absent: the embedded PostgreSQL is used.")
    postgres_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL port.")
    postgres_db: str = Field("whisperengine", description="PostgreSQL database.")
    postgres_user: str = Field("whisperengine", description="PostgreSQL user.")
    postgres_password: SecretStr | None = Field(None, description="PostgreSQL password.")
    postgres_schema: str = Field(
        "whisper_enrich", pattern=r"^[a-z_][a-z0-9_]*$", description="Schema that holds our tables."
    )
    postgres_connect_timeout_seconds: int = Field(5, ge=1, description="Time-out of a connection attempt, seconds.")

    enrichment_interval_seconds: int = Field(300, ge=1, description="Pause between two refreshes, seconds.")
    enrichment_sensor_seconds: int = Field(
        30, ge=5, description="Pause between two looks for new points of a busy bot, seconds."
    )
    enrichment_sensor_max_seconds: int = Field(
        300,
        ge=5,
        description="The longest such pause: a quiet bot is looked at again after a tenth of its silence, seconds.",
    )
    enrichment_batch_size: int = Field(50, ge=1, description="Messages a batch for extraction by a model.")
    enrichment_pending_grace_seconds: int = Field(
        900, ge=0, description="Age after which a message that still waits is reported, seconds."
    )
    enrichment_max_attempts: int = Field(5, ge=1, description="Attempts at one message before it is set aside.")
    enrichment_retry_base_seconds: int = Field(60, ge=1, description="First pause before a retry, seconds; it doubles.")
    enrichment_lease_seconds: int = Field(
        300, ge=10, description="How long a worker keeps a partition without renewing its lease, seconds."
    )
    enrichment_max_bots_per_tick: int = Field(25, ge=1, description="Bots that one sensor tick looks at.")
    enrichment_user_shares: int = Field(
        1,
        ge=1,
        le=64,
        description="Runs at most among which the users of one bot are shared out while over 40,000 of its messages wait; "
        "1: never. With a Qdrant server only.",
    )
    enrichment_metadata_preview: bool = Field(
        False,
        description="Show fact statements and summaries in Dagster metadata. They stay in its event log for ever.",
    )
    enrichment_metadata_pictures: bool = Field(
        True, description="Draw the caches in Dagster metadata, where a person will look at them."
    )

    influxdb_url: str | None = Field(
        None,
        description="InfluxDB 2.x server with the bots' metrics. Absent: they are estimated from the conversation.",
    )
    influxdb_token: SecretStr | None = Field(None, description="Its token, with the right to read the bucket.")
    influxdb_org: str | None = Field(None, description="Its organisation, name or id.")
    influxdb_bucket: str = Field("performance_metrics", description="Its bucket with the bots' metrics.")
    influxdb_timeout_seconds: float = Field(10.0, gt=0, description="Time-out of one InfluxDB request, seconds.")

    min_messages_for_summary: int = Field(
        5, ge=1, description="Messages below which a window waits for its day to close."
    )
    time_window_hours: int = Field(24, description="Length of a summary window, hours; a divisor of 24.")
    knowledge_graph: Literal["off", "on"] = Field(
        "off",
        description="Publish current facts into the platform's fact_entities and user_fact_relationships, where they are.",
    )
    knowledge_graph_scope: Literal["shared", "all"] = Field(
        "shared", description="What of them: told in shared channels, or also in a dm. The graph itself knows no scope."
    )
    lookback_days: int = Field(3, ge=1, le=90, description="Days that the safety-net schedule sweeps.")
    enrichment_start_date: date = Field(
        date(2022, 1, 1),
        description="First day partition. Older messages are left out and counted. Bots times days "
        "should stay under about 50,000.",
    )

    enrichment_engine: Literal["auto", "extractive", "llm"] = Field(
        "auto", description="What derives facts and summaries; auto: a model where a key for one is set."
    )
    llm_chat_api_url: str = Field(
        "https://openrouter.ai/api/v1",
        description="Any OpenAI-compatible endpoint: OpenRouter, vLLM, Ollama, a gateway.",
    )
    llm_chat_api_key: SecretStr | None = Field(None, description="Its API key.")
    openrouter_api_key: SecretStr | None = Field(None, description="Used where LLM_CHAT_API_KEY is not set.")
    llm_chat_model: str | None = Field(
        None,
        validation_alias=AliasChoices("llm_chat_model", "llm_model"),
        description="The model for summaries, and for facts unless named below.",
    )
    llm_fact_extraction_model: str | None = Field(None, description="The model for facts.")
    llm_temperature: float = Field(0.3, ge=0, le=2, description="Temperature for summaries.")
    llm_fact_extraction_temperature: float = Field(0.0, ge=0, le=2, description="Temperature for facts.")
    llm_max_output_tokens: int = Field(4000, ge=100, description="Tokens that one answer may have.")
    llm_timeout_seconds: float = Field(120.0, gt=0, description="Time-out of one call, seconds.")
    llm_max_retries: int = Field(4, ge=0, description="Retries of a call that the provider did not serve.")
    llm_max_retry_wait_seconds: float = Field(
        60.0, ge=0, description="Longest pause before such a retry, seconds; asked for longer, the run stops asking."
    )
    llm_concurrency: int = Field(8, ge=1, le=64, description="Calls in flight at once within a run.")
    llm_chunk_tokens: int = Field(6000, ge=200, description="Tokens of messages, about, that one call reads.")
    llm_prices: dict[str, Price] = Field(
        default_factory=dict,
        description='US dollars a million tokens by model, where the provider does not say: {"m": {"in": 0.15, "out": 0.6}}.',
    )
    llm_batch_price_factor: float = Field(
        0.5, ge=0, le=1, description="Of those prices, what is paid in a batch (`enrich --batch`)."
    )
    llm_answer_retention_days: int = Field(30, ge=1, description="Days for which raw answers are kept.")
    llm_recordings: Path | None = Field(None, description="Folder with recorded answers; see LLM_RECORDING.")
    llm_recording: Literal["off", "record", "replay"] = Field(
        "off", description="Keep answers as files, or answer from those files alone."
    )
    enrichment_pii: str = Field(
        "model",
        description="What becomes of e-mail and postal addresses, numbers of phones, cards and accounts, IBANs and keys in "
        "messages: model (masked in what a model is sent only), mask or drop (before any engine reads or stores it), keep (or "
        "off); for all, or by kind: email=drop,phone=mask.",
    )
    enrichment_max_wait_seconds: int = Field(
        900,
        ge=0,
        validation_alias=AliasChoices("enrichment_max_wait_seconds", "enrichment_max_wait"),
        description="Longest wait of a message for others to be sent to the model with, seconds.",
    )
    enrichment_pause_seconds: int = Field(1800, ge=0, description="Silence that ends a stretch of talk, seconds.")
    summary_min_words: int = Field(200, ge=20, description="Words of a model's summary of a full day, at least.")
    summary_max_words: int = Field(300, ge=20, description="Words of a model's summary of a full day, at most.")

    strategic_max_age_seconds: int = Field(
        86_400,
        ge=600,
        validation_alias=AliasChoices("strategic_max_age_seconds", "strategic_max_age"),
        description="Longest life of a cache row whose user says nothing new, seconds.",
    )
    cache_ttl_seconds: int = Field(
        300, ge=1, description="How long a cache row holds after a message that it has not read, seconds."
    )
    cache_max_unread_messages: int = Field(
        20, ge=1, le=50, description="With one more message than these that it has not read, a cache row ends at once."
    )
    strategic_renew_days: int = Field(30, ge=1, description="Cache rows of users seen within these days are renewed.")
    strategic_snapshot_days: int = Field(400, ge=2, description="Days for which the snapshots of caches are kept.")
    worker_silence_seconds: int = Field(
        600, ge=60, description="Silence of the worker after which cache rows count as stale, seconds."
    )

    reader_observation_days: int = Field(
        3, ge=1, description="Days for which what the bots' readers counted is kept, minute by minute."
    )

    tidy_apply: bool = Field(
        False,
        description="Let the nightly tidying change something; else it only reports what is past its time.",
    )
    summary_archive_days: int = Field(
        90, ge=1, description="Days after which a window's summary is put away; its digests answer for it."
    )
    llm_call_retention_days: int = Field(
        400, ge=2, description="Days for which single calls of a model are kept; sums a day stay for ever."
    )
    quarantine_retention_days: int = Field(
        180, ge=1, description="Days for which the shape of a point that could not be read is kept."
    )
    run_record_retention_days: int = Field(
        90, ge=2, description="Days for which records of runs, requests that were met and touches are kept."
    )
    fact_history_retention_days: int = Field(
        365, ge=1, description="Days for which one can go back to what an earlier engine version had asserted."
    )
    dagster_events_days: int = Field(
        30, ge=1, description="Days for which Dagster keeps the steps and logs of a run; what it materialised stays."
    )
    pg_dump: Path | None = Field(
        None, description="pg_dump for backups; absent: that in the PATH or of the embedded PostgreSQL."
    )
    pg_restore: Path | None = Field(None, description="Likewise pg_restore.")

    alert_webhook_url: SecretStr | None = Field(
        None, description="Slack-compatible webhook that is told when runs or checks fail; the address is a secret."
    )
    alert_email_to: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses that are told likewise, comma separated; needs ALERT_SMTP_HOST."
    )
    alert_email_from: str | None = Field(
        None, description="Sender of these mails. Absent: whisper-enrich at this host."
    )
    alert_smtp_host: str | None = Field(None, description="Mail server for these mails.")
    alert_smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    alert_smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to it is encrypted; tls is usually on port 465."
    )
    alert_smtp_user: str | None = Field(None, description="User at the mail server, where it wants one.")
    alert_smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    alert_timeout_seconds: float = Field(10.0, gt=0, le=20, description="Time-out of one message's delivery, seconds.")
    alert_after_failures: int = Field(
        3, ge=1, description="Runs of a job for a bot that fail one after the other before somebody is told."
    )
    alert_after_failed_checks: int = Field(
        2, ge=1, description="Evaluations of a check that fail one after the other before somebody is told."
    )
    alert_ui_url: str = Field("http://127.0.0.1:3000", description="Where the Dagster UI is, for links in messages.")

    llm_budget_tokens_per_day: int | None = Field(None, ge=0, description="Tokens, in and out, a UTC day.")
    llm_budget_tokens_per_bot: int | None = Field(None, ge=0, description="Tokens a bot and UTC day.")
    llm_budget_tokens_per_user: int | None = Field(None, ge=0, description="Tokens a user and UTC day.")
    llm_budget_tokens_per_run: int | None = Field(None, ge=0, description="Tokens a run.")
    llm_budget_cost_per_day: float | None = Field(None, ge=0, description="US dollars a UTC day.")
    llm_budget_cost_per_bot: float | None = Field(None, ge=0, description="US dollars a bot and UTC day.")
    llm_budget_cost_per_user: float | None = Field(None, ge=0, description="US dollars a user and UTC day.")
    llm_budget_cost_per_run: float | None = Field(None, ge=0, description="US dollars a run.")

    @field_validator("qdrant_collection_prefix", mode="before")
    @classmethod
    def _split_prefixes(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        if not value:
            raise ValueError("at least one prefix is needed")
        return value

    @field_validator("alert_email_to", mode="before")
    @classmethod
    def _split_addresses(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("alert_ui_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("enrichment_pii")
    @classmethod
    def _is_a_policy(cls, value: str) -> str:
        return policy(value).name

    @field_validator("time_window_hours")
    @classmethod
    def _divides_the_day(cls, value: int) -> int:
        if value not in DIVISORS_OF_A_DAY:
            raise ValueError(f"{value} does not divide 24; use one of {', '.join(map(str, DIVISORS_OF_A_DAY))}")
        return value

    @field_validator(
        "qdrant_url", "qdrant_host", "postgres_host", "llm_chat_api_key", "openrouter_api_key", "llm_chat_model",
        "llm_fact_extraction_model", "influxdb_url", "alert_webhook_url", "alert_email_from", "alert_smtp_host",
        "alert_smtp_user", mode="before",
    )  # fmt: skip
    @classmethod
    def _blank_is_absent(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @model_validator(mode="after")
    def _a_model_is_named(self) -> Settings:
        if self.summary_min_words > self.summary_max_words:
            raise ValueError("SUMMARY_MIN_WORDS is above SUMMARY_MAX_WORDS")
        if self.uses_model and not self.llm_chat_model:
            raise ValueError("a language model is to be used and LLM_CHAT_MODEL does not name one")
        if self.alert_email_to and self.alert_smtp_host is None:
            raise ValueError("ALERT_EMAIL_TO needs ALERT_SMTP_HOST, the mail server")
        if self.llm_recording != "off" and self.llm_recordings is None:
            raise ValueError("LLM_RECORDING needs LLM_RECORDINGS, the folder of the recordings")
        return self

    @property
    def model_api_key(self) -> SecretStr | None:
        """The key for the model: the endpoint's own, else OpenRouter's."""
        return self.llm_chat_api_key or self.openrouter_api_key

    @property
    def pii_policy(self) -> Policy:
        """What is done about personal data in messages."""
        return policy(self.enrichment_pii)

    @property
    def uses_model(self) -> bool:
        """True where facts and summaries come from a language model."""
        return self.enrichment_engine == "llm" or (self.enrichment_engine == "auto" and self.model_api_key is not None)

    @property
    def embedded_qdrant(self) -> bool:
        """True where the embedded engine serves the messages."""
        return self.qdrant_url is None and self.qdrant_host is None

    @property
    def embedded_postgres(self) -> bool:
        """True where the embedded PostgreSQL is used."""
        return self.postgres_host is None

    @cached_property
    def home(self) -> Path:
        """The state folder, absolute."""
        return self.whisper_enrich_home.expanduser().resolve()

    @property
    def qdrant_folder(self) -> Path:
        """Where the embedded engine keeps its collections."""
        return self.home / "qdrant"

    def server_database_url(self) -> URL:
        """SQLAlchemy URL of the PostgreSQL server that POSTGRES_HOST names."""
        return URL.create(
            "postgresql+psycopg2",
            username=self.postgres_user,
            password=self.postgres_password.get_secret_value() if self.postgres_password else None,
            host=self.postgres_host,
            port=self.postgres_port,
            database=self.postgres_db,
        )

    def retry_at(self, now: datetime, attempts: int, jitter: float) -> datetime:
        """When to try again after ``attempts`` failures: base * 2^(attempts - 1), at most a day, plus up to 25% jitter.

        ``jitter`` in 0..1 is drawn by the caller.
        """
        seconds = min(self.enrichment_retry_base_seconds * 2 ** (attempts - 1), 86_400)
        return now + timedelta(seconds=seconds * (1 + 0.25 * jitter))


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment. Raises `ConfigurationError` that names the variable, never its value."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        message = str(first["msg"]).removeprefix("Value error, ")
        raise ConfigurationError(f"{name} cannot be used: {message}. Correct it in the environment or .env.") from None


def utc_now() -> datetime:
    """The one clock of the package."""
    return datetime.now(UTC)
