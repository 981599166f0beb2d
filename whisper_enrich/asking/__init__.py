"""What to ask the model about which messages, and when: pure decisions, so that a backfill and live traffic cost the same."""
