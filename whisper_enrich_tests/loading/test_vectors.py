"""Lexical vectors for messages that came without."""

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from whisper_enrich.loading.loaded import message_point
from whisper_enrich.loading.vectors import hashed_vectors, with_hashed_vectors
from whisper_enrich.messages.model import Speaker
from whisper_enrich.messages.store import VECTOR_NAMES
from whisper_enrich.sample.lines import nominal_lines
from whisper_enrich.sample.people import BOTS
from whisper_enrich.sample.vectors import vectors_of

AT = datetime(2026, 11, 21, 8, 20, tzinfo=UTC)


def point(number, text, **more):
    return message_point(f"{number}", user_id="u", speaker=Speaker.USER, at=AT, text=text, **more)


def test_vectors_are_unit_length_floats_of_the_right_shape():
    vectors = hashed_vectors(["I keep bees", "ok", "😂", "これはペンです", "a"])
    assert (vectors.shape, vectors.dtype) == ((5, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_blank_text_has_no_direction():
    assert not hashed_vectors(["", "  \n"]).any()
    assert hashed_vectors([]).shape == (0, 384)


def test_texts_that_share_words_or_parts_of_words_lie_nearer():
    bees, hives, rain = hashed_vectors(
        ["my bees are wintering well", "the bee colony winters under snow", "the gutter leaks when it rains"]
    )
    assert bees @ hives > bees @ rain + 0.05


def test_a_text_has_the_same_vector_alone_in_company_and_in_another_process():
    alone = hashed_vectors(["the fog came in"])[0]
    assert (hashed_vectors(["noise", "the fog came in"])[1] == alone).all()
    code = (
        "from whisper_enrich.loading.vectors import hashed_vectors as h;print(h(['the fog came in']).tobytes().hex())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == alone.tobytes().hex()


def test_messages_without_vectors_get_all_three_and_others_keep_theirs():
    given = {"content": [1.0] + [0.0] * 383}
    bare, feeling, full = with_hashed_vectors(
        [point(1, "hello there"), point(2, "hello there", emotion="joy"), point(3, "hello there", vectors=given)]
    )
    assert full.vectors == given
    assert set(bare.vectors) == set(feeling.vectors) == set(VECTOR_NAMES)
    assert bare.vectors["emotion"] == pytest.approx(bare.vectors["content"], abs=1e-6)
    assert feeling.vectors["content"] == bare.vectors["content"] == bare.vectors["semantic"]


def test_the_same_emotion_brings_messages_together():
    glad, also_glad, angry = with_hashed_vectors(
        [point(1, "the kettle is on", emotion="joy"), point(2, "rain again", emotion="joy"),
         point(3, "rain again", emotion="anger")]
    )  # fmt: skip
    emotion = [np.array(found.vectors["emotion"]) for found in (glad, also_glad, angry)]
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) for vector in emotion)
    assert emotion[0] @ emotion[1] > emotion[0] @ emotion[2] + 0.2


@pytest.mark.parametrize("bot", BOTS)
def test_on_the_sample_they_agree_with_the_embedding_model_more_than_chance(bot):
    said = [line for line in nominal_lines(bot) if line.speaker != "reaction" and line.language == "en"]
    real = np.array([vectors_of([line.id])["content"] for line in said])
    lexical = hashed_vectors([line.text for line in said])
    above = np.triu_indices(len(said), 1)
    # Measured 0.16 to 0.17: words are rarely shared between chat messages.
    assert np.corrcoef((real @ real.T)[above], (lexical @ lexical.T)[above])[0, 1] > 0.13
