"""The one resource: settings, database and message store, opened when first needed, and contexts for the stages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from whisper_enrich.errors import SchemaDrift
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.messages.store import MessageStore
from whisper_enrich.settings import Settings, load_settings, utc_now
from whisper_enrich.stages.context import LEASE_WAIT_SECONDS, StageContext
from whisper_enrich.storage import overview
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import current_revision, migrate
from whisper_enrich.storage.preflight import check_schema
from whisper_enrich.storage.shares import Share
from whisper_enrich.storage.state_dir import state_dir

if TYPE_CHECKING:
    from whisper_enrich.llm.client import AsksModel
    from whisper_enrich.metrics.influx import MetricsSource
    from whisper_enrich.stages.strategic_surroundings import Surrounding


class Pipeline:
    """What assets, sensors, checks and the command line work with.

    ``store_wait_seconds`` bounds the wait for the embedded store's turn. ``on_progress`` is called with the stage, bot
    and day of each finished piece of work.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        store: MessageStore | None = None,
        client: "AsksModel | None" = None,
        lease_wait_seconds: float = LEASE_WAIT_SECONDS,
        store_wait_seconds: float = 30.0,
        on_progress: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self._given_settings = settings
        self._given_store = store
        self._given_client = client
        self._gateways: dict[str, Gateway] = {}
        self.clock = clock
        self._lease_wait_seconds = lease_wait_seconds
        self._store_wait_seconds = store_wait_seconds
        self.on_progress = on_progress or (lambda stage, bot, day: None)
        self._checked_runs: set[str] = set()

    @cached_property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._given_settings or load_settings()

    @cached_property
    def database(self) -> Database:
        """The database. The embedded one is migrated when it is new: nobody else would."""
        database = Database(self.settings)
        if self.settings.embedded_postgres and current_revision(database) is None:
            migrate(database)
        return database

    @cached_property
    def store(self) -> MessageStore:
        """The message store: a Qdrant server where the settings name one, else the embedded engine."""
        return self._given_store or open_store(self.settings, self._store_wait_seconds)

    @cached_property
    def model_client(self) -> "AsksModel":
        """What talks to the language model that the settings name."""
        return self._given_client or open_client(self.settings)

    def gateway(self, run_id: str) -> Gateway:
        """The way to the model for one run: the same for all its steps, which then know when to stop asking."""
        if run_id not in self._gateways:
            self._gateways = {run_id: Gateway(self.model_client, self.database, self.settings, self.clock)}
        return self._gateways[run_id]

    @cached_property
    def metrics(self) -> "MetricsSource":
        """Where performance was measured: InfluxDB where the settings name one."""
        from whisper_enrich.metrics.influx import open_metrics

        return open_metrics(self.settings)

    def surroundings(self, bot_name: str) -> "Surrounding":
        """A reader of what is known of a bot's users beside their messages, for the strategic engines."""
        from whisper_enrich.stages.strategic_surroundings import surroundings_of

        return surroundings_of(self.database, self.metrics, bot_name, self.clock())

    def patient_for(self, seconds: float) -> "Pipeline":
        """The same, but waiting at most ``seconds`` for the embedded store's turn (a sensor must not block its host)."""
        if self._given_store is not None or not self.settings.embedded_qdrant:
            return self
        sibling = Pipeline(
            self.settings, clock=self.clock, store=open_store(self.settings, seconds),
            lease_wait_seconds=min(seconds, self._lease_wait_seconds),
        )  # fmt: skip
        sibling.__dict__["database"] = self.database
        return sibling

    def context(self, run_id: str, *, urgent: bool = True, share: Share | None = None) -> StageContext:
        """A context for the stages of one run. The first one of a run compares the live schema with the code.

        Without ``urgent`` it takes no lease that urgent work waits for: a backfill.

        Raises `SchemaDrift`, `DatabaseUnavailable`.
        """
        self.preflight(run_id)
        with self.database.connect() as connection:
            ledger_id = overview.ledger_id(connection)
        return StageContext(
            database=self.database, store=self.store, settings=self.settings, ledger_id=ledger_id, run_id=run_id,
            clock=self.clock, lease_wait_seconds=self._lease_wait_seconds, urgent=urgent, share=share,
        )  # fmt: skip

    def preflight(self, run_id: str) -> None:
        """Refuse to work on a schema that is not the one that this code writes; once a run."""
        if run_id in self._checked_runs:
            return
        if current_revision(self.database) is None:
            raise SchemaDrift(
                f"The database has no schema {self.settings.postgres_schema} yet. Run `whisper-enrich migrate`."
            )
        check_schema(self.database)
        self._checked_runs = {run_id}

    def close(self) -> None:
        """Let go of the store and the database."""
        for name in ("store", "database"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()


@contextmanager
def opened(pipeline: Pipeline) -> Iterator[Pipeline]:
    """Close the pipeline at the end of the block."""
    try:
        yield pipeline
    finally:
        pipeline.close()


def open_store(settings: Settings, wait_seconds: float) -> MessageStore:
    """The adapter that the settings ask for."""
    if settings.embedded_qdrant:
        from whisper_enrich.messages.edge_store import EdgeStore

        state_dir(settings.home)
        return EdgeStore(Path(settings.qdrant_folder), settings.qdrant_collection_prefix, wait_seconds=wait_seconds)
    from whisper_enrich.messages.server_store import ServerStore

    return ServerStore.connect(
        settings.qdrant_collection_prefix,
        url=settings.qdrant_url,
        host=settings.qdrant_host,
        port=settings.qdrant_port,
        grpc_port=settings.qdrant_grpc_port,
        api_key=settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
        prefer_grpc=settings.qdrant_prefer_grpc,
        timeout_seconds=settings.qdrant_timeout_seconds,
    )


def open_client(settings: Settings) -> "AsksModel":
    """The client that the settings ask for: to the endpoint, beside or instead of recorded answers."""
    from whisper_enrich.llm.recording import connect

    return connect(settings)
