"""Asking many questions at once: all are put, bounded, and whoever stops midway leaves nothing under way."""

import threading
import time

import pytest

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.stages import model_facts
from whisper_enrich.stages.asking import ask_all
from whisper_enrich_tests.builders import chat
from whisper_enrich_tests.stages.model_pipeline import TALK


def asked(questions, ask, at_once=4):
    return ask_all(questions, ask, at_once=at_once, keep_alive=lambda: None, heartbeat_seconds=0.01)


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("model")]


def test_every_question_is_put_whatever_became_of_those_before_it():
    def ask(number):
        if number == 1:
            raise ModelUnavailable("down")
        return number

    replies = list(asked(range(6), ask, at_once=1))
    assert [reply.answer for reply in replies] == [0, None, 2, 3, 4, 5]
    assert isinstance(replies[1].error, ModelUnavailable)


def test_whoever_stops_midway_asks_nothing_more_and_leaves_nothing_under_way():
    begun = []

    def ask(number):
        begun.append(number)
        time.sleep(0.01)

    replies = asked(range(100), ask)
    next(replies)
    replies.close()
    count = len(begun)
    assert count <= 8
    assert threads() == []
    time.sleep(0.05)
    assert len(begun) == count


def test_a_stage_that_fails_while_it_stores_leaves_nothing_under_way(ctx, elena, work, monkeypatch):
    def fails(*arguments):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(model_facts, "MESSAGES_A_TRANSACTION", 1)
    monkeypatch.setattr(model_facts, "store_extracted", fails)
    for user in ("ana", "bo", "cleo"):
        ctx.store.upsert(elena.collection, chat("2026-03-18", TALK, user=user))
    with pytest.raises(RuntimeError):
        work.run(summaries=False)
    assert threads() == []
