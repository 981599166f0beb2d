"""What a person is handed out: everything that is stored about them, nothing about others."""

from __future__ import annotations

import json

from whisper_enrich.stages.personal_export import export
from whisper_enrich_tests.rights.worlds import PERSON, WORDS, conversation


def test_every_word_that_is_stored_is_handed_out_from_the_table_that_has_it(story):
    given = {**story.handed_out["tables"], **story.handed_out["named_in"]}
    missing = set()
    for where in story.before:
        table, _, word = where.partition(": ")
        if word not in json.dumps(given.get(table), ensure_ascii=False).lower():
            missing.add(where)
    assert missing == set()
    assert '"ben"' not in json.dumps(story.handed_out)


def test_facts_are_handed_out_with_their_evidence_and_history_and_tables_with_what_they_are_for(story):
    fact = next(fact for fact in story.handed_out["facts"] if "Huckaback" in fact["fact_content"])
    assert fact["evidence"][0]["quote"] == "I moved to Huckaback."
    assert fact["versions"]
    assert set(story.handed_out["about"]) >= {"user_facts", "model_calls", "strategic_features"}


def test_messages_are_counted_and_handed_out_where_that_is_asked_for(story):
    held = story.handed_out["message_store"]["elena"]
    assert held["messages"] == len(held["marks"]) == len(conversation())
    assert held["vectors_of_summaries"] and "points" not in held
    points = story.with_messages["message_store"]["elena"]["points"]
    assert {point["payload"]["user_id"] for point in points} == {PERSON}
    assert all(word in json.dumps(points).lower() for word in WORDS if word != "zerelda")


def test_of_whom_nothing_is_stored_nothing_is_handed_out(ctx, elena):
    content = export(ctx, "nobody")
    assert not any(content["tables"].values())
    assert (content["facts"], content["named_in"], content["message_store"]) == ([], {}, {})
