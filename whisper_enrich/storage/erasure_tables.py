"""The tables that hold people's rights: tombstones of those who were forgotten, their keys, and which login sees
which bots."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, DateTime, ForeignKey, Index, String, Table, Text, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID

from whisper_enrich.storage.schema_metadata import metadata

erasure_keys = Table(
    "erasure_keys",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()")),
    Column("key", BYTEA, nullable=False, comment="32 random bytes."),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    comment="What the hashes of erasures are keyed with: one of this database's own, and those that a restore brought.",
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()")),
    Column("key_id", UUID(as_uuid=False), ForeignKey("erasure_keys.id"), nullable=False),
    Column("person", Text, nullable=False, comment="HMAC-SHA-256 of the user id, hexadecimal."),
    Column("bot_name", String(100), nullable=False, comment="Empty for all bots."),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column(
        "covers_until",
        DateTime(timezone=True),
        comment="Messages said up to then are left out; null: all, also later ones.",
    ),
    Column(
        "with_messages", Boolean, nullable=False, comment="Whether the messages were to be deleted from the store, too."
    ),
    Column(
        "model_opt_out",
        Boolean,
        nullable=False,
        comment="They had said that no model may read them: so it is if they come back.",
    ),
    Column("finished_at", DateTime(timezone=True), comment="When the last of it was erased; null: to be gone on with."),
    Column(
        "counts", JSONB, nullable=False, server_default=text("'{}'"), comment="What was erased, by table and store."
    ),
    Index("erasures_person_idx", "person", "bot_name"),
    comment="Tombstones: of whom nothing is derived any more, up to when. Written before anything is erased.",
)

bot_logins = Table(
    "bot_logins",
    metadata,
    Column("login", Text, primary_key=True),
    Column("bots", ARRAY(Text), nullable=False),
    comment="Logins that see and write the rows of these bots alone; a login that is not here sees all.",
)
