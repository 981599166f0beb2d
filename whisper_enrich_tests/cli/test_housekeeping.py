"""`migrate`, `retry`, `reconcile`, `status` and `doctor`."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich_tests.cli.conftest import BEFORE, TODAY, YESTERDAY, talk, write_lines


@pytest.fixture(scope="module")
def server(home):
    """Variables that make the running embedded server look like somebody's server, and an engine on it."""
    with EmbeddedPostgres(home) as info:
        engine = create_engine(info.sqlalchemy_url, isolation_level="AUTOCOMMIT")
        yield {
            "POSTGRES_HOST": str(info.socket_dir), "POSTGRES_USER": info.user, "POSTGRES_DB": info.dbname,
            "POSTGRES_PASSWORD": "very-secret",
        }, engine  # fmt: skip
        engine.dispose()


def test_an_empty_state_says_what_comes_next(cli):
    answer = cli("status")
    assert answer.code == 0
    assert "No message was taken in yet. Next: whisper-enrich enrich" in answer.out
    assert "The message store has no bot" in cli("enrich").error
    assert "The message store has no bot" in cli("reconcile").error
    assert "Nothing was set aside." in cli("retry").out


def test_migrate_says_what_it_did_and_changes_nothing_the_second_time(cli, server):
    own = {**server[0], "POSTGRES_SCHEMA": "own_schema"}
    assert "Schema own_schema went from nothing to revision" in cli("migrate", **own).out
    again = cli("migrate", **own)
    assert again.code == 0
    assert "Schema own_schema is up to date" in again.out


@pytest.mark.parametrize("command", ["enrich", "status", "retry", "reconcile", "doctor", "up"])
def test_on_a_server_without_our_schema_every_command_says_to_migrate(cli, server, command):
    error = cli(command, **server[0], POSTGRES_SCHEMA="not_migrated").error
    assert "The database has no schema not_migrated yet. Run `whisper-enrich migrate`." in error


def test_a_schema_that_somebody_changed_is_named_by_its_column(cli, server):
    variables, engine = server
    own = {**variables, "POSTGRES_SCHEMA": "drifted"}
    cli("migrate", **own)
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE drifted.user_facts ALTER COLUMN tense TYPE varchar(9)"))
    for command in ("doctor", "status"):
        assert "column user_facts.tense is character varying(9) instead of text" in cli(command, **own).error


def test_doctor_shows_settings_with_secrets_masked_and_everything_in_order(cli, server):
    cli("migrate", **server[0])
    answer = cli("doctor", **server[0], QDRANT_API_KEY="another-secret", LOOKBACK_DAYS=9)
    assert answer.code == 0, answer.err
    assert "very-secret" not in answer.out + answer.err
    assert "another-secret" not in answer.out + answer.err
    assert [words for words in map(str.split, answer.out.splitlines()) if words[:1] == ["LOOKBACK_DAYS"]] == [
        ["LOOKBACK_DAYS", "9", "environment", "or", ".env"]
    ]
    assert "✓ Schema whisper_enrich: as this version needs it" in answer.out
    assert "Everything is in order." in answer.out
    assert "TIME_WINDOW_HOURS" in answer.out
    assert "LLM_CHAT_API_URL" not in answer.out
    assert "LLM_CHAT_API_URL" in cli("doctor", "--all").out


def test_doctor_says_whether_the_bots_views_are_there_and_which_tables_the_platform_has(cli, server):
    variables, engine = server
    own = {**variables, "POSTGRES_SCHEMA": "with_views"}
    cli("migrate", **own)
    answer = cli("doctor", **own)
    assert "✓ Tables of the chat platform in this database: none" in answer.out
    assert "✓ Views for the bots in with_views_bots: all 9, as this version makes them" in answer.out
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE public.relationship_scores (user_id text)"))
        connection.execute(text("CREATE TABLE public.strategic_memory_health (user_id text)"))
        connection.execute(text("DROP VIEW with_views_bots.strategic_context_patterns"))
    try:
        answer = cli("doctor", **own)
        assert "✓ Tables of the chat platform in this database: relationship_scores" in answer.out
        assert (
            "Note: The schema public has tables by the names of the bots' views (strategic_memory_health)" in answer.err
        )
        assert (
            "with_views_bots, which the bots read, lacks strategic_context_patterns. Run `whisper-enrich migrate`"
            in answer.err
        )
        assert answer.code == 1
        cli("migrate", **own)
        assert "made by another version or other settings" in cli("doctor", **own, WORKER_SILENCE_SECONDS=60).err
        assert cli("doctor", **own).code == 0
    finally:
        with engine.connect() as connection:
            connection.execute(text("DROP TABLE public.relationship_scores, public.strategic_memory_health"))


@pytest.mark.parametrize(
    ("variables", "phrase", "remedy"),
    [
        (
            {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": 1},
            "PostgreSQL at 127.0.0.1:1 cannot be used",
            "POSTGRES_PORT",
        ),
        ({"QDRANT_URL": "http://127.0.0.1:1"}, "Qdrant at 127.0.0.1:1 cannot be reached", "QDRANT_URL"),
        ({"QDRANT_HOST": "127.0.0.1", "QDRANT_PORT": 1}, "Qdrant at 127.0.0.1:1 cannot be reached", "QDRANT_PORT"),
    ],
)
def test_doctor_names_a_server_that_does_not_answer_and_the_remedy(cli, variables, phrase, remedy):
    answer = cli("doctor", **variables)
    assert answer.code == 1
    assert phrase in answer.error
    assert remedy in answer.error
    assert "✓ " in answer.out
    assert "Everything is in order" not in answer.out


def test_a_password_in_an_address_is_not_shown(cli):
    answer = cli("doctor", QDRANT_URL="http://me:very-secret@127.0.0.1:1")
    assert "very-secret" not in answer.out + answer.err


@pytest.fixture(scope="module")
def enriched(cli, tmp_path_factory):
    """Two bots, enriched; one with messages that were set aside after a single attempt."""
    from whisper_enrich.facts import extractive

    def broken(message):
        raise ValueError(message.text)

    files = tmp_path_factory.mktemp("files")
    cli("load", write_lines(files / "good.jsonl", talk("elena", BEFORE)))
    cli("enrich")
    cli("load", write_lines(files / "bad.jsonl", talk("marcus", YESTERDAY)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extractive, "extract", broken)
        answer = cli("enrich", "--bot", "marcus", ENRICHMENT_MAX_ATTEMPTS=1)
    assert "3 messages were set aside; `whisper-enrich status` says why" in answer.err


def test_status_shows_each_bot_and_day_and_why_messages_were_set_aside(cli, enriched):
    answer = cli("status")
    rows = [line.split() for line in answer.out.splitlines()]
    header = next(row for row in rows if row[:2] == ["bot", "day"])
    assert header == [
        "bot", "day", "messages", "done", "pending", "open", "window", "retry", "set", "aside", "left", "out",
        "quarantined", "facts", "summaries", "lag",
    ]  # fmt: skip
    elena = next(row for row in rows if row[:2] == ["elena", BEFORE.isoformat()])
    marcus = next(row for row in rows if row[:2] == ["marcus", YESTERDAY.isoformat()])
    assert elena[2:] == ["6", "6", "·", "·", "·", "·", "·", "·", "3", "1", "-"]
    assert marcus[2:] == ["6", "3", "·", "·", "·", "3", "·", "·", "·", "1", "-"]
    assert ["marcus", "set", "aside", "facts:", "ValueError", "3"] in rows
    assert "whisper-enrich retry" in answer.out
    assert "Lisbon" not in answer.out


def test_status_of_one_bot_leaves_out_the_others(cli, enriched):
    assert "marcus" not in cli("status", "--bot", "elena").out
    assert "There is no bot 'nobody'" in cli("status", "--bot", "nobody").error


def test_status_mentions_open_requests_in_one_line(cli, enriched, home):
    assert "Requests of bots" not in cli("status").out
    with EmbeddedPostgres(home) as info:
        engine = create_engine(info.sqlalchemy_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(
                text(
                    "INSERT INTO whisper_enrich.enrichment_requests (bot_name, user_id, requested_at, done_at) VALUES "
                    "('elena', 'ana', now() - interval '3 minutes', NULL), ('elena', 'ben', now(), NULL), "
                    "('marcus', 'ana', now() - interval '1 day', now())"
                )
            )
            assert "Requests of bots that are open: 2 (elena 2), the oldest for 3m" in cli("status").out
            assert "Requests of bots" not in cli("status", "--bot", "marcus").out
            connection.execute(text("DELETE FROM whisper_enrich.enrichment_requests"))
        engine.dispose()


def test_retry_brings_back_what_was_set_aside(cli, enriched):
    assert "There is no bot 'nobody'" in cli("retry", "--bot", "nobody").error
    assert "'soon' is no date" in cli("retry", "--day", "soon").error
    assert "Nothing was set aside." in cli("retry", "--bot", "elena").out
    assert "Nothing was set aside." in cli("retry", "--day", TODAY - timedelta(days=30)).out
    assert "3 messages wait again." in cli("retry", "--bot", "marcus", "--day", "yesterday").out
    assert "1 run(s), 1 bot-days" in cli("enrich").out
    assert "Nothing was set aside." in cli("retry").out
    assert "set aside" not in cli("status").out.partition("lag")[2]


def test_reconcile_finds_what_was_edited_and_deleted_in_the_store(cli, enriched, home):
    cli("retry")
    cli("enrich")
    assert "elena: 6 points; 0 new, 0 changed, 0 gone from the store." in cli("reconcile", "--bot", "elena").out
    store = EdgeStore(Path(home) / "qdrant", ("whisperengine_memory_",), wait_seconds=5)
    (page,) = store.scan("whisperengine_memory_elena", fields=("content", "user_id", "timestamp", "role"))
    edited = next(point for point in page if point.payload["content"] == "I live in Lisbon.")
    store.upsert("whisperengine_memory_elena", [
        type(edited)(edited.id, {**edited.payload, "content": "I live in Porto."}, edited.vectors)
    ])  # fmt: skip
    store.delete("whisperengine_memory_elena", [next(point.id for point in page if point.id != edited.id)])
    store.close()
    assert "elena: 5 points; 0 new, 1 changed, 1 gone from the store." in cli("reconcile", "--bot", "elena").out
    assert "1 run(s), 1 bot-days" in cli("enrich").out
    assert "There is no bot 'nobody'" in cli("reconcile", "--bot", "nobody").error


def of_line(answer, what):
    """The last word of the one line that has ``what``."""
    (found,) = (line.split() for line in answer.out.splitlines() if what in line)
    return found[-1]


def test_tidy_shows_what_it_would_do_and_does_it_once_when_told_to(cli, enriched, home):
    with EmbeddedPostgres(home) as info:
        engine = create_engine(info.sqlalchemy_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(
                text(
                    "INSERT INTO whisper_enrich.message_touches VALUES ('elena', 'ana', '2024-01-01'), ('elena', 'b', now())"
                )
            )
        engine.dispose()
    looked = cli("tidy")
    assert looked.code == 0, looked.err
    assert of_line(looked, "message_touches") == "1"
    assert "Nothing was changed. Next: whisper-enrich tidy --apply" in looked.out
    assert of_line(cli("tidy", "--apply"), "message_touches") == "1"
    assert "Nothing is past its time." in cli("tidy").out


def test_a_backup_is_restored_into_an_empty_database_and_into_no_other(cli, enriched, home, server, tmp_path):
    made = cli("backup", "--out", tmp_path)
    assert made.code == 0, made.err
    (folder,) = tmp_path.iterdir()
    assert f"Next, should it be needed: whisper-enrich restore {folder}" in made.out
    assert "is not empty" in cli("restore", folder).error

    variables, engine = server
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE elsewhere"))
    other = {**variables, "POSTGRES_DB": "elsewhere"}
    restored = cli("restore", folder, **other)
    assert restored.code == 0, restored.err
    assert "each as it was" in restored.out
    assert "whisperengine_memory_elena is there and was left as it is" in " ".join(restored.err.split())
    assert cli("status", **other).out.splitlines()[:4] == cli("status").out.splitlines()[:4]
