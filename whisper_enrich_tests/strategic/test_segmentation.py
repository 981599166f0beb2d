"""Segments of talk: where topics change, what they are called, how they are linked."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.boosted_trees import BoostedTrees
from whisper_enrich.strategic.history import Segment
from whisper_enrich.strategic.segmentation import (
    SegmentTurn,
    block_cosines,
    boundaries,
    content_vectors,
    segment,
    stamped_answers,
)
from whisper_enrich.strategic.topic_features import FEATURES, boundary_features, read
from whisper_enrich.strategic.topic_labels import is_linked

START = 1_772_474_400.0
PETS_THEN_MUSIC = (
    "my dog ate my shoes again today",
    "oh no! what breed is your dog?",
    "he is a beagle, a very hungry puppy",
    "beagles are always hungry, mine was too",
    "do you like music? i play the guitar in a band",
    "i love music! what songs does your band play?",
    "old rock songs, and the drummer writes songs too",
)


def talk(*texts: str, apart: float = 30.0, start: float = START, private: bool = False) -> list[SegmentTurn]:
    """User and bot in turn, some seconds apart."""
    return [SegmentTurn(text, n % 2 == 0, start + n * apart, None, private) for n, text in enumerate(texts)]


def asked_and_answered(*texts: str, vectors: np.ndarray | None = None) -> list[SegmentTurn]:
    """A minute between questions; the answers carry their question's time and a millisecond."""
    return [
        SegmentTurn(
            text, n % 2 == 0, START + n // 2 * 60.0 + n % 2 * 0.001, None if vectors is None else vectors[n]
        )
        for n, text in enumerate(texts)
    ]  # fmt: skip


def direction(*coordinates: float) -> np.ndarray:
    """A content vector that points along the first axes."""
    vector = np.zeros(384, dtype=np.float32)
    vector[: len(coordinates)] = coordinates
    return vector


def test_no_turns_have_no_segments():
    assert segment([]) == []


def test_a_single_turn_is_a_segment_that_nothing_began():
    (only,) = segment(talk("my telescope came today"))
    assert (only.first, only.last, only.bridged, only.depth, only.topic) == (0, 0, None, 0.0, "telescope")


def test_a_new_subject_begins_a_segment_and_answers_stay_with_their_question():
    found = segment(talk(*PETS_THEN_MUSIC))
    assert [(s.first, s.last) for s in found] == [(0, 3), (4, 6)]
    assert "dog" in found[0].terms and "music" in found[1].terms
    assert found[1].bridged is False
    assert 0.33 < found[1].depth < 1.0


def test_half_an_hour_of_silence_begins_a_segment_and_less_does_not():
    same = ("the cake is in the oven", "how long does the cake bake?")
    at_the_limit = segment([SegmentTurn(same[0], True, START), SegmentTurn(same[1], False, START + 1800.0)])
    beyond = segment([SegmentTurn(same[0], True, START), SegmentTurn(same[1], False, START + 1800.5)])
    assert len(at_the_limit) == 1
    assert [(s.bridged, s.depth) for s in beyond] == [(None, 0.0), (None, 0.0)]


@pytest.mark.parametrize(
    "text",
    [
        "by the way, i bought a guitar",
        "ok. Anyway, the guitar",
        "speaking of guitars",
        "Also my guitar died",
        "new subject. guitar",
    ],
)
def test_saying_so_links_a_topic(text: str):
    assert is_linked(text)


@pytest.mark.parametrize(
    "text", ["i also like guitars", "the way by the river", "any way you like", "subject to change", ""]
)
def test_words_that_only_look_like_a_link_are_none(text: str):
    assert not is_linked(text)


def test_a_word_of_the_topic_before_bridges():
    changed = [*PETS_THEN_MUSIC]
    changed[4] = "do you like music? my dog howls when i play the guitar in my band"
    found = segment(talk(*changed))
    assert [s.bridged for s in found if s.first == 4] == [True]


def test_names_and_small_talk_are_no_topics():
    named = segment(talk("good morning Juno", "hello Ana, the sourdough is rising"), frozenset({"juno", "ana"}))
    assert [s.topic for s in named] == ["sourdough"]
    assert [(s.topic, s.terms) for s in segment(talk("ok", "lol"))] == [("", ())]


def test_two_words_that_keep_together_are_the_topic():
    (found,) = segment(talk("i bought bitter melon", "salt the bitter melon well", "bitter melon it is"))
    assert found.topic == "bitter melon"


def test_one_private_turn_makes_its_segment_private():
    turns = talk(*PETS_THEN_MUSIC)
    turns[5] = SegmentTurn(turns[5].text, turns[5].from_user, turns[5].at, None, True)
    assert [s.private for s in segment(turns)] == [False, True]


def test_centroids_are_of_unit_length_and_need_one_usable_vector():
    turns = [
        SegmentTurn("tea", True, START, direction(3.0)),
        SegmentTurn("tea", False, START + 1.0, direction(0.0, 5.0)),
        SegmentTurn("tea", True, START + 9000.0, None),
        SegmentTurn("tea", True, START + 18000.0, [float("nan")] * 384),
    ]
    centroids = [s.centroid for s in segment(turns)]
    assert centroids[0] == pytest.approx(direction(0.5**0.5, 0.5**0.5))
    assert centroids[1] is None and centroids[2] is None
    assert all(s.centroid is None for s in segment(talk(*PETS_THEN_MUSIC)))


def test_only_a_millisecond_after_the_user_is_a_stamped_answer():
    from_user = [True, False, False, True, False, True, False]
    at = START + np.array([0.0, 0.001, 0.002, 60.0, 60.0, 90.0, 95.0])
    turns = [SegmentTurn("x", speaker, float(when)) for speaker, when in zip(from_user, at, strict=True)]
    assert stamped_answers(turns, at).tolist() == [False, True, False, False, False, False, False]


def test_vectors_that_part_make_a_switch_likelier_and_vectors_that_agree_less_likely():
    texts = ("the bread is done", "well baked, was it?", "so it goes", "it does that", "it was so")

    def probability(vectors: np.ndarray | None) -> float:
        turns = asked_and_answered(*texts, vectors=vectors)
        return float(boundaries(turns, [read(turn.text) for turn in turns], content_vectors(turns)).probability[2])

    apart = np.stack([direction(1.0), direction(1.0), direction(0.0, 1.0), direction(0.0, 1.0), direction(0.0, 1.0)])
    together = np.stack([direction(1.0)] * 5)
    assert probability(apart) > probability(None) > probability(together)


def test_blocks_are_compared_within_a_session_and_without_turns_that_have_no_vector():
    vectors = [direction(1.0), None, direction(1.0), direction(0.0, 1.0), direction(1.0)]
    turns = [SegmentTurn("x", True, START + n, v) for n, v in enumerate(vectors)]
    cosines = block_cosines(content_vectors(turns), np.array([0, 4]), 5)
    assert np.isnan(cosines[[0, 4]]).all()
    assert cosines[1:4] == pytest.approx([0.5, 0.5, 0.0])


def test_features_know_nothing_of_other_sessions():
    spoken = [read(text) for text in PETS_THEN_MUSIC]
    alone = boundary_features(spoken[:4], [0])
    beside = boundary_features([*spoken[:4], *spoken], [0, 4])
    assert beside.shape == (11, len(FEATURES))
    assert np.array_equal(alone, beside[:4])
    assert not beside[4].any()


def test_spelling_and_capitals_do_not_count():
    assert read("I don't know, it's my dog's bed").own == read("i dont know, it’s my dog's BED").own


@pytest.mark.parametrize(
    "text", ["", "   ", "🎉🎉", "?!", "昨日のバグ、直りました！", "ยินดี", "a" * 5000, "word " * 5000, "1 2 3"]
)
def test_any_text_can_be_read(text: str):
    found = segment(talk(text, "my dog likes walks", text))
    assert (found[0].first, found[-1].last) == (0, 2)
    assert all(np.isfinite(one.depth) for one in found)


TURNS = st.lists(
    st.builds(
        SegmentTurn,
        st.sampled_from([*PETS_THEN_MUSIC, "ok", "by the way, have you ever been to Rome?", ""]),
        st.booleans(),
        st.floats(0.0, 4000.0).map(lambda gap: round(gap, 3)),
        st.none(),
        st.booleans(),
    ),
    max_size=12,
)


def laid_out(turns: list[SegmentTurn], start: float = START) -> list[SegmentTurn]:
    """The drawn times as pauses between turns."""
    at = start + np.cumsum([turn.at for turn in turns])
    return [SegmentTurn(t.text, t.from_user, float(when), None, t.private) for t, when in zip(turns, at, strict=True)]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(TURNS)
def test_segments_cover_each_turn_once_and_sessions_begin_them(drawn: list[SegmentTurn]):
    turns = laid_out(drawn)
    found = segment(turns)
    covered = [n for one in found for n in range(one.first, one.last + 1)]
    assert covered == list(range(len(turns)))
    begun = {one.first: one for one in found}
    for number, (before, turn) in enumerate(pairwise(turns), start=1):
        if turn.at - before.at > 1800.0:
            assert begun[number].bridged is None and begun[number].depth == 0.0
    assert all(0.0 <= one.depth < 1.0 for one in found)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(TURNS)
def test_the_same_talk_a_week_later_has_the_same_segments(drawn: list[SegmentTurn]):
    def plain(found: list[Segment]) -> list[tuple]:
        return [(s.first, s.last, s.topic, s.terms, s.bridged, s.private, round(s.depth, 9)) for s in found]

    assert plain(segment(laid_out(drawn))) == plain(segment(laid_out(drawn, START + 7 * 86400.0)))


def test_trees_go_right_only_beyond_their_threshold():
    trees = BoostedTrees.from_numbers(
        {
            "base": -1.0,
            "feature": [[0, 1, 1], [1, 0, 0]],
            "threshold": [[0.5, 2.0, 3.0], [None, 0.0, 0.0]],
            "value": [[1.0, 2.0, 4.0, 8.0], [16.0, 32.0, 0.0, 0.0]],
        }
    )
    rows = np.array([[0.5, 2.0], [0.5, 2.5], [0.6, 3.0], [0.6, 9.0], [-1.0, 0.0]])
    assert trees.raw(rows).tolist() == [32.0, 33.0, 35.0, 39.0, 16.0]


def test_trees_that_are_not_complete_are_refused():
    with pytest.raises(ValueError, match="complete binary trees"):
        BoostedTrees.from_numbers({"base": 0.0, "feature": [[0, 1]], "threshold": [[0.0, 0.0]], "value": [[1.0, 2.0]]})


def test_two_thousand_turns_are_cut_like_a_few():
    many = talk(*(PETS_THEN_MUSIC * 300), apart=30.0)
    found = segment(many)
    assert found[-1].last == len(many) - 1
    assert [(s.first, s.last) for s in found[:1]] == [(0, 3)]
