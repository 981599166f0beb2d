"""Several runs share out the users of a bot: together they do what one does, and none works where another does."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from whisper_enrich.errors import LeaseHeld, LeaseLost
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.summaries import Engine, summarise_days
from whisper_enrich.stages.summary_vectors import bring_vectors_up_to_date
from whisper_enrich.storage import leases
from whisper_enrich.storage.shares import HOLDS, Share, parameters
from whisper_enrich.summaries.extractive import ENGINE_VERSION, input_hash, summarise
from whisper_enrich_tests.builders import chat, column, enrich, extract_statements, scalar

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks."]
DAY = date(2026, 3, 18)
USERS = ["ana", "bo", "carl", "dora", "emil", "fay"]
ENGINE = Engine(summarise, input_hash, ENGINE_VERSION)


@hypothesis_settings(max_examples=60, derandomize=True, deadline=None)
@given(user_id=st.text(max_size=30), of=st.integers(1, 64))
def test_every_user_is_in_exactly_one_share(user_id, of):
    assert sum(share.holds(user_id) for share in Share.all(of)) == 1


def test_the_database_shares_users_out_as_we_do(ctx):
    users = [*USERS, "", "672814231002939413", "Zoë", None]
    query = text(f"SELECT {HOLDS} FROM (SELECT CAST(:user AS text) AS user_id) AS one")
    with ctx.database.connect() as connection:
        for user in users:
            for share in (*Share.all(3), *Share.all(8)):
                assert connection.execute(query, {"user": user, **parameters(share)}).scalar_one() is share.holds(user)


def test_a_share_is_read_as_it_is_written():
    assert [Share.parse(str(share)) for share in Share.all(3)] == list(Share.all(3))
    for wrong in ("0/2", "3/2", "2", ""):
        with pytest.raises(ValueError):
            Share.parse(wrong)


def test_shares_together_do_what_one_run_does(ctx, elena):
    ctx.store.upsert(elena.collection, [point for user in USERS for point in chat("2026-03-18", TALK, user=user)])
    take_in(ctx, elena)
    seen = []
    for share in Share.all(2):
        part = replace(ctx, share=share)
        extract_facts(part, elena, [DAY], extract_statements, "test-1")
        summarise_days(part, elena, [DAY], ENGINE)
        facts = set(column(ctx, "SELECT user_id FROM user_facts"))
        summaries = set(column(ctx, "SELECT user_id FROM conversation_summaries"))
        vectors = set(column(ctx, "SELECT user_id FROM summary_vectors"))
        seen.append({user for user in USERS if share.holds(user)} | (seen[-1] if seen else set()))
        assert facts == summaries == vectors == seen[-1]
        with ctx.database.begin() as connection:  # all of them are to be noted anew, by whoever may
            connection.execute(text("DELETE FROM summary_vectors"))
        with part.lease("elena/summary") as lease:
            bring_vectors_up_to_date(part, elena, lease)
        assert all(map(share.holds, column(ctx, "SELECT user_id FROM summary_vectors")))
        with ctx.lease("elena/summary") as lease:
            bring_vectors_up_to_date(ctx, elena, lease)
    assert len(seen[0]) in range(1, len(USERS))
    assert seen[-1] == set(USERS)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE mark_state <> 'done'") == 0


def test_nobody_has_the_whole_while_somebody_has_a_share_and_the_other_way_round(ctx):
    impatient = replace(ctx, lease_wait_seconds=0.0)
    first, second = (replace(impatient, share=share) for share in Share.all(2))
    with first.lease("elena/facts"), second.lease("elena/facts"):
        with pytest.raises(LeaseHeld), impatient.lease("elena/facts"):
            pytest.fail("the whole was given away beside its shares")
        with pytest.raises(LeaseHeld), replace(impatient, share=Share(1, 3)).lease("elena/facts"):
            pytest.fail("a share of another division was given away")
    with impatient.lease("elena/facts"), pytest.raises(LeaseHeld), first.lease("elena/facts"):
        pytest.fail("a share was given away beside the whole")


@pytest.mark.parametrize(("stale", "taker"), [(Share(1, 2), None), (None, Share(1, 2)), (Share(1, 2), Share(1, 3))])
def test_who_is_taken_for_dead_writes_nothing_when_the_whole_or_a_share_went_to_somebody_else(ctx, stale, taker):
    with ctx.database.begin() as connection:
        held = leases.acquire(connection, "elena/facts", 300, share=stale)
        connection.execute(text("UPDATE leases SET expires_at = now() WHERE holder <> ''"))
    with ctx.database.begin() as connection:
        taken = leases.acquire(connection, "elena/facts", 300, share=taker)
    with pytest.raises(LeaseLost), ctx.database.begin() as connection:
        ctx.confirm(connection, held)
    with ctx.database.begin() as connection:
        ctx.confirm(connection, taken)
