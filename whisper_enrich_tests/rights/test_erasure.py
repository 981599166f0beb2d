"""Forgetting a person: no table, column, vector or mark keeps a word of theirs, while runs are under way and after a restore."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from whisper_enrich.errors import ConfigurationError, LeaseLost, Withdrawn
from whisper_enrich.messages.points import MARK_FIELDS
from whisper_enrich.stages import erasure
from whisper_enrich.stages import facts as facts_stage
from whisper_enrich.stages.erasure import Wish, forget, resume
from whisper_enrich.stages.knowledge_graph import publish
from whisper_enrich.stages.personal_export import export
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.storage import erasures, model_calls, person_data, profiles
from whisper_enrich_tests.builders import chat, column, enrich, scalar
from whisper_enrich_tests.conftest import NOW
from whisper_enrich_tests.rights.conftest import bot_wide_messages
from whisper_enrich_tests.rights.worlds import DAYS, LATER, PERSON, TALK, WORDS, conversation, tables_in, traces
from whisper_enrich_tests.stages.test_knowledge_graph import CHECK, TABLES, graph, know, run  # noqa: F401 - run is a fixture
from whisper_enrich_tests.storage.model_builders import errand, prompt

NOBODYS = {
    "alembic_version": "the revision",
    "bot_logins": "logins of bots",
    "bot_profiles": "names of bots",
    "enrichment_metadata": "figures of runs",
    "erasure_keys": "keys of tombstones",
    "erasures": "tombstones, which outlive their person by design",
    "leases": "names of bots and stages",
    "model_batches": "looked through by itself: requests of several people",
    "model_spending": "looked through by itself: sums by the user's id",
    "model_call_days": "what calls of past days took, by bot",
    "model_totals": "sums by bot",
    "model_traits": "what servers support",
    "model_versions": "prompts and models",
    "reconciliations": "counts",
    "reader_observations": "counts by bot",
    "stage_runs": "counts",
    "stage_totals": "sums by bot",
    "store_identity": "the id of the ledger",
    "worker_heartbeats": "times",
    "worker_outages": "times",
}
"""Tables in which nobody's data are expected, and why. One that is neither here nor found by the catalogue must be dealt with."""


def forget_person(ctx, **wish):
    return forget(ctx, Wish(PERSON, **wish), patience_seconds=0)


def test_no_table_vector_or_mark_holds_anything_of_a_person_who_was_forgotten(story):
    assert {"user_facts", "fact_evidence", "fact_versions", "conversation_summaries", "summary_rollups", "strategic_snapshots",
            "strategic_features", "model_answers", "model_batches", "model_calls", "model_spending", "message_ledger",
            "user_profiles", "feedback"} <= tables_in(story.before)  # fmt: skip
    assert story.windows and story.ctx.store.summary_windows("elena", PERSON) == []
    assert story.after == {}
    assert len(story.points) == len(conversation())
    assert not any(name in point.payload for point in story.points for name in MARK_FIELDS)


def test_the_receipt_counts_what_was_foreseen_and_quotes_nothing(story):
    receipt = story.receipt
    assert {name: n for name, n in receipt.rows.items() if n} == {
        name: n for name, n in story.foreseen.rows.items() if n
    }
    assert receipt.rows["quarantine"] == 1 and receipt.store["marks"] == story.foreseen.store["marks"] == len(
        story.points
    )
    assert receipt.pseudonymised["model_calls"] == 2 and receipt.pseudonymised["model_batches"] == 1
    assert receipt.named == {}
    assert not any(word in repr(receipt.as_json()).lower() for word in WORDS)
    assert (story.foreseen.dry_run, story.foreseen.tombstone) == (True, None)


def test_nothing_is_derived_again_neither_by_the_next_run_nor_by_a_walk_over_all_points(story):
    assert story.later == {}
    forgotten = "SELECT count(*) FROM message_ledger WHERE reason = 'forgotten' AND mark_state = 'done'"
    assert scalar(story.ctx, forgotten) == len(story.points)
    assert story.ctx.store.count("whisperengine_memory_elena", unmarked_for=story.ctx.ledger_id) == 0
    assert column(story.ctx, "SELECT DISTINCT user_id FROM user_facts") == ["ben"]


def test_the_bot_wide_row_and_its_snapshots_are_those_of_the_others(story):
    assert story.messages_read > 6 == bot_wide_messages(story.ctx)
    reads = column(story.ctx, "SELECT CAST(row ->> 'messages_read' AS int) FROM strategic_snapshots WHERE user_id = ''")
    assert reads and set(reads) == {6}


def test_nothing_more_is_asked_of_a_model_about_messages_that_were_read_before(story):
    question = replace(errand("elena", PERSON), points=(("point-1", "hash-1"),))
    with pytest.raises(Withdrawn), story.ctx.database.begin() as connection:
        model_calls.reserve(connection, question, prompt("axolotl"), 100, story.ctx.settings, NOW)


def test_nothing_more_is_asked_of_a_model_about_who_opts_out_meanwhile(ctx):
    with ctx.database.begin() as connection:
        profiles.set_profile(connection, "ana", model_opt_out=True)
    with pytest.raises(Withdrawn), ctx.database.begin() as connection:
        model_calls.reserve(connection, errand("elena", "ana"), prompt("axolotl"), 100, ctx.settings, NOW)


def test_every_table_is_found_by_the_catalogue_or_known_to_be_nobodys(ctx):
    with ctx.database.connect() as connection:
        found = person_data.catalogue(connection, ctx.database.schema)
    persons = {table.name for table in found.persons}
    assert found.columns.keys() - persons - NOBODYS.keys() == set(), (
        "Has it a user_id? Then it is found; else say here why it holds no person."
    )
    assert NOBODYS.keys() & persons == set()


def test_messages_go_where_it_is_asked_for_and_nobody_elses(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON) + chat(DAYS[0], TALK[:6], user="ben"))
    enrich(ctx, elena)
    forget_person(ctx, with_messages=True)
    assert ctx.store.points_of_user(elena.collection, PERSON) == []
    assert len(ctx.store.points_of_user(elena.collection, "ben")) == 6
    reconcile(ctx, elena)
    assert traces(ctx, [PERSON]) == {}


def test_with_one_bot_alone_the_other_keeps_what_it_knows(ctx, elena):
    for bot in (elena, ctx.store.create_collection("ada")):
        ctx.store.upsert(bot.collection, chat(DAYS[0], TALK, user=PERSON))
        enrich(ctx, bot)
    with ctx.database.begin() as connection:
        profiles.set_profile(connection, PERSON, display_name="Zerelda")
    forget_person(ctx, bot_name="elena")
    assert set(column(ctx, "SELECT bot_name FROM user_facts WHERE user_id = :user", user=PERSON)) == {"ada"}
    assert scalar(ctx, "SELECT count(*) FROM user_profiles WHERE user_id = :user", user=PERSON) == 1


@pytest.mark.parametrize("for_good", [False, True])
def test_what_is_said_later_is_a_new_start_unless_it_is_to_be_left_out_for_good(ctx, elena, clock, for_good):
    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON))
    with ctx.database.begin() as connection:
        profiles.set_profile(connection, PERSON, display_name="Zerelda", model_opt_out=True)
    enrich(ctx, elena)
    forget_person(ctx, for_good=for_good)
    clock.forward(days=2)
    ctx.store.upsert(elena.collection, chat("2026-03-21", LATER, user=PERSON) + chat("2026-03-15", TALK, user=PERSON))
    enrich(ctx, elena)
    expected = [] if for_good else [f"{PERSON} adopted an axolotl.", f"{PERSON} moved to Huckaback."]
    assert column(ctx, "SELECT fact_content FROM user_facts ORDER BY 1") == expected
    # Who had said that no model may read them has said so still.
    assert column(ctx, "SELECT model_opt_out FROM user_profiles") == ([] if for_good else [True])
    if for_good:
        with ctx.database.begin() as connection:
            assert erasures.lift(connection, PERSON, clock()) == 1


def test_a_run_that_has_read_before_writes_nothing_after(ctx, elena, monkeypatch):
    """The person is forgotten between the reading of their messages and the writing of what came of them."""
    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON) + chat(DAYS[0], TALK, user="ben", hour=14))
    original = facts_stage.read_messages

    def read_and_forget(ctx_, bot, rows, **how):
        read = original(ctx_, bot, rows, **how)
        forget_person(ctx)
        return read

    monkeypatch.setattr(facts_stage, "read_messages", read_and_forget)
    with pytest.raises(LeaseLost):
        enrich(ctx, elena)
    assert traces(ctx, [PERSON]) == {}
    monkeypatch.undo()
    enrich(ctx, elena)
    assert traces(ctx, [PERSON]) == {}
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE user_id = 'ben'") > 0


def test_an_intake_that_has_read_before_enters_nothing_of_them_after(ctx, elena, monkeypatch):
    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON))
    original = type(ctx.store).scan

    def scan_and_forget(store, *args, **options):
        for page in original(store, *args, **options):
            if options.get("unmarked_for"):
                monkeypatch.undo()
                forget_person(ctx)
            yield page

    monkeypatch.setattr(type(ctx.store), "scan", scan_and_forget)
    enrich(ctx, elena)
    assert traces(ctx, [PERSON]) == {}
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE reason = 'forgotten'") == len(TALK)


def test_what_was_published_in_the_platforms_graph_is_withdrawn(ctx, elena, run):  # noqa: F811
    run(TABLES.format(check=CHECK))
    know(run, "lives_in", "porto", "place")
    know(run, "plays", "cello", "skill", bot="marlow")
    publish(ctx, ["ana"])
    assert len(graph(run)) == len(export(ctx, "ana")["knowledge_graph"]) == 2
    forget(ctx, Wish("ana", "marlow"), patience_seconds=0)
    assert [entry[2] for entry in graph(run)] == ["porto"]
    forget(ctx, Wish("ana"), patience_seconds=0)
    assert graph(run) == run("SELECT * FROM public.fact_entities") == []


def test_vectors_that_a_fenced_run_wrote_after_all_go_with_the_next_walk(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON) + chat(DAYS[0], TALK, user="ben"))
    enrich(ctx, elena)
    windows = ctx.store.summary_windows("elena", PERSON)
    forget_person(ctx)
    ctx.store.put_summary_vectors("elena", {window: [1.0] + [0.0] * 383 for window in windows})
    reconcile(ctx, elena)
    assert {window.user_id for window in ctx.store.summary_windows("elena")} == {"ben"}


@pytest.mark.parametrize("step", ["_Erasing._erase_rows", "make_bot_wide_anew"])
def test_what_was_interrupted_at_any_step_is_gone_on_with_by_the_next_run(ctx, elena, monkeypatch, step):
    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON) + chat(DAYS[0], TALK, user="ben"))
    enrich(ctx, elena)
    monkeypatch.setattr(f"{erasure.__name__}.{step}", die)
    with pytest.raises(KeyboardInterrupt):
        forget_person(ctx)
    monkeypatch.undo()
    enrich(ctx, elena)
    assert traces(ctx, [PERSON]) == {}
    assert ctx.store.summary_windows("elena", PERSON) == []
    assert resume(ctx) == []


def test_a_restored_backup_is_erased_again_by_the_copy_beside_the_database(ctx, elena):
    """What an older backup held comes back, without the tombstone; the state folder has it still."""
    ctx.store.upsert(elena.collection, chat(DAYS[0], TALK, user=PERSON))
    enrich(ctx, elena)
    with ctx.database.connect() as connection:
        statement = text("SELECT * FROM message_ledger WHERE user_id = :user")
        backup = [dict(row._mapping) for row in connection.execute(statement, {"user": PERSON})]
    forget_person(ctx)
    with ctx.database.begin() as connection:
        kept = erasures.tombstones_of(connection)
        connection.execute(text("DELETE FROM erasures"))
        connection.execute(text("DELETE FROM erasure_keys"))
        for row in backup:
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO message_ledger ({', '.join(row)}) VALUES ({values})"), row)
    assert traces(ctx, [PERSON])
    enrich(ctx, elena)
    assert traces(ctx, [PERSON]) == {}
    with ctx.database.connect() as connection:
        again = erasures.tombstones_of(connection)
    assert [(s.id, s.person) for s in again.stones] == [(s.id, s.person) for s in kept.stones]
    assert all(stone.finished_at for stone in again.stones)
    assert (erasures.beside(ctx.settings).stat().st_mode & 0o777) == 0o600


def test_a_copy_that_cannot_be_read_is_not_taken_for_an_empty_one(ctx, elena):
    forget_person(ctx)
    erasures.beside(ctx.settings).write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        enrich(ctx, elena)


def test_a_tombstone_tells_nothing_without_its_key_and_both_go_through_json(ctx):
    forget_person(ctx)
    with ctx.database.connect() as connection:
        kept = erasures.tombstones_of(connection)
    assert PERSON not in repr(kept.as_json())
    restored = type(kept).from_json(kept.as_json())
    assert restored == kept
    assert [stone.id for stone in restored.of(PERSON)] == [stone.id for stone in kept.stones]
    assert restored.of("731777000111222334") == []
