"""What a person rules about a fact, over the real database: it survives whatever engine reads the messages again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whisper_enrich.errors import InputError
from whisper_enrich.facts.model import Extraction, Outcome
from whisper_enrich.stages.fact_rulings import chosen_fact, rule, take_back
from whisper_enrich.stages.facts import extract_facts, refold
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import ledger
from whisper_enrich.storage.facts import known_facts
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich_tests.builders import at, chat, column, contents, due, enrich, extract_statements, said, scalar

TALK = ["I live in Lisbon.", "Lovely!", "I saw two storks.", "Where?"]


@pytest.fixture
def talked(ctx, elena):
    """A talk of the day before yesterday, in which two facts were found."""
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    enrich(ctx, elena)
    return elena


def known(ctx, which, user="ana"):
    with ctx.database.connect() as connection:
        return chosen_fact(known_facts(connection, "elena", user), which)


def facts(ctx):
    return sorted(column(ctx, "SELECT fact_content FROM user_facts"))


def reworded(message):
    """Another engine that words everything differently and finds no attribute."""
    found = extract_statements(message)
    kept = tuple(
        replace(a, attribute="", value="", statement=a.statement.replace("lives in", "has lived for years in"))
        for a in found.assertions
    )
    return Extraction(message.point_id, found.outcome, kept)


def redo(ctx, bot, extract, version):
    with ctx.database.begin() as connection:
        ledger.mark_stale(connection, bot.bot_name, None, version, SUMMARY_VERSION)
    extract_facts(ctx, bot, due(ctx, bot), extract, version)


def test_a_rejected_fact_is_gone_and_its_history_says_why(ctx, talked):
    rule(ctx, known(ctx, "lisbon"), "mara")
    assert facts(ctx) == ["ana saw two storks."]
    assert column(ctx, "SELECT reason FROM fact_versions WHERE attribute = 'lives_in'") == ["rejected"]
    assert column(ctx, "SELECT ruled_by FROM fact_rulings") == ["mara"]
    assert scalar(ctx, "SELECT count(*) FROM fact_evidence") == 1


@pytest.mark.parametrize("extract", [extract_statements, reworded])
def test_a_rejection_survives_another_engine(ctx, talked, extract):
    rule(ctx, known(ctx, "lisbon"), "mara")
    redo(ctx, talked, extract, "test-2")
    assert facts(ctx) == ["ana saw two storks."]


def test_what_the_user_says_after_the_rejection_brings_the_fact_back(ctx, talked, clock):
    rule(ctx, known(ctx, "lisbon"), "mara")
    clock.forward(days=2)
    ctx.store.upsert(talked.collection, [said("I live in Lisbon.", at("2026-03-21 09:00"))])
    take_in(ctx, talked)
    extract_facts(ctx, talked, due(ctx, talked), extract_statements, "test-1")
    assert facts(ctx) == ["ana lives in Lisbon.", "ana saw two storks."]
    assert scalar(ctx, "SELECT mentions FROM user_facts WHERE attribute = 'lives_in'") == 1


def test_a_corrected_fact_rests_on_the_ruling_and_survives_an_engine_that_finds_nothing(ctx, talked):
    rule(ctx, known(ctx, "lisbon"), "mara", "ana lives in Porto.", "Porto")
    redo(ctx, talked, lambda message: Extraction(message.point_id, Outcome.NO_FACTS, ()), "test-2")
    assert facts(ctx) == ["ana lives in Porto."]
    number = scalar(ctx, "SELECT id FROM fact_rulings")
    assert column(ctx, "SELECT point_id FROM fact_evidence") == [f"ruling:{number}"]
    assert column(ctx, "SELECT engine_version || ' ' || source_collection FROM user_facts") == [
        f"ruling {talked.collection}"
    ]
    assert column(ctx, "SELECT statement FROM fact_rulings") == ["{user} lives in Lisbon."]
    assert column(ctx, "SELECT corrected_statement FROM fact_rulings") == ["{user} lives in Porto."]


def test_a_correction_keeps_the_wrong_fact_in_the_history(ctx, talked):
    rule(ctx, known(ctx, "lisbon"), "mara", "ana lives in Porto.", "Porto")
    rows = column(
        ctx, "SELECT lower(value) || ' ' || reason FROM fact_versions WHERE attribute = 'lives_in' ORDER BY 1"
    )
    assert rows == ["lisbon corrected", "porto current"]


def test_a_corrected_statement_without_the_value_needs_one(ctx, talked):
    with pytest.raises(InputError, match="--value"):
        rule(ctx, known(ctx, "lisbon"), "mara", "ana lives in Porto.")
    rule(ctx, known(ctx, "lisbon"), "mara", "ana has lived in Lisbon since 2019.")
    assert "ana has lived in Lisbon since 2019." in facts(ctx)


def test_an_empty_correction_is_refused(ctx, talked):
    with pytest.raises(InputError, match="empty"):
        rule(ctx, known(ctx, "lisbon"), "mara", "  ")


def test_a_fact_is_chosen_by_number_or_by_words(ctx, talked):
    storks = known(ctx, "STORKS")
    assert known(ctx, str(storks.id)) == storks
    assert known(ctx, "Ana saw two storks.") == storks
    with pytest.raises(InputError, match="No current fact is 'paris'"):
        known(ctx, "paris")
    with pytest.raises(InputError, match="2 facts fit 'ana'"):
        known(ctx, "ana")


def test_a_fact_that_has_changed_since_it_was_listed_is_not_ruled_on(ctx, talked):
    storks = known(ctx, "storks")
    rule(ctx, storks, "mara")
    with pytest.raises(InputError, match="changed meanwhile"):
        rule(ctx, storks, "mara")


def test_a_ruling_that_is_taken_back_leaves_no_trace(ctx, talked):
    before = contents(ctx)
    rule(ctx, known(ctx, "lisbon"), "mara", "ana lives in Porto.", "Porto")
    assert take_back(ctx, "elena", scalar(ctx, "SELECT id FROM fact_rulings")) == "ana"
    assert contents(ctx) == before
    with pytest.raises(InputError, match="no ruling 99"):
        take_back(ctx, "elena", 99)


def test_folding_anew_after_a_ruling_changes_no_row(ctx, talked):
    rule(ctx, known(ctx, "lisbon"), "mara", "ana lives in Porto.", "Porto")
    before = contents(ctx, with_clocks=True)
    with ctx.database.begin() as connection:
        assert refold(connection, "elena", ["ana"]).written == 0
    assert contents(ctx, with_clocks=True) == before


def test_a_ruling_is_of_one_bot_and_one_user(ctx, talked):
    marcus = ctx.store.create_collection("marcus")
    ctx.store.upsert(marcus.collection, chat("2026-03-18", TALK))
    ctx.store.upsert(talked.collection, chat("2026-03-18", TALK, user="bo"))
    enrich(ctx, marcus)
    enrich(ctx, talked)
    rule(ctx, known(ctx, "lisbon"), "mara")
    rows = column(ctx, "SELECT bot_name || '/' || user_id FROM user_facts WHERE attribute = 'lives_in'")
    assert sorted(rows) == ["elena/bo", "marcus/ana"]


def test_messages_that_come_in_several_batches_end_as_if_they_had_come_at_once(ctx, talked):
    rule(ctx, known(ctx, "lisbon"), "mara", "ana lives in Porto.", "Porto")
    for day, line in (("2026-03-17", "I live in Faro."), ("2026-03-19", "I live in Lisbon."), ("2026-03-16", "I ran.")):
        ctx.store.upsert(talked.collection, [said(line, at(f"{day} 09:00"))])
        enrich(ctx, talked)
    incremental = contents(ctx)
    with ctx.database.begin() as connection:
        for table in ("user_facts", "fact_versions"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        refold(connection, "elena", ["ana"])
    assert contents(ctx) == incremental
