"""The question that an answer needs is kept with it."""

from __future__ import annotations

from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Question
from whisper_enrich.storage.fact_folds import store_folds
from whisper_enrich.storage.facts import assertions_of, replace_assertions
from whisper_enrich_tests.builders import column
from whisper_enrich_tests.facts.grounding_builders import assertions, chunk, grounded, item


def test_a_question_is_written_with_assertion_and_evidence_and_read_again(ctx):
    where = chunk("B Do you smoke?", "U yes I do")
    fact = item("{user} smokes", "yes I do", line=2, question_line=1, attribute="smokes", value="yes")
    said = assertions(grounded(where, fact))
    with ctx.database.begin() as connection:
        replace_assertions(
            connection, "marlow", "collection", ["point-1"], said, engine_version="model", extracted_at=ctx.clock()
        )
        stored = assertions_of(connection, "marlow", ["user-1"])
        assert [s.assertion for s in stored["user-1"]] == said
        assert said[0].evidence.question == Question("point-0", "Do you smoke?")
        folded = fold([s.assertion for s in stored["user-1"]])
        store_folds(connection, "marlow", {"user-1": folded}, stored, {"user-1": "Ana"})
    assert column(ctx, "SELECT question_point_id || ' ' || question_quote FROM fact_evidence") == [
        "point-0 Do you smoke?"
    ]
