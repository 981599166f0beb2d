"""Cache rows in the form in which the hot path reads them."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CACHES = (
    "strategic_memory_health", "strategic_character_performance", "strategic_personality_profiles",
    "strategic_conversation_patterns", "strategic_memory_behavior", "strategic_engagement_opportunities",
)  # fmt: skip
COLUMNS = {
    "document": "What the hot path reads of the row, as one JSON text; null: it reads the columns.",
    "shared_document": "The same without what was said in a dm, where that differs.",
    "document_format": "The form of both, which the versions of the hot path may differ in.",
}


def upgrade() -> None:
    for cache in CACHES:
        op.execute(f"ALTER TABLE {cache} {', '.join(f'ADD COLUMN {name} TEXT' for name in COLUMNS)}")
        for name, comment in COLUMNS.items():
            op.execute(f"COMMENT ON COLUMN {cache}.{name} IS '{comment}'")


def downgrade() -> None:
    for cache in CACHES:
        op.execute(f"ALTER TABLE {cache} {', '.join(f'DROP COLUMN {name}' for name in COLUMNS)}")
