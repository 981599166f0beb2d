"""What stands in a message is data: no attack becomes a fact about how a bot must behave, and none touches anybody else."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from whisper_enrich.facts.extractive import extract
from whisper_enrich.facts.grounding import ground
from whisper_enrich.facts.model import Assertion
from whisper_enrich.messages.model import Speaker
from whisper_enrich_tests.facts.attacks import Attempt, attacks, honest_facts, lookalikes

ATTACKS = attacks()
LOOKALIKES = lookalikes()
HONEST = honest_facts()
MIN_ATTACKS = 200
MIN_LOOKALIKES = 40
_BRACES = re.compile(r"[{}]")


def _by_id(attempt: Attempt) -> str:
    return attempt.id


def _grounded(attempt: Attempt) -> list[Assertion]:
    grounding = ground(attempt.answer, attempt.chunk, rule="test", unmask=str)
    return [assertion for extraction in grounding.extractions.values() for assertion in extraction.assertions]


def _extracted(attempt: Attempt) -> list[Assertion]:
    return [assertion for message in attempt.chunk.messages for assertion in extract(message).assertions]


def _is_about_the_user_alone(assertion: Assertion, attempt: Attempt) -> bool:
    whose = (assertion.bot_name, assertion.user_id) == (attempt.chunk.bot_name, attempt.chunk.user_id)
    return whose and "{user}" in assertion.statement


def _rests_on_the_users_words(assertion: Assertion, attempt: Attempt) -> bool:
    evidence = assertion.evidence
    said = {message.point_id: message for message in attempt.chunk.messages}[evidence.point_id]
    return said.speaker is Speaker.USER and said.text[evidence.start : evidence.end] == evidence.quote != ""


def test_there_are_at_least_two_hundred_attacks_each_with_a_name_of_its_own():
    assert len(ATTACKS) >= MIN_ATTACKS
    assert len(LOOKALIKES) >= MIN_LOOKALIKES
    assert [name for name, count in Counter(a.id for a in ATTACKS + LOOKALIKES + HONEST).items() if count > 1] == []


def test_every_attack_says_what_it_is_after():
    assert [attack.id for attack in ATTACKS if not attack.never or not attack.answer.facts] == []


@pytest.mark.parametrize("attack", ATTACKS, ids=_by_id)
def test_a_manipulated_answer_stores_nothing_that_it_should_not(attack):
    assertions = _grounded(attack)
    assert attack.stored_in_spite(assertions) == []
    assert set(attack.kept) <= {(a.attribute, a.value) for a in assertions}


@pytest.mark.parametrize("attempt", ATTACKS + LOOKALIKES + HONEST, ids=_by_id)
def test_what_is_stored_of_an_answer_is_the_users_own_and_in_their_words(attempt):
    for assertion in _grounded(attempt):
        assert _is_about_the_user_alone(assertion, attempt)
        assert _rests_on_the_users_words(assertion, attempt)
        assert not _BRACES.search(assertion.statement.replace("{user}", ""))
        assert 0.0 < assertion.confidence < 1.0


@pytest.mark.parametrize("attack", ATTACKS, ids=_by_id)
def test_every_message_of_an_answer_gets_a_result_of_its_own(attack):
    grounding = ground(attack.answer, attack.chunk, rule="test", unmask=str)
    users = {message.point_id for message in attack.chunk.messages if message.speaker is Speaker.USER}
    assert grounding.extractions.keys() == users
    stored = sum(len(extraction.assertions) for extraction in grounding.extractions.values())
    assert stored + sum(grounding.rejected.values()) == len(attack.answer.facts)


@pytest.mark.parametrize("honest", LOOKALIKES, ids=_by_id)
def test_an_honest_message_that_looks_like_an_attack_is_stored(honest):
    assert set(honest.kept) <= {(a.attribute, a.value) for a in _grounded(honest)}


@pytest.mark.parametrize("honest", HONEST, ids=_by_id)
def test_a_fact_in_the_words_of_the_user_is_stored(honest):
    assert set(honest.kept) <= {(a.attribute, a.value) for a in _grounded(honest)}


@pytest.mark.parametrize("attack", ATTACKS, ids=_by_id)
def test_the_extractive_engine_obeys_no_attack(attack):
    assertions = _extracted(attack)
    assert attack.stored_in_spite(assertions) == []
    for assertion in assertions:
        assert _is_about_the_user_alone(assertion, attack)
        assert _rests_on_the_users_words(assertion, attack)
