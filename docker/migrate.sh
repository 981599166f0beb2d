#!/bin/sh
# The one-shot before everything else: Dagster's database, our tables, Dagster's tables. Harmless when nothing is to be done.
set -eu
python /app/create_database.py
whisper-enrich migrate
dagster instance migrate
