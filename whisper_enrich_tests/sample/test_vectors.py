"""The stored vectors mean something: an answer lies nearer to its question than to others."""

import numpy as np
import pytest

from whisper_enrich.messages.store import VECTOR_NAMES, VECTOR_SIZE
from whisper_enrich.sample.lines import nominal_lines, turns
from whisper_enrich.sample.people import BOTS
from whisper_enrich.sample.vectors import vectors_of


def similarities(bot, name):
    """Cosine of each question (row) with each answer (column) of a bot; the diagonal holds the exchanges."""
    answered = [turn for turn in turns(nominal_lines(bot)) if turn.answer is not None]
    questions = np.array([vectors_of([turn.line.id])[name] for turn in answered])
    answers = np.array([vectors_of([turn.answer.id])[name] for turn in answered])
    return questions @ answers.T


@pytest.mark.parametrize("bot", BOTS)
def test_every_line_has_three_vectors_of_unit_length(bot):
    for line in nominal_lines(bot):
        vectors = vectors_of([line.id])
        assert tuple(vectors) == VECTOR_NAMES
        for vector in vectors.values():
            assert len(vector) == VECTOR_SIZE
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("bot", BOTS)
@pytest.mark.parametrize(("name", "margin"), [("content", 0.10), ("semantic", 0.10), ("emotion", 0.08)])
def test_question_and_answer_are_nearer_than_question_and_any_answer(bot, name, margin):
    found = similarities(bot, name)
    others = found[~np.eye(len(found), dtype=bool)]
    # Measured: content 0.12 to 0.21, semantic 0.11 to 0.18, emotion 0.10 to 0.16.
    assert np.diag(found).mean() - others.mean() > margin


@pytest.mark.parametrize("bot", BOTS)
def test_the_answer_is_often_among_the_nearest_tenth_of_all_answers(bot):
    found = similarities(bot, "content")
    nearer = (found > np.diag(found)[:, None]).mean(axis=1)
    # Measured: 0.49 to 0.72; by chance it would be 0.10.
    assert (nearer <= 0.1).mean() > 0.4


def test_the_vector_of_two_lines_lies_between_theirs():
    question, answer = "marlow-001", "marlow-002"
    both = np.array(vectors_of([question, answer])["content"])
    apart = [np.array(vectors_of([line_id])["content"]) for line_id in (question, answer)]
    assert np.linalg.norm(both) == pytest.approx(1, abs=1e-5)
    assert both @ apart[0] == pytest.approx(both @ apart[1], abs=1e-5)
    assert both @ apart[0] > apart[0] @ apart[1]


def test_a_line_without_a_vector_is_an_error():
    with pytest.raises(KeyError):
        vectors_of(["nobody-001"])
