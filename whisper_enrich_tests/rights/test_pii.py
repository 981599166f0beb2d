"""Personal data in messages: kept, masked or dropped before anything is made of them, and in what was made before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text

from whisper_enrich.errors import InputError
from whisper_enrich.rights.pii import SHOWN, original_span, policy
from whisper_enrich.settings import Settings
from whisper_enrich.stages.pii_application import apply_policy
from whisper_enrich.storage import person_data, stored_texts
from whisper_enrich.text.street_addresses import street_addresses
from whisper_enrich_tests.builders import chat, column
from whisper_enrich_tests.rights.worlds import DAYS, run_everything, tables_in, traces

TEXT = "I love storks. Mail me at jo@example.org, or ring +49 171 1234567. I live at 12 Elm Street, Springfield now."


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("keep", TEXT), ("off", TEXT), ("model", TEXT), ("", TEXT),
        ("mask", "I love storks. Mail me at [email], or ring [phone]. I live at [address] now."),
        ("drop", "I love storks.  "),
        ("email=mask, address=drop", "I love storks. Mail me at [email], or ring +49 171 1234567. "),
        ("phone=drop,email=mask", "I love storks.  I live at 12 Elm Street, Springfield now."),
    ],
)  # fmt: skip
def test_each_kind_is_kept_masked_or_dropped_with_its_sentence(setting, shown):
    assert policy(setting).applied(TEXT).text == shown


@pytest.mark.parametrize("setting", ["hide", "email", "mail=mask", "email=hide", "email=mask;phone=drop"])
def test_a_policy_that_is_none_is_refused_with_what_to_write(setting):
    with pytest.raises(ValidationError, match="say keep, model, mask or drop"):
        Settings(enrichment_pii=setting)


def test_the_same_policy_has_one_name_and_only_what_changes_texts_changes_a_version():
    assert policy("phone=drop,email=mask").name == policy("email=mask, phone=drop").name
    assert [policy(word).mark for word in ("model", "keep", "mask", "drop")] == ["", "", "+pii-mask", "+pii-drop"]
    assert len(policy("email=drop").mark) < 20
    assert set(SHOWN) == {"EMAIL", "PHONE", "CARD", "IBAN", "ADDRESS", "ACCOUNT", "IP", "SECRET"}


WORDS = ["a@b.org", "+49 171 1234567", "stork", "I wait.", "ok", "  ", "de89 3704 0044 0532 0130 00"]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=8), st.sampled_from(["mask", "drop", "email=drop,phone=mask,iban=mask"])
)
def test_what_was_not_changed_is_found_where_it_was_written(words, setting):
    written = " ".join(words)
    applied = policy(setting).applied(written)
    end = 0
    for piece in applied.pieces:
        before, after = applied.text[end : piece.new_start], (end, piece.new_start)
        start, stop = original_span(applied.pieces, *after) if before else (0, 0)
        assert written[start:stop] == before
        end = piece.new_end
    if end < len(applied.text):
        start, stop = original_span(applied.pieces, end, len(applied.text))
        assert written[start:stop] == applied.text[end:]
    assert policy(setting).applied(applied.text).text == applied.text


@pytest.mark.parametrize(
    "words",
    [
        "12 Elm Street", "221B Baker Street, London NW1 6XE", "1600 Pennsylvania Ave NW, Washington, DC 20500",
        "45 West 4th St, Apt 6B, New York, NY 10012", "Lindenstraße 12, 20095 Hamburg", "Hauptstr. 5", "3 Mill Lane",
        "Prinsengracht 263, 1016 GV Amsterdam", "12 rue de la Paix, 75002 Paris", "Calle Mayor 5, Madrid", "Via Roma 12",
        "Rua Augusta, 1200", "PO Box 1234", "12 elm street",
    ],
)  # fmt: skip
def test_an_address_is_found_whole(words):
    assert list(street_addresses(f"it is {words}")) == [(6, 6 + len(words))]


@pytest.mark.parametrize(
    "words",
    [
        "I walked down Elm Street", "2 minutes down the road", "we met 3 times in the square", "at 5 I drive home",
        "10 years on the road", "in 2019 we moved to Baker Street", "Am 12 Januar", "via 3 friends", "the court at 9",
        "I ran 5 km along the way", "4 main roads",
    ],
)  # fmt: skip
def test_talk_about_places_is_no_address(words):
    assert list(street_addresses(words)) == []


SECRETS = ("jo.axolotl@example.org", "171 1234567", "4111 1111", "0532 0130", "12 elm street")
LINES = [
    "My email is jo.axolotl@example.org and I live in Lisbon.", "Lovely! Is jo.axolotl@example.org your work address?",
    "My phone number is +49 171 1234567, ok?", "Noted.", "I moved to 12 Elm Street, Springfield.", "Nice.",
    "I promise to send the card 4111 1111 1111 1111 tomorrow.", "No!", "My IBAN is DE89 3704 0044 0532 0130 00.", "Careful.",
]  # fmt: skip


def with_policy(ctx, setting):
    return replace(ctx, settings=ctx.settings.model_copy(update={"enrichment_pii": setting}))


def test_what_a_policy_hides_is_in_no_table_and_spans_lead_to_what_was_written(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAYS[0], LINES))
    run_everything(with_policy(ctx, "mask"), elena)
    assert traces(ctx, SECRETS) == {}
    facts = column(ctx, "SELECT fact_content FROM user_facts ORDER BY 1")
    assert any("Lisbon" in fact for fact in facts) and any("[email]" in fact for fact in facts)
    for row in _spans(ctx):
        assert policy("mask").applied(LINES[row.minute][row.span_start : row.span_end]).text == row.quote


def test_a_policy_reaches_what_was_stored_before_it_was_in_force(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAYS[0], [*LINES, "I love storks.", "Me too."]))
    run_everything(ctx, elena)
    stored = tables_in(traces(ctx, SECRETS))
    assert {"fact_assertions", "user_facts", "conversation_summaries", "strategic_features"} <= stored
    dropping = with_policy(ctx, "drop")
    assert apply_policy(dropping, "elena", dry_run=True).rows["fact_assertions"] > 0
    assert tables_in(traces(ctx, SECRETS)) == stored
    apply_policy(dropping, "elena")
    run_everything(dropping, elena)
    assert traces(ctx, SECRETS) == {}
    assert "ana likes storks." in column(ctx, "SELECT fact_content FROM user_facts")
    assert apply_policy(dropping, "elena").rows.total() == 0


def _spans(ctx):
    query = (
        "SELECT quote, span_start, span_end, CAST(extract(minute FROM said_at) AS int) AS minute FROM fact_assertions"
    )
    with ctx.database.connect() as connection:
        return connection.execute(text(query)).all()


def test_a_policy_that_keeps_texts_has_nothing_to_apply(ctx, elena):
    with pytest.raises(InputError, match="keeps what is stored"):
        apply_policy(ctx, "elena")


def test_no_text_of_a_person_is_left_out_of_what_a_policy_is_applied_to(ctx):
    """Every text and JSON column of a table with a person's data is dealt with, derived from one that is, or no text."""
    with ctx.database.connect() as connection:
        found = person_data.catalogue(connection, ctx.database.schema)
    derived = {
        "user_facts",
        "fact_evidence",
        "fact_versions",
        "shared_facts",
        "shared_fact_evidence",
        "shared_fact_versions",
    }
    dealt = derived | stored_texts.TEXTS.keys() | stored_texts.MADE_ANEW.keys()
    left = {table.name for table in found.persons} - dealt - NO_TEXTS
    assert left == set(), (
        "Does it hold words of messages? Then deal with it in storage/stored_texts.py; else name it here."
    )


NO_TEXTS = {
    "enrichment_requests", "fact_redone", "feedback", "message_ledger", "message_touches", "model_batches", "model_calls",
    "quarantine", "stale_folds", "stale_windows", "summary_vectors", "user_profiles",
}  # fmt: skip
"""States, times, hashes; names that people were given."""
