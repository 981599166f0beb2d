"""Rollups over real engines: what is behind is made anew, nothing is paid twice, a failing model loses nothing."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from whisper_enrich.errors import AnswerUnusable, BudgetSpent, LeaseLost, ModelUnavailable
from whisper_enrich.llm.types import Doubt
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.storage import leases, profiles
from whisper_enrich_tests.builders import at as moment
from whisper_enrich_tests.builders import chat, column, contents, enrich, said, scalar
from whisper_enrich_tests.llm.gateway_builders import answer, gateway_over
from whisper_enrich_tests.stages.model_pipeline import TALK

DIGEST = {
    "summary": "ana or bo told Elena about Lisbon, a yellow kitchen and two storks.",
    "topics": ["Storks"], "tone": "positive (joy)", "decisions": ["paint the hall"],
    "open_questions": [],
}  # fmt: skip


@pytest.fixture
def ctx(ctx):
    """A context whose settings name a model, in case one is used."""
    return replace(ctx, settings=ctx.settings.model_copy(update={"llm_chat_model": "acme/small"}))


@pytest.fixture
def talked(ctx, elena):
    """Two days of one week and one of another, in one month; and a day of somebody else in a dm."""
    points = [p for day in ("2026-03-03", "2026-03-05", "2026-03-11") for p in chat(day, TALK)]
    ctx.store.upsert(elena.collection, points + chat("2026-03-05", TALK, user="bo", channel="dm"))
    enrich(ctx, elena)


def doubted(parse, given):
    """The answer that is taken although it is doubted."""
    with pytest.raises(Doubt) as caught:
        parse(given)
    return caught.value.answer


class Model:
    """Stands where `Gateway.ask` would: answers with a digest, or as told, and asks again where the answer is refused."""

    def __init__(self, *answers: dict | Exception) -> None:
        self.answers = list(answers) or [DIGEST]
        self.asked: list = []
        self.complaints: list[str] = []
        self._lock = threading.Lock()
        self._down: ModelUnavailable | None = None

    def __call__(self, errand, prompt, parse):
        for _ in range(2):
            with self._lock:
                if self._down is not None:
                    raise self._down
                self.asked.append((errand, prompt))
                given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                self._down = given if isinstance(given, ModelUnavailable) else None
            if isinstance(given, Exception):
                raise given
            try:
                return parse(given)
            except Doubt as doubt:
                self.complaints.append(str(doubt))
        return doubted(parse, given)


def rows(ctx, columns="user_id, period, start_date"):
    with ctx.database.connect() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM summary_rollups ORDER BY user_id, start_date, period"))
        return list(map(tuple, found))


def test_weeks_and_months_are_made_from_the_windows_and_their_facts(ctx, elena, talked):
    result = roll_up(ctx, "elena")
    assert (result.written, result.weeks, result.months, result.removed) == (5, 3, 2, 0)
    assert rows(ctx, "user_id, period, start_date, window_count, message_count, scope, state") == [
        ("ana", "month", date(2026, 3, 1), 3, 18, "shared", "final"),
        ("ana", "week", date(2026, 3, 2), 2, 12, "shared", "final"),
        ("ana", "week", date(2026, 3, 9), 1, 6, "shared", "final"),
        ("bo", "month", date(2026, 3, 1), 1, 6, "dm", "final"),
        ("bo", "week", date(2026, 3, 2), 1, 6, "dm", "final"),
    ]
    month = scalar(ctx, "SELECT summary_text FROM summary_rollups WHERE user_id = 'ana' AND period = 'month'")
    assert month.startswith("In March 2026, ana and Elena talked on 3 days (18 messages).")
    assert "storks" in month


def test_a_second_run_changes_no_row(ctx, elena, talked, clock):
    roll_up(ctx, "elena")
    before = contents(ctx, with_clocks=True)
    clock.forward(days=1)
    again = roll_up(ctx, "elena")
    assert (again.looked_at, again.written) == (0, 0)
    assert contents(ctx, with_clocks=True) == before


def test_a_late_message_puts_its_week_and_month_behind_and_no_other(ctx, elena, talked):
    roll_up(ctx, "elena")
    before = dict.fromkeys(rows(ctx, "user_id, period, start_date, summary_text, message_count"))
    ctx.store.upsert(elena.collection, [said("I adopted a parrot named Kiwi.", moment("2026-03-11 20:00"))])
    enrich(ctx, elena)
    result = roll_up(ctx, "elena")
    assert (result.looked_at, result.written) == (2, 2)
    changed = [
        row for row in rows(ctx, "user_id, period, start_date, summary_text, message_count") if row not in before
    ]
    assert [(row[1], row[2], row[4]) for row in changed] == [
        ("month", date(2026, 3, 1), 19), ("week", date(2026, 3, 9), 7),
    ]  # fmt: skip


def test_whatever_the_order_of_days_the_digests_are_the_same(ctx, elena, talked, pipeline):
    roll_up(ctx, "elena")
    expected = rows(ctx, "user_id, period, start_date, summary_text, input_hash")
    other = pipeline.store.create_collection("marcus")
    for day in ("2026-03-11", "2026-03-03", "2026-03-05"):
        ctx.store.upsert(other.collection, chat(day, TALK))
        enrich(ctx, other)
        roll_up(ctx, "marcus")
    with ctx.database.connect() as connection:
        made = connection.execute(text("SELECT * FROM summary_rollups WHERE bot_name = 'marcus'")).all()
    texts = {(row.period, row.start_date): row.summary_text.replace("Marcus", "Elena") for row in made}
    assert texts == {(row[1], row[2]): row[3] for row in expected if row[0] == "ana"}


def test_windows_that_are_gone_take_their_digests_along(ctx, elena, talked):
    roll_up(ctx, "elena")
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM conversation_summaries WHERE user_id = 'bo'"))
    assert roll_up(ctx, "elena").removed == 2
    assert {row[0] for row in rows(ctx)} == {"ana"}


def test_a_model_is_asked_once_a_period_with_windows_facts_and_words(ctx, elena, talked):
    model = Model()
    result = roll_up(ctx, "elena", model)
    assert (result.written, result.stand_ins, len(model.asked)) == (5, 0, 5)
    errand, prompt = next((e, p) for e, p in model.asked if e.user_id == "ana" and "Period: March 2026" in p.material)
    assert (errand.bot_name, errand.run_id, errand.day, errand.points) == ("elena", "run-1", date(2026, 3, 20), ())
    assert errand.version.startswith("llm-1-")
    assert prompt.purpose == "rollup"
    assert prompt.material.count("Tue 2026-03-03: ") == 1
    assert 'ana lives in Lisbon. ("I live in Lisbon.")' in prompt.material
    assert set(column(ctx, "SELECT engine_version FROM summary_rollups")) == {errand.version}
    assert column(ctx, "SELECT DISTINCT decisions FROM summary_rollups") == [["paint the hall"]]
    assert scalar(ctx, "SELECT max(confidence_score) FROM summary_rollups") < 1
    assert scalar(ctx, "SELECT purpose FROM model_versions WHERE version = :v", v=errand.version) == "rollup"
    assert roll_up(ctx, "elena", model).looked_at == 0
    assert len(model.asked) == 5


def test_words_of_a_dm_are_not_in_what_is_asked_for_a_shared_digest(ctx, elena):
    ctx.store.upsert(
        elena.collection,
        chat("2026-03-05", TALK)
        + chat("2026-03-05", ["I have a secret twin.", "Oh!", *TALK[2:]], channel="dm", hour=15),
    )
    enrich(ctx, elena)
    model = Model()
    roll_up(ctx, "elena", model)
    materials = {prompt.material for _, prompt in model.asked}
    about_twin = {material for material in materials if "twin" in material}
    assert len(materials) == 4
    assert len(about_twin) == 2
    assert not any("Lisbon" in material for material in about_twin)


def test_personal_data_is_masked_before_the_call_and_back_in_the_digest(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-05", ["I write to rosa@example.org daily.", *TALK[1:]]))
    enrich(ctx, elena)
    model = Model({**DIGEST, "summary": "ana writes to [EMAIL_1] daily and told Elena so."})
    roll_up(ctx, "elena", model)
    assert all("rosa@" not in prompt.material and "[EMAIL_1]" in prompt.material for _, prompt in model.asked)
    assert set(column(ctx, "SELECT summary_text FROM summary_rollups")) == {
        "ana writes to rosa@example.org daily and told Elena so."
    }


def test_an_invention_is_complained_of_once_and_then_costs_confidence(ctx, elena, talked):
    invented = {**DIGEST, "summary": DIGEST["summary"].replace("Lisbon", "Porto with Otto")}
    honest, liar = Model(), Model(invented)
    roll_up(ctx, "elena", honest)
    sure = dict(rows(ctx, "user_id || period || start_date, confidence_score"))
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM summary_rollups"))
    roll_up(ctx, "elena", liar)
    assert len(liar.asked) == 10
    assert all("Porto" in complaint and "Otto" in complaint for complaint in liar.complaints)
    assert all(value < sure[name] for name, value in rows(ctx, "user_id || period || start_date, confidence_score"))


def test_while_the_provider_is_down_extractive_digests_stand_in_and_are_redone_when_it_is_back(ctx, elena, talked):
    down = Model(ModelUnavailable("The provider does not answer. Nothing is lost."))
    ctx_one = replace(ctx, settings=ctx.settings.model_copy(update={"llm_concurrency": 1}))
    result = roll_up(ctx_one, "elena", down)
    assert isinstance(result.halt, ModelUnavailable)
    assert (len(down.asked), result.stand_ins) == (1, 5)
    assert set(column(ctx, "SELECT state FROM summary_rollups")) == {"degraded"}
    before = contents(ctx, with_clocks=True)
    roll_up(ctx_one, "elena", down)
    assert contents(ctx, with_clocks=True) == before
    back = roll_up(ctx, "elena", Model())
    assert (back.written, back.stand_ins, back.halt) == (5, 0, None)
    assert set(column(ctx, "SELECT state FROM summary_rollups")) == {"final"}


def test_one_period_without_a_usable_answer_stands_degraded_and_the_others_are_told(ctx, elena, talked):
    result = roll_up(ctx, "elena", Model(AnswerUnusable("refused", "no"), DIGEST))
    assert dict(result.failures) == {"answer_refused": 1}
    assert (result.halt, result.stand_ins) == (None, 1)
    assert sorted(column(ctx, "SELECT state FROM summary_rollups")) == ["degraded"] + ["final"] * 4


def test_a_spent_budget_of_one_user_leaves_the_others_asked(ctx, elena, talked):
    def ask(errand, prompt, parse):
        if errand.user_id == "ana":
            raise BudgetSpent("The budget of the user is spent.", holder="user")
        return parse(DIGEST)

    result = roll_up(ctx, "elena", ask)
    assert result.failures == {"budget_spent": 3}
    assert result.halt is None
    assert set(rows(ctx, "user_id, state")) == {("ana", "provisional"), ("bo", "final")}
    roll_up(ctx, "elena", Model())
    assert set(column(ctx, "SELECT state FROM summary_rollups")) == {"final"}


def test_whoever_opted_out_is_never_sent_and_has_the_extractive_digest_for_good(ctx, elena, talked):
    with ctx.database.begin() as connection:
        profiles.set_profile(connection, "ana", model_opt_out=True)
    model = Model()
    result = roll_up(ctx, "elena", model)
    assert {errand.user_id for errand, _ in model.asked} == {"bo"}
    assert result.stand_ins == 0
    assert set(rows(ctx, "user_id, state, engine_version = 'rollup-1'")) == {
        ("ana", "final", True), ("bo", "final", False),
    }  # fmt: skip
    assert roll_up(ctx, "elena", model).looked_at == 0


def test_a_month_that_is_too_long_is_asked_in_parts_and_then_as_a_whole(ctx, elena):
    days = [f"2026-03-{day:02d}" for day in range(2, 9)]
    ctx.store.upsert(elena.collection, [p for day in days for p in chat(day, TALK)])
    enrich(ctx, elena)
    small = replace(ctx, settings=ctx.settings.model_copy(update={"llm_chunk_tokens": 200}))
    model = Model()
    roll_up(small, "elena", model)
    materials = [prompt.material for _, prompt in model.asked]
    assert len(materials) > 4
    told = [sum(f"2026-03-{day:02d}: " in material for day in range(2, 9)) for material in materials]
    assert all(told)
    for day in range(2, 9):
        assert any(f"2026-03-{day:02d}: " in material for material in materials)
    assert scalar(ctx, "SELECT min(window_count) FROM summary_rollups") == 7


def test_another_engine_redoes_nothing_until_asked(ctx, elena, talked):
    roll_up(ctx, "elena")
    model = Model()
    assert roll_up(ctx, "elena", model).looked_at == 0
    assert roll_up(ctx, "elena", model, stale=True).written == 5
    assert len(model.asked) == 5
    assert roll_up(ctx, "elena", model, stale=True).looked_at == 0


def test_over_the_gateway_a_run_that_was_killed_before_it_wrote_pays_nothing_again(ctx, elena, talked):
    gateway, client = gateway_over(ctx, answer(json.dumps(DIGEST)), llm_chat_model="acme/small")
    roll_up(ctx, "elena", gateway.ask)
    calls = len(client.asked)
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM summary_rollups"))
    again, silent = gateway_over(ctx, answer("never"), llm_chat_model="acme/small")
    assert roll_up(ctx, "elena", again.ask).written == 5
    assert (calls, len(silent.asked)) == (5, 0)


def test_a_digest_that_stays_doubtful_is_paid_for_twice_and_never_again(ctx, elena, talked):
    invented = json.dumps({**DIGEST, "summary": DIGEST["summary"].replace("Lisbon", "Porto")})
    gateway, client = gateway_over(ctx, answer(invented), llm_chat_model="acme/small")
    assert roll_up(ctx, "elena", gateway.ask).stand_ins == 0
    assert len(client.asked) == 10
    assert all("Porto" in correction[1] for _, _, correction in client.asked if correction)
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM summary_rollups"))
    again, silent = gateway_over(ctx, answer("never"), llm_chat_model="acme/small")
    assert roll_up(ctx, "elena", again.ask).written == 5
    assert silent.asked == []


def test_a_worker_that_was_replaced_writes_nothing(ctx, elena, talked):
    def slow(errand, prompt, parse):
        with ctx.database.begin() as connection:
            connection.execute(text("UPDATE leases SET token = token + 1 WHERE resource = 'elena/rollups'"))
        return parse(DIGEST)

    with pytest.raises(LeaseLost):
        roll_up(ctx, "elena", slow)
    assert rows(ctx) == []
    with ctx.database.connect() as connection:
        assert (
            connection.execute(text("SELECT holder FROM leases WHERE resource = 'elena/rollups'")).scalar()
            == leases.holder()
        )
