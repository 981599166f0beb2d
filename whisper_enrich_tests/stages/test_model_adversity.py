"""What a hostile world does to the pipeline with a model: workers that die at any instant end in the rows of one that
never does, and pay once. A shortened form of `benchmarks/model_faults.py`."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import count

import pytest
from qdrant_client import QdrantClient
from sqlalchemy import text

from whisper_enrich.errors import DatabaseUnavailable, ModelUnavailable
from whisper_enrich.llm.client import ChatClient
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.messages.server_store import ServerStore
from whisper_enrich.stages import completion
from whisper_enrich.storage import ledger
from whisper_enrich.storage.tables import metadata
from whisper_enrich_tests.builders import chat, column, contents, scalar
from whisper_enrich_tests.scripted_model import (
    ScriptedModel,
    empty,
    half_json,
    in_turn,
    quota,
    rate_limited,
    refusal,
    reset,
    sensible,
    server_error,
    too_long,
    when,
    wrong_schema,
)
from whisper_enrich_tests.stages.model_pipeline import TALK, model_settings
from whisper_enrich_tests.stages.model_workers import (
    PRELOADED,
    Instants,
    Journal,
    Orders,
    Plan,
    WatchedClient,
    results,
    run,
    watched,
    without_words,
    work,
)

DAY = "2026-03-18"
POINTS = [
    *chat(DAY, TALK), *chat("2026-03-17", ["I live in Faro.", "So do I.", "lol"], user="bo", channel="dm"),
    *chat("2026-03-16", ["I sold the boat.", "Why?"]),
]  # fmt: skip
BEFORE_IT_IS_STORED = ("model: answered", "gateway.Gateway._settle: uncommitted")
"""Where a death costs an answer that was served."""


WAITS = "'waiting' IN (facts_state, summary_state, mark_state)"


class Died(BaseException):
    """The worker is gone: no handler of its own gets to do anything."""


class Death:
    """Dies at the ``number``-th instant around a commit or a call, and then at every other, as nothing happens any more."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.place: str | None = None

    def __call__(self, place: str) -> None:
        if self.place is None and place.endswith((": uncommitted", "model: before", "model: answered")):
            self._left -= 1
            self.place = place if self._left == 0 else None
        if self.place is not None:
            raise Died


class Conversation:
    """The same messages over and over, each time as if nobody had seen them."""

    def __init__(self, ctx, bot, model: ScriptedModel, journal: Journal) -> None:
        changed = {**model_settings(model.url), "llm_concurrency": 1, "enrichment_max_attempts": 2}
        self.ctx = replace(ctx, settings=ctx.settings.model_copy(update=changed))
        self.bot, self.model, self.journal = bot, model, journal
        self.runs = 0
        self.client = ChatClient.connect(self.ctx.settings, sleep=lambda seconds: None)

    def begin(self) -> None:
        """Messages without marks, and tables without rows."""
        with self.ctx.database.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name != "store_identity":
                    connection.execute(table.delete())
        self.ctx.store.upsert(self.bot.collection, POINTS)
        self.model.forget()

    def worker(
        self, instant: Callable[[str], None] = lambda place: None, days: Sequence[date] | None = None
    ) -> list[Exception]:
        """One run; what failed."""
        self.runs += 1
        failures: list[Exception] = []
        client = WatchedClient(self.client, instant, self.journal)
        ctx = watched(replace(self.ctx, run_id=f"run-{self.runs}"), instant)
        run(ctx, self.bot, Gateway(client, ctx.database, ctx.settings, ctx.clock), failures.append, days)
        return failures

    def rest(self, clock) -> None:
        """Runs until nothing waits, after the leases of the dead have run out."""
        with self.ctx.database.begin() as connection:
            connection.execute(text("UPDATE leases SET expires_at = now()"))
        for _ in range(6):
            failures = self.worker()
            if not failures and not scalar(self.ctx, f"SELECT count(*) FROM message_ledger WHERE {WAITS}"):
                return
            assert all(isinstance(error, ModelUnavailable) for error in failures)
            clock.forward(hours=1)
        pytest.fail("something waits for ever")

    def answered_twice(self) -> list[str]:
        """Questions with two calls whose answer counts as good."""
        return column(
            self.ctx,
            "SELECT request_key FROM model_calls WHERE outcome = 'answered' AND purpose <> 'probe' "
            "GROUP BY 1 HAVING count(*) > 1",
        )


@pytest.fixture
def talk(ctx, model, tmp_path, monkeypatch) -> Iterator[Conversation]:
    """In a store in memory, and with the language model kept: to open and to read them would take most of the time."""
    monkeypatch.setattr(completion, "release_model", lambda: None)
    client = QdrantClient(":memory:")
    store = ServerStore(lambda: client, ctx.settings.qdrant_collection_prefix)
    bot = store.create_collection("elena")
    yield Conversation(replace(ctx, store=store), bot, model, Journal(tmp_path / "journal"))
    client.close()


def test_a_worker_that_dies_at_any_commit_or_call_ends_in_the_same_rows_and_pays_only_for_what_it_could_not_store(
    talk, clock
):
    talk.begin()
    talk.rest(clock)
    wanted, calls = results(talk.ctx), len(talk.model.requests)
    assert calls > 1
    for number in count(1):
        talk.begin()
        death = Death(number)
        try:
            talk.worker(death)
            break
        except Died:
            talk.rest(clock)
        assert results(talk.ctx) == wanted, death.place
        assert len(talk.model.requests) == calls + (death.place in BEFORE_IT_IS_STORED), death.place
        assert talk.answered_twice() == [], death.place
    assert number > 40
    assert results(talk.ctx) == wanted


FAULTS = {
    "429": [rate_limited(1)] * 2, "500": [server_error(500)] * 2, "reset": [reset()] * 2, "quota": [quota(402)],
    "half JSON": [half_json()], "wrong schema": [wrong_schema()] * 2, "empty": [empty()] * 2, "refusal": [refusal()],
    "too long": [too_long()],
}  # fmt: skip
"""What the model answers first; asked a third time at the latest it is sensible."""
PARTED = {"500", "reset", "wrong schema", "empty", "refusal", "too long"}
"""What makes the talk be asked about in parts: its summary then reads otherwise."""


def comparable(found):
    """Rows without the words of summaries."""
    return {table: without_words(rows) for table, rows in found.items()}


def test_whatever_the_model_answers_first_the_rows_are_the_same_in_the_end(talk, clock):
    talk.begin()
    talk.rest(clock)
    wanted = results(talk.ctx)
    for fault, replies in FAULTS.items():
        talk.begin()
        talk.model.script = in_turn(*replies, then=sensible)
        talk.rest(clock)
        found = results(talk.ctx)
        if fault in PARTED:
            assert comparable(found) == comparable(wanted), fault
        else:
            assert found == wanted, fault
        assert talk.answered_twice() == [], fault


def test_a_bad_answer_whose_run_ended_before_saying_so_does_not_count_as_a_good_one(talk, clock):
    talk.begin()
    talk.model.script = in_turn(wrong_schema(), then=sensible)
    failures = talk.worker(Instants(Plan({"gateway.Gateway._condemn: before": {1: "raise"}}), talk.journal))
    assert [type(error) for error in failures] == [DatabaseUnavailable]
    talk.rest(clock)
    assert talk.answered_twice() == []


def test_what_is_set_aside_is_one_message_alone_and_a_replay_brings_it_back(talk, clock):
    talk.begin()
    talk.rest(clock)
    wanted = results(talk.ctx)
    talk.begin()
    talk.model.script = when("storks", refusal(), sensible)
    talk.rest(clock)
    assert column(talk.ctx, "SELECT facts_reason FROM message_ledger WHERE facts_state = 'dead'") == ["answer_refused"]
    assert scalar(talk.ctx, "SELECT count(*) FROM message_ledger WHERE summary_state = 'dead'") == 1
    before, calls = contents(talk.ctx, with_clocks=True), len(talk.model.requests)
    days = column(talk.ctx, "SELECT DISTINCT day FROM message_ledger")
    assert talk.worker(days=days) == []
    assert (contents(talk.ctx, with_clocks=True), len(talk.model.requests)) == (before, calls)
    talk.model.script = sensible
    with talk.ctx.database.begin() as connection:
        ledger.replay_dead_letters(connection, None, None)
    talk.rest(clock)
    assert comparable(results(talk.ctx)) == comparable(wanted)


KILLED_AT = (
    "gateway.Gateway._settle: uncommitted", "facts._write: committed", "summaries._write: uncommitted",
    "completion._mark_batch: uncommitted",
)  # fmt: skip


def test_a_process_that_is_killed_around_commits_loses_nothing_and_pays_once_more_for_what_it_could_not_store(
    ctx, elena, model, tmp_path, clock
):
    ctx.store.upsert(elena.collection, POINTS)
    journal = Journal(tmp_path / "journal")
    orders = Orders(
        ctx.settings.model_copy(update=model_settings(model.url)), tmp_path / "qdrant", elena.bot_name, "run", clock(),
        journal.path, Plan({place: {1: "kill"} for place in KILLED_AT}),
    )  # fmt: skip
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    exits = []
    while exits[-1:] != [0] and len(exits) <= len(KILLED_AT):
        process = processes.Process(target=work, args=(orders,))
        process.start()
        process.join(30)
        exits.append(process.exitcode)
    assert exits == [-signal.SIGKILL] * len(KILLED_AT) + [0]
    assert sorted(journal.lines("kill")) == sorted(KILLED_AT)
    assert journal.lines("failed") == []
    assert scalar(ctx, f"SELECT count(*) FROM message_ledger WHERE {WAITS}") == 0
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 5
    assert column(ctx, "SELECT state FROM conversation_summaries") == ["final"] * 3
    outcomes = column(ctx, "SELECT outcome FROM model_calls ORDER BY outcome")
    questions = scalar(ctx, "SELECT count(DISTINCT request_key) FROM model_calls")
    assert outcomes.count("answered") == questions
    assert len(model.requests) == len(outcomes)
